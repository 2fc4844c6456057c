"""Roles in single projects, in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from kiseki_server.domain.accounts.rules import strongest_grant
from kiseki_server.domain.accounts.types import ProjectRole
from kiseki_server.domain.projects.types import ProjectMember
from kiseki_server.kit.ids import EntityId, ProjectId, UserId
from kiseki_server.storage.sql.conflicts import insert_new
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.schema import entities, project_members, users
from kiseki_server.storage.sql.users import ENTITY_COLUMNS, USER_COLUMNS, read_entity, read_user

_OWN = (project_members.c.id, project_members.c.role)
# Every request asks this; to build it takes longer than to run it.
_GRANTS = sa.select(project_members.c.project_id, project_members.c.role).where(
    sa.or_(
        project_members.c.user_id == sa.bindparam("user"),
        project_members.c.team_id.in_(sa.bindparam("teams", expanding=True)),
    )
)


class SqlProjectMemberStore:
    """`ProjectMemberStore` on SQLite and PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def members(self, project: ProjectId) -> Sequence[ProjectMember]:
        connection = self._database.current()
        people = (
            sa.select(*_OWN, *USER_COLUMNS)
            .join(users, users.c.id == project_members.c.user_id)
            .where(project_members.c.project_id == project, users.c.removed_at.is_(None))
        )
        teams = (
            sa.select(*_OWN, *ENTITY_COLUMNS)
            .join(entities, entities.c.id == project_members.c.team_id)
            .where(project_members.c.project_id == project, entities.c.removed_at.is_(None))
        )
        found = [
            *(_read(row, read_user(row[2:])) for row in connection.execute(people)),
            *(_read(row, read_entity(row[2:])) for row in connection.execute(teams)),
        ]
        return sorted(found, key=lambda member: member.id)

    def set_user(self, project: ProjectId, user: UserId, role: ProjectRole, at: datetime) -> None:
        self._set(project, {"user_id": user}, role, at)

    def set_team(self, project: ProjectId, team: EntityId, role: ProjectRole, at: datetime) -> None:
        self._set(project, {"team_id": team}, role, at)

    def remove_user(self, project: ProjectId, user: UserId) -> bool:
        return self._remove(project, project_members.c.user_id == user)

    def remove_team(self, project: ProjectId, team: EntityId) -> bool:
        return self._remove(project, project_members.c.team_id == team)

    def grants(self, user: UserId, teams: Sequence[EntityId]) -> Mapping[ProjectId, ProjectRole]:
        found: dict[ProjectId, ProjectRole] = {}
        asked = {"user": user, "teams": list(teams)}
        for project, name in self._database.current().execute(_GRANTS, asked):
            role = ProjectRole(name)
            found[project] = strongest_grant((role, found.get(project, role)))
        return found

    def _set(
        self, project: ProjectId, member: dict[str, Any], role: ProjectRole, at: datetime
    ) -> None:
        connection = self._database.current()
        values = {"project_id": project, **member, "role": role.value, "created_at": at}
        if insert_new(connection, project_members, values, project_members.c.id) is None:
            ((column, id),) = member.items()
            connection.execute(
                sa.update(project_members)
                .where(project_members.c.project_id == project, project_members.c[column] == id)
                .values(role=role.value)
            )

    def _remove(self, project: ProjectId, member: sa.ColumnElement[bool]) -> bool:
        removed = self._database.current().execute(
            sa.delete(project_members).where(project_members.c.project_id == project, member)
        )
        return removed.rowcount > 0


def _read(row: Any, member: Any) -> ProjectMember:
    return ProjectMember(row[0], member, ProjectRole(row[1]))
