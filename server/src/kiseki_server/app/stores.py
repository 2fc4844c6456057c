"""Which adapter stands behind each port."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from kiseki_server.app.settings import Settings
from kiseki_server.domain.accounts.store import (
    CredentialStore,
    OrganizationStore,
    TeamStore,
    UserStore,
)
from kiseki_server.domain.annotations.store import QueueStore
from kiseki_server.domain.artifacts.store import (
    ActionLog,
    CollectionStore,
    EdgeStore,
    MembershipStore,
    UploadStore,
    VersionStore,
)
from kiseki_server.domain.calls.bodies import BodyNames
from kiseki_server.domain.calls.feed import LeaseStore
from kiseki_server.domain.calls.store import CallStore
from kiseki_server.domain.completions.store import ProviderStore
from kiseki_server.domain.console.store import ConsoleStore
from kiseki_server.domain.costs.store import PriceStore
from kiseki_server.domain.evaluations.store import EvaluationStore
from kiseki_server.domain.exports.store import ExportStore
from kiseki_server.domain.feedback.store import FeedbackStore
from kiseki_server.domain.files.store import BlobNames, BlobStore, RunFileStore
from kiseki_server.domain.history.copy_queue import CopyQueue
from kiseki_server.domain.history.store import HistoryStore
from kiseki_server.domain.lineage.store import LineageStore
from kiseki_server.domain.media.sheets import SheetCache
from kiseki_server.domain.objects.files import ProjectFileStore
from kiseki_server.domain.objects.store import ObjectStore
from kiseki_server.domain.projects.store import ProjectMemberStore, ProjectStore
from kiseki_server.domain.runs.alerts import AlertStore
from kiseki_server.domain.runs.events import EventLog
from kiseki_server.domain.runs.index import RunIndex
from kiseki_server.domain.runs.store import RunStore
from kiseki_server.domain.runs.writers import WriterStore
from kiseki_server.domain.tables.store import RowStore, TableBook
from kiseki_server.domain.views.store import ViewStore
from kiseki_server.kit.memory import release_memory
from kiseki_server.kit.transactions import UnitOfWork
from kiseki_server.storage.blobs.folder import FolderBlobs
from kiseki_server.storage.blobs.objects import ObjectBlobs
from kiseki_server.storage.blobs.sheets import FolderSheets
from kiseki_server.storage.columnar.calls import ColumnarCallStore
from kiseki_server.storage.columnar.console import ColumnarConsoleStore
from kiseki_server.storage.columnar.engine import ClientPool, open_engine
from kiseki_server.storage.columnar.evaluations import ColumnarEvaluationStore
from kiseki_server.storage.columnar.history import ColumnarHistoryStore
from kiseki_server.storage.columnar.run_index import ColumnarRunIndex
from kiseki_server.storage.columnar.tables import ColumnarRowStore
from kiseki_server.storage.memory.accounts import (
    AccountTables,
    MemoryCredentialStore,
    MemoryOrganizationStore,
    MemoryUserStore,
)
from kiseki_server.storage.memory.artifact_uploads import (
    MemoryActionLog,
    MemoryEdgeStore,
    MemoryUploadStore,
)
from kiseki_server.storage.memory.artifacts import (
    ArtifactTables,
    MemoryCollectionStore,
    MemoryMembershipStore,
    MemoryVersionStore,
)
from kiseki_server.storage.memory.call_bodies import MemoryBodyNames
from kiseki_server.storage.memory.calls import MemoryCallStore
from kiseki_server.storage.memory.console import MemoryConsoleStore
from kiseki_server.storage.memory.evaluations import MemoryEvaluationStore
from kiseki_server.storage.memory.exports import MemoryExports
from kiseki_server.storage.memory.feedback import MemoryFeedbackStore
from kiseki_server.storage.memory.files import MemoryBlobNames, MemoryBlobs, MemoryRunFiles
from kiseki_server.storage.memory.history import MemoryHistoryStore
from kiseki_server.storage.memory.leases import MemoryLeaseStore
from kiseki_server.storage.memory.lineage import MemoryLineage, drawing
from kiseki_server.storage.memory.objects import MemoryObjectStore
from kiseki_server.storage.memory.prices import MemoryPriceStore
from kiseki_server.storage.memory.project_files import MemoryProjectFileStore
from kiseki_server.storage.memory.project_members import MemoryProjectMemberStore
from kiseki_server.storage.memory.projects import MemoryProjectStore
from kiseki_server.storage.memory.providers import MemoryProviderStore
from kiseki_server.storage.memory.queues import MemoryQueueStore
from kiseki_server.storage.memory.run_index import MemoryRunIndex
from kiseki_server.storage.memory.runs import (
    MemoryAlertStore,
    MemoryCopyQueue,
    MemoryEventLog,
    MemoryRunStore,
    MemoryWriterStore,
)
from kiseki_server.storage.memory.sheets import MemorySheets
from kiseki_server.storage.memory.tables import MemoryRowStore, MemoryTableBook
from kiseki_server.storage.memory.teams import MemoryTeamStore
from kiseki_server.storage.memory.transactions import MemoryTransactions
from kiseki_server.storage.memory.views import MemoryViewStore
from kiseki_server.storage.sql.alerts import SqlAlertStore
from kiseki_server.storage.sql.artifact_collections import SqlCollectionStore
from kiseki_server.storage.sql.artifact_edges import SqlActionLog, SqlEdgeStore
from kiseki_server.storage.sql.artifact_memberships import SqlMembershipStore
from kiseki_server.storage.sql.artifact_uploads import SqlUploadStore
from kiseki_server.storage.sql.artifact_versions import SqlVersionStore
from kiseki_server.storage.sql.blob_names import SqlBlobNames
from kiseki_server.storage.sql.call_bodies import SqlBodyNames
from kiseki_server.storage.sql.credentials import SqlCredentialStore
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.events import SqlEventLog
from kiseki_server.storage.sql.exports import SqlExports
from kiseki_server.storage.sql.feedback import SqlFeedbackStore
from kiseki_server.storage.sql.files import SqlRunFiles
from kiseki_server.storage.sql.history_copies import SqlCopyQueue
from kiseki_server.storage.sql.leases import SqlLeaseStore
from kiseki_server.storage.sql.lineage import SqlLineage
from kiseki_server.storage.sql.migrate import migrate
from kiseki_server.storage.sql.objects import SqlObjectStore
from kiseki_server.storage.sql.organizations import SqlOrganizationStore
from kiseki_server.storage.sql.prices import SqlPriceStore
from kiseki_server.storage.sql.project_files import SqlProjectFileStore
from kiseki_server.storage.sql.project_members import SqlProjectMemberStore
from kiseki_server.storage.sql.projects import SqlProjectStore
from kiseki_server.storage.sql.providers import SqlProviderStore
from kiseki_server.storage.sql.queues import SqlQueueStore
from kiseki_server.storage.sql.runs import SqlRunStore
from kiseki_server.storage.sql.tables import SqlTableBook
from kiseki_server.storage.sql.teams import SqlTeamStore
from kiseki_server.storage.sql.users import SqlUserStore
from kiseki_server.storage.sql.views import SqlViewStore
from kiseki_server.storage.sql.writers import SqlWriterStore


@dataclass(slots=True, kw_only=True)
class Stores:
    """One adapter for every port."""

    work: UnitOfWork
    users: UserStore
    credentials: CredentialStore
    organizations: OrganizationStore
    teams: TeamStore
    projects: ProjectStore
    project_members: ProjectMemberStore
    runs: RunStore
    writers: WriterStore
    events: EventLog
    copies: CopyQueue
    alerts: AlertStore
    files: RunFileStore
    blob_names: BlobNames
    blobs: BlobStore
    exports: ExportStore
    collections: CollectionStore
    versions: VersionStore
    memberships: MembershipStore
    uploads: UploadStore
    edges: EdgeStore
    actions: ActionLog
    lineage: LineageStore
    views: ViewStore
    objects: ObjectStore
    project_files: ProjectFileStore
    rows: RowStore
    tables: TableBook
    feedback: FeedbackStore
    queues: QueueStore
    prices: PriceStore
    providers: ProviderStore
    sheets: SheetCache
    history: HistoryStore
    console: ConsoleStore
    calls: CallStore
    call_bodies: BodyNames
    leases: LeaseStore
    evaluations: EvaluationStore
    index: RunIndex
    checks: dict[str, Callable[[], None]] = field(default_factory=dict[str, Callable[[], None]])
    """What must answer before the server is ready, by name."""
    closers: list[Callable[[], None]] = field(default_factory=list["Callable[[], None]"])
    """In the order in which things were opened."""
    release_memory: Callable[[], None] = release_memory
    """Gives memory that is kept for later use back to the system."""


def open_stores(settings: Settings, *, engine: ClientPool | None = None) -> Stores:
    """The stores that the settings name; the embedded ones where they name none.

    A process can have one embedded engine; who has opened it already passes it, and closes it.
    """
    url = settings.database_url or f"sqlite:///{settings.data_dir / 'kiseki.db'}"
    database = Database(url, durable_against_power_loss=settings.durability == "power")
    migrate(database)
    closers = [database.close]
    if engine is None:
        engine = open_engine(
            None if settings.clickhouse_url else settings.data_dir / "columnar",
            settings.clickhouse_url,
            memory_bytes=settings.engine_memory_mb << 20,
            threads=max(2, os.cpu_count() or 1),
            durability="power" if settings.durability == "power" else "process",
        )
        closers.append(engine.close)
    calls = ColumnarCallStore(engine)
    names = SqlBlobNames(database)
    collections, versions = SqlCollectionStore(database), SqlVersionStore(database)
    incoming = settings.data_dir / "incoming"
    blobs: BlobStore = (
        ObjectBlobs(settings.blob_url, incoming)
        if settings.blob_url
        else FolderBlobs(settings.data_dir / "blobs")
    )
    return Stores(
        work=database,
        users=SqlUserStore(database),
        credentials=SqlCredentialStore(database),
        organizations=SqlOrganizationStore(database),
        teams=SqlTeamStore(database),
        project_members=SqlProjectMemberStore(database),
        projects=SqlProjectStore(database),
        runs=SqlRunStore(database),
        writers=SqlWriterStore(database),
        events=SqlEventLog(database),
        copies=SqlCopyQueue(database),
        alerts=SqlAlertStore(database),
        files=SqlRunFiles(database, names),
        blob_names=names,
        blobs=blobs,
        exports=SqlExports(database, names),
        collections=collections,
        versions=versions,
        memberships=SqlMembershipStore(database, collections, versions),
        uploads=SqlUploadStore(database, names),
        edges=SqlEdgeStore(database),
        actions=SqlActionLog(database),
        lineage=SqlLineage(database),
        views=SqlViewStore(database),
        objects=SqlObjectStore(database, names),
        project_files=SqlProjectFileStore(database, names),
        rows=ColumnarRowStore(engine),
        tables=SqlTableBook(database),
        feedback=SqlFeedbackStore(database),
        queues=SqlQueueStore(database),
        prices=SqlPriceStore(database),
        providers=SqlProviderStore(database),
        sheets=FolderSheets(settings.data_dir / "cache" / "tables"),
        history=ColumnarHistoryStore(engine),
        console=ColumnarConsoleStore(engine),
        calls=calls,
        call_bodies=SqlBodyNames(database, names),
        leases=SqlLeaseStore(database),
        evaluations=ColumnarEvaluationStore(calls),
        index=ColumnarRunIndex(engine),
        checks={"metadata database": database.ping, "columnar engine": engine.ping},
        closers=closers,
        release_memory=engine.release_memory,
    )


def memory_stores() -> Stores:
    """Stores for tests, gone with the process."""
    tables, writers, names = AccountTables(), MemoryWriterStore(), MemoryBlobNames()
    copies, alerts = MemoryCopyQueue(), MemoryAlertStore()
    history = MemoryHistoryStore()
    runs = MemoryRunStore(writers, copies, alerts)
    projects = MemoryProjectStore(tables, runs.all)
    artifacts, edges = ArtifactTables(), MemoryEdgeStore()
    calls = MemoryCallStore()
    return Stores(
        work=MemoryTransactions(),
        users=MemoryUserStore(tables),
        credentials=MemoryCredentialStore(tables),
        organizations=MemoryOrganizationStore(tables),
        teams=MemoryTeamStore(tables),
        project_members=MemoryProjectMemberStore(tables),
        projects=projects,
        runs=runs,
        writers=writers,
        events=MemoryEventLog(),
        copies=copies,
        alerts=alerts,
        files=MemoryRunFiles(names),
        blob_names=names,
        blobs=MemoryBlobs(),
        exports=MemoryExports(names),
        collections=MemoryCollectionStore(artifacts, projects.living),
        versions=MemoryVersionStore(artifacts),
        memberships=MemoryMembershipStore(artifacts),
        uploads=MemoryUploadStore(names),
        edges=edges,
        actions=MemoryActionLog(),
        views=MemoryViewStore(),
        lineage=MemoryLineage(lambda: drawing(artifacts, edges, runs.all())),
        objects=MemoryObjectStore(names),
        project_files=MemoryProjectFileStore(names),
        rows=MemoryRowStore(),
        tables=MemoryTableBook(),
        feedback=MemoryFeedbackStore(),
        queues=MemoryQueueStore(),
        prices=MemoryPriceStore(),
        providers=MemoryProviderStore(),
        sheets=MemorySheets(),
        history=history,
        console=MemoryConsoleStore(),
        calls=calls,
        call_bodies=MemoryBodyNames(names),
        leases=MemoryLeaseStore(),
        evaluations=MemoryEvaluationStore(calls),
        index=MemoryRunIndex(history),
    )
