"""People, organisations and teams: the use-cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kiseki_server.domain.accounts import rules
from kiseki_server.domain.accounts.credentials import Credentials
from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.accounts.store import OrganizationStore, UserStore
from kiseki_server.domain.accounts.types import (
    Actor,
    Entity,
    EntityKind,
    Member,
    Organization,
    Role,
    User,
)
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import BadRequest, Conflict, Forbidden, NotFound
from kiseki_server.kit.ids import EntityId


@dataclass(frozen=True, slots=True)
class OrganizationView:
    """An organisation with everything in it."""

    organization: Organization
    members: tuple[Member, ...]
    teams: tuple[Entity, ...]


class AccountService:
    """Administers users, organisations and teams, and finds who owns a name."""

    def __init__(
        self,
        users: UserStore,
        organizations: OrganizationStore,
        credentials: Credentials,
        clock: Clock,
    ) -> None:
        self._users = users
        self._organizations = organizations
        self._credentials = credentials
        self._clock = clock

    # Who is it, and whose name is it?

    def actor(self, user: User) -> Actor:
        """A user with what decides what they may do."""
        return Actor(user, tuple(self._users.memberships(user.id)))

    def entity(self, actor: Actor, name: str | None, action: Action) -> Entity:
        """The entity of this name, or the actor's own for none.

        Raises:
            NotFound: There is no such entity, or the actor may not see it.
            Forbidden: The actor may see it, but not do this.
        """
        entity = self._users.entity(name) if name else actor.default_entity
        if entity is None or rules.role_for(actor, entity.id) is None:
            raise NotFound(f"There is no user or team called `{name}`, or you may not see it")
        if not rules.may(actor, entity.id, action):
            role = rules.role_for(actor, entity.id)
            raise Forbidden(
                f"You are {role} of `{entity.name}`, which is not enough for this",
                hint=f"ask an administrator of `{entity.name}` for another role",
            )
        return entity

    # Administration of the server

    def create_user(self, name: str, *, email: str | None = None, admin: bool = False) -> User:
        """Add a user, who owns the entity of the same name.

        Raises:
            BadRequest, Conflict: The name cannot be used, or the address is none.
        """
        rules.check_name(name, "a user")
        return self._users.add(
            name, email=rules.check_email(email), admin=admin, at=self._clock.now()
        )

    def first_administrator(self, name: str) -> User | None:
        """The administrator of this name, added when nobody has an account yet; ``None`` when
        others administer the server."""
        user = self._users.named(name)
        if user is None and not self._users.all():
            return self.create_user(name, admin=True)
        return user if user is not None and user.admin else None

    def users(self, actor: Actor) -> tuple[User, ...]:
        self._require_admin(actor)
        return tuple(self._users.all())

    def add_user(
        self,
        actor: Actor,
        name: str,
        *,
        email: str | None = None,
        admin: bool = False,
        api_key: str | None = None,
    ) -> tuple[User, str]:
        """Add a user with a first key: the one that is given, or a new one."""
        self._require_admin(actor)
        user = self.create_user(name, email=email, admin=admin)
        _, key = self._credentials.add_key(user.id, "first key", key=api_key)
        return user, key

    def set_key(self, actor: Actor, name: str, api_key: str) -> None:
        """Make this the user's only key; their browsers have to sign in again."""
        self._require_admin(actor)
        user = self._user(name)
        self._credentials.forget(user.id)
        self._credentials.add_key(user.id, "set by an administrator", key=api_key)

    def remove_user(self, actor: Actor, name: str) -> Sequence[EntityId]:
        """Remove a user with their keys, sessions and roles.

        Gives the entities that are gone; their projects are for the caller to delete.
        """
        self._require_admin(actor)
        user = self._user(name)
        if user.id == actor.user.id:
            raise Conflict("You cannot remove yourself; another administrator has to do it")
        self._credentials.forget(user.id)
        own = self.actor(user).default_entity.id
        self._users.remove(user.id, self._clock.now())
        return [own]

    # Organisations and teams

    def organizations(self, actor: Actor) -> tuple[OrganizationView, ...]:
        """Every organisation for administrators of the server, for others those that they
        administer."""
        all = self._organizations.all()
        ids = [org.id for org in all]
        members = self._organizations.members(ids)
        teams = self._organizations.teams(ids)
        return tuple(
            OrganizationView(org, tuple(members.get(org.id, ())), tuple(teams.get(org.id, ())))
            for org in all
            if actor.user.admin or self._administers(actor, members.get(org.id, ()))
        )

    def add_organization(self, actor: Actor, name: str, owner: str) -> Organization:
        """Add an organisation whose first administrator is ``owner``."""
        self._require_admin(actor)
        rules.check_name(name, "an organisation")
        user = self._user(owner)
        org = self._organizations.add(name, self._clock.now())
        self._organizations.set_member(org.id, user.id, Role.ADMIN)
        return org

    def remove_organization(self, actor: Actor, name: str) -> Sequence[EntityId]:
        """Remove an organisation with its teams; gives the entities that are gone."""
        self._require_admin(actor)
        org = self._organization(name).id
        teams = [team.id for team in self._organizations.teams([org])[org]]
        self._organizations.remove(org, self._clock.now())
        return teams

    def set_member(self, actor: Actor, org: str, user: str, role: Role) -> None:
        """Put a user into an organisation, or change their role."""
        found = self._administered(actor, org)
        member = self._user(user)
        if role is not Role.ADMIN:
            self._keep_an_admin(found, member)
        self._organizations.set_member(found.id, member.id, role)

    def remove_member(self, actor: Actor, org: str, user: str) -> None:
        """Take a user out of an organisation."""
        found = self._administered(actor, org)
        member = self._user(user)
        self._keep_an_admin(found, member)
        if not self._organizations.remove_member(found.id, member.id):
            raise NotFound(f"`{user}` is no member of `{org}`")

    def add_team(self, actor: Actor, name: str, org: str, owner: str | None) -> Entity:
        """Add a team to an organisation; ``owner`` becomes an administrator of it, as roles are
        those of the organisation."""
        found = self._administered(actor, org)
        rules.check_name(name, "a team")
        team = self._organizations.add_team(name, found.id, self._clock.now())
        if owner is not None:
            self._organizations.set_member(found.id, self._user(owner).id, Role.ADMIN)
        return team

    def remove_team(self, actor: Actor, name: str) -> Sequence[EntityId]:
        """Remove a team; gives the entities that are gone."""
        team = self._users.entity(name)
        if team is None or not rules.may(actor, team.id, Action.READ):
            raise NotFound(f"There is no team called `{name}`")
        if team.kind is not EntityKind.TEAM:
            raise BadRequest(f"`{name}` is a user, not a team")
        if not rules.may(actor, team.id, Action.ADMIN):
            raise Forbidden(f"Only administrators of its organisation may remove `{name}`")
        self._organizations.remove_team(team.id, self._clock.now())
        return [team.id]

    def _require_admin(self, actor: Actor) -> None:
        if not actor.user.admin:
            raise Forbidden("Only administrators of this server may do this")

    def _user(self, name: str) -> User:
        user = self._users.named(name)
        if user is None:
            raise NotFound(f"There is no user called `{name}`")
        return user

    def _organization(self, name: str) -> Organization:
        org = self._organizations.named(name)
        if org is None:
            raise NotFound(f"There is no organisation called `{name}`")
        return org

    def _administered(self, actor: Actor, name: str) -> Organization:
        org = self._organizations.named(name)
        if actor.user.admin and org is None:
            raise NotFound(f"There is no organisation called `{name}`")
        if org is None or not (
            actor.user.admin
            or self._administers(actor, self._organizations.members([org.id])[org.id])
        ):
            raise Forbidden(f"Only administrators of `{name}` and of this server may do this")
        return org

    @staticmethod
    def _administers(actor: Actor, members: Sequence[Member]) -> bool:
        return any(m.user.id == actor.user.id and m.role is Role.ADMIN for m in members)

    def _keep_an_admin(self, org: Organization, leaving: User) -> None:
        admins = [
            member.user.id
            for member in self._organizations.members([org.id])[org.id]
            if member.role is Role.ADMIN
        ]
        if admins == [leaving.id]:
            raise Conflict(
                f"`{leaving.name}` is the only administrator of `{org.name}`",
                hint="make somebody else an administrator first",
            )
