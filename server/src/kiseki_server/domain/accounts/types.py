"""People, organisations and the names that own projects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from kiseki_server.kit.ids import EntityId, OrgId, ProjectId, UserId


class Role(StrEnum):
    """What a member of an organisation may do in its teams, or a member of a team in it."""

    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"
    GUEST = "guest"
    """Belongs to the organisation and reaches those teams alone that have them as a member."""


class ProjectRole(StrEnum):
    """What somebody may do in one project beyond what they may in what owns it."""

    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"
    RESTRICTED_VIEWER = "restricted_viewer"
    """Sees what is there, but not the content of files; in registries alone."""


class EntityKind(StrEnum):
    USER = "user"
    TEAM = "team"
    ORGANIZATION = "organization"
    """The organisation's own entity, which owns its registries."""


@dataclass(frozen=True, slots=True)
class User:
    id: UserId
    name: str
    email: str | None
    admin: bool
    """Administers this server."""
    created_at: datetime
    service_of: EntityId | None = None
    """The team whose machines sign in as this user; ``None`` for people."""
    default_entity: EntityId | None = None
    """Where projects go whose owner is not named; ``None``: to the user's own entity."""


@dataclass(frozen=True, slots=True)
class Entity:
    """Owner of projects: a user's own space (same name), a team, or an organisation itself."""

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
    """Owns teams, which its members reach, and registries."""

    id: OrgId
    name: str
    created_at: datetime
    entity: Entity
    """Owns the registries. Its name stays when the organisation is renamed."""


@dataclass(frozen=True, slots=True)
class OrgMembership:
    """An organisation that a user belongs to, and as what."""

    organization: Organization
    role: Role


@dataclass(frozen=True, slots=True)
class Member:
    """A user in an organisation or a team."""

    user: User
    role: Role


@dataclass(frozen=True, slots=True)
class Invite:
    """A place in a team for whoever gets an account with this e-mail address."""

    id: int
    team: EntityId
    email: str
    role: Role
    invited_by: UserId
    created_at: datetime


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
    """Their own entity first, then teams."""
    organizations: tuple[OrgMembership, ...] = ()
    grants: Mapping[ProjectId, ProjectRole] = field(default_factory=dict[ProjectId, ProjectRole])
    """Roles in single projects, their own and those of their teams."""

    @property
    def own_entity(self) -> Entity:
        return next(m.entity for m in self.memberships if m.entity.user == self.user.id)

    @property
    def default_entity(self) -> Entity:
        """Where projects go whose owner is not named."""
        wanted = self.user.default_entity
        chosen = (m.entity for m in self.memberships if m.entity.id == wanted)
        return next(chosen, self.own_entity)
