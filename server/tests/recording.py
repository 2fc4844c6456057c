"""A project with the stores of its runs, for tests of what is recorded."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from kiseki._transport.batches import Limits, Origin, build
from kiseki.wire.batch import Batch
from kiseki.wire.records import Environment, History, Record, Start
from kiseki_server.domain.accounts.store import UserStore
from kiseki_server.domain.accounts.types import Actor, EntityKind, Membership, Role, User
from kiseki_server.domain.console.store import ConsoleStore
from kiseki_server.domain.history.copy_queue import CopyQueue
from kiseki_server.domain.history.ingest import Arrival
from kiseki_server.domain.history.store import HistoryStore
from kiseki_server.domain.history.types import RowQuery, RunRef, Stream
from kiseki_server.domain.projects.store import ProjectStore
from kiseki_server.domain.projects.types import Project, Visibility
from kiseki_server.domain.runs.alerts import AlertStore
from kiseki_server.domain.runs.events import EventLog, LiveEvent
from kiseki_server.domain.runs.indexing import RunIndexer
from kiseki_server.domain.runs.service import RunService
from kiseki_server.domain.runs.store import RunStore
from kiseki_server.domain.runs.types import Run, RunChange, RunState
from kiseki_server.domain.runs.writers import WriterStore
from kiseki_server.kit.errors import Unavailable
from kiseki_server.kit.ids import RunId
from kiseki_server.kit.transactions import UnitOfWork
from kiseki_server.protocols.native.batches import arrival, read_batch
from kiseki_server.storage.columnar.console import ColumnarConsoleStore
from kiseki_server.storage.columnar.engine import ClientPool
from kiseki_server.storage.columnar.history import ColumnarHistoryStore
from kiseki_server.storage.memory.accounts import AccountTables, MemoryUserStore
from kiseki_server.storage.memory.console import MemoryConsoleStore
from kiseki_server.storage.memory.history import MemoryHistoryStore
from kiseki_server.storage.memory.projects import MemoryProjectStore
from kiseki_server.storage.memory.run_index import MemoryRunIndex
from kiseki_server.storage.memory.runs import (
    MemoryAlertStore,
    MemoryCopyQueue,
    MemoryEventLog,
    MemoryRunStore,
    MemoryWriterStore,
)
from kiseki_server.storage.memory.transactions import MemoryTransactions
from kiseki_server.storage.sql.alerts import SqlAlertStore
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.events import SqlEventLog
from kiseki_server.storage.sql.history_copies import SqlCopyQueue
from kiseki_server.storage.sql.projects import SqlProjectStore
from kiseki_server.storage.sql.runs import SqlRunStore
from kiseki_server.storage.sql.users import SqlUserStore
from kiseki_server.storage.sql.writers import SqlWriterStore
from kiseki_server.workers.commit import Committer, Outcome

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


class SetClock:
    """Stands still until the test moves it."""

    def __init__(self) -> None:
        self.time = NOON

    def now(self) -> datetime:
        return self.time

    def pass_time(self, **units: float) -> None:
        self.time += timedelta(**units)


@dataclass(kw_only=True)
class RunWorld:
    """Two projects of one user."""

    work: UnitOfWork
    runs: RunStore
    writers: WriterStore
    events: EventLog
    copies: CopyQueue
    alerts: AlertStore
    actor: Actor
    project: Project
    other: Project

    def draft(self, name: str) -> Run:
        """A run as `RunStore.create` takes it."""
        return Run(
            id=RunId(0),
            project=self.project.id,
            name=name,
            display_name=name,
            state=RunState.RUNNING,
            state_reason=None,
            exit_code=None,
            group=None,
            job_type=None,
            tags=(),
            notes=None,
            user=self.actor.user.id,
            user_name=self.actor.user.name,
            host=None,
            config={},
            summary={},
            metrics=(),
            environment={},
            client={},
            created_at=NOON,
            updated_at=NOON,
            started_at=NOON,
            heartbeat_at=None,
            finished_at=None,
            stop_requested=False,
        )


def memory_world() -> RunWorld:
    """Everything in dictionaries."""
    tables = AccountTables()
    users, writers, copies = MemoryUserStore(tables), MemoryWriterStore(), MemoryCopyQueue()
    alerts = MemoryAlertStore()
    runs = MemoryRunStore(writers, copies, alerts)
    projects = MemoryProjectStore(tables, runs.all)
    return _world(
        MemoryTransactions(), users, projects, runs, writers, MemoryEventLog(), copies, alerts
    )


def sql_world(database: Database) -> RunWorld:
    """Everything in a database that is empty."""
    return _world(
        database,
        SqlUserStore(database),
        SqlProjectStore(database),
        SqlRunStore(database),
        SqlWriterStore(database),
        SqlEventLog(database),
        SqlCopyQueue(database),
        SqlAlertStore(database),
    )


def recorder_on(kind: str, request: pytest.FixtureRequest) -> Recorder:
    """A recorder on stores of a kind: ``memory``, ``sqlite`` (histories in memory), or
    ``embedded`` (SQLite and chDB, as the server has them)."""
    if kind == "memory":
        return Recorder(memory_world())
    database: Database = request.getfixturevalue("sqlite_database")
    if kind == "sqlite":
        return Recorder(sql_world(database))
    with database.transaction(write=True):
        # The engine is shared by all tests: numbers must be nobody else's.
        for table in ("projects", "runs"):
            database.current().execute(
                sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)"),
                {"name": table, "seq": secrets.randbelow(1 << 50)},
            )
    pool: ClientPool = request.getfixturevalue("chdb_pool")
    return Recorder(
        sql_world(database), lambda: ColumnarHistoryStore(pool), lambda: ColumnarConsoleStore(pool)
    )


def _world(
    work: UnitOfWork,
    users: UserStore,
    projects: ProjectStore,
    runs: RunStore,
    writers: WriterStore,
    events: EventLog,
    copies: CopyQueue,
    alerts: AlertStore,
) -> RunWorld:
    with work.transaction(write=True):
        user: User = users.add("ada", email=None, admin=False, at=NOON)
        entity = users.entity("ada")
        assert entity is not None
        assert entity.kind is EntityKind.USER
        made = [
            projects.add(entity.id, name, description="", visibility=Visibility.PRIVATE, at=NOON)[0]
            for name in ("digits", "other")
        ]
    return RunWorld(
        work=work,
        runs=runs,
        writers=writers,
        events=events,
        copies=copies,
        alerts=alerts,
        actor=Actor(user, (Membership(entity, Role.ADMIN),)),
        project=made[0],
        other=made[1],
    )


class FailingWork:
    """A `UnitOfWork` whose next writing transaction fails at its end, once `break_next` is set."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self.break_next = False

    @contextmanager
    def transaction(self, *, write: bool = False) -> Iterator[None]:
        with self._work.transaction(write=write):
            yield
            if write and self.break_next:
                self.break_next = False
                raise Unavailable("The server was killed here")

    def on_commit(self, callback: Callable[[], None]) -> None:
        self._work.on_commit(callback)


class Heard:
    """`LiveEvents` that keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[LiveEvent] = []

    def publish(self, events: Sequence[LiveEvent]) -> None:
        self.events += events


class Recorder:
    """The way in: batches go through the wire format into a commit on given stores."""

    def __init__(
        self,
        world: RunWorld,
        history: Callable[[], HistoryStore] | None = None,
        console: Callable[[], ConsoleStore] | None = None,
    ) -> None:
        self.world = world
        self.clock = SetClock()
        in_memory, lines = MemoryHistoryStore(), MemoryConsoleStore()
        self._open_history = history or (lambda: in_memory)
        self._open_console = console or (lambda: lines)
        self.heard = Heard()
        self.work = FailingWork(world.work)
        self.index = MemoryRunIndex()
        self.indexer = RunIndexer(world.runs, self.index)
        self.service = RunService(
            world.runs,
            world.writers,
            world.events,
            self.heard,
            self.index,
            self.indexer,
            self.work,
            self.clock,
        )
        self.restart()

    def restart(self) -> None:
        """Forget everything that is not in a store."""
        self.history = self._open_history()
        self.console = self._open_console()
        self.committer = Committer(
            work=self.work,
            runs=self.world.runs,
            writers=self.world.writers,
            events=self.world.events,
            history=self.history,
            console=self.console,
            live=self.heard,
            clock=self.clock,
        )

    def create(self, name: str, **fields: Any) -> Run:
        with self.work.transaction(write=True):
            change = RunChange(**fields)
            return self.service.ensure(self.world.project, name, change, self.world.actor)

    def run(self, name: str) -> Run:
        with self.work.transaction():
            return self.service.get(self.world.project, name)

    def arrival(self, batch: Batch) -> Arrival:
        """The batch as the server sees it, once its run is there."""
        decoded = read_batch(msgspec.msgpack.encode(batch))
        run = self.create(batch.run)
        return arrival(decoded, RunRef(run.project, run.id))

    def send(self, *batches: Batch) -> list[Outcome]:
        """One commit of these batches."""
        return self.committer.commit([self.arrival(batch) for batch in batches])

    def rows(self, name: str, stream: Stream = Stream.HISTORY) -> dict[int, dict[str, Any]]:
        """Everything that a run has logged, by step."""
        run = self.run(name)
        query = RowQuery(run=RunRef(run.project, run.id), stream=stream, limit=100_000)
        found: dict[int, dict[str, Any]] = {}
        for row in self.history.rows(query).to_pylist():
            text = row["json"]
            value = row["value"] if text is None else json.loads(text)
            found.setdefault(row["step"], {})[row["key"]] = value
        return found


def batch(
    records: Sequence[Record], first: int = 0, next: int | None = None, **names: str
) -> Batch:
    """Records ``first … next - 1`` of a journal, as the uploader puts them on the wire."""
    part = [msgspec.msgpack.encode(record) for record in records[first:next]]
    origin = Origin(
        entity=None,
        project="digits",
        run=names.get("run", "one"),
        writer=names.get("writer", "writer0001"),
    )
    built = build(origin, first, part, Limits(records=1 << 30, points=1 << 30, bytes=1 << 30))
    assert built.taken == len(part)
    assert built.oddities == []
    return built.batch


def start(**fields: Any) -> Start:
    """A journal's first record."""
    given = dict.fromkeys(("display_name", "group", "job_type", "tags", "notes", "label"), None)
    environment = Environment(host="node-1")
    return Start(
        **{"version": 1, "time": NOON.timestamp(), "environment": environment, **given, **fields}
    )


def logged(step: int, **values: Any) -> History:
    """A record of `log`, a second after the one before."""
    return History(step=step, time=NOON.timestamp() + step, values=values)
