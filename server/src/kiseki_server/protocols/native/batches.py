"""Reads the bodies of ``POST /ingest``: every number checked, no loop over points."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from kiseki.wire import batch as wire
from kiseki_server.domain.console.types import Line
from kiseki_server.domain.history.ingest import Arrival
from kiseki_server.domain.history.types import Append, Points, Rows, RunRef, Stream, Values
from kiseki_server.domain.runs import rules
from kiseki_server.domain.runs.names import check_name
from kiseki_server.domain.runs.types import RunChange, RunState
from kiseki_server.kit.errors import BadRequest

MAX_KEY = 1024
"""Bytes of a key."""
MAX_DEPTH = 64
"""Levels of a config or a summary."""
MAX_LINE = 1 << 18
"""Characters of a line of output; the rest is cut off."""

_WRITER = re.compile(r"[A-Za-z0-9._-]{1,64}")
_EARLIEST = -2_208_988_800_000_000  # 1900, as far as the engine's times go back
_LATEST = 10_413_791_999_000_000  # 2299
_MOST = (1 << 63) - 1

_decoder = msgspec.msgpack.Decoder(wire.Batch)
_raw = msgspec.json.Decoder(msgspec.Raw)


def read_batch(body: bytes) -> wire.Batch:
    """The batch, its names and positions checked.

    Raises:
        BadRequest: The body is no batch; the message names the field.
    """
    try:
        batch = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"The body is no batch: {error}") from None
    if batch.version != wire.VERSION:
        raise BadRequest(
            f"The batch has version {batch.version}; this server reads version {wire.VERSION}",
            hint="Install clients and server of the same release.",
        )
    check_name(batch.run)
    if not _WRITER.fullmatch(batch.writer):
        raise BadRequest(
            f"The writer {batch.writer[:80]!r} is not 1 to 64 letters, digits, dots, _ or -"
        )
    if not 0 <= batch.first <= batch.next <= _MOST:
        raise BadRequest(
            f"The batch goes from position {batch.first} to {batch.next}; "
            "these must rise and not be negative"
        )
    return batch


def creation(batch: wire.Batch) -> RunChange:
    """What the batch says of a run that it creates."""
    start = batch.start
    began = None if start is None else _moment(start.time, "start.time")
    return _merged_change(batch, started_at=began)


def arrival(batch: wire.Batch, run: RunRef) -> Arrival:
    """The batch as the domain takes it.

    Raises:
        BadRequest: Arrays of different lengths, an index out of range, positions that do not
            rise or lie outside the batch, a bad key; the message names the field.
    """
    change = _merged_change(batch)
    end = None
    if batch.end is not None:
        end = RunChange(
            state=RunState(batch.end.state),
            exit_code=batch.end.exit_code,
            state_reason=None if batch.end.reason is None else batch.end.reason[: rules.MAX_TEXT],
            finished_at=_moment(batch.end.time, "end.time"),
        )
        rules.check(end)
    label = None if batch.start is None else batch.start.label
    return Arrival(
        run=run,
        writer=batch.writer,
        first=batch.first,
        next=batch.next,
        appends=_appends(batch, run),
        console=_lines(batch, label),
        change=None if change == RunChange() else change,
        end=end,
        label=label,
        starts=batch.start is not None,
    )


def _merged_change(batch: wire.Batch, started_at: datetime | None = None) -> RunChange:
    start, update = batch.start, batch.update
    config, summary = batch.config or wire.Patch(), batch.summary or wire.Patch()
    for name, patch in (("config", config), ("summary", summary)):
        _check_depth(patch.values, name)
    _check_depth(batch.remarks, "remarks")
    environment = None if start is None else msgspec.to_builtins(start.environment)
    if environment is not None:
        _check_depth(environment, "start.environment")

    def latest(field: str) -> Any:
        for source in (update, start):
            if source is not None and getattr(source, field) is not None:
                return getattr(source, field)
        return None

    tags = latest("tags")
    change = RunChange(
        display_name=latest("display_name"),
        group=latest("group"),
        job_type=latest("job_type"),
        tags=None if tags is None else tuple(tags),
        notes=latest("notes"),
        host=None if start is None else start.environment.host,
        config=config.values or None,
        remove_config=tuple(config.removed),
        summary=summary.values or None,
        remove_summary=tuple(summary.removed),
        metrics=tuple(batch.metrics),
        environment=environment or None,
        remarks=batch.remarks or None,
        started_at=started_at,
    )
    rules.check(change)
    return change


def _appends(batch: wire.Batch, run: RunRef) -> list[Append]:
    appends: list[Append] = []
    if batch.history is not None or batch.values is not None:
        points = None if batch.history is None else _points(batch, batch.history, "history")
        values = None if batch.values is None else _values(batch, batch.values)
        appends.append(Append(run, batch.writer, Stream.HISTORY, points, values))
    if batch.system is not None:
        points = _points(batch, batch.system, "system")
        appends.append(Append(run, batch.writer, Stream.SYSTEM, points))
    return appends


def _points(batch: wire.Batch, points: wire.Points, name: str) -> Points:
    rows = _rows(batch, points, name)
    value = _array(points.value, "<f8", f"{name}.value")
    key, row = _coordinates(points, len(rows.steps), len(value), name)
    return Points(rows=rows, keys=_keys(points.keys, name), key=key, row=row, value=value)


def _values(batch: wire.Batch, values: wire.Values) -> Values:
    rows = _rows(batch, values, "values")
    key, row = _coordinates(values, len(rows.steps), len(values.json), "values")
    keys = _keys(values.keys, "values")
    for place, text in enumerate(values.json):
        _check_json(text, keys[int(key[place])])
    return Values(rows=rows, keys=keys, key=key, row=row, json=values.json)


def _rows(batch: wire.Batch, part: wire.Points | wire.Values, name: str) -> Rows:
    steps = _array(part.steps, "<i8", f"{name}.steps")
    times = _array(part.times, "<i8", f"{name}.times")
    positions = _array(part.positions, "<u8", f"{name}.positions")
    if not len(steps) == len(times) == len(positions):
        raise BadRequest(
            f"`{name}` has {len(steps)} steps, {len(times)} times and {len(positions)} positions; "
            "these must be as many"
        )
    if len(positions):
        if not bool(np.all(positions[1:] > positions[:-1])):
            raise BadRequest(f"`{name}.positions` must rise strictly")
        low, high = int(positions[0]), int(positions[-1])
        if low < batch.first or high >= batch.next:
            raise BadRequest(
                f"`{name}.positions` run from {low} to {high}, outside of the batch's "
                f"{batch.first} to {batch.next - 1}"
            )
    return Rows(steps=steps, times=np.clip(times, _EARLIEST, _LATEST), positions=positions)


def _coordinates(
    part: wire.Points | wire.Values, rows: int, values: int, name: str
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    key = _array(part.key, "<u4", f"{name}.key")
    row = _array(part.row, "<u4", f"{name}.row")
    if not len(key) == len(row) == values:
        raise BadRequest(
            f"`{name}` has {len(key)} keys, {len(row)} rows and {values} values of points; "
            "these must be as many"
        )
    if values:
        for field, index, count in (("key", key, len(part.keys)), ("row", row, rows)):
            if int(index.max()) >= count:
                raise BadRequest(
                    f"`{name}.{field}` points to {int(index.max())}, but there are only {count}"
                )
    return key, row


def _array(data: bytes, kind: str, name: str) -> NDArray[Any]:
    dtype = np.dtype(kind)
    if len(data) % dtype.itemsize:
        raise BadRequest(
            f"`{name}` has {len(data)} bytes, which is no multiple of {dtype.itemsize}"
        )
    return np.frombuffer(data, dtype=dtype).astype(dtype.newbyteorder("="), copy=False)


def _keys(keys: Sequence[str], name: str) -> Sequence[str]:
    for key in keys:
        if not key or "\0" in key or len(key) > MAX_KEY or len(key.encode()) > MAX_KEY:
            raise BadRequest(
                f"The key {key[:80]!r} in `{name}.keys` is empty, longer than {MAX_KEY} bytes or "
                "holds a NUL",
                hint="Log the value under another key.",
            )
    if len(set(keys)) != len(keys):
        raise BadRequest(f"`{name}.keys` names a key twice")
    return keys


def _check_json(text: str, key: str) -> None:
    try:
        _raw.decode(text)
        return
    except (msgspec.DecodeError, RecursionError):
        pass
    try:
        json.loads(text)  # knows NaN and the infinities too
    except (ValueError, RecursionError):
        raise BadRequest(f"The value {text[:80]!r} of the key {key!r} is no JSON") from None


def _lines(batch: wire.Batch, label: str | None) -> list[Line]:
    lines: list[Line] = []
    for line in batch.console:
        if not 0 <= line.line <= _MOST:
            raise BadRequest(f"`console` has a line with the number {line.line}")
        lines.append(
            Line(
                writer=batch.writer,
                number=line.line,
                time=_microseconds(line.time),
                level="error" if line.error else "info",
                text=line.text[:MAX_LINE],
                label=label,
            )
        )
    return lines


def _microseconds(seconds: float) -> int:
    if seconds != seconds:  # NaN
        return 0
    return int(min(max(seconds * 1e6, _EARLIEST), _LATEST))


def _moment(seconds: float, name: str) -> datetime:
    if not _EARLIEST / 1e6 <= seconds <= _LATEST / 1e6:
        raise BadRequest(f"`{name}` is {seconds}, which is no time in seconds since 1970")
    return datetime.fromtimestamp(seconds, UTC)


def _check_depth(document: Any, name: str) -> None:
    level: list[Any] = [document]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below += cast("dict[Any, Any]", item).values()
            elif isinstance(item, list):
                below += cast("list[Any]", item)
            elif isinstance(item, bytes | msgspec.msgpack.Ext):
                raise BadRequest(f"`{name}` holds binary data, which JSON cannot say")
        if not below:
            return
        level = below
    raise BadRequest(f"`{name}` is nested deeper than {MAX_DEPTH} levels")
