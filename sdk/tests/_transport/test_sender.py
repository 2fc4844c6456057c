"""Whatever a server or a network does, each row is on the server exactly once."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from kiseki._transport.batches import Limits
from kiseki._transport.client import Client
from kiseki._transport.run_directory import RunDirectory
from kiseki._transport.sender import Sender
from kiseki._transport.trainer import Trainer
from kiseki.wire.batch import Batch
from kiseki.wire.records import Config, Console, History

from .conftest import KEY, FakeServer, TrainerRun

NewRun = Callable[..., TrainerRun]


class Patience:
    """A clock that waits no time: to rest is to set it forward."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def send_all(
    run: TrainerRun, *, key: str = KEY, limits: Limits | None = None, tries: int = 200
) -> Sender:
    """Send until everything is acknowledged, or nobody can hope for that any more."""
    clock = Patience()
    directory = RunDirectory(run.path)
    client = Client(run.server.url, key, answer_timeout_s=5)
    sender = Sender(directory, client, limits=limits, clock=clock)
    try:
        for _ in range(tries):
            sender.poll()
            clock.now = max(clock.now, sender.not_before)
            if not sender.send() and sender.complete and not sender.poll():
                break
            if sender.state.status == "refused":
                break
    finally:
        sender.close()
    return sender


@pytest.mark.parametrize(
    "fault",
    [
        "503",
        "503 7",
        "429 3",
        "507",
        "500",
        "408",
        "html 502",
        "garbage",
        "drop-before",
        "drop-after",
        "cut-after",
    ],
)
@pytest.mark.parametrize("every", [2, 3])
def test_rows_arrive_once_through(
    new_run: NewRun, server: FakeServer, fault: str, every: int
) -> None:
    run = new_run()
    run.log_many(300)
    run.exit()
    server.fault = lambda number, batch: fault if number % every == 1 else None
    sender = send_all(run, limits=Limits(records=40))
    run.assert_whole()
    assert sender.state.status == "connected"
    assert run.on_server.ends[run.writer].state == "finished"
    assert server.requests > 300 / 40


def test_a_server_that_forgets_now_and_then_has_everything_in_the_end(
    new_run: NewRun, server: FakeServer
) -> None:
    run = new_run()
    run.log_many(300)
    run.exit()
    server.fault = lambda number, batch: "404" if number in {2, 5, 9, 12, 20} else None
    send_all(run, limits=Limits(records=40))
    run.assert_whole()


@pytest.mark.parametrize("seed", range(4))
def test_faults_in_any_order(new_run: NewRun, server: FakeServer, seed: int) -> None:
    chance = random.Random(seed)
    passing = ["503", "drop-before", "drop-after", "cut-after", "garbage", None, None]

    def fault(number: int, batch: Batch) -> str | None:
        if batch.next - batch.first > 1 and chance.random() < 0.2:
            return chance.choice(["400", "413"])
        if batch.first and chance.random() < 0.02:
            return "404"
        return chance.choice(passing)

    run = new_run()
    run.log_many(500)
    run.exit(3)
    server.fault = fault
    sender = send_all(run, limits=Limits(records=50), tries=3000)
    run.assert_whole()
    assert rejected(run) == []
    assert sender.complete
    assert run.on_server.ends[run.writer].exit_code == 3


def test_a_server_that_forgot_the_run_gets_it_again(new_run: NewRun, server: FakeServer) -> None:
    run = new_run()
    run.log_many(100)
    send_all(run)
    server.runs.clear()
    run.log(100, loss=0.5)
    run.exit()
    send_all(run)
    run.assert_whole()


def test_a_server_that_lost_its_last_batches_says_where_it_stands(
    new_run: NewRun, server: FakeServer
) -> None:
    run = new_run()
    run.log_many(100)
    send_all(run)
    on_server = run.on_server
    on_server.next[run.writer] = 40
    for cell in [cell for cell in on_server.cells if cell[1] >= 40]:
        del on_server.cells[cell]
    run.exit()
    send_all(run)
    run.assert_whole()


def test_a_lost_state_costs_no_row_and_doubles_none(new_run: NewRun, server: FakeServer) -> None:
    run = new_run()
    run.log_many(200)
    send_all(run, limits=Limits(records=30))
    (run.path / "state.json").write_text("{ torn")
    run.log(200, loss=0.5)
    run.exit()
    send_all(run, limits=Limits(records=77))
    run.assert_whole()


@pytest.mark.parametrize(("fault", "status"), [("401", 401), ("403", 403), ("410", 410)])
def test_a_refusal_is_told_and_nothing_is_lost(
    new_run: NewRun, server: FakeServer, fault: str, status: int
) -> None:
    run = new_run()
    run.log_many(10)
    run.exit()
    server.fault = lambda number, batch: fault
    sender = send_all(run)
    assert (sender.state.status, sender.state.message) == ("refused", "as told")
    assert sender.not_before > 100
    server.fault = lambda number, batch: None
    send_all(run)
    run.assert_whole()


def test_a_wrong_key_is_a_refusal(new_run: NewRun) -> None:
    run = new_run()
    assert send_all(run, key="wrong").state.status == "refused"


@pytest.mark.parametrize("fault", ["400", "413"])
def test_a_record_that_the_server_will_not_have_is_set_aside(
    new_run: NewRun, server: FakeServer, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    run = new_run()
    run.log_many(50)
    run.log(50, loss=13.0)
    bad = run.journal.next - 1
    for step in range(51, 90):
        run.log(step, loss=1.0)
    run.exit()

    def refuse_the_bad_one(number: int, batch: Batch) -> str | None:
        bears = batch.first <= bad < batch.next and batch.history is not None
        return fault if bears else None

    server.fault = refuse_the_bad_one
    sender = send_all(run)
    del run.rows[bad, "loss"]
    run.assert_whole()
    assert sender.state.rejected == 1
    assert "1 records could not be sent" in (sender.state.message or "")
    assert f"DATA NOT SENT: record {bad}" in caplog.text
    (entry,) = rejected(run)
    assert entry["position"] == bad
    assert entry["record"][0] == "history"
    assert entry["record"][3] == {"loss": 13.0}


def test_a_run_that_the_server_refuses_whole_is_not_set_aside(
    new_run: NewRun, server: FakeServer
) -> None:
    run = new_run()
    run.log_many(5)
    send_all(run)
    run.log(5, loss=1.0)
    server.fault = lambda number, batch: "400"
    assert send_all(run).state.status == "refused"
    assert rejected(run) == []


def test_batches_stay_small_where_a_proxy_wants_them_small(
    new_run: NewRun, server: FakeServer
) -> None:
    run = new_run()
    run.log_many(5000)
    run.exit()
    server.fault = lambda number, batch: "413" if server.sizes[number] > 20_000 else None
    sender = send_all(run)
    run.assert_whole()
    assert sender.state.rejected == 0
    assert sum(size > 20_000 for size in server.sizes) < 6


def test_unreadable_and_unknown_records_do_not_stop_the_others(
    new_run: NewRun, server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    run = new_run()
    run.log(0, loss=1.0)
    run.journal.append(msgspec.msgpack.encode(["hologram", 1, 2]))
    run.journal.append(b"\xc1 no msgpack")
    run.journal.append(msgspec.msgpack.encode(["history", "no step", 1.0, {}]))
    run.journal.append(msgspec.msgpack.encode(["history", 2**63, 1.0, {"a": 1.0}]))
    run.log(1, loss=2.0)
    run.exit()
    sender = send_all(run)
    run.assert_whole()
    assert "unknown kind of record: 'hologram'" in caplog.text
    assert [entry["position"] for entry in rejected(run)] == [3, 4, 5]
    assert sender.state.rejected == 3


def test_a_damaged_segment_costs_its_own_records_alone(
    new_run: NewRun, server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    run = new_run()
    run.log_many(4000)
    run.exit()
    first = run.path / "journal" / "00000001.seg"
    content = bytearray(first.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 200] = b"\xa5" * 200
    first.write_bytes(content)
    sender = send_all(run)
    found = run.on_server.history(run.writer)
    assert found.items() < run.rows.items()
    assert len(found) > len(run.rows) * 0.6
    assert run.on_server.next[run.writer] == run.journal.next
    assert run.on_server.ends[run.writer].state == "finished"
    assert "DATA LOST" in caplog.text
    assert sender.state.rejected == 1


def test_records_merge_as_they_would_one_by_one(new_run: NewRun) -> None:
    run = new_run()
    run.append(Config({"a": 1, "b": {"c": 2}}))
    run.append(Config({"a": 3}, ["b"]))
    run.append(Console(0, 1.0, False, "10%"))
    run.append(Console(0, 2.0, False, "100%"))
    run.append(Console(1, 2.0, True, "oh"))
    send_all(run)
    assert run.on_server.config == {"a": 3}
    assert run.on_server.console == {0: "100%", 1: "oh"}


def test_a_trainer_that_is_gone_without_a_word_has_crashed(
    new_run: NewRun, server: FakeServer
) -> None:
    run = new_run(pid=2**22 + 5)
    run.log_many(3)
    directory = RunDirectory(run.path)
    trainer = Trainer(directory)
    assert trainer.over(1.0, look=False)
    sender = Sender(directory, Client(server.url, KEY))
    sender.poll()
    sender.send()
    sender.tell_end(trainer.crash())
    assert not sender.complete
    sender.send()
    sender.close()
    assert sender.complete
    assert run.on_server.ends[run.writer].state == "crashed"
    run.assert_whole()


def test_values_arrive_as_they_were_logged(new_run: NewRun) -> None:
    run = new_run()
    values: dict[str, Any] = {
        "float": 0.5,
        "int": 7,
        "big": 2**53 + 1,
        "flag": True,
        "text": "こんにちは",
        "nothing": None,
        "list": [1, float("nan"), {"x": float("-inf")}],
        "inf": float("inf"),
    }
    position = run.append(History(4, 1.0, values))
    send_all(run)
    found = {key: value for (at, key), value in run.on_server.history(run.writer).items()}
    assert found == {
        "float": 0.5,
        "int": 7.0,
        "inf": float("inf"),
        "big": float(2**53 + 1),
        "big (json)": 2**53 + 1,
        "flag": 1.0,
        "flag (json)": True,
        "text (json)": "こんにちは",
        "nothing (json)": None,
        "list (json)": [1, "NaN", {"x": "-Infinity"}],
    }
    assert {at for at, _ in run.on_server.history(run.writer)} == {position}


def rejected(run: TrainerRun) -> list[dict[str, Any]]:
    try:
        lines = (run.path / "rejected.jsonl").read_text().splitlines()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in lines]
