"""Real servers for the end-to-end tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.processes import ServerProcess


@pytest.fixture(scope="session")
def server_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """`kiseki serve`, shared by the tests of one worker: use projects of your own."""
    server = ServerProcess(tmp_path_factory.mktemp("server"))
    try:
        yield server.start()
    finally:
        server.stop()
