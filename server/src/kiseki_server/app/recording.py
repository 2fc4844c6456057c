"""Puts together what records runs: ingest, live events, search and upkeep."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from kiseki_server.domain.console.service import ConsoleService
from kiseki_server.domain.console.store import ConsoleStore
from kiseki_server.domain.history.service import HistoryService
from kiseki_server.domain.history.store import HistoryStore
from kiseki_server.domain.runs.events import EventLog
from kiseki_server.domain.runs.index import RunIndex
from kiseki_server.domain.runs.indexing import RunIndexer
from kiseki_server.domain.runs.service import RunService
from kiseki_server.domain.runs.store import RunStore
from kiseki_server.domain.runs.writers import WriterStore
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.ids import RunId
from kiseki_server.kit.transactions import UnitOfWork
from kiseki_server.workers.commit import Committer
from kiseki_server.workers.group_commit import Bounds, GroupCommit
from kiseki_server.workers.live import LiveHub
from kiseki_server.workers.periodic import Periodic
from kiseki_server.workers.upkeep import HeartbeatMonitor, Housekeeping, IndexUpkeep


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStores:
    """The adapters of everything that a run consists of."""

    work: UnitOfWork
    runs: RunStore
    writers: WriterStore
    events: EventLog
    index: RunIndex
    history: HistoryStore
    console: ConsoleStore


@dataclass(frozen=True, slots=True)
class Recording:
    """The services over the stores, with the work that goes on behind them."""

    runs: RunService
    history: HistoryService
    console: ConsoleService
    ingest: GroupCommit
    live: LiveHub
    jobs: tuple[Periodic, ...]

    def start(self) -> None:
        self.ingest.start()
        for job in self.jobs:
            job.start()

    def stop(self) -> None:
        """Store what has arrived, finish what runs."""
        self.live.close()
        self.ingest.stop()
        for job in self.jobs:
            job.stop()


def build_recording(
    stores: RunStores,
    clock: Clock,
    *,
    bounds: Bounds | None = None,
    silence: timedelta = timedelta(minutes=5),
    delete_files: Callable[[Sequence[RunId]], None] | None = None,
) -> Recording:
    """Build the services; nothing runs before `Recording.start`."""
    work, live = stores.work, LiveHub()
    indexer = RunIndexer(stores.runs, stores.index)
    runs = RunService(
        stores.runs, stores.writers, stores.events, live, stores.index, indexer, work, clock
    )
    committer = Committer(
        work=work,
        runs=stores.runs,
        writers=stores.writers,
        events=stores.events,
        history=stores.history,
        console=stores.console,
        live=live,
        clock=clock,
    )
    housekeeping = Housekeeping(
        runs=stores.runs,
        indexer=indexer,
        events=stores.events,
        history=stores.history,
        console=stores.console,
        work=work,
        clock=clock,
        delete_files=delete_files,
    )
    monitor = HeartbeatMonitor(runs, work, clock, silence=silence)
    return Recording(
        runs=runs,
        history=HistoryService(stores.history),
        console=ConsoleService(stores.console),
        ingest=GroupCommit(committer, bounds),
        live=live,
        jobs=(
            Periodic("heartbeats", min(30.0, silence.total_seconds() / 4), monitor),
            Periodic("run-index", 2.0, IndexUpkeep(indexer, work)),
            Periodic("housekeeping", 3600.0, housekeeping),
        ),
    )
