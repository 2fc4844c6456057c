"""Where calls are kept, and how they are asked for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from kiseki_server.domain.calls.query import BODIES, Field, Lookup, Node
from kiseki_server.domain.calls.types import Call, CallKey, End
from kiseki_server.kit.ids import ProjectId

ANY_VERSION = ":*"
"""Ends a reference in a filter that means every version of an op or object."""
STARTED = Field(("started_at",))


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """The conditions that nearly every question has; fields are joined by *and*, values by *or*.

    An empty tuple is no condition, but for threads and turns: there it matches nothing.
    """

    ops: tuple[str, ...] = ()
    """References or plain names; one that ends in ``:*`` means every version."""
    input_refs: tuple[str, ...] = ()
    output_refs: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    parent_ids: tuple[str, ...] = ()
    trace_ids: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    thread_ids: tuple[str, ...] | None = None
    turn_ids: tuple[str, ...] | None = None
    roots_only: bool = False
    since: int | None = None
    """Started at this time or later; microseconds since 1970."""
    until: int | None = None
    """Started before this time."""


@dataclass(frozen=True, slots=True)
class Sort:
    """An order by one field.

    A field inside of a body, and what is looked up, has calls with a value before those without,
    whichever the direction; numbers come by size, before text.
    """

    field: Field | Lookup
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallQuery:
    """Which calls, in which order, and how much of each.

    Without a sort the order is that of (``started_at``, ``id``). With one, ``id`` breaks ties: in
    the direction of a last ``started_at``, else descending.
    """

    project: ProjectId
    filter: CallFilter = field(default_factory=CallFilter)
    condition: Node | None = None
    sort: tuple[Sort, ...] = ()
    limit: int | None = None
    offset: int = 0
    bodies: frozenset[str] = BODIES | {"otel"}
    """The bodies to bring; the others come back empty."""
    after: tuple[int, str] | None = None
    """Only calls behind this (``started_at``, ``id``) in the order, which is by time alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writes:
    """What one commit stores."""

    finished: Sequence[Call] = ()
    """A call takes the place of one with its id; it closes what was open under that id."""
    opened: Sequence[Call] = ()
    """Started, not yet ended."""
    waiting: Sequence[End] = ()
    """Ends that came before their start."""
    closed: Collection[CallKey] = ()
    """Ids under which a start or an end is kept that is now part of a finished call."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Calls that started within one step of time."""

    start: int
    """Microseconds since 1970."""
    calls: int
    errors: int
    latencies: int
    """Calls that have ended, over which the following are taken; milliseconds."""
    latency_sum: float
    latency_min: float | None
    latency_max: float | None
    quantiles: tuple[float, ...]
    """At the levels that were asked for; empty where no call has ended."""


@dataclass(frozen=True, slots=True)
class UsageBucket:
    """Tokens of one model within one step of time."""

    start: int
    model: str
    period: int
    """Number of asked-for dates that lie at or before the calls: which price holds."""
    calls: int
    requests: int
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int


USAGE = (
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "prompt_cost",
    "completion_cost",
    "total_cost",
)
"""What can be asked about a call's use of a model; costs need `Rates`."""


@dataclass(frozen=True, slots=True)
class Rates:
    """What one token of a model costs."""

    prompt: float
    completion: float
    cache_read: float
    cache_write: float


@dataclass(frozen=True, slots=True)
class Spread:
    """How the values of calls lie; those that are unknown are not counted."""

    count: int
    sum: float
    min: float | None
    max: float | None
    quantiles: tuple[float, ...]
    """At the levels that were asked for; empty where there is no value."""


@dataclass(frozen=True, slots=True)
class UsageSpread:
    """How calls used one model within one step of time."""

    start: int
    model: str
    spreads: Mapping[str, Spread]
    """By name, as in `USAGE`."""


@dataclass(frozen=True, slots=True)
class ThreadRow:
    """A conversation, from its turns."""

    id: str
    turns: int
    started_at: int
    last_updated: int
    first_turn: str
    last_turn: str
    p50_ms: float | None
    p99_ms: float | None


@dataclass(frozen=True, slots=True)
class Facet:
    """A value of a field, and how many calls have it."""

    value: str
    calls: int


@runtime_checkable
class CallStore(Protocol):
    """Calls of all projects. Methods may be called from any thread; `write` from one at a time."""

    def pending(
        self, keys: Collection[CallKey]
    ) -> tuple[Mapping[CallKey, Call], Mapping[CallKey, End]]:
        """Open calls, and ends without a start, under these ids."""
        ...

    def find(
        self,
        project: ProjectId,
        ids: Collection[str],
        started: tuple[int, int] | None = None,
    ) -> Mapping[str, Call]:
        """Calls by id, open ones included; much quicker between two times of start."""
        ...

    def write(self, writes: Writes) -> None:
        """Make it durable. Repeating a write changes nothing.

        Deleted calls stay deleted, and so is what comes below them later.
        """
        ...

    def page(self, query: CallQuery) -> Sequence[Call]:
        """The calls that match; `limit` must be set."""
        ...

    def places(self, query: CallQuery) -> Sequence[tuple[int, str]]:
        """(``started_at``, ``id``) of the calls that match, in order."""
        ...

    def at(
        self, project: ProjectId, places: Sequence[tuple[int, str]], bodies: frozenset[str]
    ) -> Sequence[Call]:
        """The calls at these places, in this order, without those that are gone by now."""
        ...

    def count(self, query: CallQuery) -> int:
        """How many match, at most ``query.limit``."""
        ...

    def sizes(self, query: CallQuery) -> Mapping[str, int]:
        """Bytes of bodies by id of the traces whose roots match, summed over each trace."""
        ...

    def stored(self, project: ProjectId) -> int:
        """Bytes of the bodies of all calls."""
        ...

    def newest(self, project: ProjectId) -> int:
        """The place of the finished call that was stored last; 0 where there is none."""
        ...

    def stored_after(
        self, project: ProjectId, place: int, limit: int, *, through: int | None = None
    ) -> Sequence[tuple[int, Call]]:
        """Finished calls behind a place in the order in which they were stored, with their
        places. A call that is stored again with other content has a new place."""
        ...

    def family(self, project: ProjectId, trace_ids: Collection[str]) -> Sequence[Call]:
        """All calls of some traces, by start, with no body but the summary."""
        ...

    def delete(self, project: ProjectId, ids: Collection[str]) -> int:
        """Remove calls for good; how many there were."""
        ...

    def rename(self, project: ProjectId, id: str, name: str | None) -> None:
        """Set or clear the name that is shown for a call."""
        ...

    def forget(self, project: ProjectId) -> None:
        """Remove all calls of a project."""
        ...

    def expire(self, now: int) -> None:
        """Remove calls whose time has come, and ends that have waited for more than a day."""
        ...

    def timeline(
        self, query: CallQuery, start: int, end: int, step: int, levels: Sequence[float]
    ) -> Sequence[Bucket]:
        """Buckets of ``step`` microseconds from ``start`` to ``end``, without empty ones."""
        ...

    def usage(
        self, query: CallQuery, start: int, end: int, step: int, dates: Sequence[int]
    ) -> Sequence[UsageBucket]:
        """Tokens by bucket, model and period of price; of the calls that match themselves."""
        ...

    def usage_spread(
        self,
        query: CallQuery,
        start: int,
        end: int,
        step: int,
        names: Sequence[str],
        levels: Sequence[float],
        dates: Sequence[int],
        rates: Mapping[tuple[str, int], Rates],
    ) -> Sequence[UsageSpread]:
        """How values of `USAGE` lie, by bucket and model; of the calls that match themselves.

        ``rates`` are by model and period, as `usage` gives it; a cost without one is unknown.
        """
        ...

    def threads(self, query: CallQuery) -> Sequence[ThreadRow]:
        """The threads of the turns that match, by last update, newest first."""
        ...

    def facets(self, query: CallQuery, field: Field, limit: int) -> Sequence[Facet]:
        """The commonest values of a field among the calls that match."""
        ...

    def fields(self, query: CallQuery, limit: int) -> Sequence[tuple[str, ...]]:
        """Paths into bodies that occur among the newest calls that match."""
        ...
