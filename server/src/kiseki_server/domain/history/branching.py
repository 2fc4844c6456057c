"""Runs that begin with the history of another one: forks, and runs that are rewound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from kiseki_server.domain.accounts.types import Actor
from kiseki_server.domain.artifacts.store import EdgeStore
from kiseki_server.domain.files.store import RunFileStore
from kiseki_server.domain.history.copy_queue import Copy, CopyQueue
from kiseki_server.domain.history.copying import COPIED, copies
from kiseki_server.domain.history.ingest import Arrival, Ingest
from kiseki_server.domain.history.inherited import inherited
from kiseki_server.domain.history.store import HistoryStore
from kiseki_server.domain.history.types import RunRef, Stream
from kiseki_server.domain.projects.types import Project
from kiseki_server.domain.runs import rules
from kiseki_server.domain.runs.names import check_name
from kiseki_server.domain.runs.service import RunService
from kiseki_server.domain.runs.store import RunStore
from kiseki_server.domain.runs.types import Branch, Run, RunChange, RunState
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import BadRequest, Conflict, Gone, UnknownRun
from kiseki_server.kit.ids import RunId, new_run_name
from kiseki_server.kit.transactions import UnitOfWork
from kiseki_server.kit.turns import Turns

MEDIA = "media/"
"""Files below it are named by values of the history."""

_PATIENCE = 120.0
"""Seconds for one piece of a copy to be stored."""


@dataclass(frozen=True, slots=True)
class Relatives:
    """The runs around one that share a history with it; deleted ones are left out."""

    parent: Run | None
    """Whose history it began with; one that was moved to another project is not told of."""
    forks: Sequence[Run]
    """Those that began with its history, or with that of one of its earlier forms."""
    archived: Sequence[Run]
    """Its earlier forms."""


class Branching:
    """Use-cases of forks and rewinds; callers have opened a transaction and authorized them.

    The new run is there with the transaction; its history is copied behind the commit, by the
    one way into a run, and what a crash leaves undone `finish_all` takes up again.
    """

    def __init__(
        self,
        *,
        runs: RunService,
        store: RunStore,
        queue: CopyQueue,
        history: HistoryStore,
        ingest: Ingest,
        files: RunFileStore,
        edges: EdgeStore,
        work: UnitOfWork,
        clock: Clock,
    ) -> None:
        self._runs = runs
        self._store = store
        self._queue = queue
        self._history = history
        self._ingest = ingest
        self._files = files
        self._edges = edges
        self._work = work
        self._clock = clock
        self._turns = Turns()

    def fork(
        self,
        project: Project,
        source: str,
        step: int,
        actor: Actor,
        *,
        name: str | None = None,
        change: RunChange | None = None,
    ) -> Run:
        """A new run that begins as the other one was at that step.

        It has the other's config, metrics, group, job type and tags, which ``change`` goes over,
        its history up to the step, and the media that this names. It waits for a client, unless
        ``change`` has another state.

        Raises:
            UnknownRun, Gone: There is no such run to begin with.
            BadRequest: It has logged nothing at that step, or would be its own beginning.
            Conflict: The project has a run of the new name.
        """
        name = new_run_name() if name is None else check_name(name)
        if name == source:
            raise BadRequest(
                f"The run `{name}` cannot be a fork of itself",
                hint="Choose another id for the new run, or rewind this one.",
            )
        parent = self._runs.get(project, source)
        if self._store.find(project.id, name) is not None:
            raise Conflict(
                f"The project has a run `{name}` already", hint="Choose another id for the fork."
            )
        now = self._clock.now()
        change = change or RunChange()
        draft = replace(
            self._begin(parent, step, source),
            name=name,
            display_name=change.display_name or self._runs.made_up_name(project),
            notes=None,
            user=actor.user.id,
            user_name=actor.user.name,
            created_at=now,
            started_at=now,
            archived_of=None,
        )
        draft = rules.apply(draft, change, now)
        made = self._runs.add(draft, "run.forked", run=source, step=step)
        self._files.copy(parent.id, made.id, under=MEDIA)
        self._take_over(made, parent)
        return made

    def rewind(self, project: Project, name: str, step: int) -> Run:
        """The run as it was at that step; what it has become since is kept aside under a name of
        its own, hidden from lists.

        The run has its files and artifacts on, and waits for a client.

        Raises:
            UnknownRun, Gone: There is no such run.
            BadRequest: It has logged nothing at that step.
            Conflict: It is an earlier form itself.
        """
        self._runs.get(project, name)
        before = self._store.find(project.id, name, lock=True)
        assert before is not None
        if before.archived_of is not None:
            raise Conflict(
                f"The run `{name}` is an earlier form of one that was rewound",
                hint="Fork it instead.",
            )
        draft = self._begin(before, step, aside := self._free_name(project, name))
        renamed = self._set_aside(before, aside, step)
        self._store.update([(before, renamed)])
        made = self._runs.add(draft, "run.rewound", run=aside, step=step)
        forms = self._store.archived([before.id])
        self._store.update(
            [(form, replace(form, archived_of=made.id)) for form in (renamed, *forms)]
        )
        self._files.copy(before.id, made.id)
        self._edges.add([replace(e, run=made.id) for e in self._edges.of_runs([before.id])])
        self._take_over(made, before)
        return made

    def relatives(self, project: Project, name: str) -> Relatives:
        """Which runs share a history with this one.

        Raises:
            UnknownRun, Gone: There is no such run.
        """
        run = self._runs.get(project, name)
        sources = [] if run.branch is None else [run.branch.source]
        archived = self._store.archived([run.id])
        forks = self._store.forks([run.id, *(form.id for form in archived)])

        def near(other: Run) -> bool:
            return other.deleted_at is None and other.project == project.id and other.id != run.id

        return Relatives(
            parent=next(filter(near, self._store.get(sources).values()), None),
            forks=[fork for fork in forks if near(fork) and fork.archived_of is None],
            archived=[form for form in archived if near(form)],
        )

    def await_copy(self, run: Run) -> None:
        """Let the commit of this transaction wait until the run has what it began with."""
        if run.branch is not None and self._queue.get(run.id) is not None:
            self._work.on_commit(partial(self._finish, run.id))

    def finish_all(self) -> int:
        """Make the copies that are still to be made, after a crash; how many. For a job."""
        with self._work.transaction():
            waiting = self._queue.waiting()
        for copy in waiting:
            self._finish(copy.run)
        return len(waiting)

    def _begin(self, parent: Run, step: int, parent_name: str) -> Run:
        """A draft of what begins with the parent's history."""
        extent = self._history.extent(_ref(parent), Stream.HISTORY, through=step)
        if extent is None:
            raise BadRequest(f"The run `{parent.name}` has no history to begin with")
        if not extent.first <= step <= extent.last:
            raise BadRequest(
                f"The run `{parent.name}` has no step {step}",
                hint=f"Its history goes from step {extent.first} to step {extent.last}.",
            )
        return replace(
            parent,
            id=RunId(0),
            state=RunState.PENDING,
            state_reason=None,
            exit_code=None,
            summary={},
            summary_set=(),
            updated_at=self._clock.now(),
            heartbeat_at=None,
            finished_at=None,
            stop_requested=False,
            branch=Branch(parent_name, step, parent.id, extent.count),
        )

    def _free_name(self, project: Project, name: str) -> str:
        number = 1
        while True:
            aside = f"{_aside(name)}{number}"
            if self._store.find(project.id, aside) is None:
                return aside
            number += 1

    def _set_aside(self, run: Run, name: str, step: int) -> Run:
        """The run under its new name, at its end."""
        now = self._clock.now()
        if run.state in rules.ACTIVE:
            reason = f"rewound to step {step}"
            run = rules.apply(run, RunChange(state=RunState.KILLED, state_reason=reason), now)
        return replace(run, name=name, updated_at=max(now, run.updated_at))

    def _take_over(self, run: Run, parent: Run) -> None:
        assert run.branch is not None
        self._queue.add(Copy(run.id, parent.id, run.branch.step))
        self._work.on_commit(partial(self._finish, run.id))

    def _finish(self, run: RunId) -> None:
        """Make the copy that the run waits for, if somebody else has not."""
        with self._turns.of(run):
            with self._work.transaction():
                copy = self._queue.get(run)
                if copy is None:
                    return
                found = self._store.get([run, copy.source])
            source, target = found.get(copy.source), found.get(run)
            if source is not None and target is not None and target.deleted_at is None:
                self._copy(copy, source, target)
            with self._work.transaction(write=True):
                self._summarize(copy, source)
                self._queue.done(run)

    def _copy(self, copy: Copy, source: Run, target: Run) -> None:
        ref = _ref(target)
        for append in copies(self._history, _ref(source), ref, copy.through):
            arrival = Arrival(run=ref, writer=COPIED, appends=[append])
            try:
                self._ingest.submit(arrival).result(_PATIENCE)
            except (Gone, UnknownRun):
                return  # it was deleted meanwhile, and needs no more

    def _summarize(self, copy: Copy, source: Run | None) -> None:
        """Bring the summary, which the commits have derived, into its source's shape."""
        target = self._store.get([copy.run], lock=True).get(copy.run)
        if source is None or target is None:
            return
        extent = self._history.extent(_ref(target), Stream.HISTORY, through=copy.through)
        summary = inherited(target.summary, source.summary, None if extent is None else extent.last)
        self._store.update([(target, replace(target, summary=summary))])


def _ref(run: Run) -> RunRef:
    return RunRef(run.project, run.id)


def rewound(run: Run) -> bool:
    """The run goes on from an earlier form of itself, which was set aside."""
    return run.branch is not None and run.branch.run.startswith(_aside(run.name))


def _aside(name: str) -> str:
    """How the names of a run's earlier forms begin."""
    return f"{name[:100]}@"
