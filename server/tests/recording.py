"""A project with the stores of its runs, for tests of what is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kiseki_server.domain.accounts.store import UserStore
from kiseki_server.domain.accounts.types import Actor, EntityKind, Membership, Role, User
from kiseki_server.domain.projects.store import ProjectStore
from kiseki_server.domain.projects.types import Project, Visibility
from kiseki_server.domain.runs.events import EventLog
from kiseki_server.domain.runs.store import RunStore
from kiseki_server.domain.runs.types import Run, RunState
from kiseki_server.domain.runs.writers import WriterStore
from kiseki_server.kit.ids import RunId
from kiseki_server.kit.transactions import UnitOfWork
from kiseki_server.storage.memory.accounts import AccountTables, MemoryUserStore
from kiseki_server.storage.memory.projects import MemoryProjectStore
from kiseki_server.storage.memory.runs import MemoryEventLog, MemoryRunStore, MemoryWriterStore
from kiseki_server.storage.memory.transactions import MemoryTransactions
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.events import SqlEventLog
from kiseki_server.storage.sql.projects import SqlProjectStore
from kiseki_server.storage.sql.runs import SqlRunStore
from kiseki_server.storage.sql.users import SqlUserStore
from kiseki_server.storage.sql.writers import SqlWriterStore

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
    users, writers = MemoryUserStore(tables), MemoryWriterStore()
    runs = MemoryRunStore(writers)
    projects = MemoryProjectStore(tables, runs.all)
    return _world(MemoryTransactions(), users, projects, runs, writers, MemoryEventLog())


def sql_world(database: Database) -> RunWorld:
    """Everything in a database that is empty."""
    return _world(
        database,
        SqlUserStore(database),
        SqlProjectStore(database),
        SqlRunStore(database),
        SqlWriterStore(database),
        SqlEventLog(database),
    )


def _world(
    work: UnitOfWork,
    users: UserStore,
    projects: ProjectStore,
    runs: RunStore,
    writers: WriterStore,
    events: EventLog,
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
        actor=Actor(user, (Membership(entity, Role.ADMIN),)),
        project=made[0],
        other=made[1],
    )
