"""Organisations, their members and teams, in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from kiseki_server.domain.accounts.rules import compared
from kiseki_server.domain.accounts.types import Entity, EntityKind, Member, Organization, Role
from kiseki_server.kit.errors import Conflict
from kiseki_server.kit.ids import EntityId, OrgId, UserId
from kiseki_server.storage.sql.conflicts import insert_new, upsert
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.schema import entities, organization_members, organizations, users
from kiseki_server.storage.sql.users import (
    ENTITY_COLUMNS,
    USER_COLUMNS,
    add_entity,
    freed,
    read_entity,
    read_user,
)

_COLUMNS = (organizations.c.id, organizations.c.name, organizations.c.created_at)


class SqlOrganizationStore:
    """`OrganizationStore` on SQLite and PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, name: str, at: datetime) -> Organization:
        values = {"name": name, "name_key": compared(name), "created_at": at}
        org = insert_new(self._database.current(), organizations, values, organizations.c.id)
        if org is None:
            raise Conflict(f"There is an organisation called `{name}` already")
        return Organization(OrgId(org), name, at)

    def named(self, name: str) -> Organization | None:
        query = sa.select(*_COLUMNS).where(
            organizations.c.name_key == compared(name), organizations.c.removed_at.is_(None)
        )
        row = self._database.current().execute(query).first()
        return None if row is None else Organization(*row)

    def all(self) -> Sequence[Organization]:
        query = (
            sa.select(*_COLUMNS)
            .where(organizations.c.removed_at.is_(None))
            .order_by(organizations.c.name_key)
        )
        return [Organization(*row) for row in self._database.current().execute(query)]

    def remove(self, org: OrgId, at: datetime) -> None:
        connection = self._database.current()
        connection.execute(
            sa.delete(organization_members).where(organization_members.c.org_id == org)
        )
        self._remove_entities(entities.c.org_id == org, at)
        connection.execute(
            sa.update(organizations)
            .where(organizations.c.id == org)
            .values(removed_at=at, name_key=freed(organizations.c.name_key, organizations.c.id))
        )

    def set_member(self, org: OrgId, user: UserId, role: Role) -> None:
        upsert(
            self._database.current(),
            organization_members,
            {"org_id": org, "user_id": user},
            {"role": role.value},
        )

    def remove_member(self, org: OrgId, user: UserId) -> bool:
        removed = self._database.current().execute(
            sa.delete(organization_members).where(
                organization_members.c.org_id == org, organization_members.c.user_id == user
            )
        )
        return removed.rowcount > 0

    def members(self, orgs: Sequence[OrgId]) -> Mapping[OrgId, Sequence[Member]]:
        found: dict[OrgId, list[Member]] = {org: [] for org in orgs}
        query = (
            sa.select(*USER_COLUMNS, organization_members.c.role, organization_members.c.org_id)
            .join(organization_members, organization_members.c.user_id == users.c.id)
            .where(organization_members.c.org_id.in_(orgs))
            .order_by(sa.func.lower(users.c.name))
        )
        for row in self._database.current().execute(query):
            found[row[6]].append(Member(read_user(row), Role(row[5])))
        return found

    def add_team(self, name: str, org: OrgId, at: datetime) -> Entity:
        team = add_entity(
            self._database.current(), name, kind=EntityKind.TEAM, org_id=org, created_at=at
        )
        return Entity(team, name, EntityKind.TEAM, None, org)

    def teams(self, orgs: Sequence[OrgId]) -> Mapping[OrgId, Sequence[Entity]]:
        found: dict[OrgId, list[Entity]] = {org: [] for org in orgs}
        query = (
            sa.select(*ENTITY_COLUMNS)
            .where(entities.c.org_id.in_(orgs), entities.c.removed_at.is_(None))
            .order_by(entities.c.name_key)
        )
        for row in self._database.current().execute(query):
            found[row[4]].append(read_entity(row))
        return found

    def remove_team(self, team: EntityId, at: datetime) -> None:
        self._remove_entities(entities.c.id == team, at)

    def _remove_entities(self, condition: sa.ColumnElement[bool], at: datetime) -> None:
        self._database.current().execute(
            sa.update(entities)
            .where(condition, entities.c.removed_at.is_(None))
            .values(removed_at=at, name_key=freed(entities.c.name_key, entities.c.id))
        )
