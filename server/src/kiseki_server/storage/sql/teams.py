"""Members of teams themselves, service accounts and invites, in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from kiseki_server.domain.accounts.types import Invite, Member, Role, User
from kiseki_server.kit.ids import EntityId, UserId
from kiseki_server.storage.sql.conflicts import upsert
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.schema import invites, team_members, users
from kiseki_server.storage.sql.users import USER_COLUMNS, read_user

_INVITE_COLUMNS = (
    invites.c.id,
    invites.c.entity_id,
    invites.c.email,
    invites.c.role,
    invites.c.invited_by,
    invites.c.created_at,
)


class SqlTeamStore:
    """`TeamStore` on SQLite and PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def set_member(self, team: EntityId, user: UserId, role: Role) -> None:
        upsert(
            self._database.current(),
            team_members,
            {"entity_id": team, "user_id": user},
            {"role": role.value},
        )

    def remove_member(self, team: EntityId, user: UserId) -> bool:
        removed = self._database.current().execute(
            sa.delete(team_members).where(
                team_members.c.entity_id == team, team_members.c.user_id == user
            )
        )
        return removed.rowcount > 0

    def members(self, teams: Sequence[EntityId]) -> Mapping[EntityId, Sequence[Member]]:
        found: dict[EntityId, list[Member]] = {team: [] for team in teams}
        query = (
            sa.select(*USER_COLUMNS, team_members.c.role, team_members.c.entity_id)
            .join(team_members, team_members.c.user_id == users.c.id)
            .where(team_members.c.entity_id.in_(teams))
            .order_by(sa.func.lower(users.c.name))
        )
        for row in self._database.current().execute(query):
            found[row.entity_id].append(Member(read_user(row), Role(row.role)))
        return found

    def service_accounts(self, team: EntityId) -> Sequence[User]:
        query = (
            sa.select(*USER_COLUMNS)
            .where(users.c.service_of == team, users.c.removed_at.is_(None))
            .order_by(users.c.id)
        )
        return [read_user(row) for row in self._database.current().execute(query)]

    def invite(
        self, team: EntityId, email: str, role: Role, *, invited_by: UserId, at: datetime
    ) -> Invite:
        key = {"entity_id": team, "email": email.lower()}
        values = {"role": role.value, "invited_by": invited_by, "created_at": at}
        upsert(self._database.current(), invites, key, values)
        same = sa.and_(invites.c.entity_id == team, invites.c.email == email.lower())
        (made,) = self._invites(same)
        return made

    def invites(self, team: EntityId) -> Sequence[Invite]:
        return self._invites(invites.c.entity_id == team)

    def invites_of(self, email: str) -> Sequence[Invite]:
        return self._invites(invites.c.email == email.lower())

    def remove_invite(self, invite: int) -> bool:
        removed = self._database.current().execute(sa.delete(invites).where(invites.c.id == invite))
        return removed.rowcount > 0

    def _invites(self, condition: sa.ColumnElement[bool]) -> list[Invite]:
        query = sa.select(*_INVITE_COLUMNS).where(condition).order_by(invites.c.id)
        return [
            Invite(row.id, row.entity_id, row.email, Role(row.role), row.invited_by, row.created_at)
            for row in self._database.current().execute(query)
        ]
