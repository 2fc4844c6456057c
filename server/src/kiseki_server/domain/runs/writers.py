"""Who writes a run, and how far each writer has got."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from kiseki_server.domain.runs.types import RunState
from kiseki_server.kit.ids import RunId

_SYSTEM = re.compile(r"(.*)\.system(?:-\d+)?", re.DOTALL)


def leader(writer: str) -> str | None:
    """The writer beside which this one records the machine's metrics; ``None`` for any other.

    What the second says of the run's end is said for the first.
    """
    found = _SYSTEM.fullmatch(writer)
    return found[1] if found else None


@dataclass(frozen=True, slots=True)
class Writer:
    """One journal of a run."""

    run: RunId
    writer: str
    next: int
    """Every record below it is applied."""
    label: str | None = None
    started_at: int = 0
    """When its first record arrived, in microseconds since 1970."""
    ended: RunState | None = None


class WriterStore(Protocol):
    """Positions by (run, writer); works inside the caller's transaction."""

    def get(self, pairs: Sequence[tuple[RunId, str]]) -> Mapping[tuple[RunId, str], Writer]: ...

    def of_run(self, run: RunId) -> Sequence[Writer]:
        """All writers of the run, in order of their start."""
        ...

    def put(self, writers: Sequence[Writer]) -> None:
        """Create or replace."""
        ...


_WORST_FIRST = (RunState.FAILED, RunState.CRASHED, RunState.KILLED, RunState.FINISHED)


def outcome(writers: Sequence[Writer]) -> RunState | None:
    """The state of a run whose writers are all done; ``None`` while one still writes.

    Of the writers that share a label only the newest counts: whoever resumed a run took it over
    from a writer that may have died without a word.
    """
    newest: dict[str | None, Writer] = {}
    for writer in sorted(writers, key=lambda w: w.started_at):
        if leader(writer.writer) is None:
            newest[writer.label] = writer
    ends = {writer.ended for writer in newest.values()}
    if not ends or None in ends:
        return None
    return next((state for state in _WORST_FIRST if state in ends), RunState.FINISHED)
