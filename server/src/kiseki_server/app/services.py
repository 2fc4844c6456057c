"""Everything that the server consists of, built once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from kiseki_server.app.settings import Settings
from kiseki_server.app.stores import Stores
from kiseki_server.domain.accounts.credentials import Credentials
from kiseki_server.domain.accounts.fresh_keys import FreshKeys
from kiseki_server.domain.accounts.service import AccountService
from kiseki_server.domain.accounts.teams import TeamService
from kiseki_server.domain.annotations.service import QueueService
from kiseki_server.domain.artifacts.service import ArtifactService
from kiseki_server.domain.calls.feed import CallFeed
from kiseki_server.domain.calls.service import CallService
from kiseki_server.domain.completions.service import CompletionService
from kiseki_server.domain.console.service import ConsoleService
from kiseki_server.domain.costs.service import CostService
from kiseki_server.domain.evaluations.service import EvaluationService
from kiseki_server.domain.exports.exporter import Exporter
from kiseki_server.domain.exports.service import ExportService
from kiseki_server.domain.feedback.service import FeedbackService
from kiseki_server.domain.files.arrival import Receiver
from kiseki_server.domain.files.service import FileService
from kiseki_server.domain.files.tickets import Tickets
from kiseki_server.domain.history.branching import Branching
from kiseki_server.domain.history.ingest import Ingest
from kiseki_server.domain.history.moving import RunMover
from kiseki_server.domain.history.service import HistoryService
from kiseki_server.domain.lineage.service import LineageService
from kiseki_server.domain.media.service import MediaService
from kiseki_server.domain.objects.files import ProjectFiles
from kiseki_server.domain.objects.service import ObjectService
from kiseki_server.domain.projects.members import ProjectMembers
from kiseki_server.domain.projects.service import ProjectService
from kiseki_server.domain.registry.search import RegistrySearch
from kiseki_server.domain.registry.service import RegistryService
from kiseki_server.domain.runs.alerts import AlertService
from kiseki_server.domain.runs.service import RunService
from kiseki_server.domain.tables.service import TableService
from kiseki_server.domain.views.service import ViewService
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.transactions import UnitOfWork
from kiseki_server.workers.live import LiveHub


@dataclass(slots=True, kw_only=True)
class Services:
    """The services over the stores, with what happens around their life.

    `start`, `stop_streams` and `close` run the hooks that `compose` has put in: work in the
    background begins and ends with them.
    """

    settings: Settings
    clock: Clock
    stores: Stores
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
    mover: RunMover
    history: HistoryService
    console: ConsoleService
    calls: CallService
    feed: CallFeed
    receiver: Receiver
    files: FileService
    artifacts: ArtifactService
    objects: ObjectService
    tables: TableService
    project_files: ProjectFiles
    feedback: FeedbackService
    queues: QueueService
    costs: CostService
    completions: CompletionService
    evaluations: EvaluationService
    lineage: LineageService
    views: ViewService
    media: MediaService
    exports: ExportService
    exporter: Exporter
    tickets: Tickets
    ingest: Ingest
    live: LiveHub
    on_start: list[Callable[[], None]] = field(default_factory=list["Callable[[], None]"])
    on_close: list[Callable[[], None]] = field(default_factory=list["Callable[[], None]"])

    @property
    def database(self) -> UnitOfWork:
        """Opens transactions."""
        return self.stores.work

    def start(self) -> None:
        """Begin the work in the background."""
        for hook in self.on_start:
            hook()

    def stop_streams(self) -> None:
        """End what would keep connections open for ever."""
        self.live.close()

    def close(self) -> None:
        """Finish what was accepted and close the stores, the last opened first."""
        while self.on_close:
            self.on_close.pop()()
