"""Runs in memory, for tests."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from kiseki_server.domain.history.copy_queue import Copy
from kiseki_server.domain.runs.alerts import Alert
from kiseki_server.domain.runs.events import Event, LoggedEvent
from kiseki_server.domain.runs.types import Run, RunState
from kiseki_server.domain.runs.writers import Writer
from kiseki_server.kit.errors import Conflict
from kiseki_server.kit.ids import ProjectId, RunId


class MemoryRunStore:
    """`RunStore` in dictionaries; transactions do not roll back."""

    def __init__(
        self,
        writers: MemoryWriterStore | None = None,
        copies: MemoryCopyQueue | None = None,
        alerts: MemoryAlertStore | None = None,
    ) -> None:
        self._alerts = alerts
        self._writers = writers
        self._copies = copies
        self._runs: dict[RunId, Run] = {}
        self._revisions: Counter[RunId] = Counter()
        self._indexed: Counter[RunId] = Counter()
        self._numbers: Counter[ProjectId] = Counter()
        self._ids = itertools.count(1)

    def all(self) -> Sequence[Run]:
        """Every run, for whoever counts them."""
        return list(self._runs.values())

    def create(self, draft: Run) -> Run:
        if self.find(draft.project, draft.name) is not None:
            raise Conflict(f"The project has a run `{draft.name}` already")
        run = replace(draft, id=RunId(next(self._ids)))
        self._runs[run.id] = run
        self._revisions[run.id] = 1
        return run

    def get(self, ids: Sequence[RunId], *, lock: bool = False) -> Mapping[RunId, Run]:
        return {id: self._runs[id] for id in ids if id in self._runs}

    def find(self, project: ProjectId, name: str, *, lock: bool = False) -> Run | None:
        runs = self._runs.values()
        return next((run for run in runs if (run.project, run.name) == (project, name)), None)

    def named(self, project: ProjectId, names: Sequence[str]) -> Mapping[str, Run]:
        wanted = set(names)
        return {
            run.name: run
            for run in self._runs.values()
            if run.project == project and run.name in wanted and run.deleted_at is None
        }

    def update(self, changes: Sequence[tuple[Run, Run]]) -> None:
        for before, after in changes:
            place = (after.project, after.name)
            if place != (before.project, before.name) and self.find(*place) is not None:
                raise Conflict("The project has a run of that name already")
            if before != after:
                self._runs[after.id] = after
                self._revisions[after.id] += 1

    def forks(self, runs: Sequence[RunId]) -> Sequence[Run]:
        return [r for r in self._sorted() if r.branch is not None and r.branch.source in runs]

    def archived(self, runs: Sequence[RunId]) -> Sequence[Run]:
        return [run for run in self._sorted() if run.archived_of in runs]

    def _sorted(self) -> list[Run]:
        return sorted(self._runs.values(), key=lambda run: run.id)

    def next_number(self, project: ProjectId) -> int:
        self._numbers[project] += 1
        return self._numbers[project]

    def silent(self, states: Sequence[RunState], since: datetime) -> Sequence[Run]:
        return [
            run
            for run in self._runs.values()
            if run.state in states
            and (run.heartbeat_at or run.created_at) < since
            and run.deleted_at is None
        ]

    def unindexed(
        self, *, project: ProjectId | None = None, after: RunId | None = None, limit: int = 500
    ) -> Sequence[tuple[RunId, int]]:
        return [
            (id, revision)
            for id, revision in sorted(self._revisions.items())
            if self._indexed[id] < revision
            and (project is None or self._runs[id].project == project)
            and (after is None or id > after)
        ][:limit]

    def mark_indexed(self, marks: Sequence[tuple[RunId, int]]) -> None:
        for id, revision in marks:
            self._indexed[id] = max(self._indexed[id], revision)

    def deleted(self, before: datetime, *, limit: int = 500) -> Sequence[Run]:
        runs = self._runs.values()
        return [run for run in runs if run.deleted_at is not None and run.deleted_at < before][
            :limit
        ]

    def remove(self, ids: Sequence[RunId]) -> None:
        for id in ids:
            self._runs.pop(id, None)
            self._revisions.pop(id, None)
            if self._writers is not None:
                self._writers.remove(id)
            if self._copies is not None:
                self._copies.done(id)
            if self._alerts is not None:
                self._alerts.remove(id)


class MemoryWriterStore:
    """`WriterStore` in a dictionary."""

    def __init__(self) -> None:
        self._writers: dict[tuple[RunId, str], Writer] = {}

    def get(self, pairs: Sequence[tuple[RunId, str]]) -> Mapping[tuple[RunId, str], Writer]:
        return {pair: self._writers[pair] for pair in pairs if pair in self._writers}

    def of_run(self, run: RunId) -> Sequence[Writer]:
        mine = (writer for writer in self._writers.values() if writer.run == run)
        return sorted(mine, key=lambda writer: (writer.started_at, writer.writer))

    def remove(self, run: RunId) -> None:
        """Forget a run's writers."""
        self._writers = {pair: w for pair, w in self._writers.items() if pair[0] != run}

    def put(self, writers: Sequence[Writer]) -> None:
        self._writers.update({(writer.run, writer.writer): writer for writer in writers})


class MemoryCopyQueue:
    """`CopyQueue` in a dictionary."""

    def __init__(self) -> None:
        self._copies: dict[RunId, Copy] = {}

    def add(self, copy: Copy) -> None:
        self._copies[copy.run] = copy

    def get(self, run: RunId) -> Copy | None:
        return self._copies.get(run)

    def waiting(self, *, limit: int = 100) -> Sequence[Copy]:
        return sorted(self._copies.values(), key=lambda copy: copy.run)[:limit]

    def done(self, run: RunId) -> None:
        self._copies.pop(run, None)


class MemoryAlertStore:
    """`AlertStore` in a list."""

    def __init__(self) -> None:
        self._alerts: list[Alert] = []
        self._ids = itertools.count(1)

    def add(self, draft: Alert) -> Alert:
        alert = replace(draft, id=next(self._ids))
        self._alerts.append(alert)
        return alert

    def of_run(self, run: RunId, *, before: int | None = None, limit: int = 100) -> Sequence[Alert]:
        found = [a for a in self._alerts if a.run == run and (before is None or a.id < before)]
        return found[::-1][:limit]

    def latest(self, run: RunId, title: str) -> Alert | None:
        return next((a for a in self._alerts[::-1] if (a.run, a.title) == (run, title)), None)

    def count(self, run: RunId) -> int:
        return sum(alert.run == run for alert in self._alerts)

    def remove(self, run: RunId) -> None:
        """Forget a run's alerts."""
        self._alerts = [alert for alert in self._alerts if alert.run != run]


class MemoryEventLog:
    """`EventLog` in a list."""

    def __init__(self) -> None:
        self._events: list[LoggedEvent] = []
        self._ids = itertools.count(1)

    def append(self, new: Sequence[Event]) -> None:
        self._events += [LoggedEvent(id=next(self._ids), event=event) for event in new]

    def since(self, after: int, *, limit: int = 500) -> Sequence[LoggedEvent]:
        return [logged for logged in self._events if logged.id > after][:limit]

    def trim(self, before: datetime) -> int:
        kept = [logged for logged in self._events if logged.event.time >= before]
        dropped = len(self._events) - len(kept)
        self._events = kept
        return dropped
