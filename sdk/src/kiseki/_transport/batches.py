"""Turns records of a journal into batches for the server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from kiseki._transport.columns import PointColumns, ValueColumns, add_mixed
from kiseki.wire.batch import VERSION, Batch, Patch, RunEnd, RunStart
from kiseki.wire.records import (
    Alert,
    Artifact,
    Config,
    Console,
    Errand,
    Exit,
    File,
    History,
    Input,
    Link,
    MetricDefinition,
    Record,
    Remark,
    Start,
    Summary,
    System,
    Update,
)

_decoder: msgspec.msgpack.Decoder[Record] = msgspec.msgpack.Decoder(Record)
_KINDS = frozenset(
    {"start", "history", "config", "summary", "metric", "console", "update", "system", "exit"}
    | {"file", "artifact", "input", "link", "alert", "remark"}
)
_KILLED = frozenset({-2, -9, -15, 130, 137, 143, 255})
"""Signals as subprocess and as shells tell them, and what an interrupted script says."""

_ERRANDS = frozenset({b"\xa4file", b"\xa8arti", b"\xa5inpu", b"\xa4link", b"\xa5aler"})
"""How errands begin, behind the length of the record."""
_TRACED = frozenset(
    {b"\xa4call", b"\xa6retu", b"\xa6obje", b"\xa7cont", b"\xa4rows"}
    | {b"\xa5tabl", b"\xa8feed", b"\xa6rena", b"\xa4drop"}
)
"""The same of records that batches carry undecoded."""
_errand_decoder: msgspec.msgpack.Decoder[Errand] = msgspec.msgpack.Decoder(Errand)

_encoder = msgspec.msgpack.Encoder()


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose records these are."""

    entity: str | None
    project: str
    run: str
    writer: str


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a batch ends, whichever comes first; one record always fits."""

    records: int = 50_000
    points: int = 250_000
    bytes: int = 8 << 20
    """Of the records as they stand in the journal."""


@dataclass(frozen=True, slots=True)
class Oddity:
    """A record that no batch can carry."""

    position: int
    kind: str | None
    """A kind that this version does not know; ``None``: the record cannot be read."""
    message: str


@dataclass(slots=True)
class Built:
    """A batch with what happened while it was built."""

    batch: Batch
    taken: int
    """How many of the payloads are in it."""
    points: int = 0
    oddities: list[Oddity] = field(default_factory=list[Oddity])


def encode(batch: Batch) -> bytes:
    return _encoder.encode(batch)


def build(
    origin: Origin, first: int, payloads: Sequence[bytes], limits: Limits | None = None
) -> Built:
    """Put ``payloads``, the records from position ``first`` on, into one batch.

    Takes as many as the limits allow. Records of unknown kinds and unreadable ones take their
    position but bring nothing; the result names them.
    """
    limits = limits or Limits()
    history, values, system = PointColumns(), ValueColumns(), PointColumns()
    merge = _Merge()
    traced: list[Any] = []
    oddities: list[Oddity] = []
    size = 0
    position = first
    decode = _decoder.decode
    for payload in payloads[: limits.records]:
        size += len(payload)
        if position > first and (
            size > limits.bytes or len(history) + len(system) + len(values) >= limits.points
        ):
            break
        if payload[1:6] in _TRACED:
            traced.append(msgspec.Raw(payload))
            position += 1
            continue
        try:
            record = decode(payload)
            if type(record) is History:
                time = microseconds(record.time)
                if not history.add_floats(record.step, time, position, record.values):
                    add_mixed(history, values, record.step, time, position, record.values)
            elif type(record) is System:
                time = microseconds(record.time)
                if not system.add_floats(record.step, time, position, record.values):
                    add_mixed(system, values, record.step, time, position, record.values)
            else:
                merge.add(record)
        except (msgspec.MsgspecError, ValueError, OverflowError, TypeError) as error:
            oddities.append(_oddity(position, payload, error))
        position += 1
    batch = Batch(
        version=VERSION,
        entity=origin.entity,
        project=origin.project,
        run=origin.run,
        writer=origin.writer,
        first=first,
        next=position,
        history=history.points(),
        values=values.values(),
        system=system.points(),
        traced=traced,
    )
    merge.into(batch)
    return Built(
        batch=batch,
        taken=position - first,
        points=len(history) + len(system) + len(values),
        oddities=oddities,
    )


def empty(origin: Origin, first: int, next: int | None = None, end: RunEnd | None = None) -> Batch:
    """A batch without content: a sign of life, or one that passes over ``first … next - 1``."""
    return Batch(
        version=VERSION,
        entity=origin.entity,
        project=origin.project,
        run=origin.run,
        writer=origin.writer,
        first=first,
        next=first if next is None else next,
        end=end,
    )


def is_exit(payload: bytes) -> bool:
    """Whether this is an `Exit` record, told without decoding it."""
    return payload[1:6] == b"\xa4exit"


def is_start(payload: bytes) -> bool:
    """Whether this is a `Start` record, told without decoding it."""
    return payload[1:7] == b"\xa5start"


def is_errand(payload: bytes) -> bool:
    """Whether batches leave this record to requests of its own, told without decoding it."""
    return payload[1:6] in _ERRANDS


def read_errand(payload: bytes) -> Errand:
    """Such a record. Raises `msgspec.MsgspecError` if it cannot be read."""
    return _errand_decoder.decode(payload)


def read_start(payload: bytes) -> Start | None:
    """The `Start` record in ``payload``, or ``None`` if that is something else."""
    try:
        record = _decoder.decode(payload)
    except msgspec.MsgspecError:
        return None
    return record if isinstance(record, Start) else None


def microseconds(seconds: float) -> int:
    """Wall time as the wire has it. Times no clock can show become zero."""
    if not -9e12 < seconds < 9e12:
        return 0
    return round(seconds * 1e6)


def end_of(record: Exit) -> RunEnd:
    """What an exit code means for the run."""
    state: Literal["finished", "failed", "killed"]
    if record.code == 0:
        state = "finished"
    elif record.code in _KILLED:
        state = "killed"
    else:
        state = "failed"
    return RunEnd(state=state, time=record.time, exit_code=record.code, reason=record.reason)


class _Merge:
    """Records of which a batch needs the outcome alone."""

    def __init__(self) -> None:
        self.start: RunStart | None = None
        self.config: Patch | None = None
        self.summary: Patch | None = None
        self.metrics: list[MetricDefinition] = []
        self.update: Update | None = None
        self.console: dict[int, Console] = {}
        self.remarks: dict[str, dict[str, Any]] = {}
        self.end: RunEnd | None = None

    def add(self, record: Record) -> None:
        match record:
            case Console():
                self.console[record.line] = record
            case Config():
                self.config = _patch(self.config, record)
            case Summary():
                self.summary = _patch(self.summary, record)
            case MetricDefinition():
                self.metrics.append(record)
            case Update():
                self.update = _update(self.update, record)
            case Start():
                self.start = RunStart(
                    time=record.time,
                    environment=record.environment,
                    display_name=record.display_name,
                    group=record.group,
                    job_type=record.job_type,
                    tags=record.tags,
                    notes=record.notes,
                    label=record.label,
                )
            case Exit():
                self.end = end_of(record)
            case Remark():
                self.remarks.setdefault(record.section, {})[record.name] = record.value
            case File() | Artifact() | Input() | Link() | Alert():
                pass  # see errands.py
            case _:
                raise TypeError(f"no place for {type(record).__name__}")

    def into(self, batch: Batch) -> None:
        batch.start = self.start
        batch.config = self.config
        batch.summary = self.summary
        batch.metrics = self.metrics
        batch.update = self.update
        batch.console = list(self.console.values())
        batch.remarks = self.remarks
        batch.end = self.end


def _oddity(position: int, payload: bytes, error: Exception) -> Oddity:
    kind = _kind(payload)
    if kind is None or kind in _KINDS:
        return Oddity(position=position, kind=None, message=str(error))
    return Oddity(position=position, kind=kind, message=f"unknown kind of record: {kind!r}")


def _kind(payload: bytes) -> str | None:
    try:
        whole = msgspec.msgpack.decode(payload)
    except msgspec.MsgspecError:
        return None
    if isinstance(whole, list) and whole and isinstance(whole[0], str):
        return whole[0]
    return None


def _patch(patch: Patch | None, record: Config | Summary) -> Patch:
    if patch is None:
        patch = Patch(values={}, removed=[])
    for key in record.removed:
        patch.values.pop(key, None)
        if key not in patch.removed:
            patch.removed.append(key)
    for key, value in record.values.items():
        patch.values[key] = value
        if key in patch.removed:
            patch.removed.remove(key)
    return patch


def _update(earlier: Update | None, later: Update) -> Update:
    if earlier is None:
        return later
    return Update(
        *(
            getattr(earlier, name) if getattr(later, name) is None else getattr(later, name)
            for name in Update.__struct_fields__
        )
    )
