"""Each record of a journal is applied once, whatever batches arrive."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from server.tests.recording import (
    NOON,
    Recorder,
    batch,
    logged,
    memory_world,
    recorder_on,
    start,
)

from kiseki._transport.batches import Origin, empty
from kiseki.wire.batch import Batch, RunEnd
from kiseki.wire.records import (
    Config,
    Console,
    Exit,
    MetricDefinition,
    Record,
    Summary,
    System,
    Update,
)
from kiseki_server.domain.history.ingest import Accepted
from kiseki_server.domain.history.types import RunRef, Stream
from kiseki_server.domain.runs.events import ConsoleAppended, HistoryAppended, RunChanged
from kiseki_server.domain.runs.types import RunState
from kiseki_server.kit.errors import Gone, PositionGap, Unavailable, UnknownRun
from kiseki_server.kit.ids import ProjectId, RunId

JOURNAL: list[Record] = [
    start(tags=["a"], notes="first"),
    Config(values={"lr": 0.1, "model": {"depth": 3}}),
    *(logged(step, loss=1.0 / (step + 1), accuracy=step / 10) for step in range(10)),
    Console(line=0, time=NOON.timestamp(), error=False, text="epoch 1"),
    Summary(values={"best": 0.5}),
    logged(10, loss=0.05, note="done", flag=True),
]
ROWS: dict[int, dict[str, Any]] = {
    **{step: {"loss": 1.0 / (step + 1), "accuracy": step / 10} for step in range(10)},
    10: {"loss": 0.05, "note": "done", "flag": True},
}


@pytest.fixture(params=["memory", "sqlite", "embedded"])
def recorder(request: pytest.FixtureRequest) -> Recorder:
    return recorder_on(request.param, request)


def accepted(next: int | None, *, stop: bool = False) -> list[Accepted]:
    return [Accepted(next=next, stop=stop)]


def test_a_journal_becomes_a_run(recorder: Recorder) -> None:
    assert recorder.send(batch(JOURNAL)) == accepted(len(JOURNAL))
    assert recorder.rows("one") == ROWS
    run = recorder.run("one")
    assert (run.state, run.tags, run.notes, run.host) == (
        RunState.RUNNING,
        ("a",),
        "first",
        "node-1",
    )
    assert run.config == {"lr": 0.1, "model": {"depth": 3}}
    assert run.summary == {
        "best": 0.5,
        "loss": 0.05,
        "accuracy": 0.9,
        "note": "done",
        "flag": True,
    }
    ref = RunRef(run.project, run.id)
    assert [line.text for line in recorder.console.page(ref).lines] == ["epoch 1"]


def test_a_repeat_changes_nothing(recorder: Recorder) -> None:
    recorder.send(batch(JOURNAL))
    before = recorder.run("one")
    assert recorder.send(batch(JOURNAL)) == accepted(len(JOURNAL))
    assert recorder.send(batch(JOURNAL, 2, 5)) == accepted(len(JOURNAL))
    assert recorder.rows("one") == ROWS
    assert recorder.run("one") == before


def test_an_overlap_brings_its_rest(recorder: Recorder) -> None:
    recorder.send(batch(JOURNAL, 0, 6))
    assert recorder.send(batch(JOURNAL, 3)) == accepted(len(JOURNAL))
    assert recorder.rows("one") == ROWS


def test_a_gap_is_refused_with_the_place_to_send_from(recorder: Recorder) -> None:
    recorder.send(batch(JOURNAL, 0, 6))
    (refused,) = recorder.send(batch(JOURNAL, 8))
    assert isinstance(refused, PositionGap)
    assert refused.next == 6
    assert recorder.send(batch(JOURNAL, 6)) == accepted(len(JOURNAL))
    assert recorder.rows("one") == ROWS


def test_batches_of_one_writer_may_share_a_commit(recorder: Recorder) -> None:
    outcomes = recorder.send(batch(JOURNAL, 0, 4), batch(JOURNAL, 4, 9), batch(JOURNAL, 2))
    assert outcomes == accepted(len(JOURNAL)) * 3
    assert recorder.rows("one") == ROWS


def test_a_commit_that_failed_half_way_is_mended_by_the_retry(recorder: Recorder) -> None:
    recorder.send(batch(JOURNAL, 0, 4))
    recorder.work.break_next = True
    with pytest.raises(Unavailable):
        recorder.send(batch(JOURNAL, 4, 9))
    assert recorder.send(batch(JOURNAL, 4, 12)) == accepted(12)
    assert recorder.send(batch(JOURNAL, 12)) == accepted(len(JOURNAL))
    assert recorder.rows("one") == ROWS
    assert recorder.run("one").summary["loss"] == 0.05


def test_one_bad_arrival_does_not_hurt_the_others(recorder: Recorder) -> None:
    gone = recorder.create("gone")
    good, gap = recorder.arrival(batch(JOURNAL)), recorder.arrival(batch(JOURNAL, 4, run="two"))
    deleted = recorder.arrival(batch(JOURNAL, run="gone"))
    unknown = recorder.arrival(batch(JOURNAL, run="three"))
    unknown = type(unknown)(run=RunRef(ProjectId(1), RunId(999)), writer="w", first=0, next=0)
    with recorder.work.transaction(write=True):
        recorder.service.delete(recorder.world.project, gone.name)
    outcomes = recorder.committer.commit([gap, deleted, good, unknown])
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [PositionGap, Gone, Accepted, UnknownRun]
    assert recorder.rows("one") == ROWS


def test_two_writers_keep_their_own_positions(recorder: Recorder) -> None:
    other: list[Record] = [start(label="rank 1"), *(logged(s, rank1=s * 2.0) for s in range(5))]
    first = batch(JOURNAL, 0, 6), batch(other, 0, 3, writer="writer0002")
    assert recorder.send(*first) == [*accepted(6), *accepted(3)]
    rest = batch(other, 3, writer="writer0002"), batch(JOURNAL, 6)
    assert recorder.send(*rest) == [*accepted(6), *accepted(len(JOURNAL))]
    expected = {step: dict(row) for step, row in ROWS.items()}
    for step in range(5):
        expected[step]["rank1"] = step * 2.0
    assert recorder.rows("one") == expected


def test_the_end_waits_for_all_labelled_writers(recorder: Recorder) -> None:
    ranks = [
        [start(label=f"rank {n}"), logged(0, loss=1.0), Exit(code=n, time=NOON.timestamp() + 9)]
        for n in range(2)
    ]
    recorder.send(*(batch(r, 0, 2, writer=f"w{n}") for n, r in enumerate(ranks)))
    recorder.send(batch(ranks[0], 2, writer="w0"))
    assert recorder.run("one").state is RunState.RUNNING
    recorder.send(batch(ranks[1], 2, writer="w1"))
    run = recorder.run("one")
    assert (run.state, run.exit_code) == (RunState.FAILED, 1)
    assert run.finished_at is not None


def test_an_end_is_told_again_without_harm_and_a_new_journal_resumes(recorder: Recorder) -> None:
    journal = [*JOURNAL, Exit(code=1, time=NOON.timestamp() + 60, reason="boom")]
    recorder.send(batch(journal))
    ended = recorder.run("one")
    assert (ended.state, ended.exit_code, ended.state_reason) == (RunState.FAILED, 1, "boom")
    recorder.clock.pass_time(seconds=1)
    recorder.send(batch(journal))
    assert recorder.run("one") == ended

    recorder.clock.pass_time(minutes=1)
    again = [start(), logged(11, loss=0.01)]
    recorder.send(batch(again, writer="writer0002"))
    resumed = recorder.run("one")
    assert (resumed.state, resumed.exit_code, resumed.finished_at) == (RunState.RUNNING, None, None)
    assert (resumed.state_reason, resumed.tags) == (None, ("a",))
    recorder.send(batch(journal))  # a straggler of the first journal
    assert recorder.run("one").state is RunState.RUNNING
    origin = Origin(entity=None, project="digits", run="one", writer="writer0002")
    recorder.send(empty(origin, 2, end=RunEnd(state="finished", time=NOON.timestamp() + 99)))
    assert recorder.run("one").state is RunState.FINISHED


def test_an_end_told_by_the_sampler_beside_the_writer_counts(recorder: Recorder) -> None:
    recorder.send(batch(JOURNAL))
    origin = Origin(entity=None, project="digits", run="one", writer="writer0001.system-2")
    sampler: list[Record] = [start(), System(step=0, time=NOON.timestamp(), values={"cpu": 50.0})]
    recorder.send(batch(sampler, writer=origin.writer))
    recorder.send(empty(origin, 2, end=RunEnd(state="crashed", time=NOON.timestamp() + 5)))
    assert recorder.run("one").state is RunState.CRASHED
    # What the sampler had left over does not bring the run back.
    late = [*sampler, System(step=1, time=NOON.timestamp(), values={"cpu": 60.0})]
    recorder.send(batch(late, 2, writer=origin.writer))
    assert recorder.run("one").state is RunState.CRASHED
    assert recorder.rows("one", Stream.SYSTEM) == {0: {"cpu": 50.0}, 1: {"cpu": 60.0}}
    assert "cpu" not in recorder.run("one").summary


def test_a_run_thought_dead_lives_again_when_it_speaks(recorder: Recorder) -> None:
    recorder.send(batch(JOURNAL, 0, 4))
    recorder.clock.pass_time(minutes=10)
    with recorder.work.transaction(write=True):
        recorder.service.bury_silent(recorder.clock.now())
    dead = recorder.run("one")
    assert (dead.state, dead.finished_at) == (RunState.CRASHED, NOON)
    assert dead.state_reason == "no heartbeat since 2026-01-02T12:00:00+00:00"
    recorder.send(batch(JOURNAL, 4))
    alive = recorder.run("one")
    assert (alive.state, alive.finished_at, alive.state_reason) == (RunState.RUNNING, None, None)


def test_a_sign_of_life_alone_is_noted_now_and_then(recorder: Recorder) -> None:
    recorder.send(batch(JOURNAL))
    origin = Origin(entity=None, project="digits", run="one", writer="writer0001")
    recorder.clock.pass_time(seconds=5)
    assert recorder.send(empty(origin, len(JOURNAL))) == accepted(len(JOURNAL))
    assert recorder.run("one").heartbeat_at == NOON
    recorder.clock.pass_time(seconds=15)
    recorder.send(empty(origin, len(JOURNAL)))
    assert recorder.run("one").heartbeat_at == recorder.clock.now()


def test_a_request_to_stop_reaches_the_writer(recorder: Recorder) -> None:
    recorder.send(batch(JOURNAL, 0, 4))
    with recorder.work.transaction(write=True):
        recorder.service.stop(recorder.world.project, "one")
    assert recorder.send(batch(JOURNAL, 4)) == accepted(len(JOURNAL), stop=True)


def test_later_records_change_the_run(recorder: Recorder) -> None:
    journal: list[Record] = [
        start(display_name="first"),
        Config(values={"lr": 0.1, "old": 1}),
        Config(values={"lr": 0.2}, removed=["old"]),
        Update(display_name="second", tags=["x", "y"], group="g"),
    ]
    recorder.send(batch(journal, 0, 2))
    recorder.send(batch(journal, 2))
    run = recorder.run("one")
    assert (run.display_name, run.tags, run.group) == ("second", ("x", "y"), "g")
    assert run.config == {"lr": 0.2}


def test_the_summary_follows_the_metrics(recorder: Recorder) -> None:
    journal: list[Record] = [
        start(),
        MetricDefinition(name="loss", summary=["min", "last"]),
        MetricDefinition(name="acc*", summary=["best", "mean"], goal="maximize"),
        MetricDefinition(name="hidden", summary=["none"]),
        MetricDefinition(name="first", summary=["first", "max"]),
        *(
            logged(s, loss=abs(s - 5) + 1.0, acc1=float(s), hidden=1.0, first=s + 1.0, plain=s)
            for s in range(10)
        ),
        logged(10, loss=math.nan),
    ]
    for first in range(0, len(journal), 4):
        recorder.send(batch(journal, first, first + 4))
    summary = dict(recorder.run("one").summary)
    loss = summary.pop("loss")
    assert loss["min"] == 1.0
    assert math.isnan(loss["last"])
    assert summary == {
        "acc1": {"best": 9.0, "mean": 4.5},
        "first": {"first": 1.0, "max": 10.0},
        "plain": 9.0,
    }


def test_the_summary_is_right_after_a_restart_and_late_and_repeated_steps(
    recorder: Recorder,
) -> None:
    journal: list[Record] = [
        start(),
        MetricDefinition(name="loss", summary=["min", "max", "mean", "first", "last"]),
        logged(5, loss=5.0),
        logged(6, loss=6.0, plain=6.0),
        logged(2, loss=2.0, plain=2.0),
        logged(6, loss=1.0),
        logged(9, loss=9.0),
    ]
    for position in range(len(journal)):
        recorder.send(batch(journal, position, position + 1))
        if position % 2:
            recorder.restart()
    assert recorder.run("one").summary == {
        "loss": {"min": 1.0, "max": 9.0, "mean": 4.25, "first": 2.0, "last": 9.0},
        "plain": 6.0,
    }


def test_a_value_set_by_hand_stays(recorder: Recorder) -> None:
    journal: list[Record] = [
        start(),
        logged(0, loss=1.0, acc=0.1),
        Summary(values={"loss": "mine"}),
        logged(1, loss=0.5, acc=0.2),
        Summary(values={}, removed=["loss"]),
        logged(2, loss=0.25),
    ]
    recorder.send(batch(journal, 0, 2))
    recorder.send(batch(journal, 2, 4))
    assert recorder.run("one").summary == {"loss": "mine", "acc": 0.2}
    recorder.send(batch(journal, 4))
    assert recorder.run("one").summary == {"loss": 0.25, "acc": 0.2}


def test_watchers_hear_of_it(recorder: Recorder) -> None:
    recorder.send(batch(JOURNAL, 0, 4))
    recorder.heard.events.clear()
    recorder.send(batch(JOURNAL, 4, 13))
    project = recorder.world.project.id
    assert recorder.heard.events == [
        HistoryAppended(project, "one", "history", 9, keys_added=False),
        ConsoleAppended(project, "one"),
    ]
    recorder.heard.events.clear()
    journal = [*JOURNAL, Exit(code=0, time=NOON.timestamp())]
    recorder.send(batch(journal, 13))
    changed, appended = recorder.heard.events
    assert isinstance(changed, RunChanged)
    assert changed.state == "finished"
    assert appended == HistoryAppended(project, "one", "history", 10, keys_added=True)
    with recorder.work.transaction():
        kinds = [item.event.kind for item in recorder.world.events.since(0)]
    assert kinds == ["run.created", "run.state_changed"]


_values = st.dictionaries(
    st.sampled_from(["a", "b", "c"]),
    st.one_of(st.floats(allow_nan=False), st.integers(-5, 5), st.text(max_size=3), st.booleans()),
    min_size=1,
)


_steps = st.lists(st.tuples(st.integers(0, 6), _values), max_size=12)
_moves = st.lists(
    st.tuples(st.sampled_from(["send", "restart", "fail"]), st.integers(0, 14), st.integers(0, 14)),
    max_size=12,
)


def replay(
    recorder: Recorder,
    run: str,
    steps: list[tuple[int, dict[str, Any]]],
    moves: list[tuple[str, int, int]],
    fail: Callable[[Recorder, Batch], None],
) -> None:
    """Send a journal in the pieces that ``moves`` say, and compare what is stored."""
    journal: list[Record] = [
        start(),
        MetricDefinition(name="a", summary=["min", "max", "mean"]),
        *(logged(step, **values) for step, values in steps),
    ]
    position = 0
    for action, first, size in [*moves, ("send", 0, len(journal))]:
        last = min(first + size, len(journal))
        first = min(first, last)
        sent = batch(journal, first, last, run=run)
        if action == "restart":
            recorder.restart()
        elif action == "fail" and first <= position:
            fail(recorder, sent)
            recorder.restart()
        elif first > position:
            (outcome,) = recorder.send(sent)
            assert isinstance(outcome, PositionGap)
            assert outcome.next == position
        else:
            position = max(position, last)
            assert recorder.send(sent) == accepted(position)
    expected: dict[int, dict[str, Any]] = {}
    for step, values in steps:
        expected.setdefault(step, {}).update(values)
    assert recorder.rows(run) == expected
    numbers = [float(r["a"]) for r in expected.values() if isinstance(r.get("a"), int | float)]
    if numbers and all(abs(number) < 1e300 for number in numbers):
        summary = recorder.run(run).summary["a"]
        assert (summary["min"], summary["max"]) == (min(numbers), max(numbers))
        mean = sum(numbers) / len(numbers)
        assert math.isclose(
            summary["mean"], mean, rel_tol=1e-9, abs_tol=1e-9 * max(map(abs, numbers))
        )


@settings(max_examples=150, deadline=None)
@given(steps=_steps, moves=_moves)
def test_any_cuts_repeats_and_failures_give_every_row_once(
    steps: list[tuple[int, dict[str, Any]]], moves: list[tuple[str, int, int]]
) -> None:
    def fail(recorder: Recorder, sent: Batch) -> None:
        # A transaction in memory cannot be undone, so the columnar half stands alone.
        recorder.history.append(recorder.arrival(sent).appends)

    replay(Recorder(memory_world()), "one", steps, moves, fail)


def test_random_cuts_and_crashes_on_the_stores_of_the_server(
    request: pytest.FixtureRequest,
) -> None:
    def fail(recorder: Recorder, sent: Batch) -> None:
        arrived = recorder.arrival(sent)
        recorder.work.break_next = True
        with pytest.raises(Unavailable):
            recorder.committer.commit([arrived])

    recorder = recorder_on("embedded", request)
    for seed in range(12):
        chosen = random.Random(seed)
        steps: list[tuple[int, dict[str, Any]]] = [
            (chosen.randint(0, 6), {key: chosen.choice([1.5, -2, "x", True]) for key in "ab"})
            for _ in range(12)
        ]
        moves = [
            (chosen.choice(["send", "send", "restart", "fail"]), *chosen.choices(range(14), k=2))
            for _ in range(10)
        ]
        replay(recorder, f"run-{seed}", steps, moves, fail)
