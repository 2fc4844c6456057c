"""Runs whose journal a test can read, and a server that takes everything."""

from __future__ import annotations

import gzip
import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

import kiseki
from kiseki._transport.journal import JournalReader
from kiseki.run import current
from kiseki.run.upload import Upload
from kiseki.wire.batch import Acknowledgement, Batch
from kiseki.wire.records import Record

Begin = Callable[..., kiseki.Run]


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No settings, keys or unfinished runs of anybody else."""
    for name in list(os.environ):
        if name.startswith("KISEKI_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("KISEKI_BASE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("KISEKI_SYSTEM_METRICS", "false")
    monkeypatch.setenv("KISEKI_ENVIRONMENT", "false")
    monkeypatch.setenv("KISEKI_UPLOAD_DEADLINE", "0.1")
    monkeypatch.chdir(tmp_path)
    yield
    for run in current.unfinished():
        run.finish(quiet=True)


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Begin:
    """``kiseki.init`` without an uploader, in the test's own folder."""
    monkeypatch.setattr(Upload, "start", lambda self: None)

    def begin(**arguments: Any) -> kiseki.Run:
        settings = {"silent": True, "console": "off", **arguments.pop("settings", {})}
        return kiseki.init(
            **{
                "project": "p",
                "mode": "offline",
                "dir": tmp_path,
                "settings": settings,
                **arguments,
            }
        )

    return begin


def records_of(run: kiseki.Run | str | Path) -> list[Record]:
    """Everything that the journal of a run holds."""
    directory = Path(run.dir if isinstance(run, kiseki.Run) else run)
    found: list[bytes] = []
    with JournalReader(directory / "journal") as reader:
        while records := reader.read():
            found += records
    decode = msgspec.msgpack.Decoder(Record).decode
    return [decode(record) for record in found]


class TakingServer:
    """Acknowledges every batch and keeps it."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        taken = self.batches

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                batch = msgspec.msgpack.decode(body, type=Batch)
                taken.append(batch)
                answer = msgspec.msgpack.encode(
                    Acknowledgement(
                        next=batch.next,
                        entity="me",
                        project=batch.project,
                        run=batch.run,
                        url=f"/me/{batch.project}/runs/{batch.run}",
                    )
                )
                self.send_response(200)
                self.send_header("Content-Type", "application/msgpack")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


@pytest.fixture
def server() -> Iterator[TakingServer]:
    taking = TakingServer()
    yield taking
    taking.close()
