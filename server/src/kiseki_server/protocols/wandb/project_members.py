"""Roles of users and teams in single projects, and what else is done to a project as a whole."""

from __future__ import annotations

from typing import Any

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.accounts.types import Entity, ProjectRole, User
from kiseki_server.domain.projects.types import Project
from kiseki_server.kit.errors import BadRequest
from kiseki_server.kit.ids import EntityId, UserId
from kiseki_server.protocols.wandb import identifiers
from kiseki_server.protocols.wandb.context import Context

Given = dict[str, Any]
Payload = dict[str, Any]


def user_members(context: Context, project: Project) -> list[dict[str, Any]]:
    """Users with a role in a project."""
    return [
        {
            "id": identifiers.encode("User", each.member.id),
            "name": each.member.name,
            "username": each.member.name,
            "email": each.member.email,
            "role": {"name": each.role.value},
        }
        for each in context.members.all(project)
        if isinstance(each.member, User)
    ]


def team_members(context: Context, project: Project) -> list[dict[str, Any]]:
    """Teams with a role in a project."""
    return [
        {"team": each.member, "role": {"name": each.role.value}}
        for each in context.members.all(project)
        if isinstance(each.member, Entity)
    ]


def create_members(context: Context, given: Given) -> Payload:
    """Add users and teams to a project; they may read until they get another role."""
    project = context.projects.check(context.actor, _project(context, given), Action.ADMIN)
    known = {(type(each.member), each.member.id) for each in context.members.all(project)}
    for member in _members(context, given):
        if (type(member), member.id) not in known:
            context.members.set(context.actor, project, member, ProjectRole.VIEWER)
    return {"success": True}


def delete_members(context: Context, given: Given) -> Payload:
    """Take users and teams out of a project."""
    project = _project(context, given)
    for member in _members(context, given):
        context.members.remove(context.actor, project, member)
    return {"success": True}


def update_member(context: Context, given: Given) -> Payload:
    """Give a user another role in a project."""
    member = context.members.numbered(user=_user(given["userId"]))
    role = _role(given["userProjectRole"])
    context.members.set(context.actor, _project(context, given), member, role)
    return {"success": True}


def update_team_member(context: Context, given: Given) -> Payload:
    """Give a team another role in a project."""
    member = context.members.numbered(team=_team(given["teamId"]))
    role = _role(given["teamProjectRole"])
    context.members.set(context.actor, _project(context, given), member, role)
    return {"success": True}


def _project(context: Context, given: Given) -> Project:
    return context.projects.get(context.actor, identifiers.project_place(given["projectId"]))


def _members(context: Context, given: Given) -> list[User | Entity]:
    return [
        *(context.members.numbered(user=_user(id)) for id in given.get("userIds") or ()),
        *(context.members.numbered(team=_team(id)) for id in given.get("teamIds") or ()),
    ]


def _user(id: str) -> UserId:
    return UserId(identifiers.number_place("User", id))


def _team(id: str) -> EntityId:
    return EntityId(identifiers.number_place("Entity", id))


def _role(name: str) -> ProjectRole:
    try:
        return ProjectRole(name)
    except ValueError:
        raise BadRequest(
            f"`{name[:80]}` is no role in a project",
            hint=f"Choose {', '.join(ProjectRole)}.",
        ) from None
