"""The uploader as a process: it outlives what may happen to it, to the trainer, to the server."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from kiseki._transport import processes

from .conftest import KEY, FakeServer, TrainerRun

NewRun = Callable[..., TrainerRun]
Eventually = Callable[..., None]

TRAINER = """
import os, sys, time
from pathlib import Path
import msgspec
from kiseki._transport.journal import JournalWriter
from kiseki.wire.records import Environment, History, Start
journal = JournalWriter(Path(sys.argv[1]), segment_bytes=64 << 10)
encode = msgspec.msgpack.encode
journal.append(encode(Start(1, 1.8e9, None, None, None, None, None, None, Environment())))
for step in range(10**9):
    journal.append(encode(History(step, 1.8e9, {"x": float(step)})))
    os.write(1, b"%d\\n" % step)
    time.sleep(0.0005)
"""


def test_points_are_live_while_the_run_goes_on(
    new_run: NewRun, server: FakeServer, eventually: Eventually
) -> None:
    run = new_run()
    process = run.upload()
    eventually(lambda: run.state["status"] == "connected")
    for step in range(5):
        run.log(step, loss=1.0)
        eventually(lambda: run.state["acknowledged"] == run.journal.next)
    run.exit()
    assert process.wait(20) == 0
    run.assert_whole()
    assert run.state["status"] == "done"
    assert run.state["url"] == f"{server.url}/tester/tests/runs/run"
    assert run.state["entity"] == "tester"


def test_an_uploader_killed_at_random_moments_and_started_again(
    new_run: NewRun, server: FakeServer, eventually: Eventually
) -> None:
    chance = random.Random(5)
    server.fault = lambda number, batch: "slow 0.05" if number % 2 else None
    run = new_run()
    for kill in range(5):
        process = run.upload()
        for step in range(400):
            run.log(kill * 400 + step, loss=float(step))
            if step % 40 == 0:
                time.sleep(0.01)
        enough = run.state["acknowledged"] + chance.randrange(100, 390)
        eventually(lambda enough=enough: run.state["acknowledged"] >= min(enough, run.journal.next))
        process.send_signal(signal.SIGKILL)
        process.wait()
    run.exit()
    assert run.upload().wait(30) == 0
    run.assert_whole()


def test_a_trainer_killed_loses_no_row_and_has_crashed(
    tmp_path: Path, new_run: NewRun, eventually: Eventually
) -> None:
    journal = tmp_path / "trainers-journal"
    trainer = subprocess.Popen(
        [sys.executable, "-c", TRAINER, str(journal)], stdout=subprocess.PIPE
    )
    try:
        run = new_run(pid=trainer.pid)
        run.journal.close()
        for segment in (run.path / "journal").iterdir():
            segment.unlink()
        (run.path / "journal").rmdir()
        assert trainer.stdout is not None
        assert trainer.stdout.readline()
        (run.path / "journal").symlink_to(journal)
        process = run.upload()
        eventually(lambda: run.state["acknowledged"] > 300)
    finally:
        trainer.kill()
    last = int(trainer.stdout.read().splitlines()[-1])
    trainer.stdout.close()
    trainer.wait()
    assert process.wait(30) == 0
    found = run.on_server.history(run.writer)
    # Every log() that returned, and at most the one that had not.
    assert len(found) in {last + 1, last + 2}
    assert {int(value) for value in found.values()} == set(range(len(found)))
    assert run.on_server.ends[run.writer].state == "crashed"
    assert run.state["status"] == "done"


def test_a_server_that_comes_later(
    new_run: NewRun, server: FakeServer, eventually: Eventually
) -> None:
    server.stop()
    run = new_run()
    run.log_many(100)
    process = run.upload()
    eventually(lambda: run.state["status"] == "retrying")
    assert server.url in run.state["message"]
    server.start()
    eventually(lambda: run.state["status"] == "connected")
    run.exit()
    assert process.wait(30) == 0
    run.assert_whole()


def test_a_server_that_goes_and_comes_back(
    new_run: NewRun, server: FakeServer, eventually: Eventually
) -> None:
    run = new_run(settings={"heartbeat_s": 0.2})
    process = run.upload()
    eventually(lambda: run.state["status"] == "connected")
    server.stop()
    # A kept-alive connection outlives the listener; the fault closes it.
    server.fault = lambda number, batch: "drop-before"
    run.log_many(100)
    eventually(lambda: run.state["status"] == "retrying")
    server.fault = lambda number, batch: None
    server.start()
    run.exit()
    assert process.wait(60) == 0
    run.assert_whole()


def test_a_server_that_stays_away_until_the_deadline(new_run: NewRun, server: FakeServer) -> None:
    server.stop()
    run = new_run(upload_deadline_s=0.5)
    run.log_many(10)
    run.exit()
    assert run.upload().wait(30) == 0
    assert run.state["status"] == "gave_up"
    assert f"`kiseki sync {run.path}` sends the rest" in run.state["message"]
    server.start()
    assert run.upload().wait(30) == 0
    run.assert_whole()
    assert run.state["status"] == "done"


def test_a_refusal_ends_the_wait_once_the_trainer_is_done(
    new_run: NewRun, eventually: Eventually
) -> None:
    run = new_run()
    process = run.upload(key="wrong")
    eventually(lambda: run.state["status"] == "refused")
    assert process.poll() is None
    run.exit()
    assert process.wait(30) == 0
    assert (run.state["status"], run.state["message"]) == ("refused", "as told")


def test_a_key_that_comes_later_is_found(
    tmp_path: Path, new_run: NewRun, eventually: Eventually
) -> None:
    run = new_run()
    process = run.upload(key="", KISEKI_DATA_DIR=str(tmp_path), XDG_CONFIG_HOME=str(tmp_path))
    eventually(lambda: run.state["status"] == "refused")
    (tmp_path / "admin.key").write_text(KEY)
    run.exit()
    assert process.wait(30) == 0
    run.assert_whole()


def test_the_second_uploader_leaves_the_run_to_the_first(
    new_run: NewRun, eventually: Eventually
) -> None:
    run = new_run()
    first = run.upload()
    eventually(lambda: run.state["status"] == "connected")
    assert run.upload().wait(20) == 0
    assert first.poll() is None
    assert "Another uploader is at work" in run.log_text
    run.log(0, loss=1.0)
    run.exit()
    assert first.wait(20) == 0
    run.assert_whole()


def test_asked_to_end_it_sends_what_it_has(new_run: NewRun, eventually: Eventually) -> None:
    run = new_run()
    process = run.upload()
    eventually(lambda: run.state["status"] == "connected")
    run.log_many(50)
    process.terminate()
    assert process.wait(20) == 0
    assert run.state["acknowledged"] == run.journal.next
    # Not given up: the trainer's finish() starts another uploader.
    assert run.state["status"] == "retrying"
    assert "stopped by a signal" in run.state["message"]
    run.exit()
    assert run.upload().wait(20) == 0
    run.assert_whole()


def test_asked_to_end_it_does_not_wait_for_a_server_that_hangs(
    new_run: NewRun, server: FakeServer, eventually: Eventually
) -> None:
    server.fault = lambda number, batch: "slow 25"
    run = new_run()
    process = run.upload()
    eventually(lambda: server.requests == 1)
    process.terminate()
    assert process.wait(20) == 0


def test_a_living_run_beats_and_hears_that_it_should_stop(
    new_run: NewRun, server: FakeServer, eventually: Eventually
) -> None:
    run = new_run(settings={"heartbeat_s": 0.1})
    run.upload()
    eventually(lambda: server.requests > 5)
    server.stop_asked = True
    eventually(lambda: run.state["stop"])
    assert run.on_server.ends == {}


def test_a_clock_that_jumps_does_no_harm(
    new_run: NewRun, eventually: Eventually, tmp_path: Path
) -> None:
    # The wall clock of the uploader goes wild; monotonic time and process starts do not.
    (tmp_path / "sitecustomize.py").write_text(
        "import random, time\ntime.time = lambda: random.choice([0.0, 1e9, 4e9, 1.8e9])\n"
    )
    run = new_run()
    process = run.upload(PYTHONPATH=str(tmp_path))
    for step in range(5):
        run.log(step, loss=1.0)
        eventually(lambda: run.state["acknowledged"] == run.journal.next)
    assert process.poll() is None
    run.exit()
    assert process.wait(20) == 0
    run.assert_whole()
    assert run.on_server.ends[run.writer].state == "finished"


def test_offline_nothing_is_sent_but_the_machine_is_watched(
    new_run: NewRun, server: FakeServer, eventually: Eventually
) -> None:
    run = new_run(mode="offline", settings={"system_metrics": True, "system_interval_s": 0.1})
    process = run.upload()
    run.log_many(10)
    eventually((run.path / "system").is_dir)
    run.exit()
    assert process.wait(20) == 0
    assert server.requests == 0
    assert run.state["status"] == "offline"


def test_system_metrics_arrive_under_the_writer_of_the_uploader(
    new_run: NewRun, server: FakeServer, eventually: Eventually
) -> None:
    settings = {"system_metrics": True, "system_interval_s": 0.1, "environment": True}
    run = new_run(label="rank 1", settings=settings)
    process = run.upload()
    eventually(lambda: len(run.on_server.history(f"{run.writer}.system")) > 50)
    process.kill()
    process.wait()
    process = run.upload()
    eventually(lambda: len(run.on_server.history(f"{run.writer}.system-2")) > 50)
    run.exit()
    assert process.wait(20) == 0
    run.assert_whole()
    cells = run.on_server.history(f"{run.writer}.system")
    keys = {key for _, key in cells}
    assert {"cpu/l:rank 1", "memory_percent/l:rank 1", "disk./.usagePercent/l:rank 1"} <= keys
    steps = [
        {step for (by, _, _), [(step, _)] in run.on_server.cells.items() if by == writer}
        for writer in (f"{run.writer}.system", f"{run.writer}.system-2")
    ]
    assert not steps[0] & steps[1], "the second uploader's samples would replace the first's"
    start = run.on_server.starts[f"{run.writer}.system"]
    assert start.time == 1.8e9
    assert start.label == "rank 1"
    assert start.environment.packages["msgspec"]
    assert start.environment.host == socket.gethostname()
    assert set(run.on_server.ends) == {
        run.writer,
        f"{run.writer}.system",
        f"{run.writer}.system-2",
    }


def test_facts_are_found_for_runs_that_are_over_in_no_time(new_run: NewRun) -> None:
    run = new_run(pid=2**22 + 5, settings={"system_metrics": True, "environment": True})
    run.exit()
    assert run.upload().wait(20) == 0
    run.assert_whole()
    start = run.on_server.starts[f"{run.writer}.system"]
    assert start.environment.packages["msgspec"]
    # Of the trainer nothing was left to measure.
    assert run.on_server.history(f"{run.writer}.system") == {}
    assert run.upload().wait(20) == 0
    assert not (run.path / "system-2").exists()


def test_the_journal_goes_when_it_is_not_wanted(new_run: NewRun) -> None:
    run = new_run(settings={"keep_journal": False})
    run.log_many(10)
    run.exit()
    assert run.upload().wait(20) == 0
    run.assert_whole()
    assert list((run.path / "journal").iterdir()) == []
    assert run.upload().wait(20) == 0
    assert run.state["status"] == "done"


def test_an_address_that_is_none_is_told(new_run: NewRun) -> None:
    run = new_run(base_url="ftp://somewhere")
    assert run.upload().wait(20) == 2
    assert run.state["status"] == "refused"
    assert "ftp://somewhere" in run.state["message"]


def test_a_run_directory_that_vanishes_ends_the_uploader(
    new_run: NewRun, eventually: Eventually
) -> None:
    run = new_run()
    process = run.upload()
    eventually(lambda: run.state["status"] == "connected")
    shutil.rmtree(run.path)
    assert process.wait(30) == 0


def test_processes_are_told_apart_by_their_start() -> None:
    started = processes.started(os.getpid())
    assert processes.alive(os.getpid(), started)
    assert processes.alive(os.getpid(), None)
    assert started is not None
    assert not processes.alive(os.getpid(), started + 10)
    assert not processes.alive(2**22 + 5, None)
    child = subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while processes.alive(child.pid, None) and time.monotonic() < deadline:
        time.sleep(0.01)
    # A zombie: its parent has not asked yet how it ended.
    assert not processes.alive(child.pid, None)
    child.wait()
