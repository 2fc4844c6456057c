"""Where clients read calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice
from typing import Any, cast

import msgspec
from litestar import Response, post
from litestar.response import Stream

from kiseki_server.domain.calls import rules
from kiseki_server.domain.calls.lookups import resolved
from kiseki_server.domain.calls.query import parse_path
from kiseki_server.domain.calls.service import CallService, TraceUsage
from kiseki_server.domain.calls.store import CallFilter, CallQuery
from kiseki_server.domain.calls.types import Call, Usage
from kiseki_server.domain.costs.rules import PriceList
from kiseki_server.domain.costs.rules import costs as priced
from kiseki_server.domain.costs.service import CostService
from kiseki_server.domain.feedback.service import FeedbackService
from kiseki_server.domain.filters.fields import microseconds
from kiseki_server.domain.objects.expansion import Expansion
from kiseki_server.domain.objects.refs import CallRef
from kiseki_server.domain.objects.service import ObjectService
from kiseki_server.domain.tables.service import TableService
from kiseki_server.kit.errors import BadRequest
from kiseki_server.kit.ids import ProjectId
from kiseki_server.kit.json import from_text
from kiseki_server.kit.transactions import UnitOfWork
from kiseki_server.protocols.weave import costs, feedback
from kiseki_server.protocols.weave.bodies import LIMITED, answer, lines, read
from kiseki_server.protocols.weave.call_bodies import Writer, iso
from kiseki_server.protocols.weave.call_queries import (
    CallQueries,
    FilterBody,
    QueryBody,
    SortBody,
    fields_of,
)
from kiseki_server.protocols.weave.door import Door
from kiseki_server.protocols.weave.reading import follower
from kiseki_server.protocols.weave.refs import References

_PIECE = 200
_THREAD_SORTS = frozenset(
    {
        "thread_id",
        "turn_count",
        "start_time",
        "last_updated",
        "p50_turn_duration_ms",
        "p99_turn_duration_ms",
    }
)


class CallsRequest(msgspec.Struct, kw_only=True):
    project_id: str
    filter: FilterBody | None = None
    query: QueryBody | None = None
    sort_by: list[SortBody] | None = None
    limit: int | None = None
    offset: int | None = None
    columns: list[str] | None = None
    expand_columns: list[str] | None = None
    return_expanded_column_values: bool | None = None
    include_costs: bool | None = None
    include_feedback: bool | None = None
    include_storage_size: bool | None = None
    include_total_storage_size: bool | None = None
    include_usernames: bool | None = None


class CallRequest(msgspec.Struct, kw_only=True):
    project_id: str
    id: str
    include_costs: bool | None = None
    include_feedback: bool | None = None
    include_storage_size: bool | None = None
    include_total_storage_size: bool | None = None


class StatsRequest(msgspec.Struct, kw_only=True):
    project_id: str
    filter: FilterBody | None = None
    query: QueryBody | None = None
    limit: int | None = None
    include_total_storage_size: bool | None = None
    expand_columns: list[str] | None = None


class UsageRequest(msgspec.Struct, kw_only=True):
    project_id: str
    call_ids: list[str] = []
    filter: FilterBody | None = None
    query: QueryBody | None = None
    limit: int | None = None


class ThreadFilter(msgspec.Struct, kw_only=True):
    after_datetime: datetime | None = None
    before_datetime: datetime | None = None
    thread_ids: list[str] | None = None


class ThreadsRequest(msgspec.Struct, kw_only=True):
    project_id: str
    filter: ThreadFilter | None = None
    limit: int | None = None
    offset: int | None = None
    sort_by: list[SortBody] | None = None


@dataclass(frozen=True, slots=True)
class Joins:
    """What can be told beside a call; the dependency ``joins``."""

    calls: CallService
    costs: CostService
    feedback: FeedbackService
    objects: ObjectService
    tables: TableService
    database: UnitOfWork

    def expansion(self, door: Door, columns: Sequence[str] | None) -> Expansion | None:
        """Replaces references in the columns, if any are named."""
        if not columns:
            return None
        paths = [parse_path(column) for column in columns]
        reads = follower(door, self.objects, self.tables)
        return Expansion(paths, self.calls.distinct, reads)


def provide_joins(
    calls: CallService,
    costs: CostService,
    feedback: FeedbackService,
    objects: ObjectService,
    tables: TableService,
    database: UnitOfWork,
) -> Joins:
    return Joins(calls, costs, feedback, objects, tables, database)


class _Rendering:
    """Turns calls into lines, with what was asked for beside them."""

    def __init__(
        self,
        joins: Joins,
        writer: Writer,
        request: CallsRequest | CallRequest,
        expansion: Expansion | None = None,
    ) -> None:
        self._joins = joins
        self._writer = writer
        self._expansion = expansion
        self._costs = bool(request.include_costs)
        self._feedback = bool(request.include_feedback)
        self._sizes = bool(request.include_storage_size)
        self._total_sizes = bool(request.include_total_storage_size)
        self._names = isinstance(request, CallsRequest) and bool(request.include_usernames)

    def lines(self, calls: Iterable[Call]) -> Iterator[bytes]:
        """One document for each call, read in pieces."""
        source = iter(calls)
        first = True
        while some := list(islice(source, 20 if first else _PIECE)):
            first = False
            totals = self._totals(some)
            said = self._said(some)
            shown = some if self._expansion is None else self._expansion.applied(some)
            for call, seen in zip(some, shown, strict=True):
                about = derived(call)
                if self._costs:
                    about["costs"] = self._cost(call)
                if self._feedback:
                    about["feedback"] = said.get(call.id, [])
                seen = self._joins.calls.whole(seen)
                yield self._writer.call(seen, about, self._extra(call, totals))

    def _totals(self, calls: Sequence[Call]) -> dict[str, int]:
        roots = [call for call in calls if call.parent_id is None] if self._total_sizes else []
        if not roots:
            return {}
        query = CallQuery(
            project=roots[0].project,
            filter=CallFilter(ids=tuple(call.id for call in roots)),
        )
        return dict(self._joins.calls.sizes(query))

    def _said(self, calls: Sequence[Call]) -> dict[str, list[dict[str, Any]]]:
        """Feedback by id of the call that it is about."""
        if not self._feedback:
            return {}
        project = calls[0].project
        ids = {str(CallRef(project, call.id)): call.id for call in calls}
        with self._joins.database.transaction():
            found = self._joins.feedback.of(project, list(ids))
        return {
            ids[ref]: [feedback.shown_with_call(one) for one in of] for ref, of in found.items()
        }

    @cached_property
    def _prices(self) -> dict[ProjectId, PriceList]:
        return {}

    def _cost(self, call: Call) -> dict[str, Any]:
        """Cost by model; a model without a price has none, which is not zero."""
        usage: Any = from_text(call.summary).get("usage")
        if not isinstance(usage, dict) or not usage:
            return {}
        if call.project not in self._prices:
            with self._joins.database.transaction():
                self._prices[call.project] = self._joins.costs.list_of(call.project)
        start = datetime.fromtimestamp(call.started_at / 1_000_000, UTC)
        known = priced(cast("dict[str, Any]", usage), start, self._prices[call.project])
        shown = {model: costs.shown_with_call(cost) for model, cost in known.items()}
        return {model: cost for model, cost in shown.items() if cost is not None}

    def _extra(self, call: Call, totals: dict[str, int]) -> dict[str, Any]:
        extra: dict[str, Any] = {}
        if self._sizes:
            extra["storage_size_bytes"] = rules.size(call)
        if self._total_sizes:
            root = call.parent_id is None
            extra["total_storage_size_bytes"] = totals.get(call.trace_id) if root else None
        if self._names:
            extra["wb_username"] = call.user
        return extra


def derived(call: Call) -> dict[str, Any]:
    """What ``summary.weave`` says of a call."""
    found: dict[str, Any] = {"status": rules.status(call).value}
    if (latency := rules.latency_ms(call)) is not None:
        found["latency_ms"] = latency
    if call.display_name:
        found["display_name"] = call.display_name
    else:
        found["trace_name"] = call.op_name
    return found


@post(
    "/calls/stream_query",
    status_code=200,
    opt=LIMITED,
    sync_to_thread=True,
    include_in_schema=False,
)
def stream_query(body: bytes, door: Door, joins: Joins) -> Stream:
    """Calls that match, one a line; the first ones come at once."""
    return lines(_selected(read(body, CallsRequest), door, joins))


@post("/calls/query", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def query(body: bytes, door: Door, joins: Joins) -> Response[bytes]:
    """The same as one document."""
    found = _selected(read(body, CallsRequest), door, joins)
    return answer({"calls": [msgspec.Raw(line) for line in found]})


def _selected(request: CallsRequest, door: Door, joins: Joins) -> Iterator[bytes]:
    project = door.place(request.project_id)
    references = References(door)
    if request.offset is not None and request.offset < 0:
        raise BadRequest("`offset` must not be negative")
    query = CallQueries(project, references).query(
        request.filter,
        request.query,
        request.sort_by,
        limit=request.limit,
        offset=request.offset,
        columns=request.columns,
    )
    expansion = joins.expansion(door, request.expand_columns)
    if expansion is not None:
        query = resolved(query, [expansion])
        if request.return_expanded_column_values is False:
            expansion = None
    fields = fields_of(request.columns) if request.columns else frozenset[str]()
    writer = Writer(project, references, fields)
    return _Rendering(joins, writer, request, expansion).lines(joins.calls.stream(query))


@post("/call/read", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def read_call(body: bytes, door: Door, joins: Joins) -> Response[bytes]:
    """One call, or null."""
    request = read(body, CallRequest)
    project = door.place(request.project_id)
    found = joins.calls.find(project.id, [request.id]).get(request.id)
    if found is None:
        return answer({"call": None})
    writer = Writer(project, References(door), frozenset())
    (line,) = _Rendering(joins, writer, request).lines([found])
    return answer({"call": msgspec.Raw(line)})


@post("/calls/query_stats", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def query_stats(body: bytes, door: Door, joins: Joins) -> Response[bytes]:
    """How many calls match."""
    request = read(body, StatsRequest)
    if request.limit is not None and request.limit < 1:
        raise BadRequest("`limit` must be 1 or more")
    project = door.place(request.project_id)
    query = CallQueries(project, References(door)).query(
        request.filter, request.query, limit=request.limit
    )
    expansion = joins.expansion(door, request.expand_columns)
    if expansion is not None:
        query = resolved(query, [expansion])
    count = joins.calls.count(query)
    found: dict[str, Any] = {
        "count": count,
        "has_more": request.limit is not None and count >= request.limit,
    }
    if request.include_total_storage_size:
        found["total_storage_size_bytes"] = sum(joins.calls.sizes(query).values())
    return answer(found)


@post("/calls/usage", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def calls_usage(body: bytes, door: Door, calls: CallService) -> Response[bytes]:
    """What calls used of each model, with what is below them."""
    request = read(body, UsageRequest)
    project = door.place(request.project_id)
    return answer(_usage(calls.usage_of(project.id, request.call_ids)))


@post("/trace/usage", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def trace_usage(body: bytes, door: Door, calls: CallService) -> Response[bytes]:
    """The same for every call of the traces that match."""
    request = read(body, UsageRequest)
    project = door.place(request.project_id)
    query = CallQueries(project, References(door)).query(
        request.filter, request.query, limit=request.limit
    )
    return answer(_usage(calls.usage_of_traces(query)))


def _usage(found: TraceUsage) -> dict[str, Any]:
    return {
        "call_usage": {
            id: {used.model: tokens(used) for used in usage} for id, usage in found.usage.items()
        },
        "unfinished_call_ids": list(found.unfinished),
    }


def tokens(used: Usage) -> dict[str, int]:
    """What was used of a model, under this dialect's names."""
    return {
        "requests": used.requests,
        "prompt_tokens": used.prompt_tokens,
        "completion_tokens": used.completion_tokens,
        "total_tokens": used.total_tokens,
        "cache_read_input_tokens": used.cache_read_tokens,
        "cache_creation_input_tokens": used.cache_write_tokens,
    }


@post(
    "/threads/stream_query",
    status_code=200,
    opt=LIMITED,
    sync_to_thread=True,
    include_in_schema=False,
)
def stream_threads(body: bytes, door: Door, calls: CallService) -> Stream:
    """Conversations, one a line."""
    request = read(body, ThreadsRequest)
    project = door.place(request.project_id)
    wanted = request.filter or ThreadFilter()
    filter = CallFilter(
        thread_ids=None if wanted.thread_ids is None else tuple(wanted.thread_ids),
        since=_moment(wanted.after_datetime),
        until=_moment(wanted.before_datetime),
    )
    rows = [
        {
            "thread_id": row.id,
            "turn_count": row.turns,
            "start_time": iso(row.started_at),
            "last_updated": iso(row.last_updated),
            "first_turn_id": row.first_turn,
            "last_turn_id": row.last_turn,
            "p50_turn_duration_ms": row.p50_ms,
            "p99_turn_duration_ms": row.p99_ms,
        }
        for row in calls.threads(CallQuery(project=project.id, filter=filter))
    ]
    for sort in reversed(request.sort_by or []):
        if sort.field not in _THREAD_SORTS:
            raise BadRequest(f"Threads cannot be sorted by `{sort.field[:100]}`")
        known = [row for row in rows if row[sort.field] is not None]
        known.sort(key=lambda row: row[sort.field], reverse=sort.direction == "desc")
        rows = known + [row for row in rows if row[sort.field] is None]
    start = max(0, request.offset or 0)
    return lines(rows[start : start + request.limit if request.limit else None])


def _moment(time: datetime | None) -> int | None:
    if time is None:
        return None
    return microseconds(time if time.tzinfo else time.replace(tzinfo=UTC))


routes: list[Any] = [
    stream_query,
    query,
    read_call,
    query_stats,
    calls_usage,
    trace_usage,
    stream_threads,
]
