"""Arrivals are stored together, and what goes wrong hits only who caused it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any

import numpy as np
import pytest

from kiseki_server.domain.history.ingest import Accepted, Arrival
from kiseki_server.domain.history.types import Append, Points, Rows, RunRef, Stream
from kiseki_server.kit.errors import KisekiError, StorageFull, Unavailable
from kiseki_server.kit.ids import ProjectId, RunId
from kiseki_server.workers.commit import Outcome
from kiseki_server.workers.group_commit import HISTORY, Bounds, GroupCommit

SECONDS = 20
Group = GroupCommit[Arrival, Accepted]


class Gate:
    """A committer that waits until it is let through, and notes what it was given."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.open = threading.Semaphore(0)
        self.commits: list[list[str]] = []
        self.answer: Callable[[Sequence[Arrival]], list[Outcome]] = lambda arrivals: [
            Accepted(next=arrival.next, stop=False) for arrival in arrivals
        ]

    def commit(self, arrivals: Sequence[Arrival]) -> list[Outcome]:
        self.commits.append([arrival.writer for arrival in arrivals])
        self.entered.release()
        assert self.open.acquire(timeout=SECONDS)
        return self.answer(arrivals)

    def let(self, count: int = 1) -> None:
        for _ in range(count):
            self.open.release()

    def await_commit(self) -> None:
        assert self.entered.acquire(timeout=SECONDS)


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def build(gate: Gate) -> Iterator[Callable[..., Group]]:
    started: list[Group] = []

    def build(**bounds: Any) -> Group:
        group = GroupCommit(HISTORY, gate, Bounds(**{"interval": 0.0, **bounds}))
        group.start()
        started.append(group)
        return group

    yield build
    gate.let(1000)
    for group in started:
        group.stop()


def arrival(writer: str, points: int = 1) -> Arrival:
    rows = Rows(
        steps=np.arange(points), times=np.arange(points), positions=np.arange(points, dtype="u8")
    )
    numbers = Points(
        rows=rows,
        keys=["loss"],
        key=np.zeros(points, dtype="u4"),
        row=np.arange(points, dtype="u4"),
        value=np.zeros(points),
    )
    ref = RunRef(ProjectId(1), RunId(1))
    append = Append(ref, writer, Stream.HISTORY, numbers)
    return Arrival(run=ref, writer=writer, first=0, next=points, appends=[append])


def outcome(future: Future[Accepted]) -> Accepted | BaseException:
    error = future.exception(SECONDS)
    return future.result() if error is None else error


def test_what_arrives_during_a_commit_is_stored_together(
    gate: Gate, build: Callable[..., Group]
) -> None:
    group = build()
    futures = [group.submit(arrival("a"))]
    gate.await_commit()
    futures += [group.submit(arrival(name)) for name in "bcd"]
    gate.let(2)
    assert [outcome(future) for future in futures] == [Accepted(next=1, stop=False)] * 4
    assert gate.commits == [["a"], ["b", "c", "d"]]


def test_arrivals_wait_for_others_after_a_commit_but_not_when_many_points_wait(
    gate: Gate, build: Callable[..., Group]
) -> None:
    group = build(interval=3600.0, points=100)
    gate.let(3)
    first = group.submit(arrival("a"))
    assert outcome(first) == Accepted(next=1, stop=False)
    waiting = group.submit(arrival("b"))
    assert not waiting.done()
    large = group.submit(arrival("c", points=99))
    assert outcome(large) == Accepted(next=99, stop=False)
    assert waiting.done()
    assert gate.commits == [["a"], ["b", "c"]]


def test_a_commit_takes_no_more_points_than_it_should(
    gate: Gate, build: Callable[..., Group]
) -> None:
    group = build(commit_points=10)
    group.submit(arrival("a"))
    gate.await_commit()
    futures = [group.submit(arrival(name, points=6)) for name in "bcd"]
    gate.let(10)
    for future in futures:
        outcome(future)
    assert gate.commits == [["a"], ["b"], ["c"], ["d"]]


def test_too_much_waiting_is_refused_and_accepted_later(
    gate: Gate, build: Callable[..., Group]
) -> None:
    group = build(waiting_points=10, points=1)
    first = group.submit(arrival("a", points=8))
    gate.await_commit()
    second = group.submit(arrival("b", points=2))
    refused = outcome(group.submit(arrival("c", points=2)))
    assert isinstance(refused, Unavailable)
    assert "10 points" in refused.message
    gate.let(10)
    assert isinstance(outcome(first), Accepted)
    assert isinstance(outcome(second), Accepted)
    assert isinstance(outcome(group.submit(arrival("c", points=2))), Accepted)


def test_an_arrival_larger_than_the_bounds_is_taken_when_nothing_waits(
    gate: Gate, build: Callable[..., Group]
) -> None:
    gate.let()
    assert outcome(build(waiting_points=10).submit(arrival("a", points=50))) == Accepted(
        next=50, stop=False
    )


def test_one_arrival_that_breaks_the_commit_does_not_take_others_along(
    gate: Gate, build: Callable[..., Group]
) -> None:
    def answer(arrivals: Sequence[Arrival]) -> list[Outcome]:
        if any(a.writer == "bad" for a in arrivals):
            raise ValueError("no store can take this")
        return [Accepted(next=a.next, stop=False) for a in arrivals]

    gate.answer = answer
    group = build()
    group.submit(arrival("a"))
    gate.await_commit()
    good, bad, fine = (group.submit(arrival(name)) for name in ("b", "bad", "c"))
    gate.let(10)
    assert isinstance(outcome(good), Accepted)
    assert isinstance(outcome(fine), Accepted)
    broken = outcome(bad)
    assert type(broken) is KisekiError
    assert gate.commits == [["a"], ["b", "bad", "c"], ["b"], ["bad"], ["c"]]


def test_a_full_disk_is_told_to_all_and_the_server_goes_on(
    gate: Gate, build: Callable[..., Group]
) -> None:
    full = True

    def answer(arrivals: Sequence[Arrival]) -> list[Outcome]:
        if full:
            raise StorageFull
        return [Accepted(next=a.next, stop=False) for a in arrivals]

    gate.answer = answer
    group = build()
    first = group.submit(arrival("a"))
    gate.await_commit()
    others = [group.submit(arrival(name)) for name in "bc"]
    gate.let(10)
    assert [type(outcome(future)) for future in (first, *others)] == [StorageFull] * 3
    full = False
    assert isinstance(outcome(group.submit(arrival("a"))), Accepted)


def test_stopping_stores_what_waits_and_refuses_what_comes_later(
    gate: Gate, build: Callable[..., Group]
) -> None:
    group = build(interval=3600.0)
    first = group.submit(arrival("a"))
    gate.await_commit()
    waiting = group.submit(arrival("b"))
    gate.let(10)
    group.stop()
    assert (outcome(first), outcome(waiting)) == (Accepted(1, stop=False),) * 2
    late = outcome(group.submit(arrival("c")))
    assert isinstance(late, Unavailable)
