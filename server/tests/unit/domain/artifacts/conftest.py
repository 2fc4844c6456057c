from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from server.tests.artifacts import ArtifactWorld
from server.tests.recording import SetClock

from kiseki_server.app.compose import compose
from kiseki_server.app.first_start import ensure_administrator
from kiseki_server.app.settings import Settings
from kiseki_server.app.stores import memory_stores, open_stores

BACKENDS = ["memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture(params=BACKENDS)
def world(
    request: pytest.FixtureRequest, settings: Settings, clock: SetClock
) -> Iterator[ArtifactWorld]:
    """A project whose artifacts are in stores of each kind."""
    stores = memory_stores()
    if request.param != "memory":
        if request.param == "postgresql":
            request.getfixturevalue("postgresql_database")  # empty now
            url = request.getfixturevalue("migrated_postgres")
        else:
            url = request.getfixturevalue("sqlite_url")
        settings = replace(settings, database_url=url)
        stores = open_stores(settings, engine=request.getfixturevalue("chdb_pool"))
    services = compose(settings, stores=stores, clock=clock)
    ensure_administrator(services)
    yield ArtifactWorld.of(services)
    services.close()
