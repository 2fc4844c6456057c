"""The uploader is started, restarted and waited for; the receipt tells the truth."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

import kiseki
from kiseki._transport.journal import JournalReader, JournalWriter
from kiseki._transport.processes import alive
from kiseki.errors import RunFinishedError
from kiseki.run.receipt import RowCount
from kiseki.run.upload import Upload
from kiseki.wire.records import Console, Exit, History

from .conftest import TakingServer, records_of


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def state_of(run: kiseki.Run) -> dict[str, object]:
    try:
        return msgspec.json.decode((Path(run.dir) / "state.json").read_bytes())
    except FileNotFoundError:
        return {}


def begin(server: TakingServer, tmp_path: Path, **settings: object) -> kiseki.Run:
    return kiseki.init(
        "p",
        base_url=server.url,
        api_key="k",
        dir=tmp_path,
        settings={"silent": True, "console": "off", **settings},
    )


def test_a_finished_run_is_on_the_server(server: TakingServer, tmp_path: Path) -> None:
    run = begin(server, tmp_path)
    for number in range(100):
        run.log({"number": number})
    receipt = run.finish(exit_code=3)
    page = f"{server.url}/me/p/runs/{run.id}"
    assert receipt == kiseki.Receipt(
        rows_logged=100,
        rows_acknowledged=100,
        complete=True,
        url=page,
        message=f"run {run.id}: 100 rows logged, all on the server: {page}",
    )
    assert run.url == page
    assert run.entity == "me"
    eventually(lambda: any(batch.end for batch in server.batches))
    end = next(batch.end for batch in server.batches if batch.end)
    assert (end.state, end.exit_code) == ("failed", 3)
    assert sum(len(b.history.steps) // 8 for b in server.batches if b.history) == 100


def test_an_uploader_that_dies_is_started_again(server: TakingServer, tmp_path: Path) -> None:
    run = begin(server, tmp_path, segment_bytes=16384)
    eventually(lambda: state_of(run).get("status") == "connected")
    first = int(str(state_of(run)["pid"]))
    os.kill(first, signal.SIGKILL)
    eventually(lambda: not alive(first, None))
    row = {f"metric {i}": float(i) for i in range(50)}
    for _ in range(200):
        run.log(row)
    eventually(lambda: state_of(run).get("pid") != first)
    second = int(str(state_of(run)["pid"]))
    os.kill(second, signal.SIGKILL)
    eventually(lambda: not alive(second, None))
    receipt = run.finish()
    assert (receipt.rows_acknowledged, receipt.complete) == (200, True)
    taken = [b for b in server.batches if b.history is not None and "." not in b.writer]
    positions = {
        int.from_bytes(b.history.positions[i : i + 8], "little")
        for b in taken
        if b.history
        for i in range(0, len(b.history.positions), 8)
    }
    assert len(positions) == 200


def test_finish_does_not_wait_for_a_server_that_is_down(tmp_path: Path) -> None:
    settings = {"silent": True, "retry_timeout": 0.3, "upload_deadline": 3.0}
    run = kiseki.init("p", dir=tmp_path, settings=settings)
    run.log({"a": 1})
    eventually(lambda: state_of(run).get("status") == "retrying")
    begun = time.monotonic()
    receipt = run.finish()
    assert time.monotonic() - begun < 5
    assert (receipt.rows_logged, receipt.rows_acknowledged, receipt.complete) == (1, 0, False)
    assert f"the rest is sent from {run.dir}" in receipt.message


def test_an_uploader_that_gives_up_says_how_to_go_on(tmp_path: Path) -> None:
    run = kiseki.init("p", dir=tmp_path, settings={"silent": True, "upload_deadline": 0.0})
    eventually(lambda: state_of(run).get("status") == "retrying")
    run.log({"a": 1})
    receipt = run.finish()
    assert not receipt.complete
    if state_of(run)["status"] == "gave_up":
        assert f"kiseki sync {run.dir}" in receipt.message


def test_other_threads_are_not_held_up_by_finish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting, go_on = threading.Event(), threading.Event()

    def wait(self: Upload, records: int) -> dict[str, object]:
        waiting.set()
        assert go_on.wait(30)
        return {"acknowledged": records}

    monkeypatch.setattr(Upload, "start", lambda self: None)
    monkeypatch.setattr(Upload, "wait", wait)
    run = kiseki.init("p", dir=tmp_path, settings={"silent": True, "console": "off"})
    finishing = threading.Thread(target=run.finish)
    finishing.start()
    assert waiting.wait(30)
    with pytest.raises(RunFinishedError):
        run.log({"a": 1})
    go_on.set()
    finishing.join()
    assert run.finish().complete


def test_whoever_interrupts_the_wait_does_not_wait_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wait(self: Upload, records: int) -> dict[str, object]:
        raise KeyboardInterrupt

    monkeypatch.setattr(Upload, "start", lambda self: None)
    monkeypatch.setattr(Upload, "wait", wait)
    run = kiseki.init("p", dir=tmp_path, settings={"silent": True, "console": "off"})
    run.log({"a": 1})
    with pytest.raises(KeyboardInterrupt):
        run.finish()
    assert kiseki.run is None
    receipt = run.finish()
    assert (receipt.rows_logged, receipt.complete) == (1, False)
    assert [r.code for r in records_of(run) if isinstance(r, Exit)] == [0]


def test_finish_has_a_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/true")
    run = kiseki.init("p", dir=tmp_path, settings={"silent": True, "finish_timeout": 0.2})
    run.log({"a": 1})
    receipt = run.finish()
    assert (receipt.rows_acknowledged, receipt.complete) == (0, False)


def test_an_uploader_that_cannot_be_started_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    run = kiseki.init("p", dir=tmp_path, settings={"silent": True, "finish_timeout": 0.2})
    run.log({"a": 1})
    run.finish()
    assert capsys.readouterr().err.count("the uploader cannot be started") == 1
    assert [type(r) for r in records_of(run) if not isinstance(r, Console)][1:] == [History, Exit]


@pytest.mark.parametrize("position", [0, 1, 7, 12, 19])
def test_rows_before_a_position_are_counted(tmp_path: Path, position: int) -> None:
    encode = msgspec.msgpack.encode
    rows = RowCount()
    journal = JournalWriter(
        tmp_path, segment_bytes=8192, rolled_over=lambda: rows.mark(journal.next)
    )
    expected: list[int] = []
    for number in range(19):
        expected.append(rows.total)
        if number % 3:
            journal.append(encode(("history", number, 1.0, {"text": "x" * 1000})))
            rows.total += 1
        else:
            journal.append(encode(("console", number, 1.0, False, "history")))
    expected.append(rows.total)
    journal.close()
    assert rows.before(position, tmp_path) == expected[position]
    with JournalReader(tmp_path) as reader:
        assert len(reader.read()) == 19
