"""Registries of an organisation."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar import delete, get, patch, post, put
from litestar.params import Parameter

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.accounts.service import AccountService
from kiseki_server.domain.accounts.types import Actor, ProjectRole
from kiseki_server.domain.filters.expression import parse
from kiseki_server.domain.filters.rules import Kinds
from kiseki_server.domain.filters.tree import Filter
from kiseki_server.domain.projects.members import ProjectMembers
from kiseki_server.domain.projects.service import ProjectService
from kiseki_server.domain.projects.types import Project, Visibility
from kiseki_server.domain.registry.filtering import registry_kind
from kiseki_server.domain.registry.names import bare_name
from kiseki_server.domain.registry.search import RegistrySearch
from kiseki_server.domain.registry.service import RegistryService
from kiseki_server.domain.registry.types import Hit, RegistryChange, RegistryQuery
from kiseki_server.kit.errors import BadRequest
from kiseki_server.kit.pagination import checked_limit
from kiseki_server.kit.transactions import UnitOfWork
from kiseki_server.protocols.native.project_members import (
    MemberKind,
    ProjectMemberList,
    SetProjectRole,
    member_list,
)

RegistryVisibility = Literal["private", "organization"]


class RegistryInfo(msgspec.Struct, kw_only=True):
    """A registry with what it accepts."""

    name: str
    entity: str
    project: str
    """Its name as a project, with the prefix that clients write."""
    description: str
    visibility: RegistryVisibility
    """`private`: for its members; `organization`: for everybody in it."""
    any_type: bool
    """It accepts artifacts of any type."""
    types: list[str]
    """Accepted types; with `any_type` those that were used."""
    protected_aliases: list[str]
    """Aliases that only administrators move."""
    created_at: datetime
    updated_at: datetime
    can_write: bool


class Registries(msgspec.Struct, kw_only=True):
    items: list[RegistryInfo]
    cursor: str | None
    """Opens the next page; null at the end."""
    total: int


class CreateRegistry(msgspec.Struct, kw_only=True):
    name: str
    description: str = ""
    visibility: RegistryVisibility = "organization"
    types: list[str] = []
    """Accepted types of artifacts; any without them."""


class ChangeRegistry(msgspec.Struct, kw_only=True):
    """What is absent stays as it is. Types are added; none is taken away."""

    name: str | None = None
    description: str | None = None
    visibility: RegistryVisibility | None = None
    any_type: bool | None = None
    add_types: list[str] = []


class ProtectAliases(msgspec.Struct, kw_only=True):
    aliases: list[str]


class SearchHit(msgspec.Struct, kw_only=True):
    """Something in which the text was found."""

    kind: Literal["registry"]
    registry: str
    field: str
    """Where it stands: `name` or `description`."""
    text: str
    """What stands there."""


class SearchHits(msgspec.Struct, kw_only=True):
    items: list[SearchHit]


class RegistryAction(msgspec.Struct, kw_only=True):
    """Something that somebody did."""

    id: int
    at: datetime
    user: str | None
    action: str
    registry: str
    details: dict[str, object]


class RegistryActions(msgspec.Struct, kw_only=True):
    items: list[RegistryAction]


@get("/orgs/{org:str}/registries", sync_to_thread=True)
def list_registries(
    actor: Actor,
    org: str,
    accounts: AccountService,
    projects: ProjectService,
    registries: RegistryService,
    registry_search: RegistrySearch,
    database: UnitOfWork,
    registry_filter: Annotated[
        str,
        Parameter(description='Which ones: `name ~ "models" and created_at > "2026-01-01"`'),
    ] = "",
    limit: int = 100,
    cursor: str | None = None,
) -> Registries:
    """The organisation's registries that the caller may read, by name."""
    query = RegistryQuery(
        registries=_filter(registry_filter, registry_kind),
        limit=checked_limit(limit),
        cursor=cursor,
    )
    with database.transaction():
        found = accounts.organization(actor, org)
        page = registry_search.registries(actor, found, query)
        items = [_render(project, actor, registries, projects) for project in page.items]
    return Registries(items=items, cursor=page.cursor, total=page.total)


@post("/orgs/{org:str}/registries", sync_to_thread=True)
def create_registry(
    actor: Actor,
    org: str,
    data: CreateRegistry,
    accounts: AccountService,
    projects: ProjectService,
    registries: RegistryService,
    database: UnitOfWork,
) -> RegistryInfo:
    """Add a registry to an organisation; for its administrators and members."""
    with database.transaction(write=True):
        project = registries.create(
            actor,
            accounts.organization(actor, org),
            data.name,
            description=data.description,
            visibility=Visibility(data.visibility),
            types=data.types,
        )
        return _render(project, actor, registries, projects)


@get("/orgs/{org:str}/registries/{name:str}", sync_to_thread=True)
def read_registry(
    actor: Actor,
    org: str,
    name: str,
    accounts: AccountService,
    projects: ProjectService,
    registries: RegistryService,
    database: UnitOfWork,
) -> RegistryInfo:
    """One registry."""
    with database.transaction():
        project = registries.find(actor, accounts.organization(actor, org), name)
        return _render(project, actor, registries, projects)


@patch("/orgs/{org:str}/registries/{name:str}", sync_to_thread=True)
def change_registry(
    actor: Actor,
    org: str,
    name: str,
    data: ChangeRegistry,
    accounts: AccountService,
    projects: ProjectService,
    registries: RegistryService,
    database: UnitOfWork,
) -> RegistryInfo:
    """Change a registry; for its administrators."""
    change = RegistryChange(
        name=data.name,
        description=data.description,
        visibility=None if data.visibility is None else Visibility(data.visibility),
        any_type=data.any_type,
        add_types=tuple(data.add_types),
    )
    with database.transaction(write=True):
        found = registries.find(actor, accounts.organization(actor, org), name)
        changed = registries.change(actor, found, change)
        return _render(changed, actor, registries, projects)


@delete("/orgs/{org:str}/registries/{name:str}", sync_to_thread=True)
def delete_registry(
    actor: Actor,
    org: str,
    name: str,
    accounts: AccountService,
    registries: RegistryService,
    database: UnitOfWork,
) -> None:
    """Delete a registry; for its administrators."""
    with database.transaction(write=True):
        registries.delete(actor, registries.find(actor, accounts.organization(actor, org), name))


@put("/orgs/{org:str}/registries/{name:str}/protected-aliases", sync_to_thread=True)
def protect_aliases(
    actor: Actor,
    org: str,
    name: str,
    data: ProtectAliases,
    accounts: AccountService,
    projects: ProjectService,
    registries: RegistryService,
    database: UnitOfWork,
) -> RegistryInfo:
    """Say which aliases only administrators of the registry move, instead of those before."""
    with database.transaction(write=True):
        found = registries.find(actor, accounts.organization(actor, org), name)
        registries.protect_aliases(actor, found, data.aliases)
        return _render(found, actor, registries, projects)


@get("/orgs/{org:str}/registries/{name:str}/members", sync_to_thread=True)
def list_registry_members(
    actor: Actor,
    org: str,
    name: str,
    accounts: AccountService,
    registries: RegistryService,
    database: UnitOfWork,
) -> ProjectMemberList:
    """Users and teams with a role in the registry."""
    with database.transaction():
        found = registries.find(actor, accounts.organization(actor, org), name)
        return member_list(registries.members(found))


@put(
    "/orgs/{org:str}/registries/{name:str}/members/{kind:str}/{member:str}",
    status_code=204,
    sync_to_thread=True,
)
def set_registry_member(
    actor: Actor,
    org: str,
    name: str,
    kind: MemberKind,
    member: str,
    data: SetProjectRole,
    accounts: AccountService,
    members: ProjectMembers,
    registries: RegistryService,
    database: UnitOfWork,
) -> None:
    """Give a user or a team of the organisation a role in the registry, or change it."""
    with database.transaction(write=True):
        found = registries.find(actor, accounts.organization(actor, org), name, Action.ADMIN)
        who = members.named(**{kind[:-1]: member})
        members.set(actor, found, who, ProjectRole(data.role))


@delete(
    "/orgs/{org:str}/registries/{name:str}/members/{kind:str}/{member:str}", sync_to_thread=True
)
def remove_registry_member(
    actor: Actor,
    org: str,
    name: str,
    kind: MemberKind,
    member: str,
    accounts: AccountService,
    members: ProjectMembers,
    registries: RegistryService,
    database: UnitOfWork,
) -> None:
    """Take a user or a team out of the registry; everybody may leave."""
    with database.transaction(write=True):
        found = registries.find(actor, accounts.organization(actor, org), name)
        members.remove(actor, found, members.named(**{kind[:-1]: member}))


@get("/orgs/{org:str}/registry-search", sync_to_thread=True)
def search_registries(
    actor: Actor,
    org: str,
    accounts: AccountService,
    registry_search: RegistrySearch,
    database: UnitOfWork,
    q: Annotated[str, Parameter(description="Part of a name or a description")],
    limit: int = 50,
) -> SearchHits:
    """Registries in which a text stands."""
    with database.transaction():
        found = accounts.organization(actor, org)
        hits = registry_search.search(actor, found, q, limit=checked_limit(limit))
    return SearchHits(items=[_hit(hit) for hit in hits])


@get("/orgs/{org:str}/actions", sync_to_thread=True)
def list_registry_actions(
    actor: Actor,
    org: str,
    accounts: AccountService,
    registries: RegistryService,
    database: UnitOfWork,
    registry: Annotated[str | None, Parameter(description="Only in this one")] = None,
    before: Annotated[int | None, Parameter(description="Only those with lower ids")] = None,
    limit: int = 100,
) -> RegistryActions:
    """Who did what in the registries that the caller may read, the latest first."""
    if before is not None and not 0 <= before < 1 << 63:
        raise BadRequest(f"`before` is the id of an action, not {str(before)[:80]}")
    with database.transaction():
        found = accounts.organization(actor, org)
        chosen = (
            registries.readable(actor, found)
            if registry is None
            else [registries.find(actor, found, registry)]
        )
        actions = registries.actions(chosen, limit=checked_limit(limit), before=before)
        names = accounts.names(action.user for action in actions if action.user is not None)
    called = {project.id: bare_name(project.name) for project in chosen}
    return RegistryActions(
        items=[
            RegistryAction(
                id=action.id,
                at=action.at,
                user=None if action.user is None else names.get(action.user),
                action=action.action,
                registry=called[action.project],
                details=dict(action.details),
            )
            for action in actions
        ]
    )


def _render(
    project: Project, actor: Actor, registries: RegistryService, projects: ProjectService
) -> RegistryInfo:
    view = registries.view(project)
    return RegistryInfo(
        name=view.name,
        entity=project.entity_name,
        project=project.name,
        description=project.description,
        visibility="private" if project.visibility is Visibility.PRIVATE else "organization",
        any_type=project.any_type,
        types=[known.name for known in view.types],
        protected_aliases=sorted(view.protected),
        created_at=project.created_at,
        updated_at=project.updated_at,
        can_write=projects.can_write(actor, project),
    )


def _filter(text: str, kinds: Kinds) -> Filter | None:
    return parse(text, kinds) if text.strip() else None


def _hit(hit: Hit) -> SearchHit:
    return SearchHit(
        kind="registry",
        registry=bare_name(hit.registry.name),
        field=hit.field,
        text=hit.text,
    )


routes = [
    list_registries,
    create_registry,
    read_registry,
    change_registry,
    delete_registry,
    protect_aliases,
    list_registry_members,
    set_registry_member,
    remove_registry_member,
    search_registries,
    list_registry_actions,
]
