"""Live events reach whoever asked for them, merged, and never pile up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from server.tests.recording import NOON

from kiseki_server.domain.runs.events import (
    ConsoleAppended,
    HistoryAppended,
    LiveEvent,
    Missed,
    ProjectChanged,
    RunChanged,
)
from kiseki_server.kit.errors import Unavailable
from kiseki_server.kit.ids import ProjectId
from kiseki_server.workers import live
from kiseki_server.workers.live import LiveHub

ONE, TWO = ProjectId(1), ProjectId(2)
T = TypeVar("T")


def run(work: Callable[[LiveHub], Awaitable[T]]) -> T:
    async def inside() -> T:
        return await asyncio.wait_for(work(LiveHub(interval=0.0)), 20)

    return asyncio.run(inside())


def history(run: str, step: int, *, new: bool = False, project: ProjectId = ONE) -> LiveEvent:
    return HistoryAppended(project, run, "history", step, keys_added=new)


def test_events_of_a_kind_about_a_run_are_merged() -> None:
    async def work(hub: LiveHub) -> object:
        subscription = hub.subscribe()
        hub.publish([history("a", 5, new=True), history("b", 1)])
        hub.publish([history("a", 3), RunChanged(ONE, "a", "running", NOON)])
        hub.publish([RunChanged(ONE, "a", "finished", NOON)])
        return await subscription.next(10)

    assert run(work) == [
        history("a", 5, new=True),
        history("b", 1),
        RunChanged(ONE, "a", "finished", NOON),
    ]


def test_a_subscriber_hears_only_what_it_asked_for() -> None:
    async def work(hub: LiveHub) -> object:
        of_run, of_project = hub.subscribe(ONE, ["a"]), hub.subscribe(TWO)
        hub.publish([history("a", 1), history("b", 1), ProjectChanged(ONE)])
        hub.publish([history("a", 1, project=TWO), ConsoleAppended(TWO, "b")])
        return await of_run.next(10), await of_project.next(10)

    assert run(work) == (
        [history("a", 1), ProjectChanged(ONE)],
        [history("a", 1, project=TWO), ConsoleAppended(TWO, "b")],
    )


def test_events_come_from_any_thread() -> None:
    async def work(hub: LiveHub) -> object:
        subscription = hub.subscribe()
        waiting = asyncio.ensure_future(subscription.next(10))
        await asyncio.to_thread(hub.publish, [ProjectChanged(ONE)])
        return await waiting

    assert run(work) == [ProjectChanged(ONE)]


def test_silence_gives_nothing_and_the_end_gives_none() -> None:
    async def work(hub: LiveHub) -> object:
        subscription = hub.subscribe()
        silent = await subscription.next(0.001)
        hub.close()
        ended = await subscription.next(10)
        with pytest.raises(Unavailable):
            hub.subscribe()
        return silent, ended

    assert run(work) == ([], None)


def test_a_slow_subscriber_is_told_that_it_missed_something(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live, "MAX_PENDING", 3)

    async def work(hub: LiveHub) -> object:
        subscription = hub.subscribe()
        for n in range(4):
            hub.publish([history(f"run-{n}", n)])
        hub.publish([ProjectChanged(ONE)])
        return await subscription.next(10)

    assert run(work) == [Missed(), ProjectChanged(ONE)]


def test_a_late_subscriber_hears_what_happened_since_it_looked() -> None:
    async def work(hub: LiveHub) -> object:
        hub.publish([RunChanged(ONE, "a", "running", NOON), history("b", 1)])
        hub.publish([RunChanged(ONE, "a", "finished", NOON), ProjectChanged(TWO)])
        late, new = hub.subscribe(ONE, ["a"], recent=30), hub.subscribe(ONE, ["a"])
        return await late.next(10), await new.next(0.001)

    assert run(work) == ([RunChanged(ONE, "a", "finished", NOON)], [])


def test_a_late_subscriber_is_told_when_too_much_happened_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live, "MAX_RECENT", 3)

    async def work(hub: LiveHub) -> object:
        hub.publish([history("a", 1), history("b", 1), history("c", 1), ProjectChanged(ONE)])
        late = hub.subscribe(recent=30)
        return await late.next(10)

    assert run(work) == [Missed(), history("b", 1), history("c", 1), ProjectChanged(ONE)]


def test_too_many_subscribers_are_refused_until_one_leaves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live, "MAX_SUBSCRIBERS", 1)

    async def work(hub: LiveHub) -> None:
        first = hub.subscribe()
        with pytest.raises(Unavailable):
            hub.subscribe()
        first.close()
        hub.subscribe()

    run(work)


def test_deliveries_to_one_subscriber_keep_their_distance() -> None:
    async def work() -> float:
        hub = LiveHub(interval=0.05)
        subscription, loop = hub.subscribe(), asyncio.get_running_loop()
        hub.publish([ProjectChanged(ONE)])
        await subscription.next(10)
        began = loop.time()
        hub.publish([ProjectChanged(ONE)])
        await subscription.next(10)
        return loop.time() - began

    assert asyncio.run(work()) >= 0.049
