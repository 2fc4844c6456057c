"""The group commit remembers the runs that arrived lately, and not more than it may."""

from __future__ import annotations

import pytest
from server.tests.filters import make_run

from kiseki_server.domain.history.types import Stream
from kiseki_server.kit.ids import RunId
from kiseki_server.workers.run_memory import RunMemory


def commit(memory: RunMemory, number: int, keys: int) -> None:
    """One commit of one run that logs so many keys."""
    memory.see(make_run(number, 1))
    memory.of(RunId(number)).note_keys(Stream.HISTORY, [f"key{n}" for n in range(keys)])
    memory.shrink(keep=1)


def knows(memory: RunMemory, number: int) -> bool:
    try:
        memory.of(RunId(number))
    except KeyError:
        return False
    return True


def test_the_least_recent_runs_go_first() -> None:
    memory = RunMemory(most=500)
    for number in range(1, 6):
        commit(memory, number, keys=100)
    assert [n for n in range(1, 6) if knows(memory, n)] == [2, 3, 4, 5]
    commit(memory, 2, keys=100)  # seen again, so 3 is the least recent now
    commit(memory, 6, keys=100)
    assert [n for n in range(1, 7) if knows(memory, n)] == [2, 4, 5, 6]


def test_a_run_that_grows_counts_with_all_its_keys() -> None:
    memory = RunMemory(most=500)
    commit(memory, 1, keys=100)
    commit(memory, 2, keys=100)
    commit(memory, 2, keys=450)
    assert not knows(memory, 1)


def test_the_runs_of_the_commit_stay_whatever_their_size() -> None:
    memory = RunMemory(most=10)
    commit(memory, 1, keys=100)
    assert knows(memory, 1)


def test_a_forgotten_run_makes_room() -> None:
    memory = RunMemory(most=500)
    for number in range(1, 5):
        commit(memory, number, keys=100)
    memory.forget(RunId(4))
    commit(memory, 5, keys=100)
    assert [n for n in range(1, 6) if knows(memory, n)] == [1, 2, 3, 5]
    with pytest.raises(KeyError):
        memory.of(RunId(4))
