"""What has to be done for runs without anybody asking."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from kiseki_server.domain.calls.bodies import CallBodies
from kiseki_server.domain.calls.store import CallStore
from kiseki_server.domain.console.store import ConsoleStore
from kiseki_server.domain.filters.fields import microseconds
from kiseki_server.domain.history.store import HistoryStore
from kiseki_server.domain.history.types import RunRef
from kiseki_server.domain.projects.store import ProjectStore
from kiseki_server.domain.runs.events import EventLog
from kiseki_server.domain.runs.indexing import RunIndexer
from kiseki_server.domain.runs.service import RunService
from kiseki_server.domain.runs.store import RunStore
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.ids import ProjectId, RunId
from kiseki_server.kit.transactions import UnitOfWork

TRASH = timedelta(days=7)
"""So long the bytes of a deleted run are kept."""
EVENTS = timedelta(days=30)
"""So long the log of events goes back."""


_AT_ONCE = 2_000


class HeartbeatMonitor:
    """Ends runs that have died without a word.

    Silence counts only while the server listens: after a start every run has the whole time
    again to be heard of.
    """

    def __init__(
        self, runs: RunService, work: UnitOfWork, clock: Clock, *, silence: timedelta
    ) -> None:
        self._runs = runs
        self._work = work
        self._clock = clock
        self._silence = silence
        self._listening_since = clock.now()

    def __call__(self) -> int:
        """Look at all runs; how many were ended."""
        now = self._clock.now()
        if now - self._listening_since < self._silence:
            return 0
        with self._work.transaction(write=True):
            return len(self._runs.bury_silent(now - self._silence))


class IndexUpkeep:
    """Keeps the search index close behind the truth, so that searches have little to catch up."""

    def __init__(self, indexer: RunIndexer, work: UnitOfWork) -> None:
        self._indexer = indexer
        self._work = work

    def __call__(self) -> int:
        total = 0
        while True:
            with self._work.transaction():
                count = self._indexer.catch_up(most=_AT_ONCE)
            if self._indexer.behind:
                with self._work.transaction(write=True):
                    self._indexer.mark()
            total += count
            if count < _AT_ONCE:
                return total


class Housekeeping:
    """Frees what deleted runs have left, and trims the log of events."""

    def __init__(
        self,
        *,
        runs: RunStore,
        indexer: RunIndexer,
        events: EventLog,
        history: HistoryStore,
        console: ConsoleStore,
        work: UnitOfWork,
        clock: Clock,
        purge: Sequence[Callable[[Sequence[RunId]], None]] = (),
    ) -> None:
        self._runs = runs
        self._indexer = indexer
        self._events = events
        self._history = history
        self._console = console
        self._work = work
        self._clock = clock
        self._purge = purge

    def __call__(self) -> int:
        """Do it; how many runs are gone for good."""
        now = self._clock.now()
        with self._work.transaction(write=True):
            self._events.trim(now - EVENTS)
        total = 0
        while True:
            with self._work.transaction():
                gone = self._runs.deleted(now - TRASH)
            if not gone:
                return total
            # Points first: a crash in between leaves the run, and the next round goes on.
            refs = [RunRef(run.project, run.id) for run in gone]
            self._history.delete(refs)
            self._console.delete(refs)
            ids = [run.id for run in gone]
            self._indexer.forget(ids)
            with self._work.transaction(write=True):
                for purge in self._purge:
                    purge(ids)
                self._runs.remove(ids)
            total += len(gone)


class CallUpkeep:
    """Removes calls whose time has come, and bodies whose calls are gone."""

    def __init__(self, calls: CallStore, bodies: CallBodies, clock: Clock) -> None:
        self._calls = calls
        self._bodies = bodies
        self._clock = clock

    def __call__(self) -> None:
        """Look at all of them."""
        self._calls.expire(microseconds(self._clock.now()))
        self._bodies.sweep(self._calls)


class ProjectUpkeep:
    """Empties deleted projects: nothing of theirs stays in any store.

    Args:
        engine: Remove what is kept outside of the database. A crash leaves the project to be
            emptied again, which is harmless.
        database: Remove what is kept in the database; they work in one transaction.
    """

    def __init__(
        self,
        projects: ProjectStore,
        work: UnitOfWork,
        clock: Clock,
        *,
        engine: Sequence[Callable[[ProjectId], None]],
        database: Sequence[Callable[[ProjectId], None]],
    ) -> None:
        self._projects = projects
        self._work = work
        self._clock = clock
        self._engine = engine
        self._database = database

    def __call__(self) -> int:
        """Do it; how many projects were emptied."""
        total = 0
        while True:
            now = self._clock.now()
            with self._work.transaction():
                gone = self._projects.deleted(now - TRASH)
            if not gone:
                return total
            for project in gone:
                for forget in self._engine:
                    forget(project)
                with self._work.transaction(write=True):
                    for forget in self._database:
                        forget(project)
                    self._projects.emptied(project, now)
            total += len(gone)
