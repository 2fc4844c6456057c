"""Calls over time: latencies, errors, tokens and costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec
from litestar import Response, post

from kiseki_server.domain.calls.store import Bucket, CallQuery, Rates, Spread
from kiseki_server.domain.costs.rules import PriceList
from kiseki_server.domain.filters.fields import microseconds
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import BadRequest
from kiseki_server.protocols.weave.bodies import LIMITED, answer, read
from kiseki_server.protocols.weave.call_queries import CallQueries, FilterBody, QueryBody
from kiseki_server.protocols.weave.call_reads import Joins
from kiseki_server.protocols.weave.door import Door
from kiseki_server.protocols.weave.periods import MAX_RANGE, granularity, zone, zoned
from kiseki_server.protocols.weave.refs import References

MOST_BUCKETS = 10_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Aggregation = Literal["sum", "avg", "min", "max", "count", "count_true", "count_false"]
_USAGE = {
    "input_tokens": "prompt_tokens",
    "output_tokens": "completion_tokens",
    "total_tokens": "total_tokens",
    "cache_read_input_tokens": "cache_read_tokens",
    "cache_creation_input_tokens": "cache_write_tokens",
    "input_cost": "prompt_cost",
    "output_cost": "completion_cost",
    "total_cost": "total_cost",
}


class UsageMetric(msgspec.Struct):
    metric: Literal[
        "input_tokens",
        "output_tokens",
        "total_tokens",
        "cache_read_input_tokens",
        "cache_creation_input_tokens",
        "input_cost",
        "output_cost",
        "total_cost",
    ]
    aggregations: list[Aggregation] = []
    percentiles: list[float] = []


class CallMetric(msgspec.Struct):
    metric: Literal["latency_ms", "call_count", "error_count"]
    aggregations: list[Aggregation] = []
    percentiles: list[float] = []


class StatsRequest(msgspec.Struct, kw_only=True):
    project_id: str
    start: datetime
    end: datetime | None = None
    granularity: int | None = None
    timezone: str | None = None
    filter: FilterBody | None = None
    query: QueryBody | None = None
    usage_metrics: list[UsageMetric] | None = None
    call_metrics: list[CallMetric] | None = None


@post("/calls/stats", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def calls_stats(body: bytes, door: Door, joins: Joins, clock: Clock) -> Response[bytes]:
    """Buckets of time, without those in which nothing happened."""
    asked = read(body, StatsRequest)
    project = door.place(asked.project_id)
    since = zoned(asked.start)
    before = clock.now() if asked.end is None else zoned(asked.end)
    if not timedelta(0) < before - since <= MAX_RANGE:
        raise BadRequest(f"The time asked for must be up to {MAX_RANGE.days} days, start first")
    place = zone(asked.timezone or "UTC")
    seconds = asked.granularity
    if seconds is None:
        seconds = granularity(before - since)
    if seconds < 1:
        raise BadRequest("`granularity` is a number of seconds, 1 or more")
    # Rather wider buckets than none: so the clients' own description has it.
    seconds = max(seconds, -(-int((before - since).total_seconds()) // (MOST_BUCKETS - 1)))
    levels = _levels([*(asked.usage_metrics or ()), *(asked.call_metrics or ())])
    query = CallQueries(project, References(door)).query(asked.filter, asked.query)
    query = replace(query, filter=replace(query.filter, since=microseconds(since)))
    origin = since.astimezone(place).replace(hour=0, minute=0, second=0, microsecond=0)
    # Calls lie in buckets that begin at midnight, there; the first one may be cut.
    step = seconds * 1_000_000
    first = microseconds(since)
    start = first - (first - microseconds(origin)) % step
    times = (start, microseconds(before), step)
    shown: dict[str, Any] = {
        "start": since,
        "end": before,
        "granularity": seconds,
        "timezone": str(place),
        "usage_buckets": [],
        "call_buckets": [],
    }
    if asked.usage_metrics:
        shown["usage_buckets"] = _usage(query, times, asked.usage_metrics, levels, joins)
    if asked.call_metrics:
        shown["call_buckets"] = [
            {"timestamp": _time(bucket.start), **_call_metrics(bucket, asked.call_metrics, levels)}
            for bucket in joins.calls.timeline(query, *times, levels)
        ]
    return answer(shown)


def _usage(
    query: CallQuery,
    times: tuple[int, int, int],
    metrics: Sequence[UsageMetric],
    levels: Sequence[float],
    joins: Joins,
) -> list[dict[str, Any]]:
    with joins.database.transaction():
        prices = joins.costs.list_of(query.project)
    dates = [microseconds(date) for date in prices.dates if date > _EPOCH]
    names = tuple(dict.fromkeys(_USAGE[each.metric] for each in metrics))
    rows = joins.calls.usage_spread(query, *times, names, levels, dates, _rates(prices, dates))
    return [
        {
            "timestamp": _time(row.start),
            "model": row.model,
            **{
                key: value
                for each in metrics
                for key, value in _aggregated(
                    each, row.spreads[_USAGE[each.metric]], levels, ("sum",)
                ).items()
            },
        }
        for row in rows
    ]


def _rates(prices: PriceList, dates: Sequence[int]) -> Callable[[str, int], Rates | None]:
    def rates(model: str, period: int) -> Rates | None:
        moment = _EPOCH if period == 0 else _time(dates[period - 1])
        price = prices.price(model, moment)
        if price is None:
            return None
        read = price.prompt if price.cache_read is None else price.cache_read
        write = price.prompt if price.cache_creation is None else price.cache_creation
        return Rates(price.prompt, price.completion, read, write)

    return rates


def _call_metrics(
    bucket: Bucket, metrics: Sequence[CallMetric], levels: Sequence[float]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in metrics:
        match each.metric:
            case "latency_ms":
                spread = Spread(
                    bucket.latencies,
                    bucket.latency_sum,
                    bucket.latency_min,
                    bucket.latency_max,
                    bucket.quantiles,
                )
                found |= _aggregated(each, spread, levels, ("avg",))
            case "call_count":
                found |= _aggregated(each, _ones(bucket.calls, bucket.calls, levels), levels)
            case "error_count":
                found |= _aggregated(each, _ones(bucket.calls, bucket.errors, levels), levels)
    return found


def _ones(count: int, ones: int, levels: Sequence[float]) -> Spread:
    """So many values, of which so many are 1 and the others 0."""
    zeros = count - ones
    quantiles = tuple(min(1.0, max(0.0, (count - 1) * level - (zeros - 1))) for level in levels)
    return Spread(count, ones, min(1.0, float(zeros == 0)), float(ones > 0), quantiles)


def _aggregated(
    asked: UsageMetric | CallMetric,
    spread: Spread,
    levels: Sequence[float],
    default: Sequence[str] = ("sum",),
) -> dict[str, float | None]:
    """What was asked about a value, each as ``<aggregation>_<metric>``; null where unknown."""
    known = {
        "sum": spread.sum if spread.count else None,
        "avg": spread.sum / spread.count if spread.count else None,
        "min": spread.min,
        "max": spread.max,
        "count": spread.count,
        "count_true": spread.sum if asked.metric in ("error_count", "call_count") else spread.count,
        "count_false": spread.count - spread.sum if asked.metric == "error_count" else 0,
    }
    names = asked.aggregations or ([] if asked.percentiles else default)
    found: dict[str, float | None] = {f"{name}_{asked.metric}": known[name] for name in names}
    for percent in asked.percentiles:
        place = levels.index(percent / 100)
        value = spread.quantiles[place] if spread.quantiles else None
        found[f"p{percent:g}_{asked.metric}"] = value
    return found


def _levels(metrics: Sequence[UsageMetric | CallMetric]) -> list[float]:
    percents = dict.fromkeys(percent for each in metrics for percent in each.percentiles)
    for percent in percents:
        if not 0 <= percent <= 100:
            raise BadRequest(f"A percentile lies between 0 and 100, not at {percent:g}")
    return [percent / 100 for percent in percents]


def _time(moment: int) -> datetime:
    return _EPOCH + timedelta(microseconds=moment)


routes = [calls_stats]
