"""The promises of the store of registries, on every adapter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from server.tests.conftest import SQL

from kiseki_server.domain.projects.types import ProjectKind, Visibility
from kiseki_server.domain.registry.store import RegistryStore
from kiseki_server.kit.ids import ProjectId, UserId
from kiseki_server.storage.memory.registries import MemoryRegistryStore
from kiseki_server.storage.sql.organizations import SqlOrganizationStore
from kiseki_server.storage.sql.projects import SqlProjectStore
from kiseki_server.storage.sql.registries import SqlRegistryStore
from kiseki_server.storage.sql.users import SqlUserStore

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.fixture(params=["memory", *SQL])
def placed(
    request: pytest.FixtureRequest,
) -> Iterator[tuple[RegistryStore, ProjectId, ProjectId, UserId]]:
    """A store, the numbers of two registries, and a user's."""
    if request.param == "memory":
        yield MemoryRegistryStore(), ProjectId(1), ProjectId(2), UserId(3)
        return
    database = request.getfixturevalue(f"{request.param}_database")
    with database.transaction(write=True):
        ada = SqlUserStore(database).add("ada", email=None, admin=False, at=NOON)
        org = SqlOrganizationStore(database).add("acme", NOON)
        first, second = (
            SqlProjectStore(database)
            .add(
                org.entity.id,
                name,
                description="",
                visibility=Visibility.PRIVATE,
                at=NOON,
                kind=ProjectKind.REGISTRY,
            )[0]
            .id
            for name in ("one", "two")
        )
        yield SqlRegistryStore(database), first, second, ada.id


Placed = tuple[RegistryStore, ProjectId, ProjectId, UserId]


def test_types_are_there_once_and_by_name(placed: Placed) -> None:
    store, one, two, _ = placed
    for name in ("model", "dataset", "model"):
        store.ensure_type(one, name, NOON)
    assert [(known.name, known.project) for known in store.types(one)] == [
        ("dataset", one),
        ("model", one),
    ]
    assert store.types(two) == []


def test_protected_aliases_replace_those_before(placed: Placed) -> None:
    store, one, two, _ = placed
    assert store.protected(one) == frozenset()
    store.protect(one, ["production", "staging", "production"])
    assert store.protected(one) == {"production", "staging"}
    store.protect(one, ["production"])
    assert (store.protected(one), store.protected(two)) == ({"production"}, frozenset())
    store.protect(one, [])
    assert store.protected(one) == frozenset()


def test_actions_come_the_latest_first(placed: Placed) -> None:
    store, one, two, ada = placed
    for number, place in enumerate((one, two, one)):
        at = NOON + timedelta(hours=number)
        store.append(place, f"action.{number}", user=ada, at=at, details={"n": number})

    def seen(*projects: ProjectId, limit: int = 9, before: int | None = None) -> list[int]:
        found = store.actions(projects, limit=limit, before=before)
        assert all(action.user == ada for action in found)
        assert all(action.action == f"action.{action.details['n']}" for action in found)
        return [action.details["n"] for action in found]

    assert seen(one, two) == [2, 1, 0]
    assert seen(one) == [2, 0]
    assert seen() == []
    assert seen(one, two, limit=2) == [2, 1]
    second = store.actions([one, two], limit=2)[1]
    assert seen(one, two, before=second.id) == [0]
