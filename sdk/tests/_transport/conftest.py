"""A strict little server, and run directories as a trainer leaves them."""

from __future__ import annotations

import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kiseki._transport import processes
from kiseki._transport.journal import JournalWriter
from kiseki.wire.batch import Acknowledgement, Batch, Points, RunEnd, RunStart, Values
from kiseki.wire.records import Environment, Exit, History, Record, Start

KEY = "key-of-the-tests"

Fault = Callable[[int, Batch], str | None]
"""From the number of the request and its batch to what goes wrong: see `FakeServer.answer`."""


class FakeRun:
    def __init__(self) -> None:
        self.next: dict[str, int] = {}
        self.cells: dict[tuple[str, int, str], list[tuple[int, Any]]] = {}
        """By writer, position and key: step and value, of each time it was applied."""
        self.starts: dict[str, RunStart] = {}
        self.ends: dict[str, RunEnd] = {}
        self.config: dict[str, Any] = {}
        self.console: dict[int, str] = {}

    def history(self, writer: str) -> dict[tuple[int, str], Any]:
        """Values by position and key; every cell must have been applied once."""
        found: dict[tuple[int, str], Any] = {}
        for (by, position, key), times in self.cells.items():
            if by == writer:
                assert len(times) == 1, f"position {position} was applied {len(times)} times"
                found[position, key] = times[0][1]
        return found


class FakeServer:
    """Applies each position once and complains about everything that a batch must not have."""

    def __init__(self) -> None:
        self.runs: dict[tuple[str, str], FakeRun] = {}
        self.violations: list[str] = []
        self.fault: Fault = lambda number, batch: None
        self.requests = 0
        self.sizes: list[int] = []
        self.encodings: list[str | None] = []
        self.targets: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.stop_asked = False
        self.lock = threading.Lock()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._http: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 30

            def log_message(self, format: str, *args: Any) -> None: ...

            def do_POST(self) -> None:
                server.answer(self)

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, request: Any, client_address: Any) -> None: ...

        self._http = Quiet(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        if self._http is not None:
            self._http.shutdown()
            self._http.server_close()
            self._http = None

    def run(self, name: str) -> FakeRun:
        with self.lock:
            return self.runs.get(("tests", name)) or FakeRun()

    def answer(self, request: Any) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        self.encodings.append(request.headers.get("Content-Encoding"))
        self.targets.append(request.path)
        self.headers.append(dict(request.headers))
        self.sizes.append(len(body))
        if self.encodings[-1] == "gzip":
            body = gzip.decompress(body)
        batch = msgspec.msgpack.decode(body, type=Batch)
        with self.lock:
            number = self.requests
            self.requests += 1
        fault = self.fault(number, batch) or ""
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            fault = "401"
        word, _, argument = fault.partition(" ")
        if word.isdigit():
            error = "unknown_run" if word == "404" else f"fault_{word}"
            headers = {"Retry-After": argument} if argument else {}
            return self._say(request, int(word), {"error": error, "message": "as told"}, headers)
        if word == "html":
            return self._send(request, int(argument), b"<h1>Bad gateway</h1>", {})
        if word == "garbage":
            return self._send(request, 200, b"<h1>Sign in to the wifi</h1>", {})
        if word == "drop-before":
            return self._drop(request)
        if word == "slow":
            time.sleep(float(argument))
        with self.lock:
            status, answer = self._apply(batch)
        if word == "drop-after":
            return self._drop(request)
        if word == "cut-after":
            request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\nhalf")
            return self._drop(request)
        if isinstance(answer, Acknowledgement):
            return self._send(request, status, msgspec.msgpack.encode(answer), {})
        return self._say(request, status, answer, {})

    def _apply(self, batch: Batch) -> tuple[int, Acknowledgement | dict[str, Any]]:
        place = (batch.project, batch.run)
        if place not in self.runs:
            if batch.start is None or batch.first != 0:
                return 404, {"error": "unknown_run", "message": f"no run {batch.run!r}"}
            self.runs[place] = FakeRun()
        run = self.runs[place]
        at = run.next.get(batch.writer, 0)
        if batch.first > at:
            return 409, {"error": "position_gap", "message": "a gap", "next": at}
        if batch.next > at:
            for stream in ("history", "values", "system"):
                columns = getattr(batch, stream)
                if columns is not None:
                    self._add(run, batch, stream, columns, at)
            if batch.start is not None:
                run.starts[batch.writer] = batch.start
            if batch.config is not None:
                run.config.update(batch.config.values)
            for line in batch.console:
                run.console[line.line] = line.text
            run.next[batch.writer] = at = batch.next
        if batch.end is not None:
            run.ends[batch.writer] = batch.end
        return 200, Acknowledgement(
            next=at,
            entity="tester",
            project=batch.project,
            run=batch.run,
            url=f"/tester/{batch.project}/runs/{batch.run}",
            stop=self.stop_asked,
        )

    def _add(
        self, run: FakeRun, batch: Batch, stream: str, columns: Points | Values, at: int
    ) -> None:
        steps, times = array("q", columns.steps), array("q", columns.times)
        positions = array("Q", columns.positions)
        key, row = array("I", columns.key), array("I", columns.row)
        values: list[Any]
        if isinstance(columns, Points):
            values = list(array("d", columns.value))
        else:
            values = [json.loads(text, parse_constant=_forbid) for text in columns.json]
        if not len(steps) == len(times) == len(positions):
            self.violations.append("rows of unequal length")
        if not len(key) == len(row) == len(values) > 0:
            self.violations.append("points of unequal length, or none")
        if list(positions) != sorted(set(positions)):
            self.violations.append("positions do not rise")
        if positions and not batch.first <= positions[0] <= positions[-1] < batch.next:
            self.violations.append("positions outside of the batch")
        if len(set(columns.keys)) != len(columns.keys):
            self.violations.append("a key stands twice")
        for k, r, value in zip(key, row, values, strict=True):
            if positions[r] >= at:
                name = columns.keys[k] if stream != "values" else f"{columns.keys[k]} (json)"
                cell = (batch.writer, positions[r], name)
                run.cells.setdefault(cell, []).append((steps[r], value))

    def _say(
        self, request: Any, status: int, problem: dict[str, Any], headers: dict[str, str]
    ) -> None:
        self._send(request, status, json.dumps(problem).encode(), headers)

    def _send(self, request: Any, status: int, body: bytes, headers: dict[str, str]) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def _drop(self, request: Any) -> None:
        request.close_connection = True
        request.wfile.flush()
        request.connection.shutdown(socket.SHUT_RDWR)


def _forbid(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


class TrainerRun:
    """A run directory with an open journal, as the trainer keeps it."""

    def __init__(self, base: Path, server: FakeServer, name: str, **info: Any) -> None:
        self.server = server
        self.name = name
        self.writer = f"w{name}"
        self.path = base / f"20260101-000000-{name}-{self.writer}"
        self.path.mkdir(parents=True)
        settings = {"system_metrics": False, "environment": False} | info.pop("settings", {})
        pid = info.pop("pid", os.getpid())
        host = info.pop("host", socket.gethostname())
        self.info = {
            "version": 1,
            "entity": None,
            "project": "tests",
            "run": name,
            "writer": self.writer,
            "base_url": server.url,
            "mode": "online",
            "label": None,
            "pid": pid,
            "pid_started": processes.started(pid),
            "upload_deadline_s": 3600.0,
            "settings": settings,
        } | info
        (self.path / "run.json").write_text(json.dumps(self.info))
        self.journal = JournalWriter(self.path / "journal", segment_bytes=64 << 10)
        self.rows: dict[tuple[int, str], float] = {}
        self._processes: list[subprocess.Popen[bytes]] = []
        self._exited: int | None = None
        self.append(
            Start(1, 1.8e9, None, None, None, None, None, info.get("label"), Environment(host=host))
        )

    def append(self, record: Record) -> int:
        return self.journal.append(msgspec.msgpack.encode(record))

    def log(self, step: int, **values: Any) -> None:
        position = self.append(History(step, 1.8e9 + step, values))
        for key, value in values.items():
            self.rows[position, key] = value

    def log_many(self, count: int) -> None:
        for step in range(count):
            self.log(step, loss=1 / (step + 1), step_again=float(step))

    def exit(self, code: int = 0) -> None:
        self._exited = code
        self.append(Exit(code, 1.9e9))

    def upload(self, key: str = KEY, **environment: str) -> subprocess.Popen[bytes]:
        """Start an uploader process."""
        log = (self.path / "uploader.log").open("ab")
        process = subprocess.Popen(
            [sys.executable, "-m", "kiseki._transport.uploader", str(self.path)],
            env=os.environ | {"KISEKI_API_KEY": key} | environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
        )
        log.close()
        self._processes.append(process)
        return process

    @property
    def state(self) -> dict[str, Any]:
        try:
            return json.loads((self.path / "state.json").read_bytes())
        except FileNotFoundError:
            return {"status": None, "acknowledged": 0, "message": None}

    @property
    def log_text(self) -> str:
        return (self.path / "uploader.log").read_text()

    @property
    def on_server(self) -> FakeRun:
        return self.server.run(self.name)

    def assert_whole(self) -> None:
        """Every row is on the server once, and nothing else is."""
        assert self.server.violations == []
        assert self.on_server.history(self.writer) == self.rows
        assert self.on_server.next[self.writer] == self.journal.next

    def close(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()
        self.journal.close()


@pytest.fixture
def server() -> Iterator[FakeServer]:
    fake = FakeServer()
    fake.start()
    yield fake
    fake.stop()


@pytest.fixture
def new_run(tmp_path: Path, server: FakeServer) -> Iterator[Callable[..., TrainerRun]]:
    """Makes run directories; ends their uploaders at the end of the test."""
    made: list[TrainerRun] = []

    def make(name: str = "run", **info: Any) -> TrainerRun:
        run = TrainerRun(tmp_path / "kiseki-runs", server, name, **info)
        made.append(run)
        return run

    yield make
    for run in made:
        run.close()


@pytest.fixture
def eventually() -> Callable[..., None]:
    """Waits until a condition holds."""

    def wait(condition: Callable[[], object], within_s: float = 30.0) -> None:
        deadline = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < deadline, "it did not come to pass"
            time.sleep(0.01)

    return wait
