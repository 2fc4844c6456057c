"""A copied history is what its source was up to a step, on every adapter."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from server.tests.histories import Row, append_of

from kiseki_server.domain.history.copying import CELLS, copies
from kiseki_server.domain.history.store import HistoryStore
from kiseki_server.domain.history.types import Extent, RowQuery, RunRef, Stream
from kiseki_server.storage.columnar.engine import ClientPool
from kiseki_server.storage.columnar.history import ColumnarHistoryStore
from kiseki_server.storage.memory.history import MemoryHistoryStore

NewRun = Callable[[], RunRef]
HISTORY = Stream.HISTORY


@pytest.fixture
def store(pool: ClientPool | None) -> HistoryStore:
    return MemoryHistoryStore() if pool is None else ColumnarHistoryStore(pool)


def cells(store: HistoryStore, run: RunRef, high: int | None = None) -> list[dict[str, Any]]:
    return store.rows(RowQuery(run, high=high)).to_pylist()


def copy_history(
    store: HistoryStore, source: RunRef, target: RunRef, through: int, *, cells: int = CELLS
) -> None:
    for append in copies(store, source, target, through, cells=cells):
        store.append([append])


def logged(store: HistoryStore, run: RunRef, count: int = 10) -> None:
    rows: list[Row] = [
        (
            step,
            step,
            {"a": step / 2, "flag": step % 2 == 0, "text": f"あ{step}", "big": 2**60 + step},
        )
        for step in range(count)
    ]
    store.append([append_of(run, rows)])


@pytest.mark.parametrize("at_once", [1, 7, 1_000_000])
def test_a_copy_ends_with_its_step(store: HistoryStore, new_run: NewRun, at_once: int) -> None:
    source, target = new_run(), new_run()
    logged(store, source)
    copy_history(store, source, target, 6, cells=at_once)
    assert cells(store, target) == cells(store, source, 6)
    assert {row["step"] for row in cells(store, target)} == set(range(7))
    assert set(store.last_steps(target, HISTORY).values()) == {6}
    assert len(cells(store, source)) == 40


def test_a_copy_that_was_interrupted_is_repeated(store: HistoryStore, new_run: NewRun) -> None:
    source, target = new_run(), new_run()
    logged(store, source)
    copy_history(store, source, target, 3, cells=1)
    copy_history(store, source, target, 8)
    copy_history(store, source, target, 8, cells=5)
    assert cells(store, target) == cells(store, source, 8)
    assert [stats.count for stats in store.stats(target, HISTORY)] == [9, 9, 9]


def test_a_copy_has_the_last_values_of_all_writers(store: HistoryStore, new_run: NewRun) -> None:
    source, target = new_run(), new_run()
    store.append([append_of(source, [(0, -5, {"a": 1.0}), (1, 0, {"a": 1.0, "b": "x"})])])
    later = append_of(source, [(0, 0, {"a": 2.0, "c": 3.0})], writer="v", time=lambda *_: 77)
    store.append([later])
    copy_history(store, source, target, 0)
    assert cells(store, target) == cells(store, source)


def test_the_target_goes_on_by_itself(store: HistoryStore, new_run: NewRun) -> None:
    source, target = new_run(), new_run()
    logged(store, source)
    copy_history(store, source, target, 4)
    store.append([append_of(target, [(0, 5, {"a": -1.0})])])
    store.delete([source])
    found = [(row["step"], row["value"]) for row in cells(store, target) if row["key"] == "a"]
    assert found == [*((step, step / 2) for step in range(5)), (5, -1.0)]


def test_a_duplicate_is_the_same_history_however_often(
    store: HistoryStore, new_run: NewRun
) -> None:
    source, target = new_run(), new_run()
    logged(store, source)
    store.append([append_of(source, [(0, 3, {"a": -1.0})], writer="v")])
    store.append([append_of(source, [(4, 0, {"cpu": 0.5})], stream=Stream.SYSTEM)])
    store.append([append_of(target, [(0, 99, {"other": 1.0})])])
    for run, back in ((target, source), (source, target), (target, source)):
        store.duplicate(back, run)
        store.delete([back])
        assert cells(store, back) == []
    found = cells(store, target)
    assert len(found) == 40
    assert [row["value"] for row in found if row["key"] == "a"][3] == -1.0
    assert store.next_positions(target, HISTORY) == {"w": 10, "v": 1}
    assert store.stats(target, Stream.SYSTEM)[0].last == 0.5
    assert [stats.count for stats in store.stats(target, HISTORY)] == [10, 10, 10]
    store.append([append_of(target, [(9, 9, {"a": 7.0}), (10, 10, {"a": 5.0})])])
    assert [row["value"] for row in cells(store, target) if row["key"] == "a"][9:] == [4.5, 5.0]


def test_an_extent_counts_the_steps_of_all_keys(store: HistoryStore, new_run: NewRun) -> None:
    run = new_run()
    assert store.extent(run, HISTORY) is None
    rows: list[Row] = [(0, 3, {"a": 1.0}), (1, 5, {"b": "x"}), (2, 5, {"a": 2.0}), (3, 9, {"a": 3})]
    store.append([append_of(run, rows)])
    store.append([append_of(run, [(0, 3, {"a": "later"})], writer="v")])
    assert store.extent(run, HISTORY) == Extent(3, 9, 3)
    assert store.extent(run, HISTORY, through=8) == Extent(3, 9, 2)
    assert store.extent(run, HISTORY, through=2) == Extent(3, 9, 0)
    assert store.extent(run, Stream.SYSTEM) is None


def test_what_is_not_finite_is_copied(store: HistoryStore, new_run: NewRun) -> None:
    source, target = new_run(), new_run()
    store.append([append_of(source, [(0, 0, {"a": math.nan, "b": math.inf})])])
    copy_history(store, source, target, 0)
    assert repr(cells(store, target)) == repr(cells(store, source))


@pytest.mark.parametrize("through", [-1, -(2**63)])
def test_nothing_before_the_first_step_is_copied(
    store: HistoryStore, new_run: NewRun, through: int
) -> None:
    source, target = new_run(), new_run()
    logged(store, source, 2)
    copy_history(store, source, target, through)
    copy_history(store, new_run(), target, 5)
    assert cells(store, target) == []
    assert store.keys([target], HISTORY) == []
