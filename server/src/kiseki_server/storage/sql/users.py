"""Users and the names that own projects, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from kiseki_server.domain.accounts.rules import compared
from kiseki_server.domain.accounts.types import Entity, EntityKind, Membership, Role, User
from kiseki_server.kit.errors import Conflict
from kiseki_server.kit.ids import EntityId, UserId
from kiseki_server.storage.sql.conflicts import insert_new
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.schema import entities, organization_members, users

USER_COLUMNS = (users.c.id, users.c.name, users.c.email, users.c.admin, users.c.created_at)
ENTITY_COLUMNS = (
    entities.c.id,
    entities.c.name,
    entities.c.kind,
    entities.c.user_id,
    entities.c.org_id,
)


def read_user(row: Any) -> User:
    """A user from `USER_COLUMNS`."""
    return User(*row[:5])


def read_entity(row: Any) -> Entity:
    """An entity from `ENTITY_COLUMNS`."""
    return Entity(row[0], row[1], EntityKind(row[2]), row[3], row[4])


def freed(key: sa.Column[str], id: sa.Column[Any]) -> sa.ColumnElement[str]:
    """The compared name of a removed row, which leaves the name to others."""
    return key + "#" + sa.cast(id, sa.Text)


def add_entity(connection: sa.Connection, name: str, **values: Any) -> EntityId:
    """Take a name for a user or a team."""
    row = {"name": name, "name_key": compared(name), **values}
    entity = insert_new(connection, entities, row, entities.c.id)
    if entity is None:
        raise Conflict(f"The name `{name}` is taken by another user or team")
    return EntityId(entity)


class SqlUserStore:
    """`UserStore` on SQLite and PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, name: str, *, email: str | None, admin: bool, at: datetime) -> User:
        connection = self._database.current()
        user = connection.execute(
            sa.insert(users)
            .values(name=name, email=email, admin=admin, created_at=at)
            .returning(users.c.id)
        ).scalar_one()
        add_entity(connection, name, kind=EntityKind.USER, user_id=user, created_at=at)
        return User(UserId(user), name, email, admin, at)

    def get(self, user: UserId) -> User | None:
        return self._one(users.c.id == user)

    def named(self, name: str) -> User | None:
        own = sa.select(entities.c.user_id).where(entities.c.name_key == compared(name))
        return self._one(users.c.id.in_(own))

    def all(self) -> Sequence[User]:
        query = (
            sa.select(*USER_COLUMNS)
            .where(users.c.removed_at.is_(None))
            .order_by(sa.func.lower(users.c.name))
        )
        return [read_user(row) for row in self._database.current().execute(query)]

    def remove(self, user: UserId, at: datetime) -> None:
        connection = self._database.current()
        connection.execute(
            sa.delete(organization_members).where(organization_members.c.user_id == user)
        )
        connection.execute(
            sa.update(entities)
            .where(entities.c.user_id == user, entities.c.removed_at.is_(None))
            .values(removed_at=at, name_key=freed(entities.c.name_key, entities.c.id))
        )
        connection.execute(sa.update(users).where(users.c.id == user).values(removed_at=at))

    def entity(self, name: str) -> Entity | None:
        query = sa.select(*ENTITY_COLUMNS).where(
            entities.c.name_key == compared(name), entities.c.removed_at.is_(None)
        )
        row = self._database.current().execute(query).first()
        return None if row is None else read_entity(row)

    def memberships(self, user: UserId) -> Sequence[Membership]:
        own = sa.select(*ENTITY_COLUMNS, sa.literal(Role.ADMIN.value), sa.literal(0).label("nth"))
        own = own.where(entities.c.user_id == user, entities.c.removed_at.is_(None))
        teams = (
            sa.select(*ENTITY_COLUMNS, organization_members.c.role, sa.literal(1).label("nth"))
            .join(organization_members, organization_members.c.org_id == entities.c.org_id)
            .where(organization_members.c.user_id == user, entities.c.removed_at.is_(None))
        )
        rows = self._database.current().execute(sa.union_all(own, teams)).all()
        ordered = sorted(rows, key=lambda row: (row[6], compared(row[1])))
        return [Membership(read_entity(row), Role(row[5])) for row in ordered]

    def _one(self, condition: sa.ColumnElement[bool]) -> User | None:
        query = sa.select(*USER_COLUMNS).where(condition, users.c.removed_at.is_(None))
        row = self._database.current().execute(query).first()
        return None if row is None else read_user(row)
