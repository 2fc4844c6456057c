"""Calls as rows of the engine's tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

import pyarrow as pa
import xxhash

from kiseki_server.domain.calls import rules
from kiseki_server.domain.calls.types import Call, End, Large, Source
from kiseki_server.kit.ids import ProjectId
from kiseki_server.kit.json import from_text
from kiseki_server.storage.columnar.call_leaves import leaves

PLAIN = (
    "id",
    "started_at",
    "trace_id",
    "parent_id",
    "thread_id",
    "turn_id",
    "op",
    "op_name",
    "op_digest",
    "display_name",
    "ended_at",
    "exception",
    "input_refs",
    "output_refs",
    "user",
    "run",
    "run_step",
    "run_step_end",
    "source",
    "expires_at",
)
"""Columns that are fields of a call, but for its bodies."""
_PLAIN = attrgetter(*PLAIN)
BODIES = ("attributes", "inputs", "output", "summary", "otel")
START, END = 1, 2
"""Which half of a call a row of `open_calls` is."""

_TYPES: dict[str, pa.DataType] = {
    "started_at": pa.int64(),
    "ended_at": pa.int64(),
    "run_step": pa.int64(),
    "run_step_end": pa.int64(),
    "expires_at": pa.int64(),
    "input_refs": pa.list_(pa.string()),
    "output_refs": pa.list_(pa.string()),
}
_COUNTS = (
    "requests",
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
)
AWAY = "@"
"""Begins a body whose whole is a blob; no JSON begins like this."""
_Row = dict[str, Any]


def digest(call: Call) -> int:
    """64 bits that tell two contents of a call apart."""
    parts = list(map(str, _PLAIN(call)))
    parts += [str(_kept(call, name)) for name in BODIES]
    return xxhash.xxh3_64_intdigest("\x00".join(parts).encode("utf-8", "surrogatepass"))


def table(calls: Sequence[Call], first_version: int, digests: Sequence[int]) -> pa.Table:
    """Rows for `calls`, the versions counting up."""
    columns = _columns(calls, first_version)
    columns["hash"] = pa.array(digests, pa.uint64())
    return pa.table(columns)


def open_table(
    starts: Sequence[Call],
    ends: Sequence[End],
    closed: Sequence[tuple[ProjectId, str]],
    first_version: int,
) -> pa.Table:
    """Rows for `open_calls`: starts, ends that wait, and marks that ids are closed."""
    calls = [*starts, *map(_waiting, ends), *(_closed(*key) for key in closed)]
    columns = _columns(calls, first_version)
    halves = [START] * len(starts) + [END] * len(ends) + [0] * len(closed)
    columns["half"] = pa.array(halves, pa.uint8())
    return pa.table(columns)


def calls_of(
    project: ProjectId, rows: pa.Table, names: Mapping[str, str] | None = None
) -> list[Call]:
    """The calls in rows of any of the tables; bodies that the rows lack are empty.

    Args:
        names: Names that were given to calls after they were stored; an empty one takes a
            call's name away.
    """
    columns: dict[str, list[Any]] = {
        name: rows.column(name).to_pylist()
        for name in (*PLAIN, *BODIES)
        if name in rows.schema.names
    }
    if not columns:
        return []
    columns["source"] = list(map(Source, columns["source"]))
    for name in ("input_refs", "output_refs"):
        columns[name] = list(map(tuple, columns[name]))
    if names:
        shown = zip(columns["id"], columns["display_name"], strict=True)
        columns["display_name"] = [names.get(id, name) or None for id, name in shown]
    columns["large"] = _put_away(columns)
    return [
        Call(project=project, **dict(zip(columns, values, strict=True)))
        for values in zip(*columns.values(), strict=True)
    ]


def _put_away(columns: Mapping[str, list[Any]]) -> list[tuple[Large, ...]]:
    """The large bodies of each call; in the columns only their short forms remain."""
    large: list[tuple[Large, ...]] = [()] * len(columns["id"])
    for body in BODIES:
        texts: list[str | None] = columns.get(body, [])
        for index, text in enumerate(texts):
            if text is not None and text.startswith(AWAY):
                blob, size, texts[index] = text[1:].split(" ", 2)
                large[index] += (Large(body, blob, int(size)),)
    return large


def end_of(call: Call) -> End:
    """The end that waits in a row of `open_calls`, which has been read like a call."""
    assert call.ended_at is not None
    return End(
        id=call.id,
        project=call.project,
        ended_at=call.ended_at,
        received_at=call.started_at,
        output=call.output,
        large=call.large,
        summary=call.summary,
        exception=call.exception,
        output_refs=call.output_refs,
        run_step_end=call.run_step_end,
    )


def _waiting(end: End) -> Call:
    return Call(
        id=end.id,
        project=end.project,
        trace_id="",
        op="",
        op_name="",
        source=Source.KISEKI,
        started_at=end.received_at,
        ended_at=end.ended_at,
        output=end.output,
        summary=end.summary,
        exception=end.exception,
        output_refs=end.output_refs,
        run_step_end=end.run_step_end,
        large=end.large,
    )


def _kept(call: Call, body: str) -> str | None:
    """A body as it stands in its column: a large one behind the blob that holds the whole."""
    text: str | None = getattr(call, body)
    if not call.large:
        return text
    for each in call.large:
        if each.body == body:
            return f"{AWAY}{each.blob} {each.size} {text}"
    return text


def _closed(project: ProjectId, id: str) -> Call:
    return Call(
        id=id, project=project, trace_id="", op="", op_name="", source=Source.KISEKI, started_at=0
    )


def _columns(calls: Sequence[Call], first_version: int) -> _Row:
    summaries = [from_text(call.summary) for call in calls]
    each = list(zip(calls, summaries, strict=True))
    columns: _Row = {
        "project": pa.array([call.project for call in calls], pa.uint64()),
        "version": pa.array(range(first_version, first_version + len(calls)), pa.uint64()),
        "failed": pa.array([int(rules.failed_below(*pair)) for pair in each], pa.uint8()),
        "size": pa.array([rules.size(call) for call in calls], pa.uint64()),
        "leaves": pa.array([leaves(*pair) for pair in each], pa.string()),
    }
    for name in PLAIN:
        values = list(map(attrgetter(name), calls))
        columns[name] = _array(values, _TYPES.get(name, pa.string()))
    for name in BODIES:
        columns[name] = _array([_kept(call, name) for call in calls], pa.string())
    usages = [rules.usage_in(summary) for summary in summaries]
    columns["models"] = pa.array(
        [[used.model for used in usage] for usage in usages], pa.list_(pa.string())
    )
    for name in _COUNTS:
        columns[name] = pa.array(
            [[getattr(used, name) for used in usage] for usage in usages], pa.list_(pa.uint64())
        )
    return columns


def _array(values: Sequence[object], type: pa.DataType) -> pa.Array:
    try:
        return pa.array(values, type)
    except UnicodeEncodeError:  # halves of characters, which no UTF-8 can carry
        return pa.array([_text(value) for value in values], type)


def _text(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, tuple):
        return [_text(each) for each in value]  # pyright: ignore[reportUnknownVariableType]
    return value
