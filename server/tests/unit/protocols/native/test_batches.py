"""A batch is checked whole before anything of it is stored."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from server.tests.recording import NOON, batch, logged, start

from kiseki.wire.batch import Batch, Points
from kiseki.wire.records import Config, Console, Exit, MetricDefinition, Record, Update
from kiseki_server.domain.console.types import Line
from kiseki_server.domain.history.types import RunRef, Stream
from kiseki_server.domain.runs.types import RunChange, RunState
from kiseki_server.kit.errors import BadRequest, KisekiError
from kiseki_server.kit.ids import ProjectId, RunId
from kiseki_server.protocols.native.batches import MAX_DEPTH, arrival, creation, read_batch

REF = RunRef(ProjectId(1), RunId(2))


def good() -> Batch:
    return batch([start(), logged(3, loss=1.5, acc=0.5), logged(4, loss=math.inf, note="x")])


def encoded(change: Callable[[dict[str, Any]], None]) -> bytes:
    """A good batch with one thing wrong."""
    fields: dict[str, Any] = msgspec.msgpack.decode(msgspec.msgpack.encode(good()))
    change(fields)
    return msgspec.msgpack.encode(fields)


def test_points_are_taken_as_they_lie_on_the_wire() -> None:
    arrived = arrival(read_batch(msgspec.msgpack.encode(good())), REF)
    (append,) = arrived.appends
    assert (append.run, append.writer, append.stream) == (REF, "writer0001", Stream.HISTORY)
    points, values = append.points, append.values
    assert points is not None
    assert values is not None
    assert list(points.keys) == ["loss", "acc"]
    assert points.rows.steps.tolist() == [3, 4]
    assert points.rows.positions.tolist() == [1, 2]
    assert points.rows.times.tolist() == [int((NOON.timestamp() + s) * 1e6) for s in (3, 4)]
    assert points.key.tolist() == [0, 1, 0]
    assert points.row.tolist() == [0, 0, 1]
    assert points.value.tolist() == [1.5, 0.5, math.inf]
    assert (list(values.keys), values.json, values.rows.steps.tolist()) == (["note"], ['"x"'], [4])
    assert (arrived.first, arrived.next, arrived.starts) == (0, 3, True)


def test_everything_else_becomes_a_change_lines_and_an_end() -> None:
    records: list[Record] = [
        start(label="rank 0", tags=["a"], notes="n"),
        Config(values={"lr": 0.1}, removed=["old"]),
        MetricDefinition(name="loss", summary=["min"]),
        Update(display_name="renamed", tags=["b"]),
        Console(line=7, time=NOON.timestamp(), error=True, text="oops"),
        Exit(code=2, time=NOON.timestamp() + 1, reason="boom"),
    ]
    sent = batch(records)
    arrived = arrival(sent, REF)
    assert arrived.change == RunChange(
        display_name="renamed",
        tags=("b",),
        notes="n",
        host="node-1",
        config={"lr": 0.1},
        remove_config=("old",),
        metrics=(MetricDefinition(name="loss", summary=["min"]),),
        environment={"host": "node-1"},
    )
    assert arrived.console == [
        Line("writer0001", 7, int(NOON.timestamp() * 1e6), "error", "oops", "rank 0")
    ]
    assert arrived.end is not None
    assert (arrived.end.state, arrived.end.exit_code, arrived.end.state_reason) == (
        RunState.FAILED,
        2,
        "boom",
    )
    assert creation(sent).started_at == NOON


def test_a_batch_without_news_changes_nothing() -> None:
    arrived = arrival(batch([logged(0, loss=1.0)]), REF)
    assert (arrived.change, arrived.end, arrived.starts) == (None, None, False)


def _set(*path: str | int, to: object) -> Callable[[dict[str, Any]], None]:
    def change(fields: dict[str, Any]) -> None:
        at: Any = fields
        for part in path[:-1]:
            at = at[part]
        at[path[-1]] = to

    return change


def _nested(depth: int) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for _ in range(depth):
        document = {"a": document}
    return document


U4 = np.dtype("<u4")
BAD = [
    (_set("version", to=2), "version 2"),
    (_set("run", to="a/b"), "run id"),
    (_set("run", to="x" * 129), "129 characters"),
    (_set("writer", to=""), "writer"),
    (_set("writer", to="a b"), "writer"),
    (_set("first", to=-1), "position -1"),
    (_set("next", to=-1), "must rise"),
    (_set("next", to=2), "outside of the batch's"),
    (_set("first", to=2), "outside of the batch's"),
    (_set("next", to=1 << 63), "rise"),
    (_set("history", "steps", to=b"1234567"), "`history.steps` has 7 bytes"),
    (_set("history", "steps", to=bytes(8)), "must be as many"),
    (_set("history", "times", to=bytes(8)), "must be as many"),
    (_set("history", "positions", to=bytes(16)), "must rise strictly"),
    (_set("history", "value", to=bytes(8)), "must be as many"),
    (_set("history", "key", to=np.array([0, 0, 9], U4).tobytes()), "`history.key` points to 9"),
    (_set("history", "row", to=np.array([0, 0, 2], U4).tobytes()), "`history.row` points to 2"),
    (_set("history", "keys", to=["loss", ""]), "history.keys"),
    (_set("history", "keys", to=["loss", "a\0"]), "NUL"),
    (_set("history", "keys", to=["loss", "é" * 513]), "1024 bytes"),
    (_set("history", "keys", to=["loss", "loss"]), "twice"),
    (_set("history", "keys", to=[]), "there are only 0"),
    (_set("values", "json", to=["{"]), "no JSON"),
    (_set("values", "json", to=["[" * 5000]), "no JSON"),
    (_set("values", "json", to=[]), "must be as many"),
    (_set("history", to="text"), "history"),
    (_set("console", to=[["console", -1, 0.0, False, "x"]]), "number -1"),
    (_set("start", "tags", to=["x" * 200]), "tag"),
    (_set("start", "display_name", to="  "), "display name"),
    (_set("start", "group", to="a\0b"), "`group`"),
    (_set("config", to={"values": _nested(MAX_DEPTH)}), "nested deeper"),
    (_set("config", to={"values": {"a": b"bytes"}}), "binary"),
    (_set("summary", to={"values": {"a": [_nested(MAX_DEPTH)]}}), "`summary`"),
    (_set("metrics", to=[["metric", "loss", None, None, None, ["median"], None]]), "median"),
    (_set("metrics", to=[["metric", "loss", None, None, None, None, "up"]]), "up"),
    (_set("end", to={"state": "finished", "time": math.inf}), "end.time"),
    (_set("end", to={"state": "done", "time": 0.0}), "end"),
    (_set("end", to={"state": "failed", "time": 0.0, "exit_code": 1 << 40}), "exit code"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_a_bad_batch_is_refused_with_the_field(
    change: Callable[[dict[str, Any]], None], message: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        arrival(read_batch(encoded(change)), REF)
    assert message in caught.value.message


def test_a_start_at_an_impossible_time_makes_no_run() -> None:
    with pytest.raises(BadRequest, match=r"start\.time"):
        creation(read_batch(encoded(_set("start", "time", to=1e30))))


@pytest.mark.parametrize("body", [b"", b"\xc1", b"\x93", b"{}", b"\x91" * 100_000, b"\xdf" * 50])
def test_what_is_no_msgpack_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest, match="no batch"):
        read_batch(body)


def test_times_beyond_what_the_engine_can_show_are_brought_in() -> None:
    extremes = np.array([-(2**63), 2**63 - 1], "<i8").tobytes()
    arrived = arrival(read_batch(encoded(_set("history", "times", to=extremes))), REF)
    points = arrived.appends[0].points
    assert points is not None
    assert points.rows.times.tolist() == [-2_208_988_800_000_000, 10_413_791_999_000_000]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_bytes_never_do_more_than_be_refused(data: st.DataObject) -> None:
    body = bytearray(msgspec.msgpack.encode(good()))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(body)))
    for damaged in (bytes(body), bytes(body[:cut])):
        try:
            arrived = arrival(read_batch(damaged), REF)
        except KisekiError:
            continue
        for append in arrived.appends:
            if append.points is not None:
                assert append.points.key.max(initial=0) <= len(append.points.keys)


def test_empty_arrays_are_no_points() -> None:
    nothing = Points(steps=b"", times=b"", positions=b"", keys=[], key=b"", row=b"", value=b"")
    sent = msgspec.structs.replace(good(), history=nothing, values=None)
    (append,) = arrival(sent, REF).appends
    assert append.points is not None
    assert len(append.points.value) == 0
