"""Users and the names that own projects, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from kiseki_server.domain.accounts.rules import compared, strongest
from kiseki_server.domain.accounts.types import (
    Entity,
    EntityKind,
    Membership,
    Organization,
    OrgMembership,
    Role,
    User,
)
from kiseki_server.kit.errors import Conflict
from kiseki_server.kit.ids import EntityId, UserId
from kiseki_server.storage.sql.conflicts import insert_new
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.schema import (
    entities,
    organization_members,
    organizations,
    project_members,
    team_members,
    users,
)

USER_COLUMNS = (
    users.c.id,
    users.c.name,
    users.c.email,
    users.c.admin,
    users.c.created_at,
    users.c.service_of,
    users.c.default_entity_id,
)
ENTITY_COLUMNS = (
    entities.c.id,
    entities.c.name,
    entities.c.kind,
    entities.c.user_id,
    entities.c.org_id,
)


def read_user(row: Any) -> User:
    """A user from `USER_COLUMNS`."""
    return User(*row[:7])


def read_entity(row: Any) -> Entity:
    """An entity from `ENTITY_COLUMNS`."""
    return Entity(row[0], row[1], EntityKind(row[2]), row[3], row[4])


ORG_COLUMNS = (organizations.c.id, organizations.c.name, organizations.c.created_at)
OWN_ENTITY = sa.and_(
    entities.c.org_id == organizations.c.id, entities.c.kind == EntityKind.ORGANIZATION.value
)


def read_org(row: Any) -> Organization:
    """An organisation from `ORG_COLUMNS` and `ENTITY_COLUMNS`."""
    return Organization(row[0], row[1], row[2], read_entity(row[3:8]))


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

    def add(
        self,
        name: str,
        *,
        email: str | None,
        admin: bool,
        at: datetime,
        service_of: EntityId | None = None,
    ) -> User:
        connection = self._database.current()
        values = {
            "name": name,
            "email": email,
            "admin": admin,
            "created_at": at,
            "service_of": service_of,
            "default_entity_id": service_of,
        }
        user = connection.execute(
            sa.insert(users).values(**values).returning(users.c.id)
        ).scalar_one()
        add_entity(connection, name, kind=EntityKind.USER, user_id=user, created_at=at)
        return User(UserId(user), name, email, admin, at, service_of, service_of)

    def get(self, user: UserId) -> User | None:
        return self._one(users.c.id == user)

    def named(self, name: str) -> User | None:
        own = sa.select(entities.c.user_id).where(entities.c.name_key == compared(name))
        return self._one(users.c.id.in_(own))

    def with_email(self, email: str) -> Sequence[User]:
        query = (
            sa.select(*USER_COLUMNS)
            .where(sa.func.lower(users.c.email) == email.lower(), users.c.removed_at.is_(None))
            .order_by(users.c.id)
        )
        return [read_user(row) for row in self._database.current().execute(query)]

    def all(self) -> Sequence[User]:
        query = (
            sa.select(*USER_COLUMNS)
            .where(users.c.removed_at.is_(None))
            .order_by(sa.func.lower(users.c.name))
        )
        return [read_user(row) for row in self._database.current().execute(query)]

    def remove(self, user: UserId, at: datetime) -> None:
        connection = self._database.current()
        for table in (organization_members, team_members, project_members):
            connection.execute(sa.delete(table).where(table.c.user_id == user))
        connection.execute(
            sa.update(entities)
            .where(entities.c.user_id == user, entities.c.removed_at.is_(None))
            .values(removed_at=at, name_key=freed(entities.c.name_key, entities.c.id))
        )
        connection.execute(sa.update(users).where(users.c.id == user).values(removed_at=at))

    def set_default_entity(self, user: UserId, entity: EntityId | None) -> None:
        self._database.current().execute(
            sa.update(users).where(users.c.id == user).values(default_entity_id=entity)
        )

    def entity(self, name: str) -> Entity | None:
        return self._entity(entities.c.name_key == compared(name))

    def entity_by_id(self, entity: EntityId) -> Entity | None:
        return self._entity(entities.c.id == entity)

    def memberships(self, user: UserId) -> Sequence[Membership]:
        found: dict[Entity, Role] = {}
        for row in self._database.current().execute(_MEMBERSHIPS, {"user": user}):
            entity, role = read_entity(row), Role(row[5])
            found[entity] = strongest((role, found.get(entity, role)))
        ordered = sorted(found, key=lambda entity: (entity.user is None, compared(entity.name)))
        return [Membership(entity, found[entity]) for entity in ordered]

    def organizations(self, user: UserId) -> Sequence[OrgMembership]:
        rows = self._database.current().execute(_ORGANIZATIONS, {"user": user}).all()
        found = [OrgMembership(read_org(row), Role(row[8])) for row in rows]
        return sorted(found, key=lambda each: compared(each.organization.name))

    def _entity(self, condition: sa.ColumnElement[bool]) -> Entity | None:
        query = sa.select(*ENTITY_COLUMNS).where(condition, entities.c.removed_at.is_(None))
        row = self._database.current().execute(query).first()
        return None if row is None else read_entity(row)

    def _one(self, condition: sa.ColumnElement[bool]) -> User | None:
        query = sa.select(*USER_COLUMNS).where(condition, users.c.removed_at.is_(None))
        row = self._database.current().execute(query).first()
        return None if row is None else read_user(row)


def _memberships() -> sa.Executable:
    user = sa.bindparam("user")
    own = sa.select(*ENTITY_COLUMNS, sa.literal(Role.ADMIN.value))
    own = own.where(entities.c.user_id == user)
    by_org = (
        sa.select(*ENTITY_COLUMNS, organization_members.c.role)
        .join(organization_members, organization_members.c.org_id == entities.c.org_id)
        .where(
            organization_members.c.user_id == user,
            organization_members.c.role != Role.GUEST.value,
        )
    )
    by_team = (
        sa.select(*ENTITY_COLUMNS, team_members.c.role)
        .join(team_members, team_members.c.entity_id == entities.c.id)
        .where(team_members.c.user_id == user)
    )
    service = (
        sa.select(*ENTITY_COLUMNS, sa.literal(Role.MEMBER.value))
        .join(users, users.c.service_of == entities.c.id)
        .where(users.c.id == user)
    )
    every = (
        query.where(
            entities.c.removed_at.is_(None),
            entities.c.kind != EntityKind.ORGANIZATION.value,
        )
        for query in (own, by_org, by_team, service)
    )
    return sa.union_all(*every)


def _organizations() -> sa.Executable:
    user, columns = sa.bindparam("user"), (*ORG_COLUMNS, *ENTITY_COLUMNS)
    member = (
        sa.select(*columns, organization_members.c.role)
        .join(entities, OWN_ENTITY)
        .join(organization_members, organization_members.c.org_id == organizations.c.id)
        .where(organization_members.c.user_id == user)
    )
    team = sa.alias(entities)
    service = (
        sa.select(*columns, sa.literal(Role.GUEST.value))
        .join(entities, OWN_ENTITY)
        .join(team, team.c.org_id == organizations.c.id)
        .join(users, users.c.service_of == team.c.id)
        .where(users.c.id == user, team.c.removed_at.is_(None))
    )
    return sa.union_all(
        *(query.where(organizations.c.removed_at.is_(None)) for query in (member, service))
    )


# Every request asks these; to build them takes longer than to run them.
_MEMBERSHIPS = _memberships()
_ORGANIZATIONS = _organizations()
