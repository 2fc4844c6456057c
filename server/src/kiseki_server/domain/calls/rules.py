"""What follows from a call without asking anything else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from kiseki_server.domain.calls.types import Call, CallKey, End, Status, Usage
from kiseki_server.kit.ids import ProjectId
from kiseki_server.kit.json import from_text

_DAY = 86_400_000_000


def status(call: Call) -> Status:
    """How the call went, its descendants included."""
    if call.exception is not None:
        return Status.ERROR
    if call.ended_at is None:
        return Status.RUNNING
    if _failed_descendants(call) > 0:
        return Status.DESCENDANT_ERROR
    return Status.SUCCESS


def latency_ms(call: Call) -> int | None:
    """Whole milliseconds from start to end; none while the call runs."""
    if call.ended_at is None:
        return None
    return (call.ended_at - call.started_at) // 1_000


def trace_name(call: Call) -> str:
    """What a list of traces shows: the display name if one is set, else the op's name."""
    return call.display_name or call.op_name


def joined(start: Call, end: End) -> Call:
    """The finished call of a start and its end."""
    return replace(
        start,
        ended_at=end.ended_at,
        output=end.output,
        summary=end.summary,
        exception=end.exception,
        output_refs=end.output_refs,
        run_step_end=end.run_step_end,
        large=(*(each for each in start.large if each.body != "output"), *end.large),
    )


def expiry(started_at: int, days: int | None) -> int | None:
    """When a call goes that is kept for so many days; microseconds since 1970.

    It counts from the call's start, so that a call that is sent again is the same call.
    """
    return None if days is None else started_at + days * _DAY


def size(call: Call) -> int:
    """Bytes of the call's bodies."""
    total = (
        _bytes(call.attributes)
        + _bytes(call.inputs)
        + _bytes(call.output)
        + _bytes(call.summary)
        + _bytes(call.otel or "")
    )
    for each in call.large:
        total += each.size - _bytes(getattr(call, each.body) or "")
    return total


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def usage(call: Call) -> Sequence[Usage]:
    """What the call used of each model, by the names that providers give their counts."""
    if '"usage"' not in call.summary:
        return ()
    return usage_in(from_text(call.summary))


def usage_in(summary: object) -> Sequence[Usage]:
    """`usage` of a call whose summary has been read."""
    models = _entry(summary, "usage")
    if not isinstance(models, Mapping):
        return ()
    return [
        _usage(model, cast("Mapping[str, Any]", counts))
        for model, counts in cast("Mapping[str, object]", models).items()
        if isinstance(counts, Mapping)
    ]


def _usage(model: str, counts: Mapping[str, Any]) -> Usage:
    prompt = _count(counts, "prompt_tokens", "input_tokens")
    completion = _count(counts, "completion_tokens", "output_tokens")
    return Usage(
        model=model,
        requests=_count(counts, "requests"),
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=_count(counts, "total_tokens") or prompt + completion,
        cache_read_tokens=_count(counts, "cache_read_input_tokens"),
        cache_write_tokens=_count(counts, "cache_creation_input_tokens"),
    )


def _count(counts: Mapping[str, Any], *names: str) -> int:
    """The sum of what stands under these names; each provider uses one of them."""
    total = 0
    for name in names:
        value: object = counts.get(name)
        if value is None:
            continue
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 2**53:
            total += int(value)
    return total


def failed_below(call: Call, summary: object) -> bool:
    """Whether only calls below it failed, of a call whose summary has been read."""
    return call.exception is None and call.ended_at is not None and _errors_in(summary) > 0


def _failed_descendants(call: Call) -> float:
    # Most summaries have no counts: those are not worth reading.
    if '"status_counts"' not in call.summary:
        return 0
    return _errors_in(from_text(call.summary))


def _errors_in(summary: object) -> float:
    errors = _entry(_entry(summary, "status_counts"), "error")
    return errors if isinstance(errors, int | float) else 0


def _entry(value: object, key: str) -> object:
    if not isinstance(value, Mapping):
        return None
    return cast("Mapping[str, Any]", value).get(key)


def below(calls: Iterable[Call], gone: Collection[CallKey]) -> Mapping[ProjectId, Sequence[str]]:
    """Ids of the calls that are not among the deleted ones, but below one of them."""
    children: dict[CallKey, list[CallKey]] = defaultdict(list)
    for call in calls:
        if call.parent_id is not None and call.key not in gone:
            children[(call.project, call.parent_id)].append(call.key)
    found: dict[CallKey, None] = {}
    reached = [parent for parent in children if parent in gone]
    while reached:
        for key in children.pop(reached.pop(), ()):
            if key not in found:
                found[key] = None
                reached.append(key)
    ids: dict[ProjectId, list[str]] = defaultdict(list)
    for project, id in found:
        ids[project].append(id)
    return ids
