"""Administration of users, organisations and teams."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec
from litestar import Request, delete, get, post, put

from kiseki_server.domain.accounts.service import AccountService, OrganizationView
from kiseki_server.domain.accounts.types import Actor, Role
from kiseki_server.domain.projects.service import ProjectService
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.transactions import UnitOfWork
from kiseki_server.protocols.native.session import SignInLink, signin_link

RoleName = Literal["admin", "member", "viewer", "guest"]


class CreateUser(msgspec.Struct, kw_only=True):
    name: str
    email: str | None = None
    admin: bool = False
    api_key: str | None = None
    """The first key, in any form; a new one is made otherwise."""


class CreatedUser(msgspec.Struct, kw_only=True, omit_defaults=True):
    name: str
    api_key: str | None = None
    """The key that was made; absent when the request gave one."""


class UserInfo(msgspec.Struct, kw_only=True):
    name: str
    email: str | None
    admin: bool
    created_at: datetime


class Users(msgspec.Struct, kw_only=True):
    items: list[UserInfo]


class SetKey(msgspec.Struct, kw_only=True):
    api_key: str


class CreateOrganization(msgspec.Struct, kw_only=True):
    name: str
    owner: str
    """A user, who becomes the first administrator."""


class SetRole(msgspec.Struct, kw_only=True):
    role: RoleName


class CreateTeam(msgspec.Struct, kw_only=True):
    name: str
    org: str
    owner: str | None = None
    """A user, who becomes an administrator of the team."""


class Named(msgspec.Struct, kw_only=True):
    name: str


class MemberInfo(msgspec.Struct, kw_only=True):
    user: str
    role: RoleName


class OrganizationInfo(msgspec.Struct, kw_only=True):
    name: str
    created_at: datetime
    members: list[MemberInfo]
    teams: list[str]


class Organizations(msgspec.Struct, kw_only=True):
    items: list[OrganizationInfo]


@get("/admin/users", sync_to_thread=True)
def list_users(actor: Actor, accounts: AccountService, database: UnitOfWork) -> Users:
    """Everybody with an account on this server."""
    with database.transaction():
        users = accounts.users(actor)
    return Users(
        items=[
            UserInfo(name=user.name, email=user.email, admin=user.admin, created_at=user.created_at)
            for user in users
        ]
    )


@post("/admin/users", sync_to_thread=True)
def add_user(
    actor: Actor, data: CreateUser, accounts: AccountService, database: UnitOfWork
) -> CreatedUser:
    """Add a user with a first API key."""
    with database.transaction(write=True):
        user, key = accounts.add_user(
            actor, data.name, email=data.email, admin=data.admin, api_key=data.api_key
        )
    return CreatedUser(name=user.name, api_key=key if data.api_key is None else None)


@post("/admin/users/{name:str}/link", sync_to_thread=True)
def link_user(
    request: Request[Any, Any, Any],
    actor: Actor,
    name: str,
    accounts: AccountService,
    database: UnitOfWork,
    clock: Clock,
) -> SignInLink:
    """An address that signs the user in, once, in the browser that opens it first."""
    with database.transaction(write=True):
        token = accounts.signin_token(actor, name)
    return signin_link(request, token, clock)


@put("/admin/users/{name:str}/key", status_code=204, sync_to_thread=True)
def set_user_key(
    actor: Actor, name: str, data: SetKey, accounts: AccountService, database: UnitOfWork
) -> None:
    """Make this the user's only API key and end their browser sessions."""
    with database.transaction(write=True):
        accounts.set_key(actor, name, data.api_key)


@delete("/admin/users/{name:str}", sync_to_thread=True)
def remove_user(
    actor: Actor,
    name: str,
    accounts: AccountService,
    projects: ProjectService,
    database: UnitOfWork,
) -> None:
    """Remove a user with their keys, sessions, roles and personal projects."""
    with database.transaction(write=True):
        projects.delete_owned(accounts.remove_user(actor, name))


@get("/admin/orgs", sync_to_thread=True)
def list_organizations(
    actor: Actor, accounts: AccountService, database: UnitOfWork
) -> Organizations:
    """The organisations that the caller administers."""
    with database.transaction():
        return Organizations(items=[_render(view) for view in accounts.organizations(actor)])


@post("/admin/orgs", sync_to_thread=True)
def add_organization(
    actor: Actor, data: CreateOrganization, accounts: AccountService, database: UnitOfWork
) -> Named:
    """Add an organisation."""
    with database.transaction(write=True):
        return Named(name=accounts.add_organization(actor, data.name, data.owner).name)


@delete("/admin/orgs/{name:str}", sync_to_thread=True)
def remove_organization(
    actor: Actor,
    name: str,
    accounts: AccountService,
    projects: ProjectService,
    database: UnitOfWork,
) -> None:
    """Remove an organisation with its teams and their projects."""
    with database.transaction(write=True):
        projects.delete_owned(accounts.remove_organization(actor, name))


@put("/admin/orgs/{name:str}/members/{user:str}", status_code=204, sync_to_thread=True)
def set_member(
    actor: Actor,
    name: str,
    user: str,
    data: SetRole,
    accounts: AccountService,
    database: UnitOfWork,
) -> None:
    """Put a user into an organisation, or change their role."""
    with database.transaction(write=True):
        accounts.set_member(actor, name, user, Role(data.role))


@delete("/admin/orgs/{name:str}/members/{user:str}", sync_to_thread=True)
def remove_member(
    actor: Actor, name: str, user: str, accounts: AccountService, database: UnitOfWork
) -> None:
    """Take a user out of an organisation."""
    with database.transaction(write=True):
        accounts.remove_member(actor, name, user)


@post("/admin/teams", sync_to_thread=True)
def add_team(
    actor: Actor, data: CreateTeam, accounts: AccountService, database: UnitOfWork
) -> Named:
    """Add a team to an organisation."""
    with database.transaction(write=True):
        return Named(name=accounts.add_team(actor, data.name, data.org, data.owner).name)


@delete("/admin/teams/{name:str}", sync_to_thread=True)
def remove_team(
    actor: Actor,
    name: str,
    accounts: AccountService,
    projects: ProjectService,
    database: UnitOfWork,
) -> None:
    """Remove a team with its projects."""
    with database.transaction(write=True):
        projects.delete_owned(accounts.remove_team(actor, name))


def _render(view: OrganizationView) -> OrganizationInfo:
    return OrganizationInfo(
        name=view.organization.name,
        created_at=view.organization.created_at,
        members=[
            MemberInfo(user=member.user.name, role=member.role.value) for member in view.members
        ],
        teams=[team.name for team in view.teams],
    )


routes = [
    list_users,
    add_user,
    link_user,
    set_user_key,
    remove_user,
    list_organizations,
    add_organization,
    remove_organization,
    set_member,
    remove_member,
    add_team,
    remove_team,
]
