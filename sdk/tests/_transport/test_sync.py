"""``kiseki sync`` brings what is on disk to the server, as often as it is run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kiseki._transport.sync import find_run_directories

from .conftest import KEY, FakeServer, TrainerRun

NewRun = Callable[..., TrainerRun]
Eventually = Callable[..., None]

GONE = 2**22 + 5
"""No process has this id."""


def kiseki_sync(*arguments: object, **environment: str) -> tuple[int, dict[str, Any], str]:
    """Run the command; gives its exit status, what ``--json`` printed, and standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "kiseki.cli.main", "sync", "--json", *map(str, arguments)],
        env=os.environ | {"KISEKI_API_KEY": KEY} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, json.loads(done.stdout or "null"), done.stderr


def results(outcome: dict[str, Any]) -> list[str]:
    return [item["result"] for item in outcome["items"]]


def test_an_offline_run_is_sent_once(new_run: NewRun, server: FakeServer) -> None:
    run = new_run(mode="offline", pid=GONE)
    run.log_many(500)
    run.exit()
    code, outcome, _ = kiseki_sync(run.path)
    assert (code, results(outcome)) == (0, ["complete"])
    assert outcome["items"][0]["url"] == f"{server.url}/tester/tests/runs/run"
    assert outcome["items"][0]["acknowledged"] == run.journal.next
    run.assert_whole()
    assert run.state["status"] == "done"
    assert run.on_server.ends[run.writer].state == "finished"
    assert kiseki_sync(run.path)[0] == 0
    run.assert_whole()


def test_all_runs_of_a_folder(new_run: NewRun, server: FakeServer, tmp_path: Path) -> None:
    runs = [new_run(f"run{i}", pid=GONE) for i in range(3)]
    for run in runs:
        run.log_many(10)
    code, outcome, errors = kiseki_sync("--all", KISEKI_DIR=str(tmp_path))
    assert (code, results(outcome)) == (0, ["complete"] * 3)
    for run in runs:
        run.assert_whole()
        assert run.on_server.ends[run.writer].state == "crashed"
    assert "3/3" in errors
    assert find_run_directories(tmp_path) == [run.path for run in runs]


def test_what_a_server_refuses_is_an_error(new_run: NewRun) -> None:
    run = new_run(pid=GONE)
    run.exit()
    code, outcome, errors = kiseki_sync(run.path, KISEKI_API_KEY="wrong")
    assert (code, results(outcome)) == (1, ["refused"])
    assert "REFUSED, 0 of 2 records: as told" in errors


def test_a_server_that_is_away_is_an_error(new_run: NewRun, server: FakeServer) -> None:
    server.stop()
    run = new_run(pid=GONE)
    run.log_many(5)
    code, outcome, _ = kiseki_sync("--patience", "0.1", run.path)
    assert (code, results(outcome)) == (1, ["incomplete"])
    assert run.state["status"] == "gave_up"
    server.start()
    assert kiseki_sync(run.path)[0] == 0
    run.assert_whole()


def test_records_set_aside_are_an_error(new_run: NewRun, server: FakeServer) -> None:
    run = new_run(pid=GONE)
    run.journal.append(b"\xc1")
    run.exit()
    code, outcome, errors = kiseki_sync(run.path)
    assert (code, results(outcome)) == (1, ["complete"])
    assert "1 COULD NOT BE SENT" in errors


def test_an_uploader_that_waits_for_better_times_makes_room(
    new_run: NewRun, server: FakeServer, eventually: Eventually
) -> None:
    server.stop()
    run = new_run(pid=GONE)
    run.log_many(50)
    uploader = run.upload()
    eventually(lambda: run.state["status"] == "retrying")
    server.start()
    code, outcome, _ = kiseki_sync(run.path)
    assert uploader.wait(20) == 0
    assert (code, results(outcome)) == (0, ["complete"])
    run.assert_whole()


def test_a_run_that_goes_on_is_left_to_its_uploader(
    new_run: NewRun, eventually: Eventually
) -> None:
    run = new_run()
    uploader = run.upload()
    eventually(lambda: run.state["status"] == "connected")
    code, outcome, _ = kiseki_sync(run.path)
    assert (code, results(outcome)) == (1, ["busy"])
    run.exit()
    assert uploader.wait(20) == 0


@pytest.mark.parametrize("where", [{}, {"pid": GONE, "host": "another"}])
def test_a_run_that_goes_on_without_its_uploader_is_not_ended(
    new_run: NewRun, where: dict[str, Any]
) -> None:
    # From another machine nobody sees the trainer; then a fresh journal speaks for it.
    run = new_run(**where)
    run.log_many(20)
    code, outcome, _ = kiseki_sync(run.path)
    assert (code, results(outcome)) == (0, ["running"])
    run.assert_whole()
    assert run.on_server.ends == {}
    run.exit()
    assert results(kiseki_sync(run.path)[1]) == ["complete"]
    run.assert_whole()
    assert run.on_server.ends[run.writer].state == "finished"


def test_a_run_of_another_machine_that_fell_silent_has_crashed(new_run: NewRun) -> None:
    run = new_run(pid=GONE, host="another")
    run.log_many(20)
    for segment in (run.path / "journal").iterdir():
        os.utime(segment, (1.7e9, 1.7e9))
    assert results(kiseki_sync(run.path)[1]) == ["complete"]
    end = run.on_server.ends[run.writer]
    assert (end.state, end.time) == ("crashed", 1.7e9)


def test_another_server_gets_everything(new_run: NewRun, server: FakeServer) -> None:
    run = new_run(pid=GONE)
    run.log_many(30)
    run.exit()
    assert kiseki_sync(run.path)[0] == 0
    other = FakeServer()
    other.start()
    try:
        code, outcome, _ = kiseki_sync("--base-url", other.url, run.path)
        assert (code, results(outcome)) == (0, ["complete"])
        assert other.run("run").history(run.writer) == run.rows
    finally:
        other.stop()


def test_a_server_that_lost_the_run_gets_it_again(new_run: NewRun, server: FakeServer) -> None:
    run = new_run(pid=GONE)
    run.log_many(30)
    run.exit()
    assert kiseki_sync(run.path)[0] == 0
    server.runs.clear()
    assert kiseki_sync(run.path)[0] == 0
    run.assert_whole()


def test_a_journal_that_was_removed_cannot_be_sent_again(
    new_run: NewRun, server: FakeServer
) -> None:
    run = new_run(pid=GONE, settings={"keep_journal": False})
    run.log_many(30)
    run.exit()
    assert run.upload().wait(20) == 0
    assert kiseki_sync(run.path)[0] == 0
    server.runs.clear()
    code, outcome, _ = kiseki_sync(run.path)
    assert (code, results(outcome)) == (1, ["incomplete"])
    assert "the journal was removed" in outcome["items"][0]["message"]


def test_interrupted_it_goes_on_where_it_was(
    new_run: NewRun, server: FakeServer, eventually: Eventually
) -> None:
    server.fault = lambda number, batch: "413" if server.sizes[number] > 20_000 else "slow 0.1"
    run = new_run(pid=GONE)
    run.log_many(5000)
    run.exit()
    command = [sys.executable, "-m", "kiseki.cli.main", "sync", str(run.path)]
    process = subprocess.Popen(command, env=os.environ | {"KISEKI_API_KEY": KEY})
    eventually(lambda: run.state["acknowledged"] > 0)
    process.send_signal(2)
    assert process.wait(20) == 130
    assert 0 < run.state["acknowledged"] < run.journal.next
    assert kiseki_sync(run.path)[0] == 0
    run.assert_whole()


@pytest.mark.parametrize("arguments", [[], ["/nowhere"]])
def test_nothing_to_send_is_an_error(arguments: list[str]) -> None:
    code, _, errors = kiseki_sync(*arguments)
    assert code != 0
    assert "Name a run directory" in errors or "There is no run in /nowhere" in errors


def test_a_folder_that_is_no_run_is_named(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"version": 1}')
    code, _, errors = kiseki_sync(tmp_path)
    assert code == 1
    assert f"{tmp_path}/run.json cannot be read" in errors
