"""Silent runs end, the index keeps up, deleted runs leave nothing behind."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from server.tests.recording import Recorder, batch, logged, recorder_on, start

from kiseki.wire.records import Console
from kiseki_server.domain.history.types import RunRef, Stream
from kiseki_server.domain.runs import indexing
from kiseki_server.domain.runs.types import RunState
from kiseki_server.kit.errors import UnknownRun
from kiseki_server.kit.ids import RunId
from kiseki_server.workers import upkeep
from kiseki_server.workers.upkeep import HeartbeatMonitor, Housekeeping, IndexUpkeep

JOURNAL = [start(), logged(0, loss=1.0), Console(line=0, time=0.0, error=False, text="hello")]


@pytest.fixture(params=["memory", "sqlite", "embedded"])
def recorder(request: pytest.FixtureRequest) -> Recorder:
    return recorder_on(request.param, request)


def monitor_of(recorder: Recorder) -> HeartbeatMonitor:
    return HeartbeatMonitor(
        recorder.service, recorder.work, recorder.clock, silence=timedelta(minutes=5)
    )


def test_a_silent_run_has_crashed_and_a_preempting_one_was_preempted(recorder: Recorder) -> None:
    monitor = monitor_of(recorder)
    recorder.send(batch(JOURNAL))
    recorder.create("leaving", state=RunState.PREEMPTING)
    recorder.create("waiting", state=RunState.PENDING)
    recorder.clock.pass_time(minutes=4)
    recorder.create("late")
    recorder.clock.pass_time(minutes=2)
    assert monitor() == 2
    states = {name: recorder.run(name).state for name in ("one", "leaving", "waiting", "late")}
    assert states == {
        "one": RunState.CRASHED,
        "leaving": RunState.PREEMPTED,
        "waiting": RunState.PENDING,
        "late": RunState.RUNNING,
    }
    assert monitor() == 0


def test_silence_counts_only_while_the_server_listens(recorder: Recorder) -> None:
    recorder.send(batch(JOURNAL))
    recorder.clock.pass_time(hours=1)
    monitor = monitor_of(recorder)
    recorder.clock.pass_time(minutes=4)
    assert monitor() == 0
    recorder.clock.pass_time(minutes=1)
    assert monitor() == 1


def test_the_index_learns_what_a_crash_kept_from_it(recorder: Recorder) -> None:
    recorder.send(batch(JOURNAL))
    job = IndexUpkeep(recorder.indexer, recorder.work)
    assert job() == 1
    assert job() == 0
    recorder.send(batch([*JOURNAL, logged(1, loss=0.5)], 3))
    again = Recorder(recorder.world)  # another process: all that was in memory is gone
    again.index.put([recorder.run("one")])
    assert IndexUpkeep(again.indexer, again.work)() == 1
    assert IndexUpkeep(again.indexer, again.work)() == 0


def test_a_long_backlog_is_worked_off_in_pieces(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "_AT_ONCE", 3)
    monkeypatch.setattr(indexing, "_CHUNK", 2)
    for n in range(7):
        recorder.create(f"run-{n}")
    assert IndexUpkeep(recorder.indexer, recorder.work)() == 7
    with recorder.work.transaction():
        assert recorder.world.runs.unindexed() == []
        assert recorder.service.search(recorder.world.project).total == 7


def test_a_search_sees_what_was_written_before_it(recorder: Recorder) -> None:
    recorder.send(batch(JOURNAL))
    with recorder.work.transaction():
        page = recorder.service.search(recorder.world.project)
        assert [run.name for run in page.runs] == ["one"]
        assert recorder.service.fields(recorder.world.project, "summary") == ["loss"]


def test_deleted_runs_are_forgotten_after_a_while(recorder: Recorder) -> None:
    recorder.send(batch(JOURNAL), batch(JOURNAL, run="two"))
    run = recorder.run("one")
    ref = RunRef(run.project, run.id)
    files: list[RunId] = []

    def delete_files(runs: Sequence[RunId]) -> None:
        files.extend(runs)

    housekeeping = Housekeeping(
        runs=recorder.world.runs,
        indexer=recorder.indexer,
        events=recorder.world.events,
        history=recorder.history,
        console=recorder.console,
        work=recorder.work,
        clock=recorder.clock,
        purge=[delete_files],
    )
    with recorder.work.transaction(write=True):
        recorder.service.delete(recorder.world.project, "one")
        recorder.service.search(recorder.world.project)
    recorder.clock.pass_time(days=6)
    assert housekeeping() == 0
    recorder.clock.pass_time(days=1, seconds=1)
    assert housekeeping() == 1
    assert files == [run.id]
    assert recorder.history.last_steps(ref, Stream.HISTORY) == {}
    assert recorder.console.count(ref) == 0
    with pytest.raises(UnknownRun):
        recorder.run("one")
    with recorder.work.transaction():
        found = recorder.service.search(recorder.world.project, deleted=True)
    assert [found.name for found in found.runs] == ["two"]
    recorder.clock.pass_time(days=30)
    housekeeping()
    with recorder.work.transaction():
        assert recorder.world.events.since(0) == []
