"""The promises of the stores of runs, writers and events, on every adapter."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from server.tests.conftest import SQL
from server.tests.recording import NOON, RunWorld, memory_world, sql_world

from kiseki.wire.records import MetricDefinition
from kiseki_server.domain.history.copy_queue import Copy
from kiseki_server.domain.runs.alerts import Alert
from kiseki_server.domain.runs.events import Event
from kiseki_server.domain.runs.types import Branch, Run, RunState
from kiseki_server.domain.runs.writers import Writer
from kiseki_server.kit.errors import Conflict
from kiseki_server.kit.ids import RunId

MINUTE = timedelta(minutes=1)


@pytest.fixture(params=["memory", *SQL])
def world(request: pytest.FixtureRequest) -> Iterator[RunWorld]:
    if request.param == "memory":
        world = memory_world()
    else:
        world = sql_world(request.getfixturevalue(f"{request.param}_database"))
    with world.work.transaction(write=True):
        yield world


def test_a_run_comes_back_as_it_was_stored(world: RunWorld) -> None:
    draft = replace(
        world.draft("one"),
        state=RunState.FAILED,
        state_reason="out of memory",
        exit_code=-9,
        group="g",
        job_type="train",
        tags=("b", "a"),
        notes="日本語",
        host="node-1",
        config={"lr": 0.1, "nested": {"depth": [1, None, "x"]}, "big": 1 << 80},
        summary={"loss": math.inf, "low": -math.inf, "text": "NaN"},
        metrics=(MetricDefinition(name="loss", summary=["min"], goal="minimize"),),
        environment={"packages": {"numpy": "2"}},
        client={"_wandb": {"x": 1}},
        heartbeat_at=NOON + MINUTE,
        finished_at=NOON + 2 * MINUTE,
        stop_requested=True,
        summary_set=("low",),
    )
    created = world.runs.create(draft)
    assert created == replace(draft, id=created.id)
    assert world.runs.get([created.id]) == {created.id: created}
    assert world.runs.find(world.project.id, "one", lock=True) == created


def test_not_a_number_survives(world: RunWorld) -> None:
    created = world.runs.create(replace(world.draft("one"), summary={"loss": math.nan}))
    found = world.runs.find(world.project.id, "one")
    assert found is not None
    assert created.id == found.id
    assert math.isnan(found.summary["loss"])


def test_a_name_is_given_once_even_after_a_deletion(world: RunWorld) -> None:
    run = world.runs.create(world.draft("one"))
    world.runs.update([(run, replace(run, deleted_at=NOON))])
    with pytest.raises(Conflict, match="one"):
        world.runs.create(world.draft("one"))
    assert world.runs.find(world.project.id, "one") == replace(run, deleted_at=NOON)


def test_deleted_and_unknown_runs_are_not_found_by_a_list_of_names(world: RunWorld) -> None:
    one, two = (world.runs.create(world.draft(name)) for name in ("one", "two"))
    world.runs.update([(two, replace(two, deleted_at=NOON))])
    assert world.runs.named(world.project.id, ["two", "one", "three"]) == {"one": one}
    assert world.runs.get([two.id, RunId(99)]) == {two.id: replace(two, deleted_at=NOON)}


def test_updates_of_different_fields_go_together(world: RunWorld) -> None:
    one, two = (world.runs.create(world.draft(name)) for name in ("one", "two"))
    changed = [
        (one, replace(one, summary={"loss": 1.0}, heartbeat_at=NOON)),
        (two, replace(two, state=RunState.FINISHED, tags=("t",), group="g")),
        (one, one),
    ]
    world.runs.update(changed)
    assert world.runs.get([one.id, two.id]) == {one.id: changed[0][1], two.id: changed[1][1]}


def test_numbers_count_up_in_each_project(world: RunWorld) -> None:
    numbers = [world.runs.next_number(world.project.id) for _ in range(3)]
    assert numbers == [1, 2, 3]
    assert world.runs.next_number(world.other.id) == 1


def test_silent_runs_are_those_that_were_not_heard_of(world: RunWorld) -> None:
    def add(name: str, **fields: object) -> str:
        return world.runs.create(replace(world.draft(name), **fields)).name

    add("heard", heartbeat_at=NOON + MINUTE)
    quiet = add("quiet", heartbeat_at=NOON - MINUTE)
    never = add("never", created_at=NOON - MINUTE)
    add("over", state=RunState.FINISHED, heartbeat_at=NOON - MINUTE)
    add("deleted", heartbeat_at=NOON - MINUTE, deleted_at=NOON)
    silent = world.runs.silent([RunState.RUNNING, RunState.PREEMPTING], NOON)
    assert [run.name for run in silent] == [quiet, never]


def test_the_index_is_told_of_each_revision_once(world: RunWorld) -> None:
    one, two = (world.runs.create(world.draft(name)) for name in ("one", "two"))
    first = world.runs.unindexed()
    assert [id for id, _ in first] == [one.id, two.id]
    world.runs.update([(two, replace(two, notes="later"))])
    world.runs.mark_indexed(first)
    ((id, revision),) = world.runs.unindexed(project=world.project.id)
    assert id == two.id
    assert revision > first[1][1]
    world.runs.mark_indexed([(two.id, revision), first[1]])
    assert world.runs.unindexed() == []
    assert world.runs.unindexed(project=world.other.id) == []


def test_runs_for_the_index_come_in_pages(world: RunWorld) -> None:
    ids = [world.runs.create(world.draft(f"run-{n}")).id for n in range(5)]
    assert [id for id, _ in world.runs.unindexed(limit=2)] == ids[:2]
    assert [id for id, _ in world.runs.unindexed(after=ids[1], limit=2)] == ids[2:4]
    assert world.runs.unindexed(after=ids[4]) == []


def test_forks_and_earlier_forms_are_found_from_both_ends(world: RunWorld) -> None:
    one = world.runs.create(world.draft("one"))
    begun = Branch(run="one", step=2**62, source=one.id, lines=7)
    fork = world.runs.create(replace(world.draft("fork"), branch=begun))
    assert fork.branch == begun
    aside = replace(one, name="one@1", archived_of=fork.id)
    world.runs.update([(one, aside)])
    assert world.runs.find(world.project.id, "one@1") == aside
    assert world.runs.find(world.project.id, "one") is None
    assert world.runs.forks([one.id, RunId(99)]) == [fork]
    assert world.runs.archived([fork.id]) == [aside]
    assert world.runs.forks([]) == world.runs.archived([one.id]) == []


def test_a_run_takes_no_name_that_another_has(world: RunWorld) -> None:
    one, two = (world.runs.create(world.draft(name)) for name in ("one", "two"))
    moved = replace(one, project=world.other.id)
    world.runs.update([(one, moved)])
    assert world.runs.find(world.other.id, "one") == moved
    world.runs.update([(two, replace(two, name="one"))])
    with pytest.raises(Conflict):
        world.runs.update([(moved, one)])


def test_copies_wait_until_they_are_done(world: RunWorld) -> None:
    one, two = (world.runs.create(world.draft(name)) for name in ("one", "two"))
    first, second = Copy(one.id, RunId(77), 2**62), Copy(two.id, one.id, 3)
    for copy in (second, first, first):
        world.copies.add(copy)
    assert world.copies.waiting() == [first, second]
    assert world.copies.waiting(limit=1) == [first]
    world.copies.done(one.id)
    assert (world.copies.get(one.id), world.copies.get(two.id)) == (None, second)
    world.runs.remove([two.id])
    assert world.copies.waiting() == []


def test_alerts_come_newest_first_and_by_title(world: RunWorld) -> None:
    one, two = (world.runs.create(world.draft(name)) for name in ("one", "two"))

    def add(run: Run, title: str, minutes: int) -> Alert:
        at = NOON + minutes * MINUTE
        return world.alerts.add(Alert(0, run.id, at, title, "日本語", "warning"))

    alerts = [add(one, "a", 0), add(one, "b", 1), add(one, "a", 2)]
    other = add(two, "a", 9)
    assert len({alert.id for alert in (*alerts, other)}) == 4
    assert world.alerts.of_run(one.id) == alerts[::-1]
    assert world.alerts.of_run(one.id, before=alerts[2].id, limit=1) == [alerts[1]]
    assert world.alerts.latest(one.id, "a") == alerts[2]
    assert world.alerts.latest(one.id, "c") is None
    assert world.alerts.count(one.id) == 3
    world.runs.remove([one.id])
    assert (world.alerts.count(one.id), world.alerts.of_run(two.id)) == (0, [other])


def test_removed_runs_are_gone_with_their_writers(world: RunWorld) -> None:
    one, two = (world.runs.create(world.draft(name)) for name in ("one", "two"))
    world.runs.update([(one, replace(one, deleted_at=NOON))])
    world.writers.put([Writer(one.id, "w", 3), Writer(two.id, "w", 4)])
    assert [run.id for run in world.runs.deleted(NOON + MINUTE)] == [one.id]
    assert world.runs.deleted(NOON) == []
    world.runs.remove([one.id])
    assert list(world.runs.get([one.id, two.id])) == [two.id]
    assert world.writers.of_run(one.id) == []
    assert [writer.next for writer in world.writers.of_run(two.id)] == [4]


def test_writers_are_kept_by_run_and_name(world: RunWorld) -> None:
    one, two = (world.runs.create(world.draft(name)) for name in ("one", "two"))
    first = Writer(one.id, "w", 7, label="rank 0", started_at=5)
    later = Writer(one.id, "a", 1, started_at=9, ended=RunState.FAILED)
    world.writers.put([first, later, Writer(two.id, "w", 1)])
    world.writers.put([replace(first, next=9, ended=RunState.FINISHED)])
    world.writers.put([])
    moved = replace(first, next=9, ended=RunState.FINISHED)
    assert world.writers.get([(one.id, "w"), (two.id, "a")]) == {(one.id, "w"): moved}
    assert world.writers.of_run(one.id) == [moved, later]


def test_the_log_keeps_the_order_and_forgets_the_old(world: RunWorld) -> None:
    world.runs.create(world.draft("one"))
    events = [
        Event("run.created", NOON, world.project.id, "one", {"state": "running"}),
        Event("run.state_changed", NOON + MINUTE, world.project.id, "one", {"state": "failed"}),
    ]
    world.events.append(events)
    logged = world.events.since(0)
    assert [item.event for item in logged] == events
    assert [item.event for item in world.events.since(logged[0].id)] == events[1:]
    assert len(world.events.since(0, limit=1)) == 1
    assert world.events.trim(NOON + MINUTE) == 1
    assert [item.event for item in world.events.since(0)] == events[1:]
