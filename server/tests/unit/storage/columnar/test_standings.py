"""What is remembered of histories."""

from __future__ import annotations

from typing import Any, cast

from kiseki_server.domain.history.types import RunRef, Stream
from kiseki_server.kit.ids import ProjectId, RunId
from kiseki_server.storage.columnar.engine import ClientPool
from kiseki_server.storage.columnar.standings import Standings

KEYS = 4


class Pool:
    """Says that every history has some keys, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def rows(self, sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        assert sql
        self.asked += 1
        return [
            (*place, f"key{number}", "w", 1, 0, 7, 6, 5)
            for place in parameters["histories"]
            for number in range(KEYS)
        ]


def test_no_more_is_remembered_than_there_is_room_for() -> None:
    few = Standings(cast("ClientPool", Pool()), histories=10)
    short = Standings(cast("ClientPool", Pool()), keys=100)
    for number in range(2000):
        history = (RunRef(ProjectId(1), RunId(number)), Stream.HISTORY)
        for standings in (few, short):
            assert standings.get([history])[history].points_next == {"w": 7}
        assert len(few._held) <= 10
        # Keys are counted now and then: by then some histories more have come.
        assert sum(len(one.keys) for one in short._held.values()) <= 100 + 300 * KEYS


def test_histories_are_read_once_and_together() -> None:
    pool = Pool()
    standings = Standings(cast("ClientPool", pool))
    histories = [(RunRef(ProjectId(1), RunId(n)), Stream.HISTORY) for n in range(100)]
    found = standings.get(histories)
    assert standings.get(histories[:50]) == {h: found[h] for h in histories[:50]}
    assert pool.asked == 1
    standings.forget(histories[:1])
    assert standings.get(histories) == found
    assert pool.asked == 2
