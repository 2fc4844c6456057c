"""Teams: who belongs to them, who is invited, and their machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kiseki_server.domain.accounts import rules
from kiseki_server.domain.accounts.credentials import Credentials
from kiseki_server.domain.accounts.fresh_keys import FreshKeys
from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.accounts.store import OrganizationStore, TeamStore, UserStore
from kiseki_server.domain.accounts.types import (
    Actor,
    Entity,
    EntityKind,
    Invite,
    Member,
    Organization,
    Role,
    User,
)
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import BadRequest, Conflict, Forbidden, NotFound
from kiseki_server.kit.ids import EntityId


@dataclass(frozen=True, slots=True)
class TeamView:
    """A team with everybody who reaches it."""

    team: Entity
    members: tuple[Member, ...]
    """With the stronger of the roles in the team and in its organisation, by name."""
    service_accounts: tuple[User, ...]
    invites: tuple[Invite, ...]


@dataclass(frozen=True, slots=True)
class Invited:
    """What an invitation led to: a member at once, or an address that is waited for."""

    team: Entity
    user: User | None
    invite: Invite | None


class TeamService:
    """Administers teams; for their administrators and those of their organisation."""

    def __init__(
        self,
        users: UserStore,
        organizations: OrganizationStore,
        teams: TeamStore,
        credentials: Credentials,
        fresh: FreshKeys,
        clock: Clock,
    ) -> None:
        self._users = users
        self._organizations = organizations
        self._teams = teams
        self._credentials = credentials
        self._fresh = fresh
        self._clock = clock

    def create(
        self, actor: Actor, name: str, *, org: str | None = None, admin: str | None = None
    ) -> Entity:
        """Add a team, administered by ``admin`` or by the actor.

        Without ``org`` it belongs to the one organisation that the actor administers.

        Raises:
            Forbidden: The actor does not administer the organisation.
            BadRequest: The name cannot be a team's, or several organisations come into question.
            Conflict: Somebody has the name.
        """
        found = self._organization(actor, org)
        rules.check_name(name, "a team")
        first = actor.user if admin is None else self._user(admin)
        team = self._organizations.add_team(name, found.id, self._clock.now())
        self._add(team, first, Role.ADMIN)
        return team

    def view(self, actor: Actor, name: str) -> TeamView:
        """The team, for whoever reaches it.

        Raises:
            NotFound: There is none, or the actor may not know of it.
        """
        return self.view_of(self._team(actor, name, Action.READ))

    def view_of(self, team: Entity) -> TeamView:
        """The team, which the caller may see."""
        org = team.org
        by_org = () if org is None else self._organizations.members([org])[org]
        found = {m.user.id: m for m in by_org if m.role is not Role.GUEST}
        for member in self._teams.members([team.id])[team.id]:
            other = found.get(member.user.id, member)
            role = rules.strongest((member.role, other.role))
            found[member.user.id] = Member(member.user, role)
        return TeamView(
            team=team,
            members=tuple(sorted(found.values(), key=lambda m: rules.compared(m.user.name))),
            service_accounts=tuple(self._teams.service_accounts(team.id)),
            invites=tuple(self._teams.invites(team.id)),
        )

    def set_member(self, actor: Actor, name: str, user: str, role: Role) -> None:
        """Put a user into a team, or change their role in it."""
        team = self._team(actor, name, Action.ADMIN)
        if role is Role.GUEST:
            raise BadRequest(
                "Guests are of organisations; a member of a team is admin, member or viewer"
            )
        self._add(team, self._user(user), role)

    def remove_member(self, actor: Actor, name: str, user: str) -> None:
        """Take a user out of a team; one may always leave oneself.

        Raises:
            NotFound: They are no member of the team itself.
            Conflict: They reach it by their role in the organisation.
        """
        leaving = rules.compared(user) == rules.compared(actor.user.name)
        team = self._team(actor, name, Action.READ if leaving else Action.ADMIN)
        member = self._user(user)
        if member.service_of == team.id:
            raise BadRequest(f"`{user}` is a service account of `{name}`; remove it as one")
        if self._teams.remove_member(team.id, member.id):
            return
        if any(m.user.id == member.id for m in self.view_of(team).members):
            raise Conflict(
                f"`{user}` reaches `{name}` as a member of its organisation",
                hint="give them the role guest there first",
            )
        raise NotFound(f"`{user}` is no member of `{name}`")

    def invite(
        self,
        actor: Actor,
        name: str,
        *,
        email: str | None = None,
        user: str | None = None,
        role: Role = Role.MEMBER,
    ) -> Invited:
        """Invite somebody by name or address. Who has an account is a member at once; others
        become one with the account that is made for their address.

        Raises:
            Conflict: They are in the team already, or several users have the address.
        """
        team = self._team(actor, name, Action.ADMIN)
        if role is Role.GUEST:
            raise BadRequest("A member of a team is admin, member or viewer")
        found = self._user(user) if user else None
        address = None
        if found is None:
            address = rules.check_email(email)
            if address is None:
                raise BadRequest("Name whom to invite: `email` or `user`")
            known = [u for u in self._users.with_email(address) if u.service_of is None]
            if len(known) > 1:
                raise Conflict(
                    f"Several users have the address `{address}`", hint="invite one by name"
                )
            found = known[0] if known else None
        if found is None:
            assert address is not None
            invite = self._teams.invite(
                team.id, address, role, invited_by=actor.user.id, at=self._clock.now()
            )
            return Invited(team, None, invite)
        if any(m.user.id == found.id for m in self._teams.members([team.id])[team.id]):
            raise Conflict(f"`{found.name}` is a member of `{team.name}` already")
        self._add(team, found, role)
        return Invited(team, found, None)

    def remove_invite(self, actor: Actor, name: str, invite: int) -> None:
        """Take an invitation back."""
        team = self._team(actor, name, Action.ADMIN)
        if invite not in {known.id for known in self._teams.invites(team.id)}:
            raise NotFound(f"`{name}` has no invite with the id {invite}")
        self._teams.remove_invite(invite)

    def add_service_account(self, actor: Actor, name: str, description: str) -> tuple[User, str]:
        """Add an account for a machine, a member of this team alone, with its key for the only
        time."""
        team = self._team(actor, name, Action.ADMIN)
        label = rules.check_label(description, "The description of a service account")
        chosen = rules.account_name(
            f"{team.name[:24]}-{label[:32]}", lambda name: self._users.entity(name) is not None
        )
        user = self._users.add(
            chosen, email=None, admin=False, at=self._clock.now(), service_of=team.id
        )
        record, key = self._credentials.add_key(user.id, label)
        self._fresh.remember(actor.user.id, record, key)
        return user, key

    def remove_service_account(self, actor: Actor, name: str, account: str) -> Sequence[EntityId]:
        """Remove a machine's account with its keys; gives the entities that are gone."""
        team = self._team(actor, name, Action.ADMIN)
        user = self._users.named(account)
        if user is None or user.service_of != team.id:
            raise NotFound(f"`{name}` has no service account called `{account}`")
        own = self._users.entity(user.name)
        self._credentials.forget(user.id)
        self._users.remove(user.id, self._clock.now())
        return [] if own is None else [own.id]

    def fresh_key(self, actor: Actor, account: User) -> str | None:
        """The key of a service account that the actor has just made."""
        for record in reversed(self._credentials.keys(account.id)):
            key = self._fresh.recall(actor.user.id, record)
            if key is not None:
                return key
        return None

    def _organization(self, actor: Actor, name: str | None) -> Organization:
        if name is not None:
            known = self._organizations.named(name)
            if known is None or not rules.administers(actor, known.id):
                if known is None and actor.user.admin:
                    raise NotFound(f"There is no organisation called `{name}`")
                raise Forbidden(f"Only administrators of `{name}` may add teams to it")
            return known
        mine = [o.organization for o in actor.organizations if o.role is Role.ADMIN]
        if not mine and actor.user.admin:
            mine = list(self._organizations.all())
        if not mine:
            raise Forbidden(
                "Only administrators of an organisation may add teams",
                hint="ask an administrator of your organisation",
            )
        if len(mine) > 1:
            names = ", ".join(org.name for org in mine)
            raise BadRequest(
                f"You administer several organisations: {names}",
                hint="say to which of them the team belongs",
            )
        return mine[0]

    def _team(self, actor: Actor, name: str, action: Action) -> Entity:
        team = self._users.entity(name)
        if (
            team is None
            or team.kind is not EntityKind.TEAM
            or not rules.may(actor, team.id, Action.READ)
        ):
            raise NotFound(f"There is no team called `{name}`, or you may not see it")
        if not rules.may(actor, team.id, action):
            raise Forbidden(f"Only administrators of `{team.name}` may do this")
        return team

    def _user(self, name: str) -> User:
        user = self._users.named(name)
        if user is None:
            raise NotFound(f"There is no user called `{name}`")
        return user

    def _add(self, team: Entity, user: User, role: Role) -> None:
        org = team.org
        assert org is not None
        if user.service_of is not None:
            raise BadRequest(f"`{user.name}` is a service account, which has one team")
        if all(m.user.id != user.id for m in self._organizations.members([org])[org]):
            self._organizations.set_member(org, user.id, Role.GUEST)
        self._teams.set_member(team.id, user.id, role)
