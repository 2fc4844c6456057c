"""How a run and its writers move on with what arrives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from kiseki_server.domain.console.types import Line
from kiseki_server.domain.history.ingest import Arrival
from kiseki_server.domain.history.inherited import placed
from kiseki_server.domain.history.trimming import trim
from kiseki_server.domain.history.types import Append
from kiseki_server.domain.runs import rules
from kiseki_server.domain.runs.types import Json, Run, RunChange, RunState
from kiseki_server.domain.runs.writers import Writer, leader, outcome
from kiseki_server.kit.errors import PositionGap

HEARTBEAT = timedelta(seconds=15)
"""That a run lives, and nothing else, is noted this often."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """An arrival without what was applied before."""

    arrival: Arrival
    appends: Sequence[Append] = ()
    console: Sequence[Line] = ()
    change: RunChange | None = None
    starts: bool = False


def admit(arrival: Arrival, position: int) -> Admitted:
    """What the arrival brings beyond ``position``, up to which its writer is applied.

    Raises:
        PositionGap: The arrival begins above it.
    """
    if arrival.first is None or arrival.next is None:
        return Admitted(arrival, arrival.appends, arrival.console, arrival.change, arrival.starts)
    check_gap(arrival, position)
    if arrival.next <= position:
        return Admitted(arrival)
    # Lines, and changes of the run, are the outcome of all records up to `next`: applying those
    # of an overlapping batch again ends in the same state.
    return Admitted(
        arrival,
        trim(arrival.appends, position) if arrival.first < position else arrival.appends,
        arrival.console,
        arrival.change,
        arrival.starts and position == 0,
    )


def check_gap(arrival: Arrival, position: int) -> None:
    """Refuse an arrival that begins above ``position``."""
    if arrival.first is not None and arrival.first > position:
        raise PositionGap(
            f"The batch of writer `{arrival.writer}` begins at {arrival.first}, but only the "
            f"records below {position} have arrived",
            next=position,
            hint=f"Send again from {position}.",
        )


def advance(run: Run, admitted: Admitted, now: datetime) -> Run:
    """The run after the arrival, its end left out.

    Raises:
        KisekiError: The arrival's change is not allowed.
    """
    change = admitted.change or RunChange()
    resumes = admitted.starts and leader(admitted.arrival.writer) is None
    lives = admitted.arrival.end is None and rules.thought_dead(run)
    waited = run.state not in rules.ACTIVE or run.state is RunState.PENDING
    if change.state is None and (resumes or lives) and waited:
        change = replace(change, state=RunState.RUNNING)
    quiet = run.heartbeat_at is None or now - run.heartbeat_at >= HEARTBEAT
    if quiet or admitted.appends or admitted.console or admitted.change:
        change = replace(change, heartbeat_at=now)
    return rules.apply(run, change, now)


def moved(writer: Writer | None, arrival: Arrival, now: datetime) -> Writer:
    """The writer after the arrival.

    Raises:
        PositionGap: The arrival before this one was refused.
    """
    if writer is None:
        started = int(now.timestamp() * 1_000_000)
        writer = Writer(arrival.run.run, arrival.writer, 0, arrival.label, started)
    check_gap(arrival, writer.next)
    ended = arrival.end.state if arrival.end is not None else None
    return replace(
        writer,
        next=max(writer.next, arrival.next or 0),
        label=arrival.label or writer.label,
        ended=ended or writer.ended,
    )


def with_leaders(writers: Sequence[Writer], ended: Sequence[Arrival]) -> list[Writer]:
    """The run's writers, of which those are marked whose end a writer beside them has told."""
    ends = {leader(arrival.writer): arrival.end for arrival in ended}
    return [
        replace(writer, ended=change.state)
        if writer.ended is None and (change := ends.get(writer.writer)) is not None
        else writer
        for writer in writers
    ]


def end(run: Run, ends: Sequence[RunChange], writers: Sequence[Writer], now: datetime) -> Run:
    """The run after some of its writers have ended; it ends once all of them have.

    A repeated end changes nothing, nor does one of a writer that was replaced since.
    """
    if run.state not in rules.ACTIVE and not rules.thought_dead(run):
        return run
    state = outcome(writers)
    if state is None:
        return run
    last = ends[-1]
    telling = next((change for change in reversed(ends) if change.state == state), None)
    change = telling or RunChange(state=state, finished_at=last.finished_at)
    return rules.apply(run, change, now)


def with_derived(run: Run, derived: Mapping[str, Json], now: datetime) -> Run:
    """The run with values from its history in the summary; those set by hand stay."""
    fresh = {key: value for key, value in derived.items() if key not in run.summary_set}
    if not fresh:
        return run
    return replace(run, summary={**run.summary, **fresh}, updated_at=max(now, run.updated_at))


def with_aggregates(run: Run, aggregates: Mapping[str, Json], now: datetime) -> Run:
    """The run with statistics of its history in a summary that its client has made, each where
    the client has put its own."""
    summary = placed(run.summary, aggregates) if aggregates else run.summary
    if summary == run.summary:
        return run
    return replace(run, summary=summary, updated_at=max(now, run.updated_at))
