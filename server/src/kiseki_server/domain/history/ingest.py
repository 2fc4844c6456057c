"""The one way into a run, whatever the dialect."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from kiseki_server.domain.console.types import Line
from kiseki_server.domain.history.types import Append, RunRef
from kiseki_server.domain.runs.types import RunChange


@dataclass(frozen=True, slots=True)
class Arrival:
    """What one request brings for one run.

    ``first`` and ``next`` are journal positions of a native writer. Dialects that number their
    lines themselves leave them ``None``: their rows' positions are line numbers, the store drops
    those it has, and nothing else in the arrival may depend on being applied once.
    """

    run: RunRef
    writer: str
    first: int | None = None
    next: int | None = None
    appends: Sequence[Append] = ()
    console: Sequence[Line] = ()
    change: RunChange | None = None
    end: RunChange | None = None
    """How the writer ended; stands outside the positions, so a repeat may bring it again."""
    label: str | None = None
    """Name of the writer where several write one run."""
    starts: bool = False
    """The arrival holds the writer's first record: the writer begins, or goes on with, the run."""
    derive_summary: bool = True
    """Put the last values of the history into the run's summary, as its metrics ask. Without it
    the client does so, and only what its metrics ask for beyond last values is put there."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """Everything of the arrival is durable and visible."""

    next: int | None
    """The position acknowledged for the writer."""
    stop: bool
    """Somebody asked the run to stop."""


@runtime_checkable
class Ingest(Protocol):
    """Collects arrivals of all requests and stores them together (group commit).

    The future completes when the arrival is durable, or fails with a `KisekiError`:
    `PositionGap` when ``first`` lies above the acknowledged position, `Gone` when the run was
    deleted, `StorageFull`, or `Unavailable` when too much is waiting already.
    """

    def submit(self, arrival: Arrival) -> Future[Accepted]: ...
