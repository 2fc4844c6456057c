"""What one can do with runs."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from kiseki_server.domain.accounts.types import Actor
from kiseki_server.domain.filters.tree import Field, Filter, SortKey
from kiseki_server.domain.projects.types import Project
from kiseki_server.domain.runs import rules
from kiseki_server.domain.runs.events import (
    Event,
    EventKind,
    EventLog,
    LiveEvents,
    ProjectChanged,
    RunChanged,
)
from kiseki_server.domain.runs.fields import RunFields
from kiseki_server.domain.runs.index import RunGroups, RunIndex
from kiseki_server.domain.runs.indexing import RunIndexer
from kiseki_server.domain.runs.names import check_name, made_up
from kiseki_server.domain.runs.store import RunStore
from kiseki_server.domain.runs.types import Json, Run, RunChange, RunPage, RunState
from kiseki_server.domain.runs.writers import Writer, WriterStore
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import Conflict, Gone, NotFound, UnknownRun
from kiseki_server.kit.ids import RunId, new_run_name
from kiseki_server.kit.transactions import UnitOfWork

_ANALYSED, _PAGE = 2000, 500


class RunService:
    """Use-cases of runs; the caller has opened a transaction and asked whether they are allowed."""

    def __init__(
        self,
        runs: RunStore,
        writers: WriterStore,
        events: EventLog,
        live: LiveEvents,
        index: RunIndex,
        indexer: RunIndexer,
        work: UnitOfWork,
        clock: Clock,
    ) -> None:
        self._runs = runs
        self._writers = writers
        self._events = events
        self._live = live
        self._index = index
        self._indexer = indexer
        self._work = work
        self._clock = clock

    def get(self, project: Project, name: str) -> Run:
        """The run of that name.

        Raises:
            UnknownRun: There is none.
            Gone: It was deleted.
        """
        return self._existing(project, name)

    def get_many(self, project: Project, names: Sequence[str]) -> list[Run]:
        """The runs of those names in the same order.

        Raises:
            UnknownRun: One is missing or deleted.
        """
        found = self._runs.named(project.id, names)
        for name in names:
            if name not in found:
                raise _unknown(project, name)
        return [found[name] for name in names]

    def alive(self, ids: Collection[RunId]) -> Mapping[RunId, Run]:
        """Those of the runs that are there; who may see them is for the caller to ask."""
        found = self._runs.get(list(ids))
        return {id: run for id, run in found.items() if run.deleted_at is None}

    def check_alive(self, id: RunId) -> None:
        """Raise unless there is a run of this number.

        Raises:
            UnknownRun: There is none.
            Gone: It was deleted.
        """
        run = self._runs.get([id]).get(id)
        if run is None:
            raise UnknownRun
        if run.deleted_at is not None:
            raise Gone(f"The run `{run.name}` was deleted")

    def upsert(
        self, project: Project, name: str | None, change: RunChange, actor: Actor
    ) -> tuple[Run, bool]:
        """Create the run, or change the one that has the name; whether it is new.

        Raises:
            BadRequest: The name or a field is not allowed.
            Gone: A run of that name was deleted.
        """
        name = new_run_name() if name is None else check_name(name)
        found = self._runs.find(project.id, name, lock=True)
        if found is not None:
            return self._write(self._alive(project, found), change), False
        return self._create(project, name, change, actor), True

    def ensure(self, project: Project, name: str, change: RunChange, actor: Actor) -> Run:
        """The run of that name, created with ``change`` when there is none."""
        found = self._runs.find(project.id, check_name(name))
        if found is not None:
            return self._alive(project, found)
        return self._create(project, name, change, actor)

    def change(self, project: Project, name: str, change: RunChange) -> Run:
        """The run after the change.

        Raises:
            UnknownRun: There is none.
            BadRequest: A field has a value that no run may have.
        """
        return self._write(self._existing(project, name, lock=True), change)

    def writer(self, project: Project, name: str, writer: str) -> tuple[Run, Writer]:
        """How far a writer of the run has got.

        Raises:
            NotFound: The run has no such writer.
        """
        run = self._existing(project, name)
        found = self._writers.get([(run.id, writer)])
        if not found:
            raise NotFound(f"The run `{name}` has no writer `{writer[:64]}`")
        return run, found[run.id, writer]

    def stop(self, project: Project, name: str) -> Run:
        """Ask the run's client to stop.

        Raises:
            Conflict: The run is over.
        """
        run = self._existing(project, name, lock=True)
        if run.state not in rules.ACTIVE:
            raise Conflict(f"The run `{name}` is {run.state}; there is nothing to stop")
        return self._write(run, RunChange(stop_requested=True), "run.stop_requested")

    def delete(self, project: Project, name: str) -> None:
        """Delete the run with its earlier forms; its client is told, its bytes are freed later."""
        run = self._existing(project, name, lock=True)
        now = self._clock.now()
        forms = [run, *(f for f in self._runs.archived([run.id]) if f.deleted_at is None)]
        gone = [replace(f, deleted_at=now, updated_at=max(now, f.updated_at)) for f in forms]
        self._runs.update(list(zip(forms, gone, strict=True)))
        self._tell(gone[0], "run.deleted", now, state="deleted")

    def restore(self, project: Project, name: str) -> Run:
        """Take a deletion back, as long as the run's bytes are there; of a run that is there
        already nothing changes.

        Raises:
            UnknownRun: There is no such run, or its bytes have been freed.
        """
        run = self._runs.find(project.id, name, lock=True)
        if run is None:
            raise _unknown(project, name, hint="A deleted run can be restored for some days only.")
        if run.deleted_at is None:
            return run
        now = self._clock.now()
        forms = [run, *(f for f in self._runs.archived([run.id]) if f.deleted_at == run.deleted_at)]
        back = [replace(f, deleted_at=None, updated_at=max(now, f.updated_at)) for f in forms]
        self._runs.update(list(zip(forms, back, strict=True)))
        self._tell(back[0], "run.restored", now)
        self._work.on_commit(lambda: self._live.publish([ProjectChanged(project=run.project)]))
        return back[0]

    def add(self, draft: Run, kind: EventKind = "run.created", **told: Json) -> Run:
        """Store a new run, whose number is chosen now, and tell of it."""
        run = self._runs.create(draft)
        self._tell(run, kind, self._clock.now(), told=told)
        self._work.on_commit(lambda: self._live.publish([ProjectChanged(project=run.project)]))
        return run

    def search(
        self,
        project: Project,
        *,
        filter: Filter | None = None,
        sort: Sequence[SortKey] = (),
        limit: int = 100,
        cursor: str | None = None,
        deleted: bool = False,
        archived: bool = False,
    ) -> RunPage:
        """Runs of the project; sees everything that was written before.

        Deleted runs, and earlier forms of rewound ones, only where they are asked for.

        Raises:
            BadRequest: Unknown field, bad regular expression or bad cursor.
        """
        self._indexer.catch_up(project.id)
        hits = self._index.search(
            project.id,
            filter=filter,
            sort=sort,
            limit=limit,
            cursor=cursor,
            deleted=deleted,
            archived=archived,
        )
        found = self._runs.get(hits.ids)
        runs = tuple(found[id] for id in hits.ids if id in found)
        return RunPage(runs=runs, cursor=hits.cursor, total=hits.total)

    def groups(
        self,
        project: Project,
        by: Sequence[Field],
        *,
        filter: Filter | None = None,
        measures: Sequence[Field] = (),
        limit: int = 100,
    ) -> RunGroups:
        """Runs of the project by the values of fields; raises like `search`."""
        self._indexer.catch_up(project.id)
        return self._index.groups(project.id, by, filter=filter, measures=measures, limit=limit)

    def outcomes(
        self, project: Project, result: Field, *, filter: Filter | None = None
    ) -> tuple[list[Mapping[str, Any]], list[float]]:
        """Configs and results of the newest matching runs that have a finite one, for
        `importance`; raises like `search`."""
        settings: list[Mapping[str, Any]] = []
        results: list[float] = []
        cursor: str | None = None
        while len(results) < _ANALYSED:
            page = self.search(project, filter=filter, limit=_PAGE, cursor=cursor)
            for run in page.runs:
                fields = RunFields(run)
                value = fields(result.path)
                if not isinstance(value, (int, float)) or isinstance(value, bool):
                    continue
                if math.isfinite(value):
                    settings.append(fields.documents["config"])
                    results.append(float(value))
            cursor = page.cursor
            if cursor is None:
                break
        return settings[:_ANALYSED], results[:_ANALYSED]

    def fields(
        self, project: Project, root: str, *, prefix: str = "", limit: int = 1000
    ) -> Sequence[str]:
        """Dotted paths that occur below ``config`` or ``summary``."""
        self._indexer.catch_up(project.id)
        return self._index.fields(project.id, root, prefix=prefix, limit=limit)

    def bury_silent(self, since: datetime) -> list[Run]:
        """End the runs that have said nothing since then; the job of a monitor."""
        active = sorted(rules.ACTIVE - {RunState.PENDING})
        return [self._write(run, rules.silence(run)) for run in self._runs.silent(active, since)]

    def _existing(self, project: Project, name: str, *, lock: bool = False) -> Run:
        found = self._runs.find(project.id, name, lock=lock)
        if found is None:
            raise _unknown(project, name)
        return self._alive(project, found)

    def _alive(self, project: Project, run: Run) -> Run:
        if run.deleted_at is not None:
            raise Gone(
                f"The run `{run.name}` of `{project.entity_name}/{project.name}` was deleted",
                hint="Choose another id for a new run.",
            )
        return run

    def _create(self, project: Project, name: str, change: RunChange, actor: Actor) -> Run:
        now = self._clock.now()
        draft = Run(
            id=RunId(0),
            project=project.id,
            name=name,
            display_name=change.display_name or made_up(self._runs.next_number(project.id)),
            state=change.state or RunState.RUNNING,
            state_reason=None,
            exit_code=None,
            group=None,
            job_type=None,
            tags=(),
            notes=None,
            user=actor.user.id,
            user_name=actor.user.name,
            host=None,
            config={},
            summary={},
            metrics=(),
            environment={},
            client={},
            created_at=now,
            updated_at=now,
            started_at=now,
            heartbeat_at=None,
            finished_at=None,
            stop_requested=False,
        )
        return self.add(rules.apply(draft, change, now))

    def put(self, changes: Sequence[tuple[Run, Run]], kind: EventKind, source: Project) -> None:
        """Write runs that went to another project, and tell both projects of the first one."""
        self._runs.update(changes)
        before, after = changes[0]
        self._tell(after, kind, self._clock.now(), told={"from": source.name})
        told = [
            RunChanged(before.project, before.name, "deleted", before.updated_at),
            ProjectChanged(project=before.project),
            ProjectChanged(project=after.project),
        ]
        self._work.on_commit(lambda: self._live.publish(told))

    def made_up_name(self, project: Project) -> str:
        """A display name that no other run of the project has been given."""
        return made_up(self._runs.next_number(project.id))

    def _write(self, run: Run, change: RunChange, kind: EventKind = "run.changed") -> Run:
        now = self._clock.now()
        after = rules.apply(run, change, now)
        if after is run:
            return run
        self._runs.update([(run, after)])
        if after.state != run.state:
            kind = "run.state_changed"
        self._tell(after, kind, now)
        return after

    def _tell(
        self,
        run: Run,
        kind: EventKind,
        now: datetime,
        *,
        state: str | None = None,
        told: Mapping[str, Json] | None = None,
    ) -> None:
        self._events.append([event(run, kind, now, told)])
        live = RunChanged(
            project=run.project,
            run=run.name,
            state=state or run.state,
            updated_at=run.updated_at,
        )
        self._work.on_commit(lambda: self._live.publish([live]))


def event(
    run: Run, kind: EventKind, now: datetime, told: Mapping[str, Json] | None = None
) -> Event:
    """The entry of the log that tells of the run as it is now, and what else there is to say."""
    payload: dict[str, Json] = {"state": str(run.state), **(told or {})}
    if run.state_reason:
        payload["reason"] = run.state_reason
    return Event(kind=kind, time=now, project=run.project, run=run.name, payload=payload)


def _unknown(project: Project, name: str, hint: str | None = None) -> UnknownRun:
    message = f"`{project.entity_name}/{project.name}` has no run `{name[:128]}`"
    return UnknownRun(message, hint=hint)
