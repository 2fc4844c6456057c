"""The promises of a project store, on every adapter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from server.tests.conftest import SQL

from kiseki_server.domain.accounts.store import OrganizationStore, UserStore
from kiseki_server.domain.accounts.types import User
from kiseki_server.domain.projects.store import ProjectStore
from kiseki_server.domain.projects.types import Project, Reach, Visibility
from kiseki_server.domain.runs.store import RunStore
from kiseki_server.domain.runs.types import Run, RunState
from kiseki_server.kit.errors import BadRequest, Conflict
from kiseki_server.kit.ids import EntityId, RunId
from kiseki_server.storage.memory.accounts import (
    AccountTables,
    MemoryOrganizationStore,
    MemoryUserStore,
)
from kiseki_server.storage.memory.projects import MemoryProjectStore
from kiseki_server.storage.memory.runs import MemoryRunStore
from kiseki_server.storage.memory.transactions import MemoryTransactions
from kiseki_server.storage.sql.organizations import SqlOrganizationStore
from kiseki_server.storage.sql.projects import SqlProjectStore
from kiseki_server.storage.sql.runs import SqlRunStore
from kiseki_server.storage.sql.users import SqlUserStore

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class Stores:
    projects: ProjectStore
    users: UserStore
    organizations: OrganizationStore
    runs: RunStore

    def project(self, name: str, *, hours: int = 0, owner: str = "ada", **given: str) -> Project:
        entity = self.users.entity(owner)
        assert entity is not None
        return self.projects.add(
            entity.id,
            name,
            description=given.get("description", ""),
            visibility=Visibility(given.get("visibility", "private")),
            at=NOON + hours * HOUR,
        )[0]

    def run(self, project: Project, user: User, name: str, state: RunState, hours: int) -> Run:
        at = NOON + hours * HOUR
        return self.runs.create(
            Run(
                id=RunId(0),
                project=project.id,
                name=name,
                display_name=name,
                state=state,
                state_reason=None,
                exit_code=None,
                group=None,
                job_type=None,
                tags=(),
                notes=None,
                user=user.id,
                user_name=user.name,
                host=None,
                config={},
                summary={},
                metrics=(),
                environment={},
                client={},
                created_at=at,
                updated_at=at,
                started_at=at,
                heartbeat_at=None,
                finished_at=None,
                stop_requested=False,
            )
        )


@pytest.fixture(params=["memory", *SQL])
def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    if request.param == "memory":
        tables, runs = AccountTables(), MemoryRunStore()
        work: MemoryTransactions = MemoryTransactions()
        found = Stores(
            MemoryProjectStore(tables, runs.all),
            MemoryUserStore(tables),
            MemoryOrganizationStore(tables),
            runs,
        )
    else:
        work = request.getfixturevalue(f"{request.param}_database")
        found = Stores(
            SqlProjectStore(work),
            SqlUserStore(work),
            SqlOrganizationStore(work),
            SqlRunStore(work),
        )
    with work.transaction(write=True):
        yield found


@pytest.fixture
def ada(stores: Stores) -> User:
    return stores.users.add("Ada", email=None, admin=False, at=NOON)


def entity_of(stores: Stores, name: str) -> EntityId:
    entity = stores.users.entity(name)
    assert entity is not None
    return entity.id


def test_a_project_is_added_once(stores: Stores, ada: User) -> None:
    entity = entity_of(stores, "ada")
    add: Callable[..., tuple[Project, bool]] = stores.projects.add
    given = {"description": "first", "visibility": Visibility.INTERNAL, "at": NOON}
    project, created = add(entity, "digits", **given)
    other = {"description": "x", "visibility": Visibility.PRIVATE, "at": NOON + HOUR}
    again, created_again = add(entity, "digits", **other)
    assert (created, created_again) == (True, False)
    assert again == project == stores.projects.get(project.id)
    assert project == Project(
        id=project.id,
        entity=entity,
        entity_name="Ada",
        name="digits",
        description="first",
        visibility=Visibility.INTERNAL,
        created_at=NOON,
        updated_at=NOON,
    )
    assert stores.projects.find("aDa", "digits") == project
    assert stores.projects.find("ada", "Digits") is None
    assert stores.projects.find("bob", "digits") is None


def test_a_deleted_project_leaves_its_name(stores: Stores, ada: User) -> None:
    old = stores.project("digits")
    stores.projects.delete(old.id, NOON)
    assert stores.projects.find("ada", "digits") is None
    assert stores.projects.get(old.id) is None
    new = stores.project("digits")
    assert new.id != old.id
    assert stores.projects.page(readable=None).total == 1


def test_projects_of_a_removed_entity_are_gone(stores: Stores, ada: User) -> None:
    project = stores.project("digits")
    org = stores.organizations.add("acme", NOON)
    stores.organizations.add_team("vision", org.id, NOON)
    stores.project("cats", owner="vision")
    stores.users.remove(ada.id, NOON)
    assert stores.projects.get(project.id) is None
    assert stores.projects.find("ada", "digits") is None
    assert [p.name for p in stores.projects.readable(None)] == ["cats"]
    stores.organizations.remove(org.id, NOON)
    assert stores.projects.page(readable=None).items == ()


def test_all_projects_of_removed_owners_are_deleted(stores: Stores, ada: User) -> None:
    stores.users.add("bob", email=None, admin=False, at=NOON)
    gone, kept = stores.project("digits"), stores.project("digits", owner="bob")
    stores.users.remove(ada.id, NOON)
    stores.projects.delete_owned([gone.entity], NOON)
    assert stores.projects.get(gone.id) is None
    assert stores.projects.get(kept.id) == kept


def test_changes_show_and_names_stay_unique(stores: Stores, ada: User) -> None:
    project, other = stores.project("digits"), stores.project("cats")
    changed = stores.projects.change(
        project.id,
        name="numbers",
        description="new",
        visibility=Visibility.INTERNAL,
        at=NOON + HOUR,
    )
    assert changed == replace(
        project,
        name="numbers",
        description="new",
        visibility=Visibility.INTERNAL,
        updated_at=NOON + HOUR,
    )
    assert stores.projects.find("ada", "numbers") == changed
    with pytest.raises(Conflict, match="`cats`"):
        stores.projects.change(project.id, name="cats", at=NOON)
    assert stores.projects.change(other.id, name="cats", at=NOON).name == "cats"


def test_a_page_counts_runs_and_orders_by_activity(stores: Stores, ada: User) -> None:
    quiet, busy, new = (
        stores.project("quiet"),
        stores.project("busy", hours=1),
        stores.project("new", hours=3),
    )
    stores.run(busy, ada, "a", RunState.RUNNING, 2)
    stores.run(busy, ada, "b", RunState.FINISHED, 4)
    gone = stores.run(busy, ada, "c", RunState.FINISHED, 5)
    stores.runs.update([(gone, replace(gone, deleted_at=NOON))])
    page = stores.projects.page(readable=Reach((quiet.entity,)))
    assert [item.project for item in page.items] == [busy, new, quiet]
    assert (page.total, page.cursor) == (3, None)
    first = page.items[0]
    assert (first.runs, first.states) == (2, {"running": 1, "finished": 1})
    assert first.last_run_at == NOON + 4 * HOUR
    assert first == stores.projects.activity(busy)
    assert page.items[2] == stores.projects.activity(quiet)


def test_pages_follow_each_other(stores: Stores, ada: User) -> None:
    for number in range(5):  # two of them at the same moment
        stores.project(f"p{number}", hours=number // 2)
    names: list[str] = []
    cursor: str | None = None
    for _ in range(3):
        page = stores.projects.page(readable=None, limit=2, cursor=cursor)
        names += [item.project.name for item in page.items]
        cursor = page.cursor
        assert page.total == 5
    assert names == ["p4", "p3", "p2", "p1", "p0"]
    assert cursor is None
    with pytest.raises(BadRequest, match="`nonsense` is no cursor"):
        stores.projects.page(readable=None, cursor="nonsense")


def test_search_finds_part_of_either_name_literally(stores: Stores, ada: User) -> None:
    for name in ("100% sure", "100 sure", "a_b", "axb", "a/b", "Digits"):
        stores.project(name)

    def found(text: str) -> list[str]:
        page = stores.projects.page(readable=None, search=text)
        assert page.total == len(page.items)
        return sorted(item.project.name for item in page.items)

    assert found("0%") == ["100% sure"]
    assert found("A_B") == ["a_b"]
    assert found("a/") == ["a/b"]
    assert found("dig") == ["Digits"]
    assert len(found("ad")) == 6
    assert found("nothing") == []


def test_only_readable_and_internal_projects_appear(stores: Stores, ada: User) -> None:
    stores.users.add("bob", email=None, admin=False, at=NOON)
    stores.project("mine")
    hidden = stores.project("hidden", owner="bob")
    shown = stores.project("shown", owner="bob", visibility="internal")
    mine = [entity_of(stores, "ada")]

    def names(**query: object) -> list[str]:
        page = stores.projects.page(**query)  # pyright: ignore[reportArgumentType]
        assert page.total == len(page.items)
        return sorted(item.project.name for item in page.items)

    assert names(readable=Reach(tuple(mine))) == ["mine", "shown"]
    assert names(readable=Reach(tuple(mine)), entity=hidden.entity) == ["shown"]
    assert names(readable=Reach()) == ["shown"]
    assert names(readable=None) == ["hidden", "mine", "shown"]
    assert shown in stores.projects.readable(Reach(tuple(mine)))
    assert hidden not in stores.projects.readable(Reach(tuple(mine)))
    assert len(stores.projects.readable(None)) == 3
