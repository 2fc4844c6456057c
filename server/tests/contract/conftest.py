"""The columnar engines that the contract tests run on.

A process can have one embedded engine open, so all tests of a process share one; they keep out
of each other's way by numbers of projects and runs that nobody used before.
"""

from __future__ import annotations

import itertools
import os
import secrets
from collections.abc import Callable, Iterator

import pytest
from server.tests.clickhouse_shim import ClickHouseShim

from kiseki_server.domain.history.types import RunRef
from kiseki_server.kit.ids import ProjectId, RunId
from kiseki_server.storage.columnar.engine import ClientPool, open_engine

ENGINES = ["memory", "chdb", "http", pytest.param("server", marks=pytest.mark.clickhouse)]


@pytest.fixture(scope="session")
def clickhouse_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a ClickHouse of the tests' own, with the database ``kiseki``."""
    shim = ClickHouseShim(tmp_path_factory.mktemp("clickhouse"))
    yield shim.url
    shim.kill()


@pytest.fixture(scope="session")
def http_pool(clickhouse_url: str) -> Iterator[ClientPool]:
    pool = open_engine(url=clickhouse_url, memory_bytes=1 << 30, connections=4)
    yield pool
    pool.close()


@pytest.fixture(scope="session")
def server_pool() -> Iterator[ClientPool]:
    url = os.environ.get("KISEKI_TEST_CLICKHOUSE_URL")
    if not url:
        pytest.skip("KISEKI_TEST_CLICKHOUSE_URL names no ClickHouse server")
    pool = open_engine(url=url, memory_bytes=1 << 30, connections=4)
    yield pool
    pool.close()


@pytest.fixture(params=ENGINES)
def pool(request: pytest.FixtureRequest) -> ClientPool | None:
    """One engine after the other; ``None`` stands for memory."""
    engine: str = request.param
    return None if engine == "memory" else request.getfixturevalue(f"{engine}_pool")


_numbers = itertools.count(secrets.randbelow(1 << 40) << 20)


@pytest.fixture
def new_run() -> Callable[[], RunRef]:
    """Makes runs that no other test knows, in projects of their own."""

    def make() -> RunRef:
        number = next(_numbers)
        return RunRef(ProjectId(number), RunId(number))

    return make
