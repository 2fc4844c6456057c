"""Roles in single projects, in memory, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from kiseki_server.domain.accounts.rules import strongest_grant
from kiseki_server.domain.accounts.types import Entity, ProjectRole, User
from kiseki_server.domain.projects.types import ProjectMember
from kiseki_server.kit.ids import EntityId, ProjectId, UserId
from kiseki_server.storage.memory.accounts import AccountTables


class MemoryProjectMemberStore:
    """`ProjectMemberStore` in memory."""

    def __init__(self, tables: AccountTables) -> None:
        self._tables = tables
        self._members: dict[tuple[ProjectId, str, int], tuple[int, ProjectRole]] = {}

    def members(self, project: ProjectId) -> Sequence[ProjectMember]:
        found = [
            ProjectMember(id, member, role)
            for (at, kind, member_id), (id, role) in self._members.items()
            if at == project and (member := self._member(kind, member_id)) is not None
        ]
        return sorted(found, key=lambda member: member.id)

    def set_user(self, project: ProjectId, user: UserId, role: ProjectRole, at: datetime) -> None:
        self._set((project, "user", user), role)

    def set_team(self, project: ProjectId, team: EntityId, role: ProjectRole, at: datetime) -> None:
        self._set((project, "team", team), role)

    def remove_user(self, project: ProjectId, user: UserId) -> bool:
        return self._members.pop((project, "user", user), None) is not None

    def remove_team(self, project: ProjectId, team: EntityId) -> bool:
        return self._members.pop((project, "team", team), None) is not None

    def grants(self, user: UserId, teams: Sequence[EntityId]) -> Mapping[ProjectId, ProjectRole]:
        mine = {("user", int(user)), *(("team", int(team)) for team in teams)}
        found: dict[ProjectId, ProjectRole] = {}
        for (project, kind, member), (_, role) in self._members.items():
            if (kind, member) in mine:
                found[project] = strongest_grant((role, found.get(project, role)))
        return found

    def _set(self, key: tuple[ProjectId, str, int], role: ProjectRole) -> None:
        known = self._members.get(key)
        self._members[key] = (next(self._tables.ids) if known is None else known[0], role)

    def _member(self, kind: str, id: int) -> User | Entity | None:
        if kind == "user":
            return self._tables.users.get(UserId(id))
        return self._tables.entities.get(EntityId(id))
