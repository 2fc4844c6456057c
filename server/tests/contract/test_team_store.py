"""The promises of the stores of teams, organisations and roles in projects, on every adapter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from server.tests.conftest import SQL

from kiseki_server.domain.accounts.store import OrganizationStore, TeamStore, UserStore
from kiseki_server.domain.accounts.types import Entity, EntityKind, Member, ProjectRole, Role, User
from kiseki_server.domain.projects.store import ProjectMemberStore, ProjectStore
from kiseki_server.domain.projects.types import ProjectKind, Reach, Visibility
from kiseki_server.kit.errors import Conflict
from kiseki_server.kit.transactions import UnitOfWork
from kiseki_server.storage.memory.accounts import (
    AccountTables,
    MemoryOrganizationStore,
    MemoryUserStore,
)
from kiseki_server.storage.memory.project_members import MemoryProjectMemberStore
from kiseki_server.storage.memory.projects import MemoryProjectStore
from kiseki_server.storage.memory.teams import MemoryTeamStore
from kiseki_server.storage.memory.transactions import MemoryTransactions
from kiseki_server.storage.sql.organizations import SqlOrganizationStore
from kiseki_server.storage.sql.project_members import SqlProjectMemberStore
from kiseki_server.storage.sql.projects import SqlProjectStore
from kiseki_server.storage.sql.teams import SqlTeamStore
from kiseki_server.storage.sql.users import SqlUserStore

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@dataclass
class Stores:
    users: UserStore
    organizations: OrganizationStore
    teams: TeamStore
    projects: ProjectStore
    members: ProjectMemberStore

    def user(self, name: str) -> User:
        return self.users.add(name, email=f"{name}@Example.org", admin=False, at=NOON)

    def roles(self, user: User) -> list[tuple[str, str]]:
        return [(m.entity.name, m.role.value) for m in self.users.memberships(user.id)]


@pytest.fixture(params=["memory", *SQL])
def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    work: UnitOfWork
    if request.param == "memory":
        tables = AccountTables()
        work = MemoryTransactions()
        found = Stores(
            MemoryUserStore(tables),
            MemoryOrganizationStore(tables),
            MemoryTeamStore(tables),
            MemoryProjectStore(tables),
            MemoryProjectMemberStore(tables),
        )
    else:
        database = request.getfixturevalue(f"{request.param}_database")
        work = database
        found = Stores(
            SqlUserStore(database),
            SqlOrganizationStore(database),
            SqlTeamStore(database),
            SqlProjectStore(database),
            SqlProjectMemberStore(database),
        )
    with work.transaction(write=True):
        yield found


@pytest.fixture
def vision(stores: Stores) -> Entity:
    return stores.organizations.add_team("vision", stores.organizations.add("acme", NOON).id, NOON)


def test_an_organisation_has_an_entity_that_is_no_team(stores: Stores) -> None:
    stores.user("acme-org")
    assert not stores.organizations.complete(NOON)
    org = stores.organizations.add("acme", NOON)
    assert (org.entity.name, org.entity.kind) == ("acme-org-2", EntityKind.ORGANIZATION)
    assert org.entity.org == org.id
    assert (
        stores.users.entity("ACME-ORG-2") == org.entity == stores.users.entity_by_id(org.entity.id)
    )
    assert stores.organizations.teams([org.id]) == {org.id: []}
    ada = stores.user("ada")
    stores.organizations.set_member(org.id, ada.id, Role.ADMIN)
    assert stores.roles(ada) == [("ada", "admin")]
    (membership,) = stores.users.organizations(ada.id)
    assert (membership.organization, membership.role) == (org, Role.ADMIN)
    assert stores.organizations.complete(NOON)
    stores.organizations.remove(org.id, NOON)
    assert stores.organizations.complete(NOON)
    assert stores.organizations.all() == []


def test_a_renamed_organisation_keeps_its_entity(stores: Stores) -> None:
    org = stores.organizations.add("acme", NOON)
    stores.organizations.add("other", NOON)
    with pytest.raises(Conflict, match="organisation called `OTHER`"):
        stores.organizations.rename(org.id, "OTHER")
    stores.organizations.rename(org.id, "apex")
    renamed = stores.organizations.named("apex")
    assert renamed is not None
    assert (renamed.id, renamed.entity) == (org.id, org.entity)
    assert stores.organizations.named("acme") is None


def test_guests_reach_only_the_teams_that_have_them(stores: Stores, vision: Entity) -> None:
    assert vision.org is not None
    stores.organizations.add_team("audio", vision.org, NOON)
    ada = stores.user("ada")
    stores.organizations.set_member(vision.org, ada.id, Role.GUEST)
    assert stores.roles(ada) == [("ada", "admin")]
    stores.teams.set_member(vision.id, ada.id, Role.VIEWER)
    stores.teams.set_member(vision.id, ada.id, Role.MEMBER)
    assert stores.roles(ada) == [("ada", "admin"), ("vision", "member")]
    assert stores.teams.members([vision.id]) == {vision.id: [Member(ada, Role.MEMBER)]}
    stores.organizations.set_member(vision.org, ada.id, Role.VIEWER)
    assert stores.roles(ada) == [("ada", "admin"), ("audio", "viewer"), ("vision", "member")]
    assert stores.teams.remove_member(vision.id, ada.id)
    assert not stores.teams.remove_member(vision.id, ada.id)
    stores.teams.set_member(vision.id, ada.id, Role.ADMIN)
    stores.organizations.remove_member(vision.org, ada.id)
    assert stores.roles(ada) == [("ada", "admin")]
    assert stores.users.organizations(ada.id) == []


def test_a_service_account_is_a_member_of_its_team(stores: Stores, vision: Entity) -> None:
    machine = stores.users.add("ci", email=None, admin=False, at=NOON, service_of=vision.id)
    assert (machine.service_of, machine.default_entity) == (vision.id, vision.id)
    assert stores.users.get(machine.id) == machine
    assert stores.roles(machine) == [("ci", "admin"), ("vision", "member")]
    (org,) = stores.users.organizations(machine.id)
    assert (org.organization.id, org.role) == (vision.org, Role.GUEST)
    assert stores.teams.service_accounts(vision.id) == [machine]
    stores.users.remove(machine.id, NOON)
    assert stores.teams.service_accounts(vision.id) == []


def test_the_default_entity_is_remembered(stores: Stores, vision: Entity) -> None:
    ada = stores.user("ada")
    stores.users.set_default_entity(ada.id, vision.id)
    changed = stores.users.get(ada.id)
    assert changed is not None
    assert changed.default_entity == vision.id
    stores.users.set_default_entity(ada.id, None)
    assert stores.users.get(ada.id) == ada
    assert stores.users.with_email("ADA@example.ORG") == [ada]


def test_an_invite_waits_for_its_address(stores: Stores, vision: Entity) -> None:
    ada = stores.user("ada")
    given = {"invited_by": ada.id, "at": NOON}
    first = stores.teams.invite(vision.id, "New@Example.org", Role.VIEWER, **given)
    again = stores.teams.invite(
        vision.id, "new@example.org", Role.ADMIN, invited_by=ada.id, at=NOON + timedelta(hours=1)
    )
    assert (again.id, again.role) == (first.id, Role.ADMIN)
    assert stores.teams.invites(vision.id) == [again] == stores.teams.invites_of("NEW@example.org")
    assert stores.teams.remove_invite(first.id)
    assert not stores.teams.remove_invite(first.id)
    assert stores.teams.invites(vision.id) == []


def test_roles_in_projects_come_from_people_and_teams(stores: Stores, vision: Entity) -> None:
    ada, org = stores.user("ada"), stores.organizations.named("acme")
    assert org is not None
    project, _ = stores.projects.add(
        org.entity.id,
        "wandb-registry-model",
        description="",
        visibility=Visibility.PRIVATE,
        at=NOON,
        kind=ProjectKind.REGISTRY,
        any_type=False,
    )
    assert (project.kind, project.any_type, project.org) == (ProjectKind.REGISTRY, False, org.id)
    stores.members.set_user(project.id, ada.id, ProjectRole.RESTRICTED_VIEWER, NOON)
    stores.members.set_team(project.id, vision.id, ProjectRole.ADMIN, NOON)
    stores.members.set_team(project.id, vision.id, ProjectRole.MEMBER, NOON)
    found = [(m.member, m.role) for m in stores.members.members(project.id)]
    assert found == [(ada, ProjectRole.RESTRICTED_VIEWER), (vision, ProjectRole.MEMBER)]
    assert stores.members.grants(ada.id, []) == {project.id: ProjectRole.RESTRICTED_VIEWER}
    assert stores.members.grants(ada.id, [vision.id]) == {project.id: ProjectRole.MEMBER}
    assert stores.members.remove_user(project.id, ada.id)
    assert not stores.members.remove_user(project.id, ada.id)
    assert stores.members.remove_team(project.id, vision.id)
    assert stores.members.grants(ada.id, [vision.id]) == {}


def test_reach_opens_single_projects_and_those_of_the_organisation(
    stores: Stores, vision: Entity
) -> None:
    def add(name: str, visibility: Visibility, kind: ProjectKind = ProjectKind.PROJECT) -> int:
        given = {"description": "", "visibility": visibility, "at": NOON, "kind": kind}
        return stores.projects.add(vision.id, name, **given)[0].id  # pyright: ignore[reportArgumentType]

    hidden, shared = add("hidden", Visibility.PRIVATE), add("shared", Visibility.ORGANIZATION)
    registry = add("models", Visibility.ORGANIZATION, ProjectKind.REGISTRY)
    assert vision.org is not None

    def seen(reach: Reach | None, kind: ProjectKind | None = None) -> list[int]:
        return [project.id for project in stores.projects.readable(reach, kind=kind)]

    assert seen(None) == [hidden, shared, registry]
    assert seen(Reach()) == []
    assert seen(Reach(orgs=(vision.org,))) == [shared, registry]
    assert seen(Reach(projects=(stores.projects.readable(None)[0].id,))) == [hidden]
    assert seen(Reach(entities=(vision.id,)), ProjectKind.REGISTRY) == [registry]
    page = stores.projects.page(readable=None)
    assert [item.project.name for item in page.items] == ["shared", "hidden"]
    assert page.total == 2
