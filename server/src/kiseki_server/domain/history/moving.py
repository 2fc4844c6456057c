"""Runs that change their project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kiseki_server.domain.console.store import ConsoleStore
from kiseki_server.domain.history.copy_queue import CopyQueue
from kiseki_server.domain.history.store import HistoryStore
from kiseki_server.domain.history.types import RunRef
from kiseki_server.domain.projects.types import Project
from kiseki_server.domain.runs import rules
from kiseki_server.domain.runs.indexing import RunIndexer
from kiseki_server.domain.runs.service import RunService
from kiseki_server.domain.runs.store import RunStore
from kiseki_server.domain.runs.types import Run, RunState
from kiseki_server.kit.errors import BadRequest, Conflict
from kiseki_server.kit.ids import ProjectId, RunId
from kiseki_server.kit.transactions import UnitOfWork


@dataclass(frozen=True, slots=True)
class _Moving:
    """A run with its earlier forms, as they are before they move."""

    run: Run
    forms: Sequence[Run]

    @property
    def all(self) -> list[Run]:
        return [self.run, *self.forms]

    @property
    def stamps(self) -> list[tuple[object, ...]]:
        """What differs once something has arrived."""
        return [(run.id, run.state, run.updated_at, run.heartbeat_at) for run in self.all]


class RunMover:
    """Moves runs, in transactions of its own: what a run has logged lies by its project, and is
    copied between two of them. A crash leaves the run where it was, or whole where it goes."""

    def __init__(
        self,
        *,
        runs: RunService,
        store: RunStore,
        indexer: RunIndexer,
        queue: CopyQueue,
        history: HistoryStore,
        console: ConsoleStore,
        work: UnitOfWork,
    ) -> None:
        self._runs = runs
        self._store = store
        self._indexer = indexer
        self._queue = queue
        self._history = history
        self._console = console
        self._work = work

    def move(self, source: Project, name: str, target: Project) -> Run:
        """Put a run, with its earlier forms, into another project; the caller may write both.

        Raises:
            UnknownRun, Gone: There is no such run.
            Conflict: It runs, or the other project has a run of its name.
            BadRequest: It is there already.
        """
        if source.id == target.id:
            raise BadRequest(f"The run `{name}` is in `{target.entity_name}/{target.name}` already")
        with self._work.transaction():
            before = self._check(source, name, target)
        for run in before.all:
            here, there = RunRef(source.id, run.id), RunRef(target.id, run.id)
            self._history.duplicate(here, there)
            self._console.duplicate(here, there)
        with self._work.transaction(write=True):
            now = self._check(source, name, target)
            if now.stamps != before.stamps:
                raise Conflict(f"The run `{name}` changed while it moved", hint="Try again.")
            after = [replace(run, project=target.id) for run in now.all]
            self._runs.put(list(zip(now.all, after, strict=True)), "run.moved", source)
            self._work.on_commit(lambda: self._forget(source.id, [run.id for run in after]))
        return after[0]

    def _check(self, source: Project, name: str, target: Project) -> _Moving:
        run = self._runs.get(source, name)
        if run.archived_of is not None:
            raise Conflict(
                f"The run `{name}` is an earlier form of one that was rewound",
                hint="It moves with that one.",
            )
        forms = self._store.archived([run.id])
        for each in (run, *forms):
            if each.state in rules.ACTIVE - {RunState.PENDING}:
                raise Conflict(f"The run `{name}` is {each.state}", hint="Stop it first.")
            if self._queue.get(each.id) is not None:
                raise Conflict(f"The history of `{name}` is being copied", hint="Try again.")
            if self._store.find(target.id, each.name) is not None:
                raise Conflict(
                    f"`{target.entity_name}/{target.name}` has a run `{each.name}` already, "
                    "perhaps a deleted one",
                    hint="Runs keep their ids when they move.",
                )
        return _Moving(run, forms)

    def _forget(self, project: ProjectId, runs: Sequence[RunId]) -> None:
        refs = [RunRef(project, run) for run in runs]
        self._indexer.moved(runs, project)
        self._history.delete(refs)
        self._console.delete(refs)
