"""The promises of a store of providers, on every adapter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from server.tests.conftest import SQL

from kiseki_server.domain.completions.store import ProviderStore
from kiseki_server.domain.completions.types import Provider
from kiseki_server.storage.memory.providers import MemoryProviderStore
from kiseki_server.storage.sql.providers import SqlProviderStore

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.fixture(params=["memory", *SQL])
def store(request: pytest.FixtureRequest) -> Iterator[ProviderStore]:
    if request.param == "memory":
        yield MemoryProviderStore()
        return
    database = request.getfixturevalue(f"{request.param}_database")
    with database.transaction(write=True):
        yield SqlProviderStore(database)


def test_a_provider_comes_back_changed_and_goes(store: ProviderStore) -> None:
    first = Provider(
        name="b",
        base_url="https://b.example/v1",
        models=("大", "small"),
        headers={"x-team": "vision"},
        key=bytes(range(256)),
        updated_by="ada",
        updated_at=NOON,
    )
    other = Provider(name="a", base_url="https://a.example", updated_at=NOON)
    store.put(first)
    store.put(other)
    assert list(store.all()) == [other, first]
    changed = replace(first, key=None, models=())
    store.put(changed)
    assert list(store.all()) == [other, changed]
    assert store.delete("b")
    assert not store.delete("b")
    assert list(store.all()) == [other]
