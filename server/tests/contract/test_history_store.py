"""The promises of the history store, on every adapter."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from server.tests.histories import Row, append_of

from kiseki_server.domain.history.store import HistoryStore
from kiseki_server.domain.history.tables import ROWS, SERIES
from kiseki_server.domain.history.types import (
    Append,
    KeyInfo,
    KeyKind,
    KeyStats,
    RowQuery,
    RunRef,
    SeriesQuery,
    SeriesRun,
    Stream,
    TypedKey,
)
from kiseki_server.kit.errors import BadRequest
from kiseki_server.storage.columnar.engine import ClientPool
from kiseki_server.storage.columnar.history import ColumnarHistoryStore
from kiseki_server.storage.memory.history import MemoryHistoryStore

NewRun = Callable[[], RunRef]
HISTORY = Stream.HISTORY


@pytest.fixture
def store(pool: ClientPool | None) -> HistoryStore:
    return MemoryHistoryStore() if pool is None else ColumnarHistoryStore(pool)


@pytest.fixture
def run(new_run: NewRun) -> RunRef:
    return new_run()


def reopened(store: HistoryStore) -> HistoryStore:
    """The store as another process would find it."""
    if isinstance(store, ColumnarHistoryStore):
        return ColumnarHistoryStore(store._pool)
    return store


def series(store: HistoryStore, *runs: RunRef, **query: Any) -> list[dict[str, Any]]:
    query.setdefault("keys", ["a"])
    table = store.series(SeriesQuery([SeriesRun(run, 0) for run in runs], **query))
    assert table.schema.equals(SERIES)
    return table.to_pylist()


def cells(store: HistoryStore, run: RunRef, **query: Any) -> list[tuple[Any, ...]]:
    table = store.rows(RowQuery(run, **query))
    assert table.schema.equals(ROWS)
    return [(row["step"], row["key"], row["value"], row["json"]) for row in table.to_pylist()]


def test_an_unknown_run_is_empty(store: HistoryStore, run: RunRef) -> None:
    assert store.keys([run], HISTORY) == []
    assert store.typed_keys(run, HISTORY) == []
    assert store.stats(run, HISTORY) == []
    assert dict(store.next_positions(run, HISTORY)) == {}
    assert dict(store.last_steps(run, HISTORY)) == {}
    assert store.rows(RowQuery(run)).equals(ROWS.empty_table())
    table = store.series(SeriesQuery([SeriesRun(run, 0)], ["a"]))
    assert table.equals(SERIES.empty_table())
    assert not table.schema.metadata


def test_what_was_appended_is_there_at_once(store: HistoryStore, run: RunRef) -> None:
    store.append(
        [append_of(run, [(0, 0, {"a": 1.0, "b": "text"}), (1, 1, {"a": math.nan, "c": True})])]
    )
    found = cells(store, run)
    assert repr(found) == repr(
        [
            (0, "a", 1.0, None),
            (0, "b", None, '"text"'),
            (1, "a", math.nan, None),
            (1, "c", 1.0, "true"),
        ]
    )
    assert store.keys([run], HISTORY) == [
        KeyInfo("a", numeric=True, other=False, runs=1),
        KeyInfo("b", numeric=False, other=True, runs=1),
        KeyInfo("c", numeric=True, other=True, runs=1),
    ]
    assert dict(store.next_positions(run, HISTORY)) == {"w": 2}
    assert dict(store.last_steps(run, HISTORY)) == {"a": 1, "b": 0, "c": 1}


def test_a_repeated_append_changes_nothing(store: HistoryStore, run: RunRef) -> None:
    append = append_of(run, [(0, 0, {"a": 1.0, "t": "x"}), (1, 1, {"a": 2.0, "f": False})])
    store.append([append])
    before = cells(store, run)
    store.append([append])
    store.append([append, append])
    store = reopened(store)
    store.append([append])
    assert cells(store, run) == before
    assert [stats.count for stats in store.stats(run, HISTORY)] == [2, 1]


def test_an_overlapping_append_adds_what_is_new(store: HistoryStore, run: RunRef) -> None:
    rows: list[Row] = [(position, position, {"a": float(position)}) for position in range(6)]
    store.append([append_of(run, rows[:4])])
    reopened(store).append([append_of(run, rows[2:])])
    assert [step for step, *_ in cells(store, run)] == [0, 1, 2, 3, 4, 5]


def test_positions_of_writers_and_streams_are_apart(store: HistoryStore, run: RunRef) -> None:
    store.append(
        [
            append_of(run, [(4, 0, {"a": 1.0})], writer="one"),
            append_of(run, [(0, 1, {"a": 2.0})], writer="two"),
            append_of(run, [(0, 0, {"cpu": 3.0})], writer="one", stream=Stream.SYSTEM),
        ]
    )
    store = reopened(store)
    assert dict(store.next_positions(run, HISTORY)) == {"one": 5, "two": 1}
    assert dict(store.next_positions(run, Stream.SYSTEM)) == {"one": 1}
    assert [info.key for info in store.keys([run], Stream.SYSTEM)] == ["cpu"]
    assert cells(store, run, stream=Stream.SYSTEM) == [(0, "cpu", 3.0, None)]


def test_steps_may_arrive_in_any_order(store: HistoryStore, run: RunRef) -> None:
    store.append([append_of(run, [(0, 5, {"a": 5.0}), (1, 2, {"a": 2.0})])])
    store.append([append_of(run, [(2, 9, {"a": 9.0}), (3, -3, {"a": -3.0})])])
    assert [step for step, *_ in cells(store, run)] == [-3, 2, 5, 9]
    (stats,) = store.stats(run, HISTORY)
    assert (stats.first, stats.last, stats.last_step) == (-3.0, 9.0, 9)


@pytest.mark.parametrize("calls", [1, 2])
def test_the_last_write_wins(store: HistoryStore, run: RunRef, calls: int) -> None:
    """In one call or in two, within a writer and across writers."""
    appends = [
        append_of(run, [(0, 1, {"a": 1.0}), (1, 2, {"a": 2.0}), (2, 1, {"a": 3.0})]),
        append_of(run, [(0, 2, {"a": 4.0})], writer="v"),
    ]
    if calls == 1:
        store.append(appends)
    else:
        for append in appends:
            store.append([append])
            store = reopened(store)
    assert cells(store, run) == [(1, "a", 3.0, None), (2, "a", 4.0, None)]
    (stats,) = store.stats(run, HISTORY)
    assert (stats.count, stats.mean, stats.last) == (2, 3.5, 4.0)
    (bucket,) = series(store, run, buckets=1)
    assert (bucket["count"], bucket["min"], bucket["max"]) == (2, 3.0, 4.0)


def test_a_value_of_another_kind_takes_the_place(store: HistoryStore, run: RunRef) -> None:
    store.append([append_of(run, [(0, 0, {"a": 1.0, "b": "x"}), (1, 1, {"a": 2.0, "b": True})])])
    store.append([append_of(run, [(2, 0, {"a": "text", "b": 5.0}), (3, 1, {"b": "y"})])])
    store = reopened(store)
    assert cells(store, run) == [
        (0, "a", None, '"text"'),
        (0, "b", 5.0, None),
        (1, "a", 2.0, None),
        (1, "b", None, '"y"'),
    ]
    assert [(stats.key, stats.count) for stats in store.stats(run, HISTORY)] == [
        ("a", 1),
        ("b", 1),
    ]
    assert [bucket["last"] for bucket in series(store, run, keys=["a", "b"])] == [2.0, 5.0]


def test_rows_of_equal_step_merge(store: HistoryStore, run: RunRef) -> None:
    store.append([append_of(run, [(0, 1, {"a": 1.0}), (1, 1, {"b": 2.0})])])
    store.append([append_of(run, [(2, 1, {"c": 3.0})])])
    assert cells(store, run) == [(1, "a", 1.0, None), (1, "b", 2.0, None), (1, "c", 3.0, None)]


def test_statistics_leave_out_what_is_not_finite(store: HistoryStore, run: RunRef) -> None:
    values = [3.0, math.inf, 1.0, math.nan, -math.inf]
    rows = [(n, n, {"a": value, "bad": math.nan}) for n, value in enumerate(values)]
    store.append([append_of(run, rows)])
    good, bad = store.stats(run, HISTORY)
    assert good == KeyStats("a", 5, 3, 1.0, 3.0, 2.0, 3.0, -math.inf, 4, 4_000_000)
    assert (bad.count, bad.nonfinite, bad.min, bad.max, bad.mean) == (5, 5, None, None, None)
    assert store.stats(run, HISTORY, ["bad", "none"]) == [pytest.approx(bad, nan_ok=True)] or (
        math.isnan(store.stats(run, HISTORY, ["bad", "none"])[0].first)
    )
    assert store.stats(run, HISTORY, []) == []


def test_keys_page_filter_and_count_runs(store: HistoryStore, new_run: NewRun) -> None:
    first, second = new_run(), new_run()
    names = ["train/loss", "train/acc", "val/loss", "é", "日本"]
    store.append([append_of(first, [(0, 0, dict.fromkeys(names, 1.0))])])
    store.append([append_of(second, [(0, 0, {"val/loss": "none", "zz": 1.0})])])
    both = [first, second]
    found = store.keys(both, HISTORY)
    assert [info.key for info in found] == [
        "train/acc",
        "train/loss",
        "val/loss",
        "zz",
        "é",
        "日本",
    ]
    assert found[2] == KeyInfo("val/loss", numeric=True, other=True, runs=2)
    assert [i.key for i in store.keys(both, HISTORY, prefix="train/")] == [
        "train/acc",
        "train/loss",
    ]
    assert [i.key for i in store.keys(both, HISTORY, regex="^v.*s$|^日")] == ["val/loss", "日本"]
    assert [i.key for i in store.keys(both, HISTORY, after="val/loss", limit=2)] == ["zz", "é"]


@pytest.mark.parametrize("regex", ["(", "a(?=b)", r"(a)\1", "[z-a]"])
def test_a_bad_expression_is_refused(store: HistoryStore, run: RunRef, regex: str) -> None:
    with pytest.raises(BadRequest, match="regular expression"):
        store.keys([run], HISTORY, regex=regex)


def test_buckets_are_exact(store: HistoryStore, run: RunRef) -> None:
    rows = [(n, n, {"a": value}) for n, value in enumerate([1.0, 5.0, math.nan, 2.0, 4.0])]
    store.append([append_of(run, rows)])
    table = store.series(SeriesQuery([SeriesRun(run, 0)], ["a"], buckets=2))
    assert table.schema.metadata == {b"low": b"0.0", b"high": b"4.0"}
    assert table.to_pylist() == [
        {
            "run": run.run,
            "key": "a",
            "bucket": 0,
            "x_first": 0.0,
            "x_last": 1.0,
            "min": 1.0,
            "max": 5.0,
            "mean": 3.0,
            "last": 5.0,
            "count": 2,
            "nonfinite": 0,
        },
        {
            "run": run.run,
            "key": "a",
            "bucket": 1,
            "x_first": 2.0,
            "x_last": 4.0,
            "min": 2.0,
            "max": 4.0,
            "mean": 3.0,
            "last": 4.0,
            "count": 3,
            "nonfinite": 1,
        },
    ]


def test_a_range_holds_both_ends(store: HistoryStore, run: RunRef) -> None:
    store.append([append_of(run, [(n, n, {"a": float(n)}) for n in range(10)])])
    found = series(store, run, low=2.5, high=7.0, buckets=1)
    assert [(b["x_first"], b["x_last"], b["count"]) for b in found] == [(3.0, 7.0, 5)]
    assert series(store, run, low=100.0, high=200.0) == []
    assert series(store, run, low=7.0, high=2.0) == []


def test_one_range_for_all_series(store: HistoryStore, new_run: NewRun) -> None:
    first, second = new_run(), new_run()
    store.append(
        [
            append_of(first, [(n, n, {"a": 1.0}) for n in range(4)]),
            append_of(second, [(n, n + 96, {"a": 2.0, "b": 3.0}) for n in range(4)]),
        ]
    )
    found = series(store, first, second, keys=["b", "a"], buckets=10)
    assert [(b["run"], b["key"], b["bucket"]) for b in found] == [
        (first.run, "a", 0),
        (second.run, "a", 9),
        (second.run, "b", 9),
    ]


def test_time_is_an_axis(store: HistoryStore, new_run: NewRun) -> None:
    first, second = new_run(), new_run()
    start = 1_700_000_000_000_000

    def clock(offset: int) -> Callable[[int, int], int]:
        return lambda position, step: start + offset + position * 500_000

    rows: list[Row] = [(n, 10 - n, {"a": float(n)}) for n in range(4)]
    store.append(
        [append_of(first, rows, time=clock(0)), append_of(second, rows, time=clock(7_000_000))]
    )
    absolute = series(store, first, second, x="time", buckets=1)
    assert [(b["x_first"], b["x_last"], b["last"]) for b in absolute] == [
        (float(start), float(start + 1_500_000), 3.0),
        (float(start + 7_000_000), float(start + 8_500_000), 3.0),
    ]
    table = store.series(
        SeriesQuery(
            [SeriesRun(first, start), SeriesRun(second, start + 7_000_000)],
            ["a"],
            x="relative",
            low=0.5,
            buckets=1,
        )
    )
    assert [(b["x_first"], b["x_last"], b["count"]) for b in table.to_pylist()] == [
        (0.5, 1.5, 3),
        (0.5, 1.5, 3),
    ]


def test_equal_times_are_ordered_by_step(store: HistoryStore, run: RunRef) -> None:
    rows: list[Row] = [(0, 7, {"a": 7.0}), (1, 3, {"a": 3.0})]
    store.append([append_of(run, rows, time=lambda position, step: 1_000)])
    (bucket,) = series(store, run, x="time")
    assert bucket["last"] == 7.0


def test_another_key_is_an_axis(store: HistoryStore, run: RunRef) -> None:
    rows: list[Row] = [
        (0, 0, {"x": 10.0, "a": 1.0}),
        (1, 1, {"x": 20.0}),
        (2, 2, {"a": 2.0}),
        (3, 3, {"x": math.nan, "a": 3.0}),
        (4, 4, {"x": -5.0, "a": 4.0}),
        (5, 5, {"x": 15.0}),
    ]
    store.append([append_of(run, rows)])
    store.append([append_of(run, [(6, 5, {"a": 6.0}), (7, 4, {"x": 30.0})])])
    found = series(store, run, x_key="x", buckets=1)
    assert [(b["x_first"], b["x_last"], b["last"], b["count"]) for b in found] == [
        (10.0, 30.0, 4.0, 3)
    ]
    assert [b["count"] for b in series(store, run, keys=["a", "x"], x_key="x", high=12.0)] == [1, 1]


def test_bad_ranges_are_refused(store: HistoryStore, run: RunRef) -> None:
    for query in ({"buckets": 0}, {"buckets": 10**9}, {"low": math.nan}, {"high": math.inf}):
        with pytest.raises(BadRequest):
            series(store, run, **query)


def test_extreme_numbers_have_a_bucket(store: HistoryStore, run: RunRef) -> None:
    big = 1.7e308
    rows: list[Row] = [
        (0, 0, {"x": -big, "a": 1.0}),
        (1, 1, {"x": big / 2, "a": 2.0}),
        (2, 2, {"x": big, "a": 3.0}),
    ]
    store.append([append_of(run, rows)])
    assert [(b["bucket"], b["last"]) for b in series(store, run, x_key="x", buckets=2)] == [
        (0, 1.0),
        (1, 3.0),
    ]


def test_short_and_long_ranges_hold_the_same_rows(store: HistoryStore, run: RunRef) -> None:
    steps = [-5, 0, 7, 8, 2**40]
    rows = [(number, step, {"a": 1.0}) for number, step in enumerate(steps)]
    store.append([append_of(run, rows, time=lambda position, _step: position)])

    def found(low: int, high: int, limit: int) -> list[int]:
        return store.rows(RowQuery(run, low=low, high=high, limit=limit))["step"].to_pylist()

    ranges = ((-9, -5), (1, 6), (0, 8), (7, 7), (8, 0), (2**40, 2**40 + 9), (-9, 2**50))
    for limit in (1, 2, 100):
        for low, high in ranges:
            expected = [step for step in steps if low <= step <= high][:limit]
            assert found(low, high, limit) == expected, (low, high, limit)


def test_rows_are_never_cut(store: HistoryStore, run: RunRef) -> None:
    rows = [(n, n * 1000, {"a": 1.0, "b": 2.0, "t": "x"}) for n in range(10)]
    store.append([append_of(run, rows)])
    page = cells(store, run, limit=3)
    assert [step for step, *_ in page] == [0] * 3 + [1000] * 3 + [2000] * 3
    page = cells(store, run, limit=2, low=2001, keys=["t", "a"])
    assert page == [
        (3000, "a", 1.0, None),
        (3000, "t", None, '"x"'),
        (4000, "a", 1.0, None),
        (4000, "t", None, '"x"'),
    ]
    assert cells(store, run, low=8500, high=8999) == []
    assert len(cells(store, run, high=2000)) == 9


def test_a_deleted_run_is_gone(store: HistoryStore, new_run: NewRun) -> None:
    gone, kept = new_run(), new_run()
    for run in (gone, kept):
        store.append([append_of(run, [(0, 0, {"a": 1.0, "t": "x"}), (1, 0, {"a": 2.0})])])
    store.delete([gone])
    assert cells(store, gone) == []
    assert store.keys([gone, kept], HISTORY) == [
        KeyInfo("a", numeric=True, other=False, runs=1),
        KeyInfo("t", numeric=False, other=True, runs=1),
    ]
    assert dict(store.next_positions(gone, HISTORY)) == {}
    assert cells(store, kept) == [(0, "a", 2.0, None), (0, "t", None, '"x"')]


def test_many_keys_and_odd_ones(store: HistoryStore, run: RunRef) -> None:
    names = [f"k{n}" for n in range(300)] + ["", "a'b", "back\\slash", "{x:String}", "new\nline"]
    store.append([append_of(run, [(n, n, dict.fromkeys(names, float(n))) for n in range(3)])])
    assert {info.key for info in store.keys([run], HISTORY)} == set(names)
    found = series(store, run, keys=names, buckets=1)
    assert [(b["key"], b["count"]) for b in found] == [(name, 3) for name in sorted(names)]
    assert [s.key for s in store.stats(run, HISTORY, ["a'b", "new\nline"])] == ["a'b", "new\nline"]


def test_a_large_append_is_whole(store: HistoryStore, run: RunRef) -> None:
    """More points than one insert takes, rows of many keys."""
    count, keys = 3_000, 100
    row = np.repeat(np.arange(count, dtype=np.uint32), keys)
    one = append_of(run, [(n, n, {}) for n in range(count)] + [(count, count, {"k0": 0.0})])
    assert one.points is not None
    points = replace(
        one.points,
        keys=[f"k{n}" for n in range(keys)],
        key=np.tile(np.arange(keys, dtype=np.uint32), count),
        row=row,
        value=row.astype(np.float64),
    )
    append = Append(run, "w", HISTORY, points)
    store.append([append])
    reopened(store).append([append])
    assert [s.count for s in store.stats(run, HISTORY)] == [count] * keys


numbers = st.one_of(
    st.floats(-1e6, 1e6, width=32), st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0])
)
values = st.one_of(
    numbers, numbers, numbers, st.booleans(), st.sampled_from(["x", [1, 2], None, {"a": 1}])
)
row = st.tuples(
    st.integers(0, 12), st.dictionaries(st.sampled_from("abc"), values, min_size=1, max_size=3)
)
batch = st.tuples(
    st.integers(0, 1), st.sampled_from(["v", "w"]), st.lists(row, min_size=1, max_size=8)
)


@pytest.mark.parametrize("engine", ["chdb", "http"])
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    calls=st.lists(st.lists(batch, min_size=1, max_size=3), min_size=1, max_size=4),
    again=st.booleans(),
    x=st.sampled_from(["step", "time", "relative"]),
    x_key=st.sampled_from([None, None, "a", "b"]),
    low=st.one_of(st.none(), st.integers(0, 8).map(float)),
    buckets=st.integers(1, 7),
    data=st.data(),
)
def test_adapters_agree(
    request: pytest.FixtureRequest,
    new_run: NewRun,
    engine: str,
    calls: Sequence[Sequence[tuple[int, str, list[tuple[int, dict[str, Any]]]]]],
    again: bool,
    x: Any,
    x_key: str | None,
    low: float | None,
    buckets: int,
    data: st.DataObject,
) -> None:
    """The engine says what memory says, whatever came: repeats, any order, several writers."""
    columnar = ColumnarHistoryStore(request.getfixturevalue(f"{engine}_pool"))
    memory = MemoryHistoryStore()
    runs = [new_run(), new_run()]
    positions: dict[tuple[int, str], int] = {}
    for call in calls:
        appends: list[Append] = []
        for index, writer, rows in call:
            first = positions.get((index, writer), 0)
            positions[(index, writer)] = first + len(rows)
            placed = [(first + n, step, cells) for n, (step, cells) in enumerate(rows)]
            appends.append(
                append_of(
                    runs[index],
                    placed,
                    writer=writer,
                    time=lambda position, step: step * 700_000 + position % 3,
                )
            )
        for store in (memory, columnar):
            store.append(appends)
        if again:
            columnar = ColumnarHistoryStore(columnar._pool)
            columnar.append(appends)
    query = SeriesQuery(
        [SeriesRun(run, 1_000) for run in runs],
        data.draw(st.lists(st.sampled_from("abcd"), min_size=1, max_size=3, unique=True)),
        x=x,
        x_key=x_key,
        low=low,
        buckets=buckets,
    )
    same(columnar.series(query), memory.series(query))
    for run in runs:
        rows_query = RowQuery(run, low=1, high=10, limit=data.draw(st.integers(1, 9)))
        same(columnar.rows(rows_query), memory.rows(rows_query))
        assert columnar.keys([run], HISTORY) == memory.keys([run], HISTORY)
        assert columnar.next_positions(run, HISTORY) == memory.next_positions(run, HISTORY)
        assert columnar.last_steps(run, HISTORY) == memory.last_steps(run, HISTORY)
        same(stats_table(columnar, run), stats_table(memory, run))


def stats_table(store: HistoryStore, run: RunRef) -> pa.Table:
    found = [asdict(stats) for stats in store.stats(run, HISTORY)]
    kinds = {"key": pa.string(), "count": pa.int64(), "nonfinite": pa.int64()}
    steps = {"last_step": pa.int64(), "last_time": pa.int64()}
    floats = dict.fromkeys(["min", "max", "mean", "first", "last"], pa.float64())
    return pa.Table.from_pylist(found, schema=pa.schema([*(kinds | floats | steps).items()]))


def same(left: pa.Table, right: pa.Table) -> None:
    """Equal, but for the last bits of a mean."""
    assert left.schema.equals(right.schema, check_metadata=True)
    for name in left.column_names:
        ours, theirs = left[name].to_pylist(), right[name].to_pylist()
        if name == "mean":
            assert [value is None for value in ours] == [value is None for value in theirs]
            assert [value or 0.0 for value in ours] == pytest.approx(
                [value or 0.0 for value in theirs], nan_ok=True, rel=1e-9, abs=1e-6
            )
        else:
            assert repr(ours).replace("-0.0", "0.0") == repr(theirs).replace("-0.0", "0.0"), name


def test_values_are_counted_by_their_kinds(store: HistoryStore, run: RunRef) -> None:
    rows: list[Row] = [
        (0, 0, {"a": 1.0, "flag": True, "mixed": "x", "big": 2**60}),
        (1, 1, {"a": 2.0, "flag": False, "mixed": [1], "o": {"b": 1}}),
        (2, 2, {"mixed": None, "o": {"_type": "x"}, "flag": 1.0}),
    ]
    store.append([append_of(run, rows)])
    assert store.kinds([run], HISTORY)[run] == [
        KeyKind("big", "number", 1),
        KeyKind("flag", "boolean", 2),
        KeyKind("mixed", "array", 1),
        KeyKind("mixed", "null", 1),
        KeyKind("mixed", "string", 1),
        KeyKind("o", "object", 2),
    ]
    assert store.kinds([run], Stream.SYSTEM) == {run: []}


def test_several_runs_are_told_of_at_once(store: HistoryStore, new_run: NewRun) -> None:
    """As each of them alone, also where one has values that were logged again."""
    runs = [new_run() for _ in range(3)]
    rows: list[Row] = [(0, 0, {"a": 1.0, "t": "x"}), (1, 1, {"a": 3.0, "b": True})]
    store.append([append_of(runs[0], rows), append_of(runs[1], rows)])
    again: list[Row] = [(2, 1, {"a": 5.0, "b": "x"})]
    store.append([append_of(runs[1], again)])
    store.read_ahead(runs, HISTORY)
    assert store.stats_of(runs, HISTORY) == {run: store.stats(run, HISTORY) for run in runs}
    assert [[one.last for one in store.stats_of(runs, HISTORY)[run]] for run in runs] == [
        [3.0, 1.0],
        [5.0],
        [],
    ]
    assert store.kinds(runs, HISTORY) == {
        runs[0]: [KeyKind("b", "boolean", 1), KeyKind("t", "string", 1)],
        runs[1]: [KeyKind("b", "string", 1), KeyKind("t", "string", 1)],
        runs[2]: [],
    }
    assert [store.next_positions(run, HISTORY) for run in runs] == [{"w": 2}, {"w": 3}, {}]


def test_keys_are_told_by_the_types_that_their_values_say(store: HistoryStore, run: RunRef) -> None:
    image, images = {"_type": "image-file", "path": "a"}, {"_type": "images/separated"}
    rows: list[Row] = [
        (
            0,
            0,
            {"pictures": image, "text": "_type", "plain": {"type": "x"}, "empty": {"_type": ""}},
        ),
        (1, 5, {"pictures": images, "number": {"_type": 1}, "b": image, "a": 1.0}),
        (2, 7, {"pictures": image, "listed": [image]}),
    ]
    store.append([append_of(run, rows)])
    expected = [
        TypedKey("b", "image-file", 1, 5, 5),
        TypedKey("pictures", "image-file", 2, 0, 7),
        TypedKey("pictures", "images/separated", 1, 5, 5),
    ]
    assert store.typed_keys(run, HISTORY) == expected
    # The last value of a step counts, whatever it is.
    again: list[Row] = [(3, 5, {"pictures": image, "b": 1.0})]
    store.append([append_of(run, again)])
    assert store.typed_keys(run, HISTORY) == [TypedKey("pictures", "image-file", 3, 0, 7)]
    assert store.typed_keys(run, Stream.SYSTEM) == []
