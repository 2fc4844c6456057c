"""Real processes for tests: a server that can be killed and started again, and programs."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

BIN = Path(sys.executable).parent
DEADLINE = 60.0

T = TypeVar("T")


def eventually(check: Callable[[], T], seconds: float = DEADLINE, every: float = 0.05) -> T:
    """Call until the result is true, or fail with the last result or exception."""
    deadline = time.monotonic() + seconds
    while True:
        failure: BaseException | None = None
        result: Any = None
        try:
            result = check()
            if result:
                return result
        except (AssertionError, OSError, LookupError) as error:
            failure = error
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {result!r}") from failure
        time.sleep(every)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class ServerProcess:
    """`kiseki serve` on a free port and a data directory of its own."""

    def __init__(self, directory: Path, **environment: str) -> None:
        self.data_dir = directory / "data"
        self.log = directory / "server.log"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = environment
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> ServerProcess:
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("KISEKI_", "WANDB_"))},
            **self.environment,
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    BIN / "kiseki",
                    "serve",
                    "--host", "127.0.0.1",
                    "--port", str(self.port),
                    "--data-dir", str(self.data_dir),
                ],
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )  # fmt: skip
        eventually(self._ready)
        return self

    def _ready(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise RuntimeError(
                f"the server ended with {self.process.returncode}:\n{self.output()[-3000:]}"
            )
        try:
            with urllib.request.urlopen(f"{self.url}/ready", timeout=2) as answer:
                return answer.status == 200
        except urllib.error.HTTPError:
            return False

    def kill(self) -> None:
        """`kill -9`, the server and whatever it started."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def stop(self) -> int:
        """SIGTERM, as an operator does; gives the exit code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.process.returncode

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def key(self) -> str:
        """The administrator's key."""
        return (self.data_dir / "admin.key").read_text().strip()

    @property
    def client_environment(self) -> dict[str, str]:
        """What both clients need to reach this server, and quiet."""
        return {
            "KISEKI_BASE_URL": self.url,
            "KISEKI_API_KEY": self.key,
            "WANDB_BASE_URL": self.url,
            "WANDB_API_KEY": self.key,
        }

    def request(
        self, method: str, path: str, body: Any = None, *, key: str | None = None
    ) -> tuple[int, Any]:
        """Status and decoded JSON of a call to the native API (``path`` below ``/api/v1``)."""
        request = urllib.request.Request(
            f"{self.url}/api/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {key or self.key}",
                "Content-Type": "application/json",
                "Accept": "application/json",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                content = answer.read()
                return answer.status, json.loads(content) if content else None
        except urllib.error.HTTPError as error:
            content = error.read()
            try:
                return error.code, json.loads(content)
            except ValueError:
                return error.code, content.decode(errors="replace")

    def get(self, path: str) -> Any:
        """The answer of a GET that must succeed."""
        status, body = self.request("GET", path)
        assert status == 200, (status, body)
        return body

    def history(self, project: str, run: str, *, stream: str = "history") -> list[dict[str, Any]]:
        """All rows of a run, in step order."""
        rows: list[dict[str, Any]] = []
        low: int | None = None
        while True:
            query = f"?stream={stream}&limit=5000" + (f"&low={low}" if low is not None else "")
            page = self.get(f"/projects/{project}/runs/{run}/history{query}")
            rows += page["items"]
            low = page["next"]
            if low is None:
                return rows


class Program:
    """A Python program with its output collected line by line while it runs."""

    def __init__(
        self,
        code: str,
        *,
        environment: Mapping[str, str],
        directory: Path,
        python: Path | str = sys.executable,
        stdin: bool = False,
    ) -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [python, "-u", "-c", code],
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=directory,
            env={
                **{k: v for k, v in os.environ.items() if not k.startswith(("KISEKI_", "WANDB_"))},
                **environment,
            },
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
        self.process.stdout.close()

    def send(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def close_input(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def wait(self, seconds: float = DEADLINE) -> int:
        code = self.process.wait(seconds)
        self._reader.join(5)
        return code

    def kill(self) -> None:
        self.process.kill()
        self.wait()

    @property
    def output(self) -> str:
        return "\n".join(self.lines)
