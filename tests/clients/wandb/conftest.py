"""Programs with the real client, and the server that they talk to."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.clients.wandb.environments import NEWEST, VERSIONS, NoClient, python
from tests.processes import Program, ServerProcess

QUICK = "wandb.Settings(x_file_stream_transmit_interval=0.2)"
"""Sends every fifth of a second instead of every 15 seconds."""


@dataclass
class Client:
    """Runs programs with one version of the client against one server."""

    version: str
    server: ServerProcess
    directory: Path
    extras: tuple[str, ...] = ()
    """Packages beside the client."""
    by_pip: tuple[str, ...] = ()
    """Packages that pip installs before the others."""
    patience: float = 120
    """How many seconds a program may take."""

    def start(self, code: str, **environment: str) -> Program:
        """Start a program; `QUICK` in it becomes settings that send at once."""
        self.directory.mkdir(parents=True, exist_ok=True)
        try:
            interpreter = python(self.version, self.extras, self.by_pip)
        except NoClient as reason:
            pytest.skip(f"wandb {self.version} cannot be installed: {reason}")
        return Program(
            textwrap.dedent(code).replace("QUICK", QUICK),
            python=interpreter,
            directory=self.directory,
            environment={
                **self.server.client_environment,
                "HOME": str(self.directory),
                "WANDB_DIR": str(self.directory),
                "WANDB_CONSOLE": "wrap",
                **environment,
            },
        )

    def run(self, code: str, *, code_expected: int = 0, **environment: str) -> Program:
        """Run a program to its end."""
        program = self.start(code, **environment)
        ended = program.wait(self.patience)
        assert ended == code_expected, program.output[-4000:]
        return program

    def result(self, code: str, **environment: str) -> Any:
        """What a program prints last, as JSON."""
        return json.loads(self.run(code, **environment).lines[-1])

    def get(self, path: str) -> Any:
        return self.server.get(f"/projects/admin/{path}")

    def history(self, project: str, run: str) -> list[tuple[int, dict[str, Any]]]:
        """Steps and values of all rows, without the client's own keys."""
        return [
            (row["step"], {k: v for k, v in row["values"].items() if k != "_runtime"})
            for row in self.server.history(f"admin/{project}", run)
        ]


@pytest.fixture
def client(server_process: ServerProcess, tmp_path: Path) -> Client:
    """The newest client and the server that tests share."""
    return Client(NEWEST, server_process, tmp_path / "client")


@pytest.fixture(params=VERSIONS)
def each(request: pytest.FixtureRequest, server_process: ServerProcess, tmp_path: Path) -> Client:
    """Each version with which the whole suite runs, and the server that tests share."""
    return Client(request.param, server_process, tmp_path / "client")


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server of the test's own, which takes silence for death after three seconds."""
    server = ServerProcess(tmp_path, KISEKI_HEARTBEAT_TIMEOUT_S="3")
    try:
        yield server.start()
    finally:
        server.stop()
