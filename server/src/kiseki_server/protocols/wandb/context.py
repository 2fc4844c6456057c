"""What resolvers work with: who asks, and the services that answer."""

from __future__ import annotations

from dataclasses import dataclass, field

from kiseki_server.domain.accounts.credentials import Credentials
from kiseki_server.domain.accounts.fresh_keys import FreshKeys
from kiseki_server.domain.accounts.service import AccountService
from kiseki_server.domain.accounts.teams import TeamService
from kiseki_server.domain.accounts.types import Actor
from kiseki_server.domain.artifacts.service import ArtifactService
from kiseki_server.domain.console.store import ConsoleStore
from kiseki_server.domain.files.service import FileService
from kiseki_server.domain.files.tickets import AnyTicket, Tickets
from kiseki_server.domain.history.branching import Branching
from kiseki_server.domain.history.store import HistoryStore
from kiseki_server.domain.projects.members import ProjectMembers
from kiseki_server.domain.projects.service import ProjectService
from kiseki_server.domain.registry.search import RegistrySearch
from kiseki_server.domain.registry.service import RegistryService
from kiseki_server.domain.runs.alerts import AlertService
from kiseki_server.domain.runs.service import RunService
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.ids import ProjectId


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One request."""

    actor: Actor
    address: str
    """The server's own, as the caller knows it, without a slash at the end."""
    accounts: AccountService
    credentials: Credentials
    fresh_keys: FreshKeys
    teams: TeamService
    projects: ProjectService
    members: ProjectMembers
    registries: RegistryService
    registry_search: RegistrySearch
    runs: RunService
    alerts: AlertService
    branching: Branching
    history: HistoryStore
    console: ConsoleStore
    files: FileService
    artifacts: ArtifactService
    tickets: Tickets
    clock: Clock
    awaited: set[ProjectId] = field(default_factory=set[ProjectId])
    """Projects with artifacts that the request asks for and that may come soon."""

    def signed(self, ticket: AnyTicket) -> str:
        """An absolute address that allows what the ticket says, for whoever holds it."""
        return self.address + self.tickets.address(ticket)
