"""Counts and averages of feedback over time. Pure functions."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, cast

from kiseki_server.domain.feedback.conditions import value
from kiseki_server.domain.feedback.types import Feedback

Kind = Literal["numeric", "boolean", "categorical"]
Group = Literal["scorer_id", "span_agent_name", "span_agent_version", "span_status_code"]

_DEFAULTS: dict[Kind, tuple[str, ...]] = {
    "numeric": ("avg", "min", "max"),
    "boolean": ("count_true", "count_false"),
    "categorical": ("count",),
}


@dataclass(frozen=True, slots=True)
class Metric:
    """A place in payloads, and what is asked about the values there."""

    path: tuple[str, ...]
    kind: Kind = "numeric"
    aggregations: tuple[str, ...] = ()
    percentiles: tuple[float, ...] = ()

    @property
    def slug(self) -> str:
        return "_".join(self.path)


@dataclass(slots=True)
class Bucket:
    """Scores of one time and group."""

    start_ms: int | None
    group: Mapping[str, str]
    total: int = 0
    scored: int = 0
    tags: Counter[str] = field(default_factory=Counter[str])
    rating_sums: dict[str, float] = field(default_factory=dict[str, float])
    rating_counts: Counter[str] = field(default_factory=Counter[str])


def over_time(
    feedback: Iterable[Feedback], metrics: Sequence[Metric], *, origin: datetime, seconds: int
) -> list[dict[str, Any]]:
    """Aggregates by buckets of time that have any feedback."""
    buckets: dict[int, list[Feedback]] = {}
    for each in feedback:
        number = int((each.created_at - origin).total_seconds() // seconds)
        buckets.setdefault(number, []).append(each)
    rows: list[dict[str, Any]] = []
    for number, own in sorted(buckets.items()):
        start = datetime.fromtimestamp(origin.timestamp() + number * seconds, UTC)
        row: dict[str, Any] = {"timestamp": start, "count": len(own)}
        for metric in metrics:
            found = aggregates(own, metric)
            row |= {f"{name}_{metric.slug}": number for name, number in found.items()}
        rows.append(row)
    return rows


def aggregates(feedback: Iterable[Feedback], metric: Metric) -> dict[str, float | None]:
    """What is asked about the values at a place; null where there is none."""
    found = [value(("payload", *metric.path), each) for each in feedback]
    result: dict[str, float | None] = {}
    truths = [each for each in found if isinstance(each, bool)]
    numbers = sorted(
        float(each)
        for each in found
        if isinstance(each, int | float) and not isinstance(each, bool) and math.isfinite(each)
    )
    for name in metric.aggregations or _DEFAULTS[metric.kind]:
        match name:
            case "count":
                result[name] = sum(each is not None for each in found)
            case "count_true":
                result[name] = sum(truths)
            case "count_false":
                result[name] = len(truths) - sum(truths)
            case "sum":
                result[name] = math.fsum(numbers) if numbers else None
            case "avg":
                result[name] = math.fsum(numbers) / len(numbers) if numbers else None
            case "min":
                result[name] = numbers[0] if numbers else None
            case _:
                result[name] = numbers[-1] if numbers else None
    if metric.kind == "numeric":
        for percent in metric.percentiles:
            result[f"p{percent:g}"] = _percentile(numbers, percent)
    return result


def _percentile(numbers: Sequence[float], percent: float) -> float | None:
    """Between the neighbours of the place, in proportion."""
    if not numbers:
        return None
    place = (len(numbers) - 1) * min(100.0, max(0.0, percent)) / 100
    low = math.floor(place)
    high = min(low + 1, len(numbers) - 1)
    return numbers[low] + (numbers[high] - numbers[low]) * (place - low)


def scores_over_time(
    feedback: Iterable[Feedback], *, groups: Sequence[Group], seconds: int | None
) -> list[Bucket]:
    """Tags and ratings by time and group, where there are any."""
    buckets: dict[tuple[Any, ...], Bucket] = {}
    for each in feedback:
        start = None
        if seconds:
            moment = int(each.created_at.timestamp())
            start = (moment - moment % seconds) * 1000
        group = {name: group_of(each, name) for name in groups}
        key = (start, *group.values())
        bucket = buckets.setdefault(key, Bucket(start, group))
        bucket.total += 1
        bucket.scored += bool(each.scores.tags or each.scores.ratings)
        bucket.tags.update(each.scores.tags)
        for name, rating in each.scores.ratings.items():
            bucket.rating_sums[name] = bucket.rating_sums.get(name, 0.0) + rating
            bucket.rating_counts[name] += 1
    return [buckets[key] for key in sorted(buckets, key=lambda key: (key[0] or 0, key[1:]))]


def group_of(feedback: Feedback, name: Group) -> str:
    """The value by which feedback is grouped."""
    match name:
        case "scorer_id":
            ref = feedback.runnable_ref or ""
            return ref.rpartition("/")[2].partition(":")[0]
        case "span_agent_name":
            return feedback.agent.name
        case "span_agent_version":
            return feedback.agent.version
        case "span_status_code":
            return feedback.agent.status


def paths(feedback: Iterable[Feedback]) -> dict[str, Kind]:
    """The places that payloads have a value at, and of which kind it is."""
    found: dict[str, Kind] = {}
    for each in feedback:
        waiting: list[tuple[str, Any]] = [("", each.payload)]
        while waiting:
            path, item = waiting.pop()
            if isinstance(item, Mapping):
                inner = cast("Mapping[str, Any]", item)
                waiting += [(f"{path}.{key}" if path else key, it) for key, it in inner.items()]
            elif item is not None and not isinstance(item, list):
                found.setdefault(path, _kind(item))
    return dict(sorted(found.items()))


def _kind(item: Any) -> Kind:
    if isinstance(item, bool):
        return "boolean"
    return "numeric" if isinstance(item, int | float) else "categorical"
