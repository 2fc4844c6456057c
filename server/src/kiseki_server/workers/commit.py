"""One group commit: what it does with the arrivals that it is given.

The order makes a crash at any point harmless. First the columnar store takes the rows, then one
transaction moves the positions. If the second is missing, the writer sends the rows again and
the columnar store drops those that it holds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from kiseki_server.domain.console.store import ConsoleStore
from kiseki_server.domain.console.types import Line
from kiseki_server.domain.history import progress
from kiseki_server.domain.history.ingest import Accepted, Arrival
from kiseki_server.domain.history.progress import Admitted
from kiseki_server.domain.history.store import HistoryStore
from kiseki_server.domain.history.summary import SummaryState
from kiseki_server.domain.history.types import Append, KeyStats, RunRef, Stream
from kiseki_server.domain.runs import rules
from kiseki_server.domain.runs.events import (
    ConsoleAppended,
    EventLog,
    HistoryAppended,
    LiveEvent,
    LiveEvents,
    RunChanged,
)
from kiseki_server.domain.runs.service import event
from kiseki_server.domain.runs.store import RunStore
from kiseki_server.domain.runs.summaries import SummaryPolicy
from kiseki_server.domain.runs.types import Json, Run
from kiseki_server.domain.runs.writers import Writer, WriterStore
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import Gone, KisekiError, UnknownRun
from kiseki_server.kit.ids import RunId
from kiseki_server.kit.transactions import UnitOfWork
from kiseki_server.workers.run_memory import Remembered, RunMemory

Outcome = Accepted | KisekiError


@dataclass(slots=True)
class _RunWork:
    """What one commit does for one run."""

    ref: RunRef
    items: list[tuple[int, Admitted]] = field(default_factory=list["tuple[int, Admitted]"])
    """Arrivals with their places in the commit."""
    derived: Mapping[str, Json] = field(default_factory=dict[str, Json])
    aggregates: Mapping[str, Json] = field(default_factory=dict[str, Json])
    last_steps: dict[Stream, int] = field(default_factory=dict[Stream, int])
    new_keys: set[Stream] = field(default_factory=set[Stream])

    @property
    def appends(self) -> list[Append]:
        return [append for _, item in self.items for append in item.appends]


class Committer:
    """Applies arrivals; used by one thread."""

    def __init__(
        self,
        *,
        work: UnitOfWork,
        runs: RunStore,
        writers: WriterStore,
        events: EventLog,
        history: HistoryStore,
        console: ConsoleStore,
        live: LiveEvents,
        clock: Clock,
        memory: RunMemory | None = None,
    ) -> None:
        self._work = work
        self._runs = runs
        self._writers = writers
        self._events = events
        self._history = history
        self._console = console
        self._live = live
        self._clock = clock
        self._memory = memory or RunMemory()

    def commit(self, arrivals: Sequence[Arrival]) -> list[Outcome]:
        """Make the arrivals durable; one outcome for each, in their order.

        Raises:
            KisekiError: A store failed; nothing is acknowledged, a repeat is harmless.
        """
        outcomes: list[Outcome | None] = [None] * len(arrivals)
        works = self._admit(arrivals, outcomes)
        try:
            self._store(works)
            changed = self._record(works, outcomes)
        except BaseException:
            for work in works:  # what it has taken in may not be there
                self._memory.forget(work.ref.run)
            raise
        self._tell(works, changed)
        return [
            outcome or KisekiError("The commit has lost an arrival; send it again")
            for outcome in outcomes
        ]

    def _admit(self, arrivals: Sequence[Arrival], outcomes: list[Outcome | None]) -> list[_RunWork]:
        """Sort the arrivals by run and cut off what was applied before."""
        with self._work.transaction():
            runs = self._runs.get([arrival.run.run for arrival in arrivals])
            writers = self._writers.get(_native_writers(arrivals))
        positions = {pair: writer.next for pair, writer in writers.items()}
        works: dict[RunId, _RunWork] = {}
        for place, arrival in enumerate(arrivals):
            run = runs.get(arrival.run.run)
            pair = (arrival.run.run, arrival.writer)
            try:
                _check_there(run, arrival.run)
                admitted = progress.admit(arrival, positions.get(pair, 0))
            except KisekiError as error:
                outcomes[place] = error
                continue
            positions[pair] = max(positions.get(pair, 0), arrival.next or 0)
            works.setdefault(arrival.run.run, _RunWork(arrival.run)).items.append((place, admitted))
        for id in works:
            self._memory.see(runs[id])
        return list(works.values())

    def _store(self, works: Sequence[_RunWork]) -> None:
        appends = [append for work in works for append in work.appends]
        if appends:
            self._history.append(appends)
        lines: dict[RunRef, list[Line]] = defaultdict(list)
        for work in works:
            for _, item in work.items:
                if item.console:
                    lines[work.ref] += item.console
        if lines:
            self._console.append(lines)
        for work in works:
            self._look_at(work)
        self._memory.shrink(keep=len(works))

    def _look_at(self, work: _RunWork) -> None:
        """Find what summary and watchers have to know of the rows that were just stored."""
        remembered = self._memory.of(work.ref.run)
        metrics = [m for _, item in work.items if item.change for m in item.change.metrics]
        if metrics:
            remembered.policy = SummaryPolicy(
                rules.merge_metrics(remembered.policy.metrics, metrics)
            )
        for append in work.appends:
            stream = append.stream
            for part in (append.points, append.values):
                if part is not None and len(part.rows.steps):
                    highest = int(part.rows.steps.max())
                    work.last_steps[stream] = max(highest, work.last_steps.get(stream, highest))
                    if remembered.note_keys(stream, part.keys):
                        work.new_keys.add(stream)
        self._derive(work, remembered)

    def _derive(self, work: _RunWork, remembered: Remembered) -> None:
        """Find what the summary has to say of the rows that were just stored."""
        ref, policy = work.ref, remembered.policy
        own, theirs = _history_of(work, derived=True), _history_of(work, derived=False)

        def load(keys: Sequence[str]) -> Sequence[KeyStats]:
            return self._history.stats(ref, Stream.HISTORY, keys)

        def state() -> SummaryState:
            return remembered.state(lambda: self._history.last_steps(ref, Stream.HISTORY))

        replaced = any(
            item.change is not None and item.change.replace_summary is not None
            for _, item in work.items
        )
        if policy.aggregates and (theirs or replaced):
            # Its client has put the last values there, but knows of its own part alone.
            state().absorb(theirs, policy, load)
            work.aggregates = state().aggregates(policy, load)
        elif theirs:
            remembered.pass_by()
        if own:
            work.derived = state().absorb(own, policy, load)

    def _record(
        self, works: Sequence[_RunWork], outcomes: list[Outcome | None]
    ) -> list[tuple[Run, Run]]:
        """The transaction: runs, positions, events. Returns each run before and after."""
        now = self._clock.now()
        touched: list[tuple[Run, Run]] = []
        moved: dict[tuple[RunId, str], Writer] = {}
        with self._work.transaction(write=True):
            runs = self._runs.get([work.ref.run for work in works], lock=True)
            arrivals = [item.arrival for work in works for _, item in work.items]
            writers = dict(self._writers.get(_native_writers(arrivals)))
            for work in works:
                before = after = runs.get(work.ref.run)
                for place, item in work.items:
                    pair = (work.ref.run, item.arrival.writer)
                    try:
                        run = _check_there(after, work.ref)
                        writer = progress.moved(writers.get(pair), item.arrival, now)
                        after = progress.advance(run, item, now)
                        if item.arrival.first is not None and writer != writers.get(pair):
                            writers[pair] = moved[pair] = writer
                    except KisekiError as error:
                        outcomes[place] = error
                if before is None or after is None or before.deleted_at is not None:
                    continue
                if before.project != work.ref.project:
                    continue
                after = progress.with_derived(after, work.derived, now)
                after = progress.with_aggregates(after, work.aggregates, now)
                after = self._end(after, work, outcomes, moved, now)
                for place, item in work.items:
                    if outcomes[place] is None:
                        outcomes[place] = _accepted(item.arrival, writers, after)
                touched.append((before, after))
            self._runs.update([(a, b) for a, b in touched if a is not b])
            self._writers.put(list(moved.values()))
            self._events.append(
                [event(b, "run.state_changed", now) for a, b in touched if a.state != b.state]
            )
        return touched

    def _end(
        self,
        run: Run,
        work: _RunWork,
        outcomes: Sequence[Outcome | None],
        moved: dict[tuple[RunId, str], Writer],
        now: datetime,
    ) -> Run:
        ended = [
            item.arrival
            for place, item in work.items
            if item.arrival.end is not None and outcomes[place] is None
        ]
        for arrival in ended:
            if arrival.first is None and arrival.end is not None:
                run = rules.apply(run, arrival.end, now)
        native = [arrival for arrival in ended if arrival.first is not None]
        if not native:
            return run
        known = {writer.writer: writer for writer in self._writers.of_run(run.id)}
        known |= {name: writer for (id, name), writer in moved.items() if id == run.id}
        writers = progress.with_leaders(list(known.values()), native)
        moved.update({(run.id, w.writer): w for w in writers if w != known[w.writer]})
        return progress.end(run, [a.end for a in native if a.end], writers, now)

    def _tell(self, works: Sequence[_RunWork], touched: Sequence[tuple[Run, Run]]) -> None:
        told: list[LiveEvent] = []
        runs = {after.id: after for _, after in touched}
        for before, after in touched:
            if _noteworthy(before, after):
                told.append(RunChanged(after.project, after.name, after.state, after.updated_at))
        for work in works:
            run = runs.get(work.ref.run)
            if run is None:
                continue
            for stream, last_step in work.last_steps.items():
                name = "history" if stream is Stream.HISTORY else "system"
                grown = stream in work.new_keys
                told.append(HistoryAppended(run.project, run.name, name, last_step, grown))
            if any(item.console for _, item in work.items):
                told.append(ConsoleAppended(run.project, run.name))
        if told:
            self._live.publish(told)


def _history_of(work: _RunWork, *, derived: bool) -> list[Append]:
    return [
        append
        for _, item in work.items
        if item.arrival.derive_summary is derived
        for append in item.appends
        if append.stream is Stream.HISTORY
    ]


def _native_writers(arrivals: Sequence[Arrival]) -> list[tuple[RunId, str]]:
    return sorted({(a.run.run, a.writer) for a in arrivals if a.first is not None})


def _check_there(run: Run | None, ref: RunRef) -> Run:
    if run is None:
        raise UnknownRun
    if run.project != ref.project:
        raise Gone(f"The run `{run.name}` was moved to another project")
    if run.deleted_at is not None:
        raise Gone(f"The run `{run.name}` was deleted", hint="Choose another id for a new run.")
    return run


def _accepted(arrival: Arrival, writers: Mapping[tuple[RunId, str], Writer], run: Run) -> Accepted:
    writer = writers.get((run.id, arrival.writer)) if arrival.first is not None else None
    return Accepted(next=writer.next if writer else None, stop=run.stop_requested)


def _noteworthy(before: Run, after: Run) -> bool:
    """Whether more changed than the summary and the heartbeat, which the history tells of."""
    return before is not after and any(getattr(before, n) != getattr(after, n) for n in _NOTED)


_NOTED = (
    "state", "state_reason", "display_name", "group", "job_type", "tags", "notes", "config",
    "summary_set", "metrics", "environment", "stop_requested",
)  # fmt: skip
