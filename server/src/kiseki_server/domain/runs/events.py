"""What happens to runs, told to whoever watches.

Two ways out. The *log* is part of the transaction: what it holds has happened, in order, and
automations and audit read it. *Live events* go to open browsers after the commit; they may be
merged or lost, and only say where to look again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

from kiseki_server.domain.runs.types import Json
from kiseki_server.kit.ids import ProjectId

EventKind = Literal[
    "run.created",
    "run.state_changed",
    "run.changed",
    "run.stop_requested",
    "run.deleted",
    "run.restored",
    "run.forked",
    "run.rewound",
    "run.moved",
    "run.alert",
    "artifact.created",
    "artifact.committed",
    "artifact.changed",
    "artifact.deleted",
    "artifact.used",
    "alias.added",
    "alias.removed",
    "link.added",
    "link.removed",
    "collection.changed",
    "collection.deleted",
]


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the log; ``run`` is the name that the client chose, empty where none acts."""

    kind: EventKind
    time: datetime
    project: ProjectId
    run: str
    payload: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An entry with its place in the log."""

    id: int
    event: Event


class EventLog(Protocol):
    """Events in the order of their commit; works inside the caller's transaction."""

    def append(self, new: Sequence[Event]) -> None: ...

    def since(self, after: int, *, limit: int = 500) -> Sequence[LoggedEvent]:
        """Entries behind ``after``, oldest first."""
        ...

    def trim(self, before: datetime) -> int:
        """Drop older entries; how many there were."""
        ...


@dataclass(frozen=True, slots=True)
class RunChanged:
    """Any field of the run changed, or the run is new or deleted."""

    project: ProjectId
    run: str
    state: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class HistoryAppended:
    project: ProjectId
    run: str
    stream: Literal["history", "system"]
    last_step: int
    keys_added: bool
    """Keys may have come that the run did not have."""


@dataclass(frozen=True, slots=True)
class ConsoleAppended:
    project: ProjectId
    run: str


@dataclass(frozen=True, slots=True)
class ProjectChanged:
    """The project's own fields changed, or its list of runs did."""

    project: ProjectId


@dataclass(frozen=True, slots=True)
class CallsChanged:
    """Calls of the project came, ended or went."""

    project: ProjectId


@dataclass(frozen=True, slots=True)
class ArtifactsChanged:
    """Collections, versions, aliases or links of the project changed."""

    project: ProjectId


LiveEvent = (
    RunChanged
    | HistoryAppended
    | ConsoleAppended
    | ProjectChanged
    | CallsChanged
    | ArtifactsChanged
)


@dataclass(frozen=True, slots=True)
class Missed:
    """More happened than could be kept for the subscriber: look at everything again."""


@runtime_checkable
class LiveEvents(Protocol):
    """Whoever wants to know now. `publish` never blocks, from whatever thread it is called."""

    def publish(self, events: Sequence[LiveEvent]) -> None: ...


class Subscription(Protocol):
    """What one subscriber has not seen yet; events of a kind about a run are merged into one."""

    async def next(self, timeout: float) -> Sequence[LiveEvent | Missed] | None:
        """Wait for events; none after ``timeout`` seconds, ``None`` when the server stops."""
        ...

    def close(self) -> None: ...


@runtime_checkable
class LiveSource(Protocol):
    """Where subscribers get their events."""

    def subscribe(
        self,
        project: ProjectId | None = None,
        runs: Collection[str] | None = None,
        *,
        recent: float = 0.0,
    ) -> Subscription:
        """Events of one project or of all, of the runs of those names or of all.

        Args:
            recent: Also what happened in so many seconds before.

        Raises:
            Unavailable: There are too many subscribers.
        """
        ...
