"""A batch says what its records say, whatever they hold."""

from __future__ import annotations

import json
import math
from array import array
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiseki._transport.batches import (
    Limits,
    Oddity,
    Origin,
    build,
    empty,
    encode,
    end_of,
    is_exit,
    is_start,
    microseconds,
)
from kiseki._transport.columns import EXACT, json_text
from kiseki.wire.batch import Batch, Patch, RunEnd
from kiseki.wire.records import (
    Config,
    Console,
    Environment,
    Exit,
    History,
    MetricDefinition,
    Record,
    Start,
    Summary,
    System,
    Update,
)

ORIGIN = Origin("me", "digits", "run", "w1")

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False),
    st.text(max_size=5),
)
values = st.one_of(
    scalars,
    st.lists(scalars, max_size=3),
    st.dictionaries(st.text(max_size=3), scalars, max_size=3),
)
rows = st.lists(
    st.tuples(
        st.integers(-(2**63), 2**63 - 1),
        st.dictionaries(st.sampled_from(["a", "b", "c.d", "é"]), values, max_size=4)
        | st.dictionaries(st.sampled_from(["a", "b", "c"]), st.floats(allow_nan=False)),
    ),
    max_size=20,
)


def payloads(*records: Record) -> list[bytes]:
    return [msgspec.msgpack.encode(record) for record in records]


def cells(batch: Batch) -> dict[tuple[int, int, str], list[Any]]:
    """Every point and value by position, step and key."""
    found: dict[tuple[int, int, str], list[Any]] = {}
    for columns, texts in ((batch.history, False), (batch.values, True)):
        if columns is None:
            continue
        steps, positions = array("q", columns.steps), array("Q", columns.positions)
        held: Any = columns
        content = map(json.loads, held.json) if texts else array("d", held.value)
        for key, row, value in zip(
            array("I", columns.key), array("I", columns.row), content, strict=True
        ):
            place = (positions[row], steps[row], columns.keys[key])
            found.setdefault(place, []).append(value)
    return found


def expected(position: int, step: int, row: dict[str, Any]) -> dict[tuple[int, int, str], Any]:
    found: dict[tuple[int, int, str], list[Any]] = {}
    for key, value in row.items():
        place = found.setdefault((position, step, key), [])
        if isinstance(value, (bool, int, float)):
            place.append(float(value))
        exact = isinstance(value, float) or (type(value) is int and abs(value) <= EXACT)
        if not exact:
            place.append(json.loads(json_text(value)))
    return found


@given(rows, st.integers(0, 2**40), st.integers(1, 7))
def test_every_value_is_in_one_batch_at_its_place(
    logged: list[tuple[int, dict[str, Any]]], first: int, records: int
) -> None:
    waiting = payloads(*(History(step, 1.5, row) for step, row in logged))
    found: dict[tuple[int, int, str], list[Any]] = {}
    position = first
    while waiting:
        built = build(ORIGIN, position, waiting, Limits(records=records))
        assert built.oddities == []
        batch = msgspec.msgpack.decode(encode(built.batch), type=Batch)
        assert (batch.first, batch.next) == (position, position + built.taken)
        assert 0 < built.taken <= records
        found |= cells(batch)
        waiting = waiting[built.taken :]
        position += built.taken
    wanted: dict[tuple[int, int, str], Any] = {}
    for number, (step, row) in enumerate(logged):
        wanted |= expected(first + number, step, row)
    assert found == wanted


def test_a_batch_ends_where_the_points_or_the_bytes_are_enough() -> None:
    waiting = payloads(*(History(i, 1.0, {"a": 1.0, "b": 2.0}) for i in range(100)))
    assert build(ORIGIN, 0, waiting, Limits(points=10)).taken == 5
    assert build(ORIGIN, 0, waiting, Limits(bytes=len(waiting[0]) * 7)).taken == 7
    assert build(ORIGIN, 0, waiting, Limits(bytes=1)).taken == 1
    assert build(ORIGIN, 0, waiting).taken == 100


def test_numbers_that_are_no_numbers_stay_points() -> None:
    batch = build(
        ORIGIN, 0, payloads(History(0, 1.0, {"a": math.nan, "b": -math.inf, "c": 1}))
    ).batch
    assert batch.values is None
    assert batch.history is not None
    nan, low, one = array("d", batch.history.value)
    assert math.isnan(nan)
    assert (low, one) == (-math.inf, 1.0)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (math.nan, '"NaN"'),
        ([1, math.inf, {"x": -math.inf}], '[1,"Infinity",{"x":"-Infinity"}]'),
        ("日本", '"日本"'),
        ("NaN", '"NaN"'),
        (None, "null"),
        ({"a": [True, 2**60]}, '{"a":[true,1152921504606846976]}'),
    ],
)
def test_json_is_what_every_parser_reads(value: object, text: str) -> None:
    assert json_text(value) == text


def test_the_other_records_are_merged() -> None:
    environment = Environment(host="here", packages={"numpy": "2"})
    built = build(
        ORIGIN,
        10,
        payloads(
            Start(1, 5.0, "name", "group", None, ["x"], None, "rank 0", environment),
            Config({"lr": 0.1, "net": {"depth": 3}, "old": 1}),
            Config({"lr": 0.2}, ["old", "older"]),
            Config({"older": 5}),
            Summary({"best": math.inf}),
            MetricDefinition("loss", goal="minimize"),
            MetricDefinition("acc*", summary=["max"]),
            Update(display_name="first", tags=["a"]),
            Update(display_name="second", notes="text"),
            Console(0, 1.0, False, "10%"),
            Console(1, 1.5, True, "warning"),
            Console(0, 2.0, False, "100%"),
            System(0, 7.0, {"cpu": 12.5}),
            Exit(1, 9.0, "ValueError: no"),
        ),
    )
    batch = built.batch
    assert (batch.first, batch.next) == (10, 24)
    assert batch.start is not None
    assert (batch.start.display_name, batch.start.label, batch.start.tags) == (
        "name",
        "rank 0",
        ["x"],
    )
    assert batch.start.environment == environment
    assert batch.config == Patch(
        values={"lr": 0.2, "net": {"depth": 3}, "older": 5}, removed=["old"]
    )
    assert batch.summary == Patch(values={"best": math.inf})
    assert [metric.name for metric in batch.metrics] == ["loss", "acc*"]
    assert batch.update == Update(display_name="second", tags=["a"], notes="text")
    assert {line.line: line.text for line in batch.console} == {0: "100%", 1: "warning"}
    assert batch.system is not None
    assert (batch.system.keys, list(array("d", batch.system.value))) == (["cpu"], [12.5])
    assert batch.end == RunEnd(state="failed", time=9.0, exit_code=1, reason="ValueError: no")
    assert batch.history is None


def test_records_of_tomorrow_and_damaged_ones_take_their_place() -> None:
    strange = [
        msgspec.msgpack.encode(["hologram", 1]),
        b"\xc1",
        msgspec.msgpack.encode({"no": "array"}),
        msgspec.msgpack.encode(["history", 2**63, 1.0, {"a": 1.0, "b": "x"}]),
        *payloads(History(1, 1.0, {"a": 1.0})),
    ]
    built = build(ORIGIN, 0, strange)
    assert built.batch.next == 5
    assert built.oddities[0] == Oddity(0, "hologram", "unknown kind of record: 'hologram'")
    assert [oddity.position for oddity in built.oddities if oddity.kind is None] == [1, 2, 3]
    assert cells(built.batch) == {(4, 1, "a"): [1.0]}


@pytest.mark.parametrize(
    ("code", "state"),
    [
        (0, "finished"),
        (1, "failed"),
        (2, "failed"),
        (-9, "killed"),
        (-1, "failed"),
        (130, "killed"),
        (255, "killed"),
    ],
)
def test_exit_codes(code: int, state: str) -> None:
    assert end_of(Exit(code, 1.0)).state == state


def test_kinds_are_told_without_decoding() -> None:
    exit_record, start = payloads(
        Exit(0, 1.0), Start(1, 1.0, None, None, None, None, None, None, Environment())
    )
    history = msgspec.msgpack.encode(History(0, 1.0, {"exit": 1.0, "start": "start"}))
    assert [is_exit(record) for record in (exit_record, start, history)] == [True, False, False]
    assert [is_start(record) for record in (exit_record, start, history)] == [False, True, False]


def test_an_empty_batch_is_small() -> None:
    assert len(encode(empty(ORIGIN, 7))) < 80


@pytest.mark.parametrize("seconds", [math.nan, math.inf, -1e300])
def test_times_that_no_clock_shows_become_zero(seconds: float) -> None:
    assert microseconds(seconds) == 0
