"""Organisations, their members and teams, in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from kiseki_server.domain.accounts.rules import compared, own_entity_name
from kiseki_server.domain.accounts.types import Entity, EntityKind, Member, Organization, Role
from kiseki_server.kit.errors import Conflict
from kiseki_server.kit.ids import EntityId, OrgId, UserId
from kiseki_server.storage.sql.conflicts import insert_new, upsert
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.schema import (
    entities,
    organization_members,
    organizations,
    team_members,
    users,
)
from kiseki_server.storage.sql.users import (
    ENTITY_COLUMNS,
    ORG_COLUMNS,
    OWN_ENTITY,
    USER_COLUMNS,
    add_entity,
    freed,
    read_entity,
    read_org,
    read_user,
)


class SqlOrganizationStore:
    """`OrganizationStore` on SQLite and PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, name: str, at: datetime) -> Organization:
        values = {"name": name, "name_key": compared(name), "created_at": at}
        org = insert_new(self._database.current(), organizations, values, organizations.c.id)
        if org is None:
            raise Conflict(f"There is an organisation called `{name}` already")
        return Organization(OrgId(org), name, at, self._add_entity(OrgId(org), name, at))

    def named(self, name: str) -> Organization | None:
        query = self._live().where(organizations.c.name_key == compared(name))
        row = self._database.current().execute(query).first()
        return None if row is None else read_org(row)

    def rename(self, org: OrgId, name: str) -> None:
        connection = self._database.current()
        taken = sa.select(organizations.c.id).where(
            organizations.c.name_key == compared(name), organizations.c.id != org
        )
        if connection.execute(taken).first() is not None:
            raise Conflict(f"There is an organisation called `{name}` already")
        connection.execute(
            sa.update(organizations)
            .where(organizations.c.id == org)
            .values(name=name, name_key=compared(name))
        )

    def complete(self, at: datetime) -> bool:
        connection = self._database.current()
        bare = (
            sa.select(organizations.c.id, organizations.c.name)
            .outerjoin(entities, OWN_ENTITY)
            .where(organizations.c.removed_at.is_(None), entities.c.id.is_(None))
        )
        for org, name in connection.execute(bare).all():
            self._add_entity(org, name, at)
        return connection.execute(sa.select(organizations.c.id).limit(1)).first() is not None

    def all(self) -> Sequence[Organization]:
        query = self._live().order_by(organizations.c.name_key)
        return [read_org(row) for row in self._database.current().execute(query)]

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
        teams = sa.select(entities.c.id).where(entities.c.org_id == org)
        self._database.current().execute(
            sa.delete(team_members).where(
                team_members.c.user_id == user, team_members.c.entity_id.in_(teams)
            )
        )
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
            found[row.org_id].append(Member(read_user(row), Role(row.role)))
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
            .where(
                entities.c.org_id.in_(orgs),
                entities.c.kind == EntityKind.TEAM.value,
                entities.c.removed_at.is_(None),
            )
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

    def _add_entity(self, org: OrgId, name: str, at: datetime) -> Entity:
        taken = sa.select(entities.c.name_key).where(
            entities.c.name_key.startswith(compared(own_entity_name(name)), autoescape=True)
        )
        connection = self._database.current()
        chosen = own_entity_name(name, set(connection.execute(taken).scalars()))
        id = add_entity(connection, chosen, kind=EntityKind.ORGANIZATION, org_id=org, created_at=at)
        return Entity(id, chosen, EntityKind.ORGANIZATION, None, org)

    @staticmethod
    def _live() -> Any:
        return (
            sa.select(*ORG_COLUMNS, *ENTITY_COLUMNS)
            .join(entities, OWN_ENTITY)
            .where(organizations.c.removed_at.is_(None))
        )
