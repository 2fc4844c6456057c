"""Roles of users and teams in single projects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec
from litestar import delete, get, put

from kiseki_server.domain.accounts.types import Actor, ProjectRole, User
from kiseki_server.domain.projects.members import ProjectMembers
from kiseki_server.domain.projects.service import ProjectService
from kiseki_server.domain.projects.types import ProjectMember
from kiseki_server.kit.transactions import UnitOfWork

ProjectRoleName = Literal["admin", "member", "viewer", "restricted_viewer"]
MemberKind = Literal["users", "teams"]


class ProjectMemberInfo(msgspec.Struct, kw_only=True):
    """A user or a team with a role in the project."""

    kind: Literal["user", "team"]
    name: str
    role: ProjectRoleName


class ProjectMemberList(msgspec.Struct, kw_only=True):
    items: list[ProjectMemberInfo]


class SetProjectRole(msgspec.Struct, kw_only=True):
    role: ProjectRoleName
    """`restricted_viewer` in registries alone: without the content of files."""


@get("/projects/{entity:str}/{project:str}/members", sync_to_thread=True)
def list_project_members(
    actor: Actor,
    entity: str,
    project: str,
    projects: ProjectService,
    members: ProjectMembers,
    database: UnitOfWork,
) -> ProjectMemberList:
    """Users and teams with a role in the project itself."""
    with database.transaction():
        return member_list(members.all(projects.find(actor, entity, project)))


@put(
    "/projects/{entity:str}/{project:str}/members/{kind:str}/{name:str}",
    status_code=204,
    sync_to_thread=True,
)
def set_project_member(
    actor: Actor,
    entity: str,
    project: str,
    kind: MemberKind,
    name: str,
    data: SetProjectRole,
    projects: ProjectService,
    members: ProjectMembers,
    database: UnitOfWork,
) -> None:
    """Give a user or a team a role in the project, or change it."""
    with database.transaction(write=True):
        found = projects.find(actor, entity, project)
        member = members.named(**{kind[:-1]: name})
        members.set(actor, found, member, ProjectRole(data.role))


@delete("/projects/{entity:str}/{project:str}/members/{kind:str}/{name:str}", sync_to_thread=True)
def remove_project_member(
    actor: Actor,
    entity: str,
    project: str,
    kind: MemberKind,
    name: str,
    projects: ProjectService,
    members: ProjectMembers,
    database: UnitOfWork,
) -> None:
    """Take a user or a team out of the project; everybody may leave."""
    with database.transaction(write=True):
        found = projects.find(actor, entity, project)
        members.remove(actor, found, members.named(**{kind[:-1]: name}))


def member_list(members: Iterable[ProjectMember]) -> ProjectMemberList:
    """Members as this API shows them."""
    return ProjectMemberList(
        items=[
            ProjectMemberInfo(
                kind="user" if isinstance(each.member, User) else "team",
                name=each.member.name,
                role=each.role.value,
            )
            for each in members
        ]
    )


routes = [list_project_members, set_project_member, remove_project_member]
