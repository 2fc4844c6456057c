"""Servers that share a PostgreSQL instead of having an SQLite each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from server.tests.postgres import NoPostgres, private_postgres
from tests.processes import ServerProcess

pytestmark = pytest.mark.postgres
SECRET = "ab" * 32


@pytest.fixture
def postgres() -> Iterator[str]:
    with ExitStack() as stack:
        try:
            url = stack.enter_context(private_postgres())
        except NoPostgres as reason:
            pytest.skip(str(reason))
        yield url


@pytest.fixture
def two(postgres: str, tmp_path: Path) -> Iterator[list[ServerProcess]]:
    """Two servers, each with a data directory of its own."""
    servers = [
        ServerProcess(tmp_path / name, KISEKI_DATABASE_URL=postgres, KISEKI_SECRET_KEY=SECRET)
        for name in ("one", "two")
    ]
    for server in servers:
        server.log.parent.mkdir()
    yield servers
    for server in servers:
        server.kill()


def test_two_servers_know_each_others_users_and_projects(two: list[ServerProcess]) -> None:
    one, other = (server.start() for server in two)
    assert not list(one.data_dir.glob("*.db"))
    status, made = one.request("POST", "/admin/users", {"name": "ada"})
    assert status == 201
    assert other.request("GET", "/session", key=made["api_key"])[0] == 200
    assert one.request("POST", "/projects", {"name": "digits"}, key=made["api_key"])[0] == 201
    status, project = other.request("GET", "/projects/ada/digits", key=made["api_key"])
    assert (status, project["can_write"]) == (200, True)
    # A revocation at one of them holds at the other at once.
    assert one.request("DELETE", "/admin/users/ada")[0] == 204
    assert other.request("GET", "/session", key=made["api_key"])[0] == 401
    # Each has a key of the one administrator for its local clients.
    assert one.key != other.key
    assert one.request("GET", "/session", key=other.key)[0] == 200
    assert [server.stop() for server in two] == [0, 0]
