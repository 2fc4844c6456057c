"""Calls: the use-cases. Whoever calls has asked whether the project may be read or written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace

from kiseki_server.domain.calls import query as syntax
from kiseki_server.domain.calls import rules
from kiseki_server.domain.calls.bodies import CallBodies
from kiseki_server.domain.calls.ingest import CallBatch, CallIngest, Item
from kiseki_server.domain.calls.lookups import Source, resolved
from kiseki_server.domain.calls.query import Field
from kiseki_server.domain.calls.store import (
    STARTED,
    Bucket,
    CallQuery,
    CallStore,
    Facet,
    Rates,
    ThreadRow,
    UsageBucket,
    UsageSpread,
)
from kiseki_server.domain.calls.types import Call, End, Usage
from kiseki_server.domain.runs.events import CallsChanged, LiveEvents
from kiseki_server.kit.errors import BadRequest, NotFound, TooLarge
from kiseki_server.kit.ids import ProjectId

MAX_NAME = 1_024
MAX_DELETED = 1_000
MAX_BUCKETS = 10_000
MAX_FACETS = 1_000
_FIRST_PIECE = 50
_PIECE = 500
_PIECE_BYTES = 8 << 20
MAX_DISTINCT = 10_000


@dataclass(frozen=True, slots=True)
class TraceUsage:
    """What calls used of each model, those below them included."""

    usage: Mapping[str, Sequence[Usage]]
    """By id of the call."""
    unfinished: Sequence[str]
    """Calls that have not ended: what they use may grow."""


class CallService:
    """Takes calls in, and answers questions about them."""

    def __init__(
        self,
        calls: CallStore,
        ingest: CallIngest,
        live: LiveEvents,
        bodies: CallBodies,
        sources: Sequence[Source] = (),
    ) -> None:
        self._calls = calls
        self._ingest = ingest
        self._live = live
        self._bodies = bodies
        self._sources = sources

    def submit(self, items: Sequence[Item]) -> Future[None]:
        """Store starts, ends and whole calls; done when they are durable and visible."""
        size = sum(
            len(item.output) + 200 if isinstance(item, End) else _bytes(item) for item in items
        )
        return self._ingest.submit(CallBatch(items, size))

    def get(self, project: ProjectId, id: str) -> Call:
        """One call, whole.

        Raises:
            NotFound: There is none.
        """
        call = self._calls.find(project, [id]).get(id)
        if call is None:
            raise NotFound(f"There is no call `{id[:130]}`")
        return self._bodies.whole(call)

    def whole(self, call: Call) -> Call:
        """A call that comes from a list, with its large bodies as they came; see `bodies`."""
        return self._bodies.whole(call)

    def find(self, project: ProjectId, ids: Collection[str]) -> Mapping[str, Call]:
        """Those of the calls that there are, by id."""
        return self._calls.find(project, ids)

    def page(self, query: CallQuery) -> Sequence[Call]:
        """Calls that match, in order; ``query.limit`` says how many.

        Raises:
            BadRequest: The query is none.
        """
        return self._calls.page(self._checked(query))

    def places(self, query: CallQuery) -> Sequence[tuple[int, str]]:
        """Start and id of all calls that match, in order."""
        return self._calls.places(self._checked(query))

    def stream(self, query: CallQuery) -> Iterator[Call]:
        """All calls that match, in order, read in pieces; the first piece is small.

        Raises:
            BadRequest: The query is none. It is raised before the first call is asked for.
        """
        query = self._checked(query)
        by_time = not query.sort or [sort.field for sort in query.sort] == [STARTED]
        return self._by_time(query) if by_time else self._by_place(query)

    def _by_time(self, query: CallQuery) -> Iterator[Call]:
        left, piece = query.limit, _FIRST_PIECE
        if query.filter.trace_ids or query.filter.ids:  # a small answer in most cases
            piece = _PIECE
        while left is None or left > 0:
            size = piece if left is None else min(piece, left)
            calls = self._calls.page(replace(query, limit=size))
            yield from calls
            if len(calls) < size:
                return
            last = calls[-1]
            query = replace(query, offset=0, after=(last.started_at, last.id))
            left = None if left is None else left - size
            piece = _next_piece(calls)

    def _by_place(self, query: CallQuery) -> Iterator[Call]:
        if query.limit is not None and query.limit <= _PIECE:
            yield from self._calls.page(query)
            return
        places = self._calls.places(query)
        start, piece = 0, _FIRST_PIECE
        while start < len(places):
            some = places[start : start + piece]
            yield from self._calls.at(query.project, some, query.bodies)
            start, piece = start + piece, _PIECE

    def count(self, query: CallQuery) -> int:
        """How many calls match, at most ``query.limit``."""
        return self._calls.count(self._checked(query))

    def sizes(self, query: CallQuery) -> Mapping[str, int]:
        """Bytes of the traces whose calls match, by trace."""
        return self._calls.sizes(self._checked(query))

    def stored(self, project: ProjectId) -> int:
        """Bytes of the bodies of all calls of a project."""
        return self._calls.stored(project)

    def trace(self, project: ProjectId, trace_id: str) -> Sequence[Call]:
        """All calls of a trace, by start, with no body but the summary."""
        return self._calls.family(project, [trace_id])

    def delete(self, project: ProjectId, ids: Collection[str]) -> int:
        """Remove calls with all that is below them; how many, asked-for unknown ones included.

        Raises:
            TooLarge: These are too many at once.
        """
        if len(ids) > MAX_DELETED:
            raise TooLarge(f"At most {MAX_DELETED} calls can be deleted at once, not {len(ids)}")
        known = self._calls.find(project, ids)
        family = self._calls.family(project, {call.trace_id for call in known.values()})
        doomed = _with_descendants(set(ids), family)
        self._calls.delete(project, doomed)
        self._bodies.drop(project, doomed)
        self._live.publish([CallsChanged(project)])
        return len(doomed)

    def rename(self, project: ProjectId, id: str, name: str) -> None:
        """Show another name for a call; none for an empty one.

        Raises:
            NotFound: There is no such call.
            BadRequest: The name is too long.
        """
        if len(name) > MAX_NAME:
            raise BadRequest(f"A name has at most {MAX_NAME} characters, not {len(name)}")
        self.get(project, id)
        self._calls.rename(project, id, name or None)
        self._live.publish([CallsChanged(project)])

    def usage_of(self, project: ProjectId, ids: Collection[str]) -> TraceUsage:
        """What each of these calls used, added up from the calls without others below them."""
        known = self._calls.find(project, ids)
        return self._usage(project, {call.trace_id for call in known.values()}, set(ids))

    def usage_of_traces(self, query: CallQuery) -> TraceUsage:
        """The same for every call of the traces in which calls match."""
        calls = self._calls.page(
            replace(self._checked(query), limit=query.limit or MAX_DELETED, bodies=frozenset())
        )
        return self._usage(query.project, {call.trace_id for call in calls}, None)

    def _usage(
        self, project: ProjectId, traces: Collection[str], wanted: Collection[str] | None
    ) -> TraceUsage:
        family = self._calls.family(project, traces)
        totals = _added_up(family)
        shown = [call for call in family if wanted is None or call.id in wanted]
        return TraceUsage(
            usage={call.id: list(totals[call.id].values()) for call in shown},
            unfinished=[call.id for call in shown if call.ended_at is None],
        )

    def _checked(self, query: CallQuery) -> CallQuery:
        """The query as a store understands it.

        Raises:
            BadRequest: It asks for a field that no call has, or is too large.
        """
        query = resolved(query, self._sources)
        if query.condition is not None:
            syntax.check(query.condition)
        for sort in query.sort:
            syntax.check(sort.field)
        if query.offset < 0 or (query.limit is not None and query.limit < 0):
            raise BadRequest("`limit` and `offset` must not be negative")
        return query

    def timeline(
        self, query: CallQuery, start: int, end: int, step: int, levels: Sequence[float]
    ) -> Sequence[Bucket]:
        """Counts and latencies by step of time; microseconds since 1970.

        Raises:
            BadRequest: The times make no sense, or too many buckets.
        """
        _check_times(start, end, step)
        return self._calls.timeline(self._checked(query), start, end, step, levels)

    def usage_timeline(
        self, query: CallQuery, start: int, end: int, step: int, dates: Sequence[int]
    ) -> Sequence[UsageBucket]:
        """Tokens by step of time, model and period between the dates; raises as `timeline`."""
        _check_times(start, end, step)
        return self._calls.usage(self._checked(query), start, end, step, dates)

    def usage_spread(
        self,
        query: CallQuery,
        start: int,
        end: int,
        step: int,
        names: Sequence[str],
        levels: Sequence[float],
        dates: Sequence[int],
        rates_of: Callable[[str, int], Rates | None],
    ) -> Sequence[UsageSpread]:
        """How values of use lie by step of time and model; raises as `timeline`.

        ``rates_of`` gives what a model costs in a period between the dates.
        """
        _check_times(start, end, step)
        query = self._checked(query)
        rates: dict[tuple[str, int], Rates] = {}
        if any(name.endswith("_cost") for name in names):
            used = self._calls.usage(query, start, end, end - start, dates)
            for key in {(row.model, row.period) for row in used}:
                if (found := rates_of(*key)) is not None:
                    rates[key] = found
        return self._calls.usage_spread(query, start, end, step, names, levels, dates, rates)

    def threads(self, query: CallQuery) -> Sequence[ThreadRow]:
        """Conversations, by their last update, newest first."""
        return self._calls.threads(self._checked(query))

    def facets(self, query: CallQuery, field: Field, limit: int = 20) -> Sequence[Facet]:
        """The commonest values of a field.

        Raises:
            BadRequest: There is no such field, or the limit makes no sense.
        """
        if not 1 <= limit <= MAX_FACETS:
            raise BadRequest(f"`limit` must lie between 1 and {MAX_FACETS}, not {limit}")
        syntax.check(field)
        return self._calls.facets(self._checked(query), field, limit)

    def distinct(self, query: CallQuery, field: Field) -> Sequence[str]:
        """The different texts that a field has.

        Raises:
            BadRequest: There are too many to look each of them up.
        """
        syntax.check(field)
        found = self._calls.facets(self._checked(query), field, MAX_DISTINCT + 1)
        if len(found) > MAX_DISTINCT:
            raise BadRequest(
                f"`{'.'.join(field.path)[:200]}` has more than {MAX_DISTINCT} different values",
                hint="narrow the filter to ops, traces or a time",
            )
        return [facet.value for facet in found]

    def fields(self, query: CallQuery, limit: int = MAX_FACETS) -> Sequence[tuple[str, ...]]:
        """Paths into bodies that occur among the newest calls."""
        return self._calls.fields(self._checked(query), limit)


def _bytes(call: Call) -> int:
    bodies = (call.attributes, call.inputs, call.output, call.summary, call.otel or "")
    return 500 + sum(map(len, bodies))


def _with_descendants(ids: set[str], family: Sequence[Call]) -> set[str]:
    children: dict[str, list[str]] = defaultdict(list)
    for call in family:
        if call.parent_id is not None:
            children[call.parent_id].append(call.id)
    found, waiting = set(ids), list(ids)
    while waiting:
        for child in children[waiting.pop()]:
            if child not in found:  # parents may go round in a circle
                found.add(child)
                waiting.append(child)
    return found


def _added_up(family: Sequence[Call]) -> Mapping[str, dict[str, Usage]]:
    """Usage by call and model: of a call with calls below it, the sum of theirs.

    Clients add up before they send, so a parent's own figures count only where nothing below it
    has any.
    """
    by_id = {call.id: call for call in family}
    children: dict[str, list[str]] = defaultdict(list)
    for call in family:
        if call.parent_id in by_id:
            children[call.parent_id].append(call.id)
    totals: dict[str, dict[str, Usage]] = {}
    for id in _bottom_up(by_id, children):
        total: dict[str, Usage] = {}
        for child in children[id]:
            for used in totals.get(child, {}).values():
                total[used.model] = _sum(total.get(used.model), used)
        totals[id] = total or {used.model: used for used in rules.usage(by_id[id])}
    return totals


def _bottom_up(ids: Collection[str], children: Mapping[str, list[str]]) -> Sequence[str]:
    """Every id after those below it, as far as they do not go round in a circle."""
    done: dict[str, None] = {}
    for id in ids:
        waiting = [(id, False)]
        seen: set[str] = set()
        while waiting:
            current, opened = waiting.pop()
            if opened:
                done.setdefault(current)
            elif current not in seen and current not in done:
                seen.add(current)
                waiting.append((current, True))
                waiting += [(child, False) for child in children.get(current, ())]
    return list(done)


def _sum(before: Usage | None, more: Usage) -> Usage:
    if before is None:
        return more
    return Usage(
        model=more.model,
        requests=before.requests + more.requests,
        prompt_tokens=before.prompt_tokens + more.prompt_tokens,
        completion_tokens=before.completion_tokens + more.completion_tokens,
        total_tokens=before.total_tokens + more.total_tokens,
        cache_read_tokens=before.cache_read_tokens + more.cache_read_tokens,
        cache_write_tokens=before.cache_write_tokens + more.cache_write_tokens,
    )


def _check_times(start: int, end: int, step: int) -> None:
    if end <= start:
        raise BadRequest("The end must lie after the start")
    if step <= 0 or (end - start) // step > MAX_BUCKETS:
        raise BadRequest(
            f"This asks for more than {MAX_BUCKETS} buckets",
            hint="Ask for a shorter time, or for longer steps.",
        )


def _next_piece(calls: Sequence[Call]) -> int:
    """How many calls of the size of these are read at once: each look costs as much as many."""
    size = sum(len(call.inputs) + len(call.output) + 500 for call in calls)
    return max(100, min(10 * _PIECE, _PIECE_BYTES * len(calls) // size))
