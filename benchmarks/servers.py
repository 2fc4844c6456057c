"""Servers that a benchmark starts on free loopback ports and ends again."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from tests.processes import free_port

from benchmarks import peers

BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Server:
    """A running server; ``key`` is empty where none is asked for."""

    url: str
    key: str
    pid: int
    data: Path

    def memory_mib(self) -> float:
        """Resident memory of the process and its children, in MiB."""
        return sum(p.memory_info().rss for p in self._processes()) / (1 << 20)

    def own_memory_mib(self) -> float:
        """Memory that would be free without the server, in MiB: without the pages of programs and
        libraries, which the system shares and drops when it needs the room."""
        return sum(p.memory_full_info().uss for p in self._processes()) / (1 << 20)

    def _processes(self) -> list[psutil.Process]:
        process = psutil.Process(self.pid)
        return [process, *process.children(recursive=True)]


@contextlib.contextmanager
def _process(
    command: Sequence[str | Path],
    url: str,
    ready: str,
    environment: Mapping[str, str],
    directory: Path,
) -> Iterator[int]:
    with (directory / "server.log").open("w") as log:
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            cwd=directory,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", **environment},
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 90
        while True:
            if process.poll() is not None or time.monotonic() > deadline:
                tail = (directory / "server.log").read_text()[-2000:]
                raise RuntimeError(f"{command[0]} did not start:\n{tail}")
            with contextlib.suppress(OSError):
                urllib.request.urlopen(url + ready, timeout=2).close()
                break
            time.sleep(0.05)
        yield process.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextlib.contextmanager
def kiseki(data: Path | None = None) -> Iterator[Server]:
    """Kiseki with embedded storage, on a new data directory unless one is given."""
    with contextlib.ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        data = data or home / "data"
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        command = [BIN / "kiseki", "serve", "--port", str(port), "--data-dir", data]
        pid = stack.enter_context(_process(command, url, "/ready", {}, home))
        yield Server(url, (data / "admin.key").read_text().strip(), pid, data)


@contextlib.contextmanager
def mlflow() -> Iterator[Server]:
    """MLflow's tracking server on SQLite, one worker."""
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        home = Path(name)
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        command = [
            peers.PYTHON, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port),
            "--backend-store-uri", f"sqlite:///{home}/mlflow.db",
            "--artifacts-destination", str(home / "artifacts"), "--workers", "1",
        ]  # fmt: skip
        pid = stack.enter_context(
            _process(command, url, "/health", {"MLFLOW_DISABLE_TELEMETRY": "true"}, home)
        )
        yield Server(url, "", pid, home)


@contextlib.contextmanager
def trackio() -> Iterator[Server]:
    """trackio's own server over its SQLite files."""
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        home = Path(name)
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        code = (
            "import trackio\n"
            f"trackio.show(host='127.0.0.1', server_port={port}, open_browser=False,"
            " block_thread=True)"
        )
        environment = {
            "TRACKIO_DIR": str(home / "trackio"),
            "TRACKIO_WRITE_TOKEN": "benchmark",
            "GRADIO_SERVER_PORT": str(port),
            "GRADIO_ANALYTICS_ENABLED": "False",
            "HF_HUB_OFFLINE": "1",
        }
        pid = stack.enter_context(_process([peers.PYTHON, "-c", code], url, "/", environment, home))
        yield Server(url, "benchmark", pid, home)


@contextlib.contextmanager
def aim() -> Iterator[Server]:
    """Aim's tracking server over a repository of its own."""
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        home = Path(name)
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        command = peers.ENVIRONMENT / "bin" / "aim"
        subprocess.run([command, "init", "--repo", home, "-y"], check=True, capture_output=True)
        pid = stack.enter_context(
            _process(
                [command, "server", "--repo", home, "--host", "127.0.0.1", "--port", str(port)],
                url,
                "/status/",
                {},
                home,
            )
        )
        yield Server(url, "", pid, home)
