"""Members of teams themselves, service accounts and invites, in memory, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from kiseki_server.domain.accounts.rules import compared
from kiseki_server.domain.accounts.types import Invite, Member, Role, User
from kiseki_server.kit.ids import EntityId, UserId
from kiseki_server.storage.memory.accounts import AccountTables


class MemoryTeamStore:
    """`TeamStore` in memory."""

    def __init__(self, tables: AccountTables) -> None:
        self._tables = tables
        self._invites: dict[int, Invite] = {}

    def set_member(self, team: EntityId, user: UserId, role: Role) -> None:
        self._tables.team_members[team, user] = role

    def remove_member(self, team: EntityId, user: UserId) -> bool:
        return self._tables.team_members.pop((team, user), None) is not None

    def members(self, teams: Sequence[EntityId]) -> Mapping[EntityId, Sequence[Member]]:
        found: dict[EntityId, list[Member]] = {team: [] for team in teams}
        for (team, user), role in self._tables.team_members.items():
            if team in found:
                found[team].append(Member(self._tables.users[user], role))
        return {
            team: sorted(members, key=lambda member: compared(member.user.name))
            for team, members in found.items()
        }

    def service_accounts(self, team: EntityId) -> Sequence[User]:
        return [user for user in self._tables.users.values() if user.service_of == team]

    def invite(
        self, team: EntityId, email: str, role: Role, *, invited_by: UserId, at: datetime
    ) -> Invite:
        known = next((i for i in self.invites(team) if i.email == email.lower()), None)
        if known is None:
            id = next(self._tables.ids)
            made = Invite(id, team, email.lower(), role, invited_by, at)
        else:
            made = replace(known, role=role, invited_by=invited_by, created_at=at)
        self._invites[made.id] = made
        return made

    def invites(self, team: EntityId) -> Sequence[Invite]:
        return [invite for invite in self._invites.values() if invite.team == team]

    def invites_of(self, email: str) -> Sequence[Invite]:
        return [invite for invite in self._invites.values() if invite.email == email.lower()]

    def remove_invite(self, invite: int) -> bool:
        return self._invites.pop(invite, None) is not None
