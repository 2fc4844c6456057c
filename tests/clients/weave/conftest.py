"""Programs with the real client, and the server that they talk to."""

from __future__ import annotations

import json
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.clients.environments import NoClient
from tests.clients.weave.environments import NEWEST, SUPPORTED, python
from tests.processes import Program, ServerProcess

PREAMBLE = """
import json, os, sys
import weave
"""


@dataclass
class Client:
    """Runs programs with one version of the client against one server."""

    version: str
    server: ServerProcess
    directory: Path
    extras: tuple[str, ...] = ()
    """Packages beside the client."""

    def start(self, code: str, **environment: str) -> Program:
        self.directory.mkdir(parents=True, exist_ok=True)
        try:
            interpreter = python(self.version, self.extras)
        except NoClient as reason:
            pytest.skip(f"weave {self.version} cannot be installed: {reason}")
        # Ops are stored with their source, which the client reads from a file.
        file = self.directory / f"program_{len(list(self.directory.glob('program_*')))}.py"
        file.write_text(PREAMBLE + textwrap.dedent(code))
        return Program(
            f"import runpy; runpy.run_path({str(file)!r}, run_name='__main__')",
            python=interpreter,
            directory=self.directory,
            environment={
                **self.server.client_environment,
                "HOME": str(self.directory),
                "WEAVE_USE_SERVER_CACHE": "false",
                **environment,
            },
        )

    def run(self, code: str, *, code_expected: int = 0, **environment: str) -> Program:
        """Run a program to its end."""
        program = self.start(code, **environment)
        ended = program.wait(120)
        assert ended == code_expected, program.output[-4000:]
        return program

    def result(self, code: str, **environment: str) -> Any:
        """What a program prints last, as JSON."""
        return json.loads(self.run(code, **environment).lines[-1])


@pytest.fixture
def client(server_process: ServerProcess, tmp_path: Path) -> Client:
    """The newest client and the server that tests share."""
    return Client(NEWEST, server_process, tmp_path / "client")


@pytest.fixture(params=SUPPORTED)
def each(request: pytest.FixtureRequest, server_process: ServerProcess, tmp_path: Path) -> Client:
    """Each version that we serve, and the server that tests share."""
    return Client(request.param, server_process, tmp_path / "client")
