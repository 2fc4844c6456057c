"""Teams: their members, invites and service accounts."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec
from litestar import delete, get, post, put

from kiseki_server.domain.accounts.teams import TeamService, TeamView
from kiseki_server.domain.accounts.types import Actor, Role
from kiseki_server.domain.projects.service import ProjectService
from kiseki_server.kit.transactions import UnitOfWork
from kiseki_server.protocols.native.admin import Named

TeamRole = Literal["admin", "member", "viewer"]


class MakeTeam(msgspec.Struct, kw_only=True):
    name: str
    org: str | None = None
    """The one organisation that the caller administers, without one."""
    admin: str | None = None
    """A user, who administers the team; the caller without one."""


class TeamMemberInfo(msgspec.Struct, kw_only=True):
    user: str
    email: str | None
    role: str


class InviteInfo(msgspec.Struct, kw_only=True):
    """A place that waits for an account with this address."""

    id: int
    email: str
    role: str
    created_at: datetime


class TeamInfo(msgspec.Struct, kw_only=True):
    name: str
    members: list[TeamMemberInfo]
    """With the stronger of the roles in the team and in its organisation."""
    service_accounts: list[str]
    invites: list[InviteInfo]


class SetTeamRole(msgspec.Struct, kw_only=True):
    role: TeamRole


class InviteSomebody(msgspec.Struct, kw_only=True):
    """By the name of a user, or by an address."""

    email: str | None = None
    user: str | None = None
    role: TeamRole = "member"


class InviteOutcome(msgspec.Struct, kw_only=True):
    """Either the user, who is a member now, or the invite that waits."""

    user: str | None
    invite: InviteInfo | None


class AddServiceAccount(msgspec.Struct, kw_only=True):
    description: str


class NewServiceAccount(msgspec.Struct, kw_only=True):
    name: str
    api_key: str
    """Shown this once."""


@post("/teams", sync_to_thread=True)
def make_team(actor: Actor, data: MakeTeam, teams: TeamService, database: UnitOfWork) -> Named:
    """Add a team to an organisation."""
    with database.transaction(write=True):
        return Named(name=teams.create(actor, data.name, org=data.org, admin=data.admin).name)


@get("/teams/{team:str}", sync_to_thread=True)
def read_team(actor: Actor, team: str, teams: TeamService, database: UnitOfWork) -> TeamInfo:
    """A team that the caller reaches."""
    with database.transaction():
        return _render(teams.view(actor, team))


@put("/teams/{team:str}/members/{user:str}", status_code=204, sync_to_thread=True)
def set_team_member(
    actor: Actor,
    team: str,
    user: str,
    data: SetTeamRole,
    teams: TeamService,
    database: UnitOfWork,
) -> None:
    """Put a user into a team, or change their role in it."""
    with database.transaction(write=True):
        teams.set_member(actor, team, user, Role(data.role))


@delete("/teams/{team:str}/members/{user:str}", sync_to_thread=True)
def remove_team_member(
    actor: Actor, team: str, user: str, teams: TeamService, database: UnitOfWork
) -> None:
    """Take a user out of a team; everybody may leave."""
    with database.transaction(write=True):
        teams.remove_member(actor, team, user)


@post("/teams/{team:str}/invites", sync_to_thread=True)
def invite(
    actor: Actor, team: str, data: InviteSomebody, teams: TeamService, database: UnitOfWork
) -> InviteOutcome:
    """Invite somebody; who has an account is a member at once."""
    with database.transaction(write=True):
        outcome = teams.invite(actor, team, email=data.email, user=data.user, role=Role(data.role))
    made = outcome.invite
    return InviteOutcome(
        user=outcome.user.name if outcome.user else None,
        invite=InviteInfo(
            id=made.id, email=made.email, role=made.role.value, created_at=made.created_at
        )
        if made
        else None,
    )


@delete("/teams/{team:str}/invites/{id:int}", sync_to_thread=True)
def remove_invite(
    actor: Actor, team: str, id: int, teams: TeamService, database: UnitOfWork
) -> None:
    """Take an invitation back."""
    with database.transaction(write=True):
        teams.remove_invite(actor, team, id)


@post("/teams/{team:str}/service-accounts", sync_to_thread=True)
def add_service_account(
    actor: Actor,
    team: str,
    data: AddServiceAccount,
    teams: TeamService,
    database: UnitOfWork,
) -> NewServiceAccount:
    """Add an account for a machine, a member of this team alone."""
    with database.transaction(write=True):
        user, key = teams.add_service_account(actor, team, data.description)
    return NewServiceAccount(name=user.name, api_key=key)


@delete("/teams/{team:str}/service-accounts/{name:str}", sync_to_thread=True)
def remove_service_account(
    actor: Actor,
    team: str,
    name: str,
    teams: TeamService,
    projects: ProjectService,
    database: UnitOfWork,
) -> None:
    """Remove a machine's account with its keys."""
    with database.transaction(write=True):
        projects.delete_owned(teams.remove_service_account(actor, team, name))


def _render(view: TeamView) -> TeamInfo:
    return TeamInfo(
        name=view.team.name,
        members=[
            TeamMemberInfo(user=m.user.name, email=m.user.email, role=m.role.value)
            for m in view.members
        ],
        service_accounts=[user.name for user in view.service_accounts],
        invites=[
            InviteInfo(id=i.id, email=i.email, role=i.role.value, created_at=i.created_at)
            for i in view.invites
        ],
    )


routes = [
    make_team,
    read_team,
    set_team_member,
    remove_team_member,
    invite,
    remove_invite,
    add_service_account,
    remove_service_account,
]
