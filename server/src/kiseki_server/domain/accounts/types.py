"""People, organisations and the names that own projects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kiseki_server.kit.ids import EntityId, OrgId, UserId


class Role(StrEnum):
    """What a member of an organisation may do in its teams."""

    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"


class EntityKind(StrEnum):
    USER = "user"
    TEAM = "team"


@dataclass(frozen=True, slots=True)
class User:
    id: UserId
    name: str
    email: str | None
    admin: bool
    """Administers this server."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Entity:
    """Owner of projects: a user's own space (same name), or a team of an organisation."""

    id: EntityId
    name: str
    kind: EntityKind
    user: UserId | None
    org: OrgId | None


@dataclass(frozen=True, slots=True)
class Membership:
    """An entity that a user may reach, and as what."""

    entity: Entity
    role: Role


@dataclass(frozen=True, slots=True)
class Organization:
    """Owns teams; its members reach all of them."""

    id: OrgId
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Member:
    """A user in an organisation."""

    user: User
    role: Role


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What the server knows of a key; the key itself is shown once and forgotten."""

    id: int
    user: UserId
    name: str
    hint: str
    """The key's last characters, so that its owner can tell it from others."""
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: a user with everything that decides what they may do."""

    user: User
    memberships: tuple[Membership, ...]

    @property
    def default_entity(self) -> Entity:
        return next(m.entity for m in self.memberships if m.entity.user == self.user.id)
