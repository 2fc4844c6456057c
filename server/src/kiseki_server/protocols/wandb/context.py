"""What resolvers work with: who asks, and the services that answer."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from kiseki_server.domain.accounts.credentials import Credentials
from kiseki_server.domain.accounts.fresh_keys import FreshKeys
from kiseki_server.domain.accounts.service import AccountService
from kiseki_server.domain.accounts.teams import TeamService
from kiseki_server.domain.accounts.types import Actor
from kiseki_server.domain.artifacts.service import ArtifactService
from kiseki_server.domain.console.store import ConsoleStore
from kiseki_server.domain.exports.exporter import Exporter
from kiseki_server.domain.exports.service import ExportService
from kiseki_server.domain.exports.types import Export
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
from kiseki_server.kit.ids import ProjectId, RunId
from kiseki_server.protocols.wandb.histories import Histories
from kiseki_server.protocols.wandb.scans import Scans


@dataclass(frozen=True, slots=True)
class Exporting:
    """Files that were not there when they were asked for."""

    files: Future[Sequence[Export]]
    scan: bool
    """They were asked for by a scan."""


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
    histories: Histories
    console: ConsoleStore
    files: FileService
    artifacts: ArtifactService
    exports: ExportService
    exporter: Exporter
    scans: Scans
    tickets: Tickets
    clock: Clock
    operation: str = ""
    """The name of what is asked, where its document says one."""
    awaited: set[ProjectId] = field(default_factory=set[ProjectId])
    """Projects with artifacts that the request asks for and that may come soon."""

    exporting: dict[RunId, Exporting] = field(default_factory=dict["RunId", "Exporting"])
    """Files that would make another answer, once they are there."""

    def signed(self, ticket: AnyTicket) -> str:
        """An absolute address that allows what the ticket says, for whoever holds it."""
        return self.address + self.tickets.address(ticket)
