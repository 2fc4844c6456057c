"""What the stores of accounts promise.

All methods run inside the transaction of whoever calls. Names are compared without regard to
case. Removed users, organisations and teams are gone for every method here, and their names are
free again; what refers to them by id (runs, projects) stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from kiseki_server.domain.accounts.types import (
    ApiKey,
    Entity,
    Invite,
    Member,
    Membership,
    Organization,
    OrgMembership,
    Role,
    User,
)
from kiseki_server.kit.ids import EntityId, OrgId, UserId


class UserStore(Protocol):
    """Users, each with the entity of the same name that owns their personal projects."""

    def add(
        self,
        name: str,
        *,
        email: str | None,
        admin: bool,
        at: datetime,
        service_of: EntityId | None = None,
    ) -> User:
        """Add a user and their entity; a team's service account has the team as its default.

        Raises:
            Conflict: A user or a team has the name.
        """
        ...

    def get(self, user: UserId) -> User | None: ...

    def named(self, name: str) -> User | None: ...

    def with_email(self, email: str) -> Sequence[User]:
        """Whoever has this address, compared without regard to case."""
        ...

    def all(self) -> Sequence[User]:
        """Everybody, by name; service accounts too."""
        ...

    def remove(self, user: UserId, at: datetime) -> None:
        """Remove the user with their entity and memberships."""
        ...

    def set_default_entity(self, user: UserId, entity: EntityId | None) -> None: ...

    def entity(self, name: str) -> Entity | None:
        """The user's space, the team or the organisation's entity of this name."""
        ...

    def entity_by_id(self, entity: EntityId) -> Entity | None: ...

    def memberships(self, user: UserId) -> Sequence[Membership]:
        """What the user reaches: their own entity (as admin) first, then teams by name.

        A team is reached by a role in its organisation (but guest), by one in the team itself,
        or as its service account (a member); of several roles it is the strongest.
        """
        ...

    def organizations(self, user: UserId) -> Sequence[OrgMembership]:
        """The organisations that the user belongs to, by name. A service account belongs to its
        team's as a guest."""
        ...


class CredentialStore(Protocol):
    """Hashes of keys, browser sessions and one-time tokens. Nothing here can be turned back."""

    def add_key(self, user: UserId, *, name: str, hash: str, hint: str, at: datetime) -> ApiKey:
        """Add a key.

        Raises:
            Conflict: A key with this hash exists.
        """
        ...

    def keys(self, user: UserId) -> Sequence[ApiKey]:
        """The user's keys, oldest first."""
        ...

    def key_hashed(self, hash: str) -> tuple[ApiKey, User] | None: ...

    def key(self, key: int) -> ApiKey | None: ...

    def touch_key(self, key: int, at: datetime) -> None: ...

    def remove_key(self, user: UserId, key: int) -> bool:
        """Forget a key; False when the user has no such key."""
        ...

    def add_session(self, user: UserId, hash: str, *, at: datetime, expires: datetime) -> None:
        """Begin a browser session; those that have expired by ``at`` are forgotten."""
        ...

    def session_user(self, hash: str, at: datetime) -> User | None:
        """Whose session this is, unless it has expired."""
        ...

    def remove_session(self, hash: str) -> None: ...

    def add_signin_token(self, user: UserId, hash: str, *, at: datetime, expires: datetime) -> None:
        """Keep a one-time token; those that have expired by ``at`` are forgotten."""
        ...

    def take_signin_token(self, hash: str, at: datetime) -> User | None:
        """Whose token this is, unless it has expired. It is used up: of several callers at
        once one gets the user."""
        ...

    def fingerprint(self, value: str) -> str:
        """Keep the fingerprint of the secret that hashes are made with, unless there is one
        already; the one that is kept."""
        ...

    def forget(self, user: UserId, *, keys: bool = True) -> None:
        """Forget the user's sessions and tokens, and their keys too if asked."""
        ...


class OrganizationStore(Protocol):
    """Organisations, their members and their teams."""

    def add(self, name: str, at: datetime) -> Organization:
        """Add an organisation with an entity `<name>-org`, or of a name like it that is free.

        Raises:
            Conflict: An organisation has the name.
        """
        ...

    def named(self, name: str) -> Organization | None: ...

    def rename(self, org: OrgId, name: str) -> None:
        """Give it another name; its entity keeps its own.

        Raises:
            Conflict: Another organisation has the name.
        """
        ...

    def complete(self, at: datetime) -> bool:
        """Give an entity to each organisation of earlier versions, which had none; whether
        there ever was an organisation."""
        ...

    def all(self) -> Sequence[Organization]:
        """All of them, by name."""
        ...

    def remove(self, org: OrgId, at: datetime) -> None:
        """Remove the organisation with its teams and memberships."""
        ...

    def set_member(self, org: OrgId, user: UserId, role: Role) -> None:
        """Add a member, or change their role."""
        ...

    def remove_member(self, org: OrgId, user: UserId) -> bool:
        """Take the user out of the organisation and its teams; False when they are no member."""
        ...

    def members(self, orgs: Sequence[OrgId]) -> Mapping[OrgId, Sequence[Member]]:
        """Members of each organisation, by name."""
        ...

    def add_team(self, name: str, org: OrgId, at: datetime) -> Entity:
        """Add a team.

        Raises:
            Conflict: A user or a team has the name.
        """
        ...

    def teams(self, orgs: Sequence[OrgId]) -> Mapping[OrgId, Sequence[Entity]]:
        """Teams of each organisation, by name."""
        ...

    def remove_team(self, team: EntityId, at: datetime) -> None: ...


class TeamStore(Protocol):
    """Who belongs to a team itself, beside the members of its organisation; and invites."""

    def set_member(self, team: EntityId, user: UserId, role: Role) -> None:
        """Add a member, or change their role."""
        ...

    def remove_member(self, team: EntityId, user: UserId) -> bool:
        """False when the user is no member of the team itself."""
        ...

    def members(self, teams: Sequence[EntityId]) -> Mapping[EntityId, Sequence[Member]]:
        """Members of each team itself, by name."""
        ...

    def service_accounts(self, team: EntityId) -> Sequence[User]:
        """The team's machines, oldest first."""
        ...

    def invite(
        self, team: EntityId, email: str, role: Role, *, invited_by: UserId, at: datetime
    ) -> Invite:
        """Invite an address; a repeat changes the role."""
        ...

    def invites(self, team: EntityId) -> Sequence[Invite]:
        """Oldest first."""
        ...

    def invites_of(self, email: str) -> Sequence[Invite]:
        """What an address is invited to."""
        ...

    def remove_invite(self, invite: int) -> bool: ...
