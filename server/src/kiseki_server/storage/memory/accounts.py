"""Users, credentials and organisations in memory, for tests."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from kiseki_server.domain.accounts.rules import compared, own_entity_name, strongest
from kiseki_server.domain.accounts.types import (
    ApiKey,
    Entity,
    EntityKind,
    Member,
    Membership,
    Organization,
    OrgMembership,
    Role,
    User,
)
from kiseki_server.kit.errors import Conflict
from kiseki_server.kit.ids import EntityId, OrgId, UserId


@dataclass(slots=True)
class AccountTables:
    """What the three stores share."""

    ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    users: dict[UserId, User] = field(default_factory=dict[UserId, User])
    entities: dict[EntityId, Entity] = field(default_factory=dict[EntityId, Entity])
    organizations: dict[OrgId, Organization] = field(default_factory=dict[OrgId, Organization])
    members: dict[tuple[OrgId, UserId], Role] = field(
        default_factory=dict[tuple[OrgId, UserId], Role]
    )
    team_members: dict[tuple[EntityId, UserId], Role] = field(
        default_factory=dict[tuple[EntityId, UserId], Role]
    )

    def add_entity(self, name: str, kind: EntityKind, owner: UserId | OrgId) -> Entity:
        """Take a name for a user or a team."""
        if self.entity(name) is not None:
            raise Conflict(f"The name `{name}` is taken by another user or team")
        user = UserId(owner) if kind is EntityKind.USER else None
        org = None if kind is EntityKind.USER else OrgId(owner)
        entity = Entity(EntityId(next(self.ids)), name, kind, user, org)
        self.entities[entity.id] = entity
        return entity

    def entity(self, name: str) -> Entity | None:
        return next((e for e in self.entities.values() if compared(e.name) == compared(name)), None)


class MemoryUserStore:
    """`UserStore` in memory."""

    def __init__(self, tables: AccountTables) -> None:
        self._tables = tables

    def add(
        self,
        name: str,
        *,
        email: str | None,
        admin: bool,
        at: datetime,
        service_of: EntityId | None = None,
    ) -> User:
        id = UserId(next(self._tables.ids))
        user = User(id, name, email, admin, at, service_of, service_of)
        self._tables.add_entity(name, EntityKind.USER, user.id)
        self._tables.users[user.id] = user
        return user

    def get(self, user: UserId) -> User | None:
        return self._tables.users.get(user)

    def named(self, name: str) -> User | None:
        return next((u for u in self.all() if compared(u.name) == compared(name)), None)

    def with_email(self, email: str) -> Sequence[User]:
        return [
            user
            for user in self._tables.users.values()
            if (user.email or "").lower() == email.lower()
        ]

    def all(self) -> Sequence[User]:
        return sorted(self._tables.users.values(), key=lambda user: compared(user.name))

    def remove(self, user: UserId, at: datetime) -> None:
        tables = self._tables
        tables.users.pop(user, None)
        tables.entities = {id: e for id, e in tables.entities.items() if e.user != user}
        tables.members = {key: role for key, role in tables.members.items() if key[1] != user}
        tables.team_members = {
            key: role for key, role in tables.team_members.items() if key[1] != user
        }

    def set_default_entity(self, user: UserId, entity: EntityId | None) -> None:
        known = self._tables.users[user]
        self._tables.users[user] = replace(known, default_entity=entity)

    def entity(self, name: str) -> Entity | None:
        return self._tables.entity(name)

    def entity_by_id(self, entity: EntityId) -> Entity | None:
        return self._tables.entities.get(entity)

    def memberships(self, user: UserId) -> Sequence[Membership]:
        found = [
            Membership(entity, strongest(roles))
            for entity in self._tables.entities.values()
            if (roles := self._roles(entity, user))
        ]
        return sorted(found, key=lambda m: (m.entity.user is None, compared(m.entity.name)))

    def organizations(self, user: UserId) -> Sequence[OrgMembership]:
        tables = self._tables
        known = tables.users.get(user)
        team = tables.entities.get(known.service_of) if known and known.service_of else None
        found = [
            OrgMembership(org, tables.members.get((org.id, user), Role.GUEST))
            for org in tables.organizations.values()
            if (org.id, user) in tables.members or (team is not None and team.org == org.id)
        ]
        return sorted(found, key=lambda each: compared(each.organization.name))

    def _roles(self, entity: Entity, user: UserId) -> list[Role]:
        tables = self._tables
        if entity.user is not None:
            return [Role.ADMIN] if entity.user == user else []
        if entity.org is None or entity.kind is EntityKind.ORGANIZATION:
            return []
        by_org = tables.members.get((entity.org, user), Role.GUEST)
        roles = [] if by_org is Role.GUEST else [by_org]
        if (entity.id, user) in tables.team_members:
            roles.append(tables.team_members[entity.id, user])
        known = tables.users.get(user)
        if known is not None and known.service_of == entity.id:
            roles.append(Role.MEMBER)
        return roles


class MemoryOrganizationStore:
    """`OrganizationStore` in memory."""

    def __init__(self, tables: AccountTables) -> None:
        self._tables = tables
        self._ever = False

    def add(self, name: str, at: datetime) -> Organization:
        if self.named(name) is not None:
            raise Conflict(f"There is an organisation called `{name}` already")
        taken = {compared(entity.name) for entity in self._tables.entities.values()}
        id = OrgId(next(self._tables.ids))
        chosen = own_entity_name(name, taken)
        entity = self._tables.add_entity(chosen, EntityKind.ORGANIZATION, id)
        org = Organization(id, name, at, entity)
        self._tables.organizations[id] = org
        self._ever = True
        return org

    def named(self, name: str) -> Organization | None:
        return next((org for org in self.all() if compared(org.name) == compared(name)), None)

    def rename(self, org: OrgId, name: str) -> None:
        same = self.named(name)
        if same is not None and same.id != org:
            raise Conflict(f"There is an organisation called `{name}` already")
        self._tables.organizations[org] = replace(self._tables.organizations[org], name=name)

    def complete(self, at: datetime) -> bool:
        return self._ever

    def all(self) -> Sequence[Organization]:
        return sorted(self._tables.organizations.values(), key=lambda org: compared(org.name))

    def remove(self, org: OrgId, at: datetime) -> None:
        tables = self._tables
        tables.organizations.pop(org, None)
        tables.entities = {id: e for id, e in tables.entities.items() if e.org != org}
        tables.team_members = {
            key: role for key, role in tables.team_members.items() if key[0] in tables.entities
        }
        tables.members = {key: role for key, role in tables.members.items() if key[0] != org}

    def set_member(self, org: OrgId, user: UserId, role: Role) -> None:
        self._tables.members[org, user] = role

    def remove_member(self, org: OrgId, user: UserId) -> bool:
        tables = self._tables
        tables.team_members = {
            (team, member): role
            for (team, member), role in tables.team_members.items()
            if member != user or tables.entities[team].org != org
        }
        return self._tables.members.pop((org, user), None) is not None

    def members(self, orgs: Sequence[OrgId]) -> Mapping[OrgId, Sequence[Member]]:
        found: dict[OrgId, list[Member]] = {org: [] for org in orgs}
        for (org, user), role in self._tables.members.items():
            if org in found:
                found[org].append(Member(self._tables.users[user], role))
        return {
            org: sorted(members, key=lambda member: compared(member.user.name))
            for org, members in found.items()
        }

    def add_team(self, name: str, org: OrgId, at: datetime) -> Entity:
        return self._tables.add_entity(name, EntityKind.TEAM, org)

    def teams(self, orgs: Sequence[OrgId]) -> Mapping[OrgId, Sequence[Entity]]:
        entities = sorted(self._tables.entities.values(), key=lambda e: compared(e.name))
        teams = [entity for entity in entities if entity.kind is EntityKind.TEAM]
        return {org: [team for team in teams if team.org == org] for org in orgs}

    def remove_team(self, team: EntityId, at: datetime) -> None:
        tables = self._tables
        tables.entities.pop(team, None)
        tables.team_members = {
            key: role for key, role in tables.team_members.items() if key[0] != team
        }


class MemoryCredentialStore:
    """`CredentialStore` in memory."""

    def __init__(self, tables: AccountTables) -> None:
        self._tables = tables
        self._keys: dict[str, ApiKey] = {}
        self._sessions: dict[str, tuple[UserId, datetime]] = {}
        self._tokens: dict[str, tuple[UserId, datetime]] = {}
        self._fingerprint: str | None = None

    def add_key(self, user: UserId, *, name: str, hash: str, hint: str, at: datetime) -> ApiKey:
        if hash in self._keys:
            raise Conflict("This API key exists already")
        key = ApiKey(next(self._tables.ids), user, name, hint, at, None)
        self._keys[hash] = key
        return key

    def keys(self, user: UserId) -> Sequence[ApiKey]:
        return sorted((k for k in self._keys.values() if k.user == user), key=lambda key: key.id)

    def key_hashed(self, hash: str) -> tuple[ApiKey, User] | None:
        key = self._keys.get(hash)
        user = None if key is None else self._tables.users.get(key.user)
        return None if key is None or user is None else (key, user)

    def key(self, key: int) -> ApiKey | None:
        return next((known for known in self._keys.values() if known.id == key), None)

    def touch_key(self, key: int, at: datetime) -> None:
        for hash, known in self._keys.items():
            if known.id == key:
                self._keys[hash] = replace(known, last_used_at=at)

    def remove_key(self, user: UserId, key: int) -> bool:
        before = len(self._keys)
        self._keys = {h: k for h, k in self._keys.items() if (k.id, k.user) != (key, user)}
        return len(self._keys) < before

    def add_session(self, user: UserId, hash: str, *, at: datetime, expires: datetime) -> None:
        self._sessions = {h: s for h, s in self._sessions.items() if s[1] > at}
        self._sessions[hash] = (user, expires)

    def session_user(self, hash: str, at: datetime) -> User | None:
        return self._valid(self._sessions.get(hash), at)

    def remove_session(self, hash: str) -> None:
        self._sessions.pop(hash, None)

    def add_signin_token(self, user: UserId, hash: str, *, at: datetime, expires: datetime) -> None:
        self._tokens = {h: t for h, t in self._tokens.items() if t[1] > at}
        self._tokens[hash] = (user, expires)

    def take_signin_token(self, hash: str, at: datetime) -> User | None:
        return self._valid(self._tokens.pop(hash, None), at)

    def fingerprint(self, value: str) -> str:
        self._fingerprint = self._fingerprint or value
        return self._fingerprint

    def forget(self, user: UserId, *, keys: bool = True) -> None:
        self._sessions = {h: s for h, s in self._sessions.items() if s[0] != user}
        self._tokens = {h: t for h, t in self._tokens.items() if t[0] != user}
        if keys:
            self._keys = {h: k for h, k in self._keys.items() if k.user != user}

    def _valid(self, found: tuple[UserId, datetime] | None, at: datetime) -> User | None:
        if found is None or found[1] <= at:
            return None
        return self._tables.users.get(found[0])
