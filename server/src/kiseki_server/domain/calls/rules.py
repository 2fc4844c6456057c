"""What follows from a call without asking anything else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from kiseki_server.domain.calls.types import Call, Status
from kiseki_server.kit.json import from_text


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


def _failed_descendants(call: Call) -> float:
    # Most summaries have no counts: those are not worth reading.
    if '"status_counts"' not in call.summary:
        return 0
    summary: object = from_text(call.summary)
    counts = _entry(summary, "status_counts")
    errors = _entry(counts, "error")
    return errors if isinstance(errors, int | float) else 0


def _entry(value: object, key: str) -> object:
    if not isinstance(value, Mapping):
        return None
    return cast("Mapping[str, Any]", value).get(key)
