"""The composition root: builds the services on their stores, and the work behind them."""

from __future__ import annotations

from datetime import timedelta

from kiseki_server.app.datadir import SECRET
from kiseki_server.app.services import Services
from kiseki_server.app.settings import Settings
from kiseki_server.app.stores import Stores, open_stores
from kiseki_server.domain.accounts.credentials import Credentials
from kiseki_server.domain.accounts.fresh_keys import FreshKeys
from kiseki_server.domain.accounts.service import AccountService
from kiseki_server.domain.accounts.teams import TeamService
from kiseki_server.domain.annotations.of_calls import QueuesOfCalls
from kiseki_server.domain.annotations.service import QueueService
from kiseki_server.domain.artifacts.ground import Ground
from kiseki_server.domain.artifacts.service import ArtifactService
from kiseki_server.domain.calls.bodies import CallBodies
from kiseki_server.domain.calls.feed import CallFeed
from kiseki_server.domain.calls.service import CallService
from kiseki_server.domain.completions.service import CompletionService
from kiseki_server.domain.console.service import ConsoleService
from kiseki_server.domain.costs.service import CostService
from kiseki_server.domain.evaluations.service import EvaluationService
from kiseki_server.domain.exports.service import ExportService
from kiseki_server.domain.feedback.of_calls import FeedbackOfCalls
from kiseki_server.domain.feedback.service import FeedbackService
from kiseki_server.domain.files.arrival import Keeper, Receiver
from kiseki_server.domain.files.service import FileService
from kiseki_server.domain.files.tickets import Tickets
from kiseki_server.domain.history.branching import Branching
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
from kiseki_server.domain.runs.indexing import RunIndexer
from kiseki_server.domain.runs.service import RunService
from kiseki_server.domain.tables.service import TableService
from kiseki_server.domain.views.service import ViewService
from kiseki_server.kit.clock import Clock, SystemClock
from kiseki_server.kit.errors import BadRequest
from kiseki_server.kit.secrets import Hasher, secret_from_file
from kiseki_server.kit.vault import Vault
from kiseki_server.outbound.guard import Guard
from kiseki_server.outbound.models import OpenAiModels
from kiseki_server.workers.call_commit import CallCommitter
from kiseki_server.workers.commit import Committer
from kiseki_server.workers.exports import ExportWorker
from kiseki_server.workers.group_commit import CALLS, HISTORY, Bounds, GroupCommit
from kiseki_server.workers.live import LiveHub
from kiseki_server.workers.periodic import Periodic
from kiseki_server.workers.together import Together
from kiseki_server.workers.upkeep import (
    CallUpkeep,
    HeartbeatMonitor,
    Housekeeping,
    IndexUpkeep,
    ProjectUpkeep,
)

_HEARTBEATS = 15.0
_INDEX = 2.0
_HOUSEKEEPING = 3600.0
_MEMORY = 20.0
_EXPIRY = 60.0
_COPIES = 30.0


def compose(
    settings: Settings, *, clock: Clock | None = None, stores: Stores | None = None
) -> Services:
    """The services over the stores that the settings name, or over those that are given."""
    clock = clock or SystemClock()
    stores = stores or open_stores(settings)
    secret = _secret(settings)
    hasher = Hasher(secret)
    credentials = Credentials(
        stores.credentials,
        hasher,
        clock,
        session_lifetime=timedelta(days=settings.session_days),
    )
    with stores.work.transaction(write=True):
        credentials.check_secret()
    accounts = AccountService(
        stores.users,
        stores.organizations,
        stores.teams,
        stores.project_members,
        credentials,
        clock,
    )
    fresh_keys = FreshKeys(clock)
    projects = ProjectService(stores.projects, accounts, clock)
    live = LiveHub()
    indexer = RunIndexer(stores.runs, stores.index)
    runs = RunService(
        stores.runs,
        stores.writers,
        stores.events,
        live,
        stores.index,
        indexer,
        stores.work,
        clock,
    )
    keeper = Keeper(stores.blob_names, stores.blobs, stores.work, clock)
    together = Together(keeper)
    receiver = Receiver(keeper, stores.blobs, together, max_bytes=settings.file_limit_mb << 20)
    files = FileService(stores.files, stores.blob_names, stores.blobs, receiver, stores.work, clock)
    members = ProjectMembers(
        stores.project_members, projects, stores.users, stores.organizations, clock
    )
    registries = RegistryService(
        projects=projects,
        project_store=stores.projects,
        members=members,
        member_store=stores.project_members,
        collections=stores.collections,
        log=stores.actions,
        clock=clock,
    )
    collector = Periodic("blobs", _HOUSEKEEPING, files.collect)
    artifacts = ArtifactService(
        Ground(
            collections=stores.collections,
            versions=stores.versions,
            memberships=stores.memberships,
            uploads=stores.uploads,
            edges=stores.edges,
            actions=stores.actions,
            names=stores.blob_names,
            blobs=stores.blobs,
            receiver=receiver,
            projects=projects,
            events=stores.events,
            live=live,
            work=stores.work,
            clock=clock,
            on_free=[collector.wake],
        )
    )
    committer = Committer(
        work=stores.work,
        runs=stores.runs,
        writers=stores.writers,
        events=stores.events,
        history=stores.history,
        console=stores.console,
        live=live,
        clock=clock,
    )
    ingest = GroupCommit(
        HISTORY,
        committer,
        Bounds(interval=settings.commit_interval_ms / 1000, points=settings.commit_points),
    )
    bodies = CallBodies(stores.call_bodies, stores.blobs, receiver, stores.work, clock)
    call_ingest = GroupCommit(
        CALLS,
        CallCommitter(stores.calls, bodies, live),
        Bounds(
            interval=settings.commit_interval_ms / 1000,
            points=5_000,
            commit_points=20_000,
            waiting_points=500_000,
        ),
    )
    branching = Branching(
        runs=runs,
        store=stores.runs,
        queue=stores.copies,
        history=stores.history,
        ingest=ingest,
        files=stores.files,
        edges=stores.edges,
        work=stores.work,
        clock=clock,
    )
    exports = ExportService(
        stores.history, stores.exports, receiver, stores.blobs, stores.work, clock
    )
    exporter = ExportWorker(exports)
    objects = ObjectService(stores.objects, stores.blobs, receiver, stores.work, clock)
    calls = CallService(
        stores.calls,
        call_ingest,
        live,
        bodies,
        sources=[
            FeedbackOfCalls(stores.feedback, stores.work),
            QueuesOfCalls(stores.queues, stores.work),
        ],
    )
    costs = CostService(stores.prices)
    tables = TableService(stores.rows, stores.tables, stores.work, clock)
    services = Services(
        settings=settings,
        clock=clock,
        stores=stores,
        accounts=accounts,
        credentials=credentials,
        fresh_keys=fresh_keys,
        teams=TeamService(
            stores.users,
            stores.organizations,
            stores.teams,
            credentials,
            fresh_keys,
            clock,
        ),
        projects=projects,
        members=members,
        registries=registries,
        registry_search=RegistrySearch(registries, artifacts),
        runs=runs,
        alerts=AlertService(runs, stores.alerts, stores.events, live, stores.work, clock),
        branching=branching,
        mover=RunMover(
            runs=runs,
            store=stores.runs,
            indexer=indexer,
            queue=stores.copies,
            history=stores.history,
            console=stores.console,
            work=stores.work,
        ),
        history=HistoryService(stores.history),
        console=ConsoleService(stores.console),
        calls=calls,
        feed=CallFeed(stores.calls, stores.leases, stores.work, clock),
        receiver=receiver,
        files=files,
        artifacts=artifacts,
        objects=objects,
        feedback=FeedbackService(stores.feedback, objects, stores.queues),
        queues=QueueService(stores.queues, calls, stores.feedback, stores.work, clock),
        costs=costs,
        completions=CompletionService(
            stores.providers,
            Vault(secret),
            OpenAiModels(Guard(settings.outbound_hosts)),
            calls,
            stores.work,
            clock,
        ),
        evaluations=EvaluationService(
            calls=calls,
            store=stores.evaluations,
            objects=objects,
            tables=tables,
            costs=costs,
            database=stores.work,
            clock=clock,
        ),
        tables=tables,
        project_files=ProjectFiles(
            stores.project_files, stores.blobs, receiver, stores.work, clock
        ),
        lineage=LineageService(stores.lineage, projects),
        views=ViewService(stores.views, projects, clock),
        media=MediaService(stores.history, files, stores.sheets, stores.work),
        exports=exports,
        exporter=exporter,
        tickets=Tickets(hasher, clock),
        ingest=ingest,
        live=live,
    )
    services.on_close.extend(stores.closers)
    housekeeping = Housekeeping(
        runs=stores.runs,
        indexer=indexer,
        events=stores.events,
        history=stores.history,
        console=stores.console,
        work=stores.work,
        clock=clock,
        purge=[files.delete_runs, exports.delete_runs, stores.edges.remove_runs],
    )
    heartbeats = HeartbeatMonitor(
        runs, stores.work, clock, silence=timedelta(seconds=settings.heartbeat_timeout_s)
    )
    for worker in (
        ingest,
        call_ingest,
        exporter,
        together,
        Periodic("heartbeats", _HEARTBEATS, heartbeats),
        Periodic("copies", _COPIES, branching.finish_all),
        Periodic("index", _INDEX, IndexUpkeep(indexer, stores.work)),
        Periodic("housekeeping", _HOUSEKEEPING, housekeeping),
        collector,
        Periodic("artifacts", _EXPIRY, artifacts.expire),
        Periodic("projects", _HOUSEKEEPING, project_upkeep(stores, clock)),
        Periodic("calls", _HOUSEKEEPING, CallUpkeep(stores.calls, bodies, clock)),
        Periodic("memory", _MEMORY, stores.release_memory),
    ):
        services.on_start.append(worker.start)
        services.on_close.append(worker.stop)
    return services


def project_upkeep(stores: Stores, clock: Clock) -> ProjectUpkeep:
    """What empties deleted projects."""
    return ProjectUpkeep(
        stores.projects,
        stores.work,
        clock,
        engine=[stores.calls.forget, stores.rows.forget],
        database=[
            stores.objects.forget,
            stores.tables.forget,
            stores.project_files.forget,
            stores.feedback.forget,
            stores.prices.forget,
            stores.call_bodies.forget,
            stores.queues.forget,
            stores.leases.forget,
        ],
    )


def _secret(settings: Settings) -> bytes:
    if settings.secret_key is None:
        return secret_from_file(settings.data_dir / SECRET)
    try:
        secret = bytes.fromhex(settings.secret_key)
    except ValueError:
        secret = b""
    if len(secret) < 32:
        raise BadRequest(
            "KISEKI_SECRET_KEY must be at least 64 hexadecimal digits",
            hint='make one with `python -c "import secrets; print(secrets.token_hex(32))"`',
        )
    return secret
