"""The promises of a store of saved views, on every adapter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from server.tests.conftest import SQL

from kiseki_server.domain.accounts.store import UserStore
from kiseki_server.domain.accounts.types import User
from kiseki_server.domain.projects.store import ProjectStore
from kiseki_server.domain.projects.types import Project, Visibility
from kiseki_server.domain.views.store import ViewStore
from kiseki_server.domain.views.types import SavedView, ViewKind
from kiseki_server.kit.ids import ViewId
from kiseki_server.kit.transactions import UnitOfWork
from kiseki_server.storage.memory.accounts import AccountTables, MemoryUserStore
from kiseki_server.storage.memory.projects import MemoryProjectStore
from kiseki_server.storage.memory.transactions import MemoryTransactions
from kiseki_server.storage.memory.views import MemoryViewStore
from kiseki_server.storage.sql.projects import SqlProjectStore
from kiseki_server.storage.sql.users import SqlUserStore
from kiseki_server.storage.sql.views import SqlViewStore

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
LATER = datetime(2026, 1, 2, 13, tzinfo=UTC)


@dataclass
class World:
    views: ViewStore
    users: UserStore
    projects: ProjectStore

    def user(self, name: str) -> User:
        return self.users.add(name, email=None, admin=False, at=NOON)

    def project(self, owner: User, name: str) -> Project:
        entity = self.users.entity(owner.name)
        assert entity is not None
        return self.projects.add(
            entity.id, name, description="", visibility=Visibility.PRIVATE, at=NOON
        )[0]

    def view(self, project: Project, owner: User, name: str, **given: object) -> SavedView:
        draft = SavedView(
            id=ViewId(0),
            project=project.id,
            kind=ViewKind.RUNS,
            name=name,
            owner=owner.id,
            owner_name=owner.name,
            shared=False,
            usual=False,
            document={"version": 1, "columns": ["損失", None, 0.5]},
            revision=1,
            created_at=NOON,
            updated_at=NOON,
            updated_by=owner.name,
        )
        return self.views.add(replace(draft, **given))


@pytest.fixture(params=["memory", *SQL])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    work: UnitOfWork
    if request.param == "memory":
        tables, work = AccountTables(), MemoryTransactions()
        found = World(MemoryViewStore(), MemoryUserStore(tables), MemoryProjectStore(tables, list))
    else:
        database = request.getfixturevalue(f"{request.param}_database")
        work = database
        found = World(SqlViewStore(database), SqlUserStore(database), SqlProjectStore(database))
    with work.transaction(write=True):
        yield found


def test_a_view_comes_back_as_it_was_put_in_its_own_project_alone(world: World) -> None:
    ada = world.user("ada")
    here, there = world.project(ada, "here"), world.project(ada, "there")
    kept = world.view(here, ada, "図")
    assert world.views.get(here.id, kept.id) == kept
    assert world.views.get(there.id, kept.id) is None
    world.views.remove(kept.id)
    assert world.views.get(here.id, kept.id) is None


def test_the_shared_views_and_ones_own_are_seen_by_name(world: World) -> None:
    ada, bob = world.user("ada"), world.user("bob")
    project = world.project(ada, "here")
    world.view(world.project(ada, "there"), ada, "elsewhere", shared=True)
    world.view(project, ada, "b mine")
    world.view(project, bob, "a theirs")
    world.view(project, bob, "c ours", shared=True)
    world.view(project, bob, "a panels", shared=True, kind=ViewKind.WORKSPACE)

    def names(kind: ViewKind | None) -> list[str]:
        return [view.name for view in world.views.seen(project.id, ada.id, kind)]

    assert names(None) == ["a panels", "b mine", "c ours"]
    assert names(ViewKind.RUNS) == ["b mine", "c ours"]
    assert world.views.own(project.id, bob.id) == 3


def test_a_view_is_replaced_only_at_its_revision(world: World) -> None:
    ada = world.user("ada")
    project = world.project(ada, "here")
    first = world.view(project, ada, "v")
    second = replace(
        first, name="w", shared=True, document={"version": 2}, revision=2, updated_by="bob"
    )
    assert world.views.replace(second, 1)
    assert not world.views.replace(replace(first, name="lost", revision=2), 1)
    assert world.views.get(project.id, first.id) == second


def test_one_view_of_a_kind_is_the_usual_one(world: World) -> None:
    ada = world.user("ada")
    project, other = world.project(ada, "here"), world.project(ada, "there")
    old = world.view(project, ada, "old", shared=True, usual=True)
    new = world.view(project, ada, "new", shared=True, usual=True)
    panels = world.view(project, ada, "p", shared=True, usual=True, kind=ViewKind.WORKSPACE)
    elsewhere = world.view(other, ada, "e", shared=True, usual=True)
    world.views.clear_usual(project.id, ViewKind.RUNS, but=new.id, at=LATER)
    assert world.views.get(project.id, old.id) == replace(
        old, usual=False, revision=2, updated_at=LATER
    )
    for kept in (new, panels):
        assert world.views.get(project.id, kept.id) == kept
    assert world.views.get(other.id, elsewhere.id) == elsewhere
