"""Conversations, and how reliable the functions are that programs call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import get
from litestar.params import Parameter
from msgspec import Meta

from kiseki_server.domain.calls import expression, rules
from kiseki_server.domain.calls.query import And, Eq, Field, Literal
from kiseki_server.domain.calls.service import CallService
from kiseki_server.domain.calls.store import CallFilter, CallQuery, ThreadRow
from kiseki_server.domain.calls.types import Call, Status, Usage
from kiseki_server.domain.costs.rules import PriceList, cost
from kiseki_server.domain.costs.service import CostService
from kiseki_server.domain.costs.types import Tokens
from kiseki_server.domain.filters.fields import microseconds
from kiseki_server.domain.projects.types import Project
from kiseki_server.kit.pagination import checked_limit, decode_cursor, encode_cursor
from kiseki_server.protocols.native.places import Places

_LEVELS = (0.5, 0.95, 0.99)
_MOST_TURNS = 5_000
_MOST_OPS = 50
_IS_TURN = Eq(Field(("turn_id",)), Field(("id",)))


class ThreadInfo(msgspec.Struct, kw_only=True):
    id: str
    turns: int
    started_at: datetime
    last_updated: datetime
    first_turn: str
    last_turn: str
    p50_s: float | None
    p99_s: float | None
    errors: Annotated[int, Meta(description="Turns that failed, or in which something did.")]
    tokens: int
    cost: Annotated[float | None, Meta(description="In USD; null where no model has a price.")]
    users: list[str]
    preview: Annotated[str, Meta(description="What the first turn was given.")]


class ThreadPage(msgspec.Struct, kw_only=True):
    items: list[ThreadInfo]
    cursor: str | None


class Turn(msgspec.Struct, kw_only=True):
    call: str
    trace_id: str


class TurnPage(msgspec.Struct, kw_only=True):
    items: list[Turn]
    cursor: str | None


class OpReliability(msgspec.Struct, kw_only=True):
    """How the calls of an op went."""

    op: str
    calls: int
    errors: int
    p50_s: float | None
    p95_s: float | None
    p99_s: float | None
    tokens: int
    cost: float | None


def spent(prices: PriceList, usage: Iterable[Usage], at: datetime) -> tuple[int, float | None]:
    """All tokens, and what those of models with a price cost."""
    tokens, total, known = 0, 0.0, False
    for used in usage:
        tokens += used.total_tokens
        found = cost(
            Tokens(
                requests=used.requests,
                prompt=used.prompt_tokens,
                completion=used.completion_tokens,
                cache_read=used.cache_read_tokens,
                cache_creation=used.cache_write_tokens,
            ),
            prices.price(used.model, at),
        ).total
        if found is not None:
            total, known = total + found, True
    return tokens, total if known else None


def _added(a: float | None, b: float | None) -> float | None:
    return b if a is None else a if b is None else a + b


def _place(places: Places, entity: str, project: str) -> Project:
    with places.database.transaction():
        return places.project(entity, project)


def _time(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / 1_000_000, UTC)


@get("/projects/{entity:str}/{project:str}/threads", sync_to_thread=True)
def list_threads(
    places: Places,
    calls: CallService,
    costs: CostService,
    entity: str,
    project: str,
    filter: Annotated[
        str | None, Parameter(description='Of turns, as in `thread contains "x" and latency > 2`')
    ] = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> ThreadPage:
    """Conversations, by their last update."""
    checked_limit(limit, most=200)
    at = _place(places, entity, project)
    (offset,) = (0,) if cursor is None else decode_cursor(cursor, int)
    query = CallQuery(
        project=at.id,
        filter=CallFilter(since=_micros(since), until=_micros(until)),
        condition=expression.parse(filter) if filter else None,
        limit=limit + 1,
        offset=max(0, offset),
    )
    found = calls.threads(query)
    shown = found[:limit]
    with places.database.transaction():
        prices = costs.list_of(at.id)
    turns = _turns(calls, at, [row.id for row in shown])
    used = _usage(calls, at, turns)
    return ThreadPage(
        items=[_thread(row, turns.get(row.id, ()), used, prices) for row in shown],
        cursor=encode_cursor(offset + limit) if len(found) > limit else None,
    )


def _turns(calls: CallService, at: Project, threads: Sequence[str]) -> Mapping[str, Sequence[Call]]:
    by_thread: dict[str, list[Call]] = {}
    query = CallQuery(
        project=at.id,
        filter=CallFilter(thread_ids=tuple(threads)),
        condition=_IS_TURN,
        limit=_MOST_TURNS,
        bodies=frozenset({"summary", "inputs"}),
    )
    for call in calls.page(query) if threads else ():
        by_thread.setdefault(call.thread_id or "", []).append(call)
    return by_thread


def _usage(
    calls: CallService, at: Project, turns: Mapping[str, Sequence[Call]]
) -> Mapping[str, Sequence[Usage]]:
    ids = [call.id for own in turns.values() for call in own]
    return calls.usage_of(at.id, ids).usage if ids else {}


def _thread(
    row: ThreadRow,
    turns: Sequence[Call],
    used: Mapping[str, Sequence[Usage]],
    prices: PriceList,
) -> ThreadInfo:
    tokens, total = 0, None
    for turn in turns:
        own, price = spent(prices, used.get(turn.id, ()), _time(turn.started_at))
        tokens, total = tokens + own, _added(total, price)
    bad = {Status.ERROR, Status.DESCENDANT_ERROR}
    first = min(turns, key=lambda turn: turn.started_at, default=None)
    return ThreadInfo(
        id=row.id,
        turns=row.turns,
        started_at=_time(row.started_at),
        last_updated=_time(row.last_updated),
        first_turn=row.first_turn,
        last_turn=row.last_turn,
        p50_s=None if row.p50_ms is None else row.p50_ms / 1_000,
        p99_s=None if row.p99_ms is None else row.p99_ms / 1_000,
        errors=sum(rules.status(turn) in bad for turn in turns),
        tokens=tokens,
        cost=total,
        users=sorted({turn.user for turn in turns if turn.user}),
        preview="" if first is None else first.inputs[:300],
    )


@get("/projects/{entity:str}/{project:str}/threads/{thread:str}/turns", sync_to_thread=True)
def list_turns(
    places: Places,
    calls: CallService,
    entity: str,
    project: str,
    thread: str,
    limit: int = 50,
    cursor: str | None = None,
) -> TurnPage:
    """The calls with which the turns of a conversation began, the oldest first."""
    checked_limit(limit)
    at = _place(places, entity, project)
    query = CallQuery(
        project=at.id,
        filter=CallFilter(thread_ids=(thread,)),
        condition=_IS_TURN,
        limit=limit + 1,
        bodies=frozenset(),
    )
    if cursor is not None:
        started_at, id = decode_cursor(cursor, int, str)
        query = replace(query, after=(started_at, id))
    found = calls.page(query)
    shown = found[:limit]
    last = shown[-1] if len(found) > limit else None
    return TurnPage(
        items=[Turn(call=call.id, trace_id=call.trace_id) for call in shown],
        cursor=None if last is None else encode_cursor(last.started_at, last.id),
    )


@get("/projects/{entity:str}/{project:str}/calls/reliability", sync_to_thread=True)
def op_reliability(
    places: Places,
    calls: CallService,
    costs: CostService,
    entity: str,
    project: str,
    start: datetime,
    end: datetime,
    filter: Annotated[str | None, Parameter(description="Of calls")] = None,
    limit: Annotated[int, Parameter(ge=1, le=_MOST_OPS)] = 30,
) -> list[OpReliability]:
    """Calls, errors, latencies and cost of the ops that were called most in a time."""
    at = _place(places, entity, project)
    first, last = _micros(start) or 0, _micros(end) or 0
    condition = expression.parse(filter) if filter else None
    query = CallQuery(
        project=at.id, filter=CallFilter(since=first, until=last), condition=condition
    )
    with places.database.transaction():
        prices = costs.list_of(at.id)
    rows: list[OpReliability] = []
    for facet in calls.facets(query, Field(("op_name",)), limit):
        own = Eq(Field(("op_name",)), Literal(facet.value))
        asked = replace(query, condition=own if condition is None else And((condition, own)))
        rows.append(_reliability(calls, prices, asked, facet.value, first, last))
    return rows


def _reliability(
    calls: CallService, prices: PriceList, query: CallQuery, op: str, first: int, last: int
) -> OpReliability:
    step = max(1, last - first)
    (bucket,) = calls.timeline(query, first, last, step, _LEVELS) or (None,)
    tokens, total = 0, None
    for used in calls.usage_timeline(query, first, last, step, ()):
        model = Usage(
            model=used.model,
            requests=used.requests,
            prompt_tokens=used.prompt_tokens,
            completion_tokens=used.completion_tokens,
            total_tokens=used.total_tokens,
            cache_read_tokens=used.cache_read_tokens,
            cache_write_tokens=used.cache_write_tokens,
        )
        own, price = spent(prices, [model], _time(last))
        tokens, total = tokens + own, _added(total, price)
    levels = () if bucket is None else bucket.quantiles
    return OpReliability(
        op=op,
        calls=0 if bucket is None else bucket.calls,
        errors=0 if bucket is None else bucket.errors,
        p50_s=levels[0] / 1_000 if levels else None,
        p95_s=levels[1] / 1_000 if levels else None,
        p99_s=levels[2] / 1_000 if levels else None,
        tokens=tokens,
        cost=total,
    )


def _micros(time: datetime | None) -> int | None:
    if time is None:
        return None
    return microseconds(time if time.tzinfo else time.replace(tzinfo=UTC))


routes: list[Any] = [list_threads, list_turns, op_reliability]
