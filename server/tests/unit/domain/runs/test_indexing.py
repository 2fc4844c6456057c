"""What the search index is told, and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from server.tests.filters import make_run

from kiseki_server.domain.runs.indexing import RunIndexer
from kiseki_server.domain.runs.types import Run
from kiseki_server.kit.ids import ProjectId, RunId
from kiseki_server.storage.memory.run_index import MemoryRunIndex

HERE, THERE = ProjectId(1), ProjectId(2)
ONE = RunId(7)


class Store:
    """Of one run, as the transaction sees it that asks."""

    def __init__(self) -> None:
        self.revision = 0
        self.run: Run

    def write(self, project: int, revision: int) -> None:
        self.run, self.revision = make_run(ONE, project), revision

    def unindexed(self, after: RunId | None = None, **_: Any) -> Sequence[tuple[RunId, int]]:
        return [(ONE, self.revision)] if after is None else []

    def get(self, ids: Sequence[RunId]) -> Mapping[RunId, Run]:
        return dict.fromkeys(ids, self.run)


def test_a_run_that_moved_is_not_found_where_a_slow_reader_saw_it_last() -> None:
    store, index = Store(), MemoryRunIndex()
    indexer = RunIndexer(store, index)  # pyright: ignore[reportArgumentType]

    def places() -> list[Sequence[RunId]]:
        indexer.catch_up()
        return [index.search(HERE).ids, index.search(THERE).ids]

    store.write(HERE, 1)
    assert places() == [(ONE,), ()]
    indexer.moved([ONE], HERE)
    store.write(HERE, 2)  # what a transaction sees that began before the move
    assert places() == [(), ()]
    store.write(THERE, 3)
    assert places() == [(), (ONE,)]
    indexer.moved([ONE], THERE)
    store.write(HERE, 4)
    assert places() == [(ONE,), ()]
