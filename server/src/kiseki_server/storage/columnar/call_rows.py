"""Calls as rows of the engine's tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import xxhash

from kiseki_server.domain.calls import rules
from kiseki_server.domain.calls.types import Call, End, Large, Source, Status
from kiseki_server.kit.ids import ProjectId
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
    parts = [str(getattr(call, name)) for name in PLAIN]
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


def call_of(project: ProjectId, row: _Row) -> Call:
    """The call in a row of any of the tables; bodies that the row lacks are empty."""
    given = {name: row[name] for name in (*PLAIN, *BODIES) if name in row}
    large: list[Large] = []
    for name in BODIES:
        text = given.get(name)
        if text is not None and text.startswith(AWAY):
            blob, size, given[name] = text[1:].split(" ", 2)
            large.append(Large(name, blob, int(size)))
    given["large"] = tuple(large)
    given["source"] = Source(given["source"])
    given["input_refs"] = tuple(given["input_refs"])
    given["output_refs"] = tuple(given["output_refs"])
    return Call(project=project, **given)


def end_of(project: ProjectId, row: _Row) -> End:
    """The end that waits in a row of `open_calls`."""
    call = call_of(project, row)
    return End(
        id=row["id"],
        project=project,
        ended_at=row["ended_at"],
        received_at=row["started_at"],
        output=call.output,
        large=call.large,
        summary=row["summary"],
        exception=row["exception"],
        output_refs=tuple(row["output_refs"]),
        run_step_end=row["run_step_end"],
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
    for each in call.large:
        if each.body == body:
            return f"{AWAY}{each.blob} {each.size} {text}"
    return text


def _closed(project: ProjectId, id: str) -> Call:
    return Call(
        id=id, project=project, trace_id="", op="", op_name="", source=Source.KISEKI, started_at=0
    )


def _columns(calls: Sequence[Call], first_version: int) -> _Row:
    columns: _Row = {
        "project": pa.array([call.project for call in calls], pa.uint64()),
        "version": pa.array(range(first_version, first_version + len(calls)), pa.uint64()),
        "failed": pa.array(
            [int(rules.status(call) is Status.DESCENDANT_ERROR) for call in calls], pa.uint8()
        ),
        "size": pa.array([rules.size(call) for call in calls], pa.uint64()),
        "leaves": pa.array([leaves(call) for call in calls], pa.string()),
    }
    for name in (*PLAIN, *BODIES):
        values = [_kept(call, name) if name in BODIES else getattr(call, name) for call in calls]
        columns[name] = (
            pa.array([_text(each) for each in values], _TYPES[name])
            if name in _TYPES
            else _texts(values)
        )
    usages = [rules.usage(call) for call in calls]
    columns["models"] = pa.array(
        [[used.model for used in usage] for usage in usages], pa.list_(pa.string())
    )
    for name in _COUNTS:
        columns[name] = pa.array(
            [[getattr(used, name) for used in usage] for usage in usages], pa.list_(pa.uint64())
        )
    return columns


def _texts(values: Sequence[str | None]) -> pa.Array:
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:  # halves of characters, which no UTF-8 can carry
        return pa.array([_text(value) for value in values], pa.string())


def _text(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, tuple):
        return [_text(each) for each in value]  # pyright: ignore[reportUnknownVariableType]
    return value
