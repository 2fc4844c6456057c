"""Starts and ends of calls come together, whatever the order."""

from __future__ import annotations

import itertools

import pytest

from kiseki_server.domain.calls.ingest import CallBatch, Item, Merge
from kiseki_server.domain.calls.store import CallQuery
from kiseki_server.domain.calls.types import Call, End, Source
from kiseki_server.domain.runs.events import CallsChanged, LiveEvent
from kiseki_server.kit.ids import ProjectId
from kiseki_server.storage.memory.calls import MemoryCallStore
from kiseki_server.workers.call_commit import CallCommitter

PROJECT = ProjectId(1)
START = Call(
    id="c",
    project=PROJECT,
    trace_id="t",
    op="op",
    op_name="op",
    source=Source.WEAVE,
    started_at=5,
    inputs='{"a":1}',
)
END = End(id="c", project=PROJECT, ended_at=9, received_at=20, output="3", exception="oh")
WHOLE = Call(
    id="c",
    project=PROJECT,
    trace_id="t",
    op="op",
    op_name="op",
    source=Source.WEAVE,
    started_at=5,
    inputs='{"a":1}',
    ended_at=9,
    output="3",
    exception="oh",
)


class Listener:
    def __init__(self) -> None:
        self.events: list[LiveEvent] = []

    def publish(self, events: list[LiveEvent]) -> None:
        self.events += events


class Bodies:
    """No body here is large."""

    def shortened(self, items: list[Item]) -> list[Item]:
        return items


@pytest.fixture
def store() -> MemoryCallStore:
    return MemoryCallStore()


@pytest.fixture
def committer(store: MemoryCallStore) -> CallCommitter:
    return CallCommitter(store, Bodies(), Listener())  # pyright: ignore[reportArgumentType]


def batch(*items: Item) -> CallBatch:
    return CallBatch(items, bytes=0)


@pytest.mark.parametrize(
    "order", sorted(set(itertools.permutations([START, START, END, END])), key=repr)
)
@pytest.mark.parametrize("cut", range(5))
def test_halves_meet_in_any_order_and_number(
    store: MemoryCallStore, committer: CallCommitter, order: tuple[Item, ...], cut: int
) -> None:
    committer.commit([batch(*order[:cut])])
    committer.commit([batch(*order[cut:])])
    assert store.page(CallQuery(project=PROJECT)) == [WHOLE]
    assert store.pending([WHOLE.key]) == ({}, {})


def test_a_whole_call_takes_the_place_of_its_halves(
    store: MemoryCallStore, committer: CallCommitter
) -> None:
    committer.commit([batch(START)])
    assert store.page(CallQuery(project=PROJECT)) == [START]
    committer.commit([batch(WHOLE), batch(START)])
    assert store.page(CallQuery(project=PROJECT)) == [WHOLE]


def test_the_last_end_counts(store: MemoryCallStore, committer: CallCommitter) -> None:
    later = End(id="c", project=PROJECT, ended_at=11, received_at=30, output="4")
    committer.commit([batch(START, END)])
    committer.commit([batch(later)])
    (call,) = store.page(CallQuery(project=PROJECT))
    assert (call.ended_at, call.output, call.exception, call.inputs) == (11, "4", None, '{"a":1}')


def test_nothing_is_written_of_what_was_only_looked_up() -> None:
    other = Call(
        id="other",
        project=PROJECT,
        trace_id="t",
        op="op",
        op_name="op",
        source=Source.WEAVE,
        started_at=1,
    )
    merge = Merge({other.key: other}, {}, {})
    merge.add(START)
    assert merge.writes().opened == [START]


def test_who_listens_hears_once_of_each_project(store: MemoryCallStore) -> None:
    live = Listener()
    committer = CallCommitter(store, Bodies(), live)  # pyright: ignore[reportArgumentType]
    committer.commit([batch(START), batch(END)])
    assert live.events == [CallsChanged(PROJECT)]
