"""People, organisations and teams: the use-cases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from kiseki_server.domain.accounts import rules
from kiseki_server.domain.accounts.credentials import Credentials
from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.accounts.store import OrganizationStore, TeamStore, UserStore
from kiseki_server.domain.accounts.types import (
    Actor,
    Entity,
    EntityKind,
    Member,
    Organization,
    ProjectRole,
    Role,
    User,
)
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import BadRequest, Conflict, Forbidden, NotFound
from kiseki_server.kit.ids import EntityId, OrgId, ProjectId, UserId

FIRST_ORGANIZATION = "default"


class Grants(Protocol):
    """Finds roles in single projects; see `ProjectMemberStore`."""

    def grants(self, user: UserId, teams: Sequence[EntityId]) -> Mapping[ProjectId, ProjectRole]:
        """The user's role in each project, by themselves or by one of these teams."""
        ...


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
        teams: TeamStore,
        grants: Grants,
        credentials: Credentials,
        clock: Clock,
    ) -> None:
        self._users = users
        self._organizations = organizations
        self._teams = teams
        self._grants = grants
        self._credentials = credentials
        self._clock = clock

    # Who is it, and whose name is it?

    def actor(self, user: User) -> Actor:
        """A user with what decides what they may do."""
        memberships = tuple(self._users.memberships(user.id))
        teams = [m.entity.id for m in memberships if m.entity.kind is EntityKind.TEAM]
        return Actor(
            user,
            memberships,
            tuple(self._users.organizations(user.id)),
            self._grants.grants(user.id, teams),
        )

    def entity(self, actor: Actor, name: str | None, action: Action) -> Entity:
        """The entity of this name, or the actor's own for none.

        Raises:
            NotFound: There is no such entity, or the actor may not see it.
            Forbidden: The actor may see it, but not do this.
        """
        entity = self._users.entity(name) if name else actor.default_entity
        if entity is None or rules.role_for(actor, entity.id) is None:
            raise NotFound(f"There is no user or team called `{name}`, or you may not see it")
        role = rules.role_for(actor, entity.id)
        # A guest knows of the organisation, whose entity is the only one that has guests.
        known = action is Action.READ and role is Role.GUEST
        if not known and not rules.may(actor, entity.id, action):
            raise Forbidden(
                f"You are {role} of `{entity.name}`, which is not enough for this",
                hint=f"ask an administrator of `{entity.name}` for another role",
            )
        return entity

    # Administration of the server

    def create_user(self, name: str, *, email: str | None = None, admin: bool = False) -> User:
        """Add a user, who owns the entity of the same name.

        They join the organisation if there is only one, as guests, or as administrators if they
        administer the server; and the teams that their address is invited to.

        Raises:
            BadRequest, Conflict: The name cannot be used, or the address is none.
        """
        rules.check_name(name, "a user")
        user = self._users.add(
            name, email=rules.check_email(email), admin=admin, at=self._clock.now()
        )
        every = self._organizations.all()
        if len(every) == 1:
            self._organizations.set_member(every[0].id, user.id, _first_role(user))
        self._accept_invites(user)
        return user

    def first_administrator(self, name: str) -> User | None:
        """The administrator of this name, added when nobody has an account yet; ``None`` when
        others administer the server."""
        user = self._users.named(name)
        if user is None and not self._users.all():
            return self.create_user(name, admin=True)
        return user if user is not None and user.admin else None

    def complete_organizations(self) -> None:
        """See that registries have where to be: an organisation with everybody in it if there
        never was one, and an entity for each that was made by an earlier version."""
        if self._organizations.complete(self._clock.now()):
            return
        org = self._organizations.add(FIRST_ORGANIZATION, self._clock.now())
        for user in self._users.all():
            self._organizations.set_member(org.id, user.id, _first_role(user))

    def set_default_entity(self, actor: Actor, name: str) -> User:
        """Choose where the actor's projects go when their owner is not named.

        Raises:
            NotFound: There is no such user or team, or the actor does not belong to it.
            BadRequest: It is an organisation.
        """
        found = self.entity(actor, name, Action.READ)
        if all(m.entity.id != found.id for m in actor.memberships):
            raise BadRequest(
                f"You do not belong to `{found.name}`",
                hint="choose your own name, or a team that you are in",
            )
        self._users.set_default_entity(actor.user.id, found.id)
        return self._user(actor.user.name)

    def known_organizations(self, actor: Actor) -> tuple[Organization, ...]:
        """The organisations that the actor belongs to; all for administrators of the server."""
        if actor.user.admin:
            return tuple(self._organizations.all())
        return tuple(each.organization for each in actor.organizations)

    def organization(self, actor: Actor, name: str) -> Organization:
        """An organisation that the actor belongs to, by its name or that of its entity; any for
        administrators of the server.

        Raises:
            NotFound: There is none of this name, or the actor may not know of it.
        """
        wanted = rules.compared(name)
        for org in self.known_organizations(actor):
            if wanted in (rules.compared(org.name), rules.compared(org.entity.name)):
                return org
        raise NotFound(f"There is no organisation called `{name}`, or you do not belong to it")

    def organization_of(self, actor: Actor, entity: Entity) -> Organization | None:
        """The organisation of a team or of its own entity, if the actor may know of it."""
        known = self.known_organizations(actor)
        return next((org for org in known if org.id == entity.org), None)

    def visible_users(self, actor: Actor, name_or_email: str) -> tuple[User, ...]:
        """Users of exactly this name or address, among those whom the actor may know: everybody
        for administrators of the server, and the others of organisations and teams that one
        belongs to as more than a guest."""
        named = self._users.named(name_or_email)
        found = {user.id: user for user in self._users.with_email(name_or_email)}
        if named is not None:
            found = {named.id: named, **found}
        return self.known_users(actor, found.values())

    def known_users(self, actor: Actor, users: Iterable[User]) -> tuple[User, ...]:
        """Those of the users whom the actor may know, as `visible_users` says."""
        if actor.user.admin:
            return tuple(users)
        orgs = [o.organization.id for o in actor.organizations if o.role is not Role.GUEST]
        teams = [m.entity.id for m in actor.memberships]
        known = {actor.user.id}
        for members in (self._organizations.members(orgs), self._teams.members(teams)):
            known |= {member.user.id for each in members.values() for member in each}
        return tuple(user for user in users if user.id in known)

    def user(self, id: UserId) -> User | None:
        """The user of this number, whoever asks; ``None`` once they were removed."""
        return self._users.get(id)

    def names(self, ids: Iterable[UserId]) -> dict[UserId, str]:
        """Names of users by number, for things that the caller may see; removed ones are left
        out."""
        found = (self._users.get(id) for id in set(ids))
        return {user.id: user.name for user in found if user is not None}

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

    def add_user_by_email(self, actor: Actor, email: str, *, admin: bool = False) -> User:
        """Add a user, whose name is made of their address."""
        self._require_admin(actor)
        address = rules.check_email(email)
        if address is None:
            raise BadRequest("A user needs an e-mail address")
        if self._users.with_email(address):
            raise Conflict(f"There is a user with the address `{address}` already")
        name = rules.account_name(
            address.partition("@")[0], lambda name: self._users.entity(name) is not None
        )
        return self.create_user(name, email=address, admin=admin)

    def signin_token(self, actor: Actor, name: str) -> str:
        """A token with which a user signs in once, for an administrator to hand over."""
        self._require_admin(actor)
        return self._credentials.signin_token(self._user(name).id)

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
        own = self.actor(user).own_entity.id
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

    def rename_organization(self, actor: Actor, name: str, new: str) -> Organization:
        """Give an organisation another name. The entity of its registries keeps its own, so that
        what refers to them stays right."""
        org = self._administered(actor, name)
        self._organizations.rename(org.id, rules.check_name(new, "an organisation"))
        return self._organization(new)

    def remove_organization(self, actor: Actor, name: str) -> Sequence[EntityId]:
        """Remove an organisation with its teams and their service accounts; gives the entities
        that are gone."""
        self._require_admin(actor)
        org = self._organization(name)
        teams = self._organizations.teams([org.id])[org.id]
        machines = [gone for team in teams for gone in self._remove_machines(team)]
        self._organizations.remove(org.id, self._clock.now())
        return [*(team.id for team in teams), *machines, org.entity.id]

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
        """Add a team to an organisation; ``owner`` becomes an administrator of the team."""
        found = self._administered(actor, org)
        rules.check_name(name, "a team")
        team = self._organizations.add_team(name, found.id, self._clock.now())
        if owner is not None:
            user = self._user(owner)
            self._join(found.id, user)
            self._teams.set_member(team.id, user.id, Role.ADMIN)
        return team

    def remove_team(self, actor: Actor, name: str) -> Sequence[EntityId]:
        """Remove a team with its service accounts; gives the entities that are gone."""
        team = self._users.entity(name)
        if team is None or not rules.may(actor, team.id, Action.READ):
            raise NotFound(f"There is no team called `{name}`")
        if team.kind is not EntityKind.TEAM:
            raise BadRequest(f"`{name}` is {_A[team.kind]}, not a team")
        if not rules.may(actor, team.id, Action.ADMIN):
            raise Forbidden(f"Only administrators of its organisation may remove `{name}`")
        machines = self._remove_machines(team)
        self._organizations.remove_team(team.id, self._clock.now())
        return [team.id, *machines]

    def _accept_invites(self, user: User) -> None:
        for invite in self._teams.invites_of(user.email) if user.email else ():
            team = self._users.entity_by_id(invite.team)
            if team is not None and team.org is not None:
                self._join(team.org, user)
                self._teams.set_member(team.id, user.id, invite.role)
            self._teams.remove_invite(invite.id)

    def _remove_machines(self, team: Entity) -> list[EntityId]:
        gone: list[EntityId] = []
        for account in self._teams.service_accounts(team.id):
            self._credentials.forget(account.id)
            gone.append(self.actor(account).own_entity.id)
            self._users.remove(account.id, self._clock.now())
        return gone

    def _join(self, org: OrgId, user: User) -> None:
        """Make the user a guest of the organisation unless they are in it."""
        if all(member.user.id != user.id for member in self._organizations.members([org])[org]):
            self._organizations.set_member(org, user.id, Role.GUEST)

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


_A = {EntityKind.USER: "a user", EntityKind.ORGANIZATION: "an organisation"}


def _first_role(user: User) -> Role:
    return Role.ADMIN if user.admin else Role.GUEST
