"""Calls: lists, single ones, traces, and what a project's page shows of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import delete, get, patch
from litestar.params import Parameter
from msgspec import Meta

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.calls import expression, rules
from kiseki_server.domain.calls.query import Field
from kiseki_server.domain.calls.service import CallService
from kiseki_server.domain.calls.store import ANY_VERSION, CallFilter, CallQuery, Sort
from kiseki_server.domain.calls.types import Call, Source, Usage
from kiseki_server.domain.costs.rules import PriceList
from kiseki_server.domain.costs.service import CostService
from kiseki_server.domain.feedback.service import FeedbackService
from kiseki_server.domain.filters.fields import microseconds
from kiseki_server.domain.objects.refs import ObjectRef, rendered
from kiseki_server.domain.objects.types import Kind
from kiseki_server.domain.projects.types import Project
from kiseki_server.kit.errors import BadRequest, NotFound
from kiseki_server.kit.ids import ProjectId
from kiseki_server.kit.json import from_text
from kiseki_server.kit.pagination import checked_limit, decode_cursor, encode_cursor
from kiseki_server.protocols.native.feedback import FeedbackSummary, summaries
from kiseki_server.protocols.native.places import Places
from kiseki_server.protocols.native.threads import spent
from kiseki_server.protocols.weave.door import Door
from kiseki_server.protocols.weave.refs import References

PREVIEW = 400
"""Characters of a preview."""
_NEWEST = Sort(Field(("started_at",)), descending=True)
_OLDEST = Sort(Field(("started_at",)))
_MOST_IN_TRACE = 50_000
_LEVELS = (0.5, 0.95, 0.99)


class TokenCounts(msgspec.Struct, kw_only=True):
    """Tokens of one model."""

    model: str
    requests: int
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int


class CallInfo(msgspec.Struct, kw_only=True):
    """A call without its bodies."""

    id: str
    trace_id: str
    parent_id: str | None
    thread_id: str | None
    turn_id: str | None
    name: Annotated[str, Meta(description="The name given to the call, or its op's.")]
    op: Annotated[str, Meta(description="Reference or plain name, as it was sent.")]
    op_name: str
    op_digest: str | None
    status: Literal["running", "success", "error", "descendant_error"]
    started_at: datetime
    ended_at: datetime | None
    latency_s: float | None
    exception: str | None
    user: str | None
    run: Annotated[str | None, Meta(description="Id of the run in which the call was made.")]
    run_step: int | None
    source: Literal["weave", "kiseki", "otlp"]
    usage: Annotated[list[TokenCounts], Meta(description="With those of calls below it.")]


class CallRow(CallInfo, kw_only=True):
    """A call as a list shows it."""

    inputs_preview: str
    output_preview: str
    cost: Annotated[float | None, Meta(description="In USD; null where no model has a price.")]
    feedback: FeedbackSummary | None


class CallDetail(CallInfo, kw_only=True):
    """A call with everything."""

    attributes: dict[str, Any]
    inputs: dict[str, Any]
    output: Any
    summary: dict[str, Any]
    otel: Annotated[dict[str, Any] | None, Meta(description="The span, where it came as one.")]


class CallPage(msgspec.Struct, kw_only=True):
    items: list[CallRow]
    cursor: str | None


class CallCount(msgspec.Struct, kw_only=True):
    total: int


class Trace(msgspec.Struct, kw_only=True):
    """All calls of a trace, by start."""

    calls: list[CallInfo]
    truncated: Annotated[bool, Meta(description="There are more than are given.")]


class CallBucket(msgspec.Struct, kw_only=True):
    """Calls that started within one step."""

    start: datetime
    calls: int
    errors: int
    p50_s: float | None
    p95_s: float | None
    p99_s: float | None


class CallTokens(msgspec.Struct, kw_only=True):
    """Tokens of a model within one step."""

    start: datetime
    model: str
    calls: int
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class CallTimeline(msgspec.Struct, kw_only=True):
    start: datetime
    end: datetime
    step_s: float
    buckets: list[CallBucket]
    tokens: list[CallTokens]


class FacetValue(msgspec.Struct, kw_only=True):
    value: str
    calls: int


class CallFacet(msgspec.Struct, kw_only=True):
    field: str
    values: list[FacetValue]


class CallFields(msgspec.Struct, kw_only=True):
    fields: Annotated[list[str], Meta(description="As a filter names them.")]


class CallPatch(msgspec.Struct, kw_only=True):
    name: Annotated[str, Meta(max_length=1024, description="Empty: the op's name again.")]


class DeletedCalls(msgspec.Struct, kw_only=True):
    calls: Annotated[int, Meta(description="With those below them.")]


@dataclass(frozen=True, slots=True)
class _Shown:
    """Renders calls of a project for one reader."""

    places: Places

    def row(
        self,
        call: Call,
        usage: Sequence[Usage],
        prices: PriceList,
        feedback: FeedbackSummary | None,
    ) -> CallRow:
        return CallRow(
            **{**_plain(call), "usage": token_counts(usage)},
            cost=spent(prices, usage, time_of(call.started_at))[1],
            feedback=feedback,
            op=self._refs(call.op),
            inputs_preview=self._preview(call.inputs),
            output_preview=self._preview(call.output),
        )

    def info(self, call: Call) -> CallInfo:
        return CallInfo(**_plain(call), op=self._refs(call.op))

    def detail(self, call: Call) -> CallDetail:
        return CallDetail(
            **_plain(call),
            op=self._refs(call.op),
            attributes=from_text(self._refs(call.attributes)),
            inputs=from_text(self._refs(call.inputs)),
            output=from_text(self._refs(call.output)),
            summary=from_text(self._refs(call.summary)),
            otel=None if call.otel is None else from_text(call.otel),
        )

    def _preview(self, text: str) -> str:
        short = self._refs(text[: 2 * PREVIEW])
        return short if len(short) <= PREVIEW else short[: PREVIEW - 1] + "…"

    def _refs(self, text: str) -> str:
        bare = not text.startswith(("{", "[", '"'))
        shown = rendered(f'"{text}"' if bare else text, self._name)
        return shown[1:-1] if bare else shown

    def _name(self, number: ProjectId) -> str:
        try:
            with self.places.database.transaction():
                project = self.places.projects.get(self.places.actor, number)
        except NotFound:
            return "weave-private:////"
        return f"weave:///{project.entity_name}/{project.name}"


def _find(places: Places, entity: str, project: str, action: Action = Action.READ) -> Project:
    with places.database.transaction():
        return places.project(entity, project, action)


FilterText = Annotated[
    str | None, Parameter(description='As in `inputs.model = "x" and latency > 2`')
]
OfRef = Annotated[
    str | None,
    Parameter(
        description="A version of an op that was called, or of an object among the inputs, as "
        "`weave:///entity/project/op/name:digest`; `:*` for all its versions"
    ),
]
RootsOnly = Annotated[bool, Parameter(description="Only calls that begin a trace")]
Since = Annotated[datetime | None, Parameter(description="Started then or later")]
Until = Annotated[datetime | None, Parameter(description="Started before")]


def _of(places: Places, text: str | None) -> Mapping[str, tuple[str, ...]]:
    """The condition of a `CallFilter` that a reference means."""
    if not text:
        return {}
    any_version = text.endswith(ANY_VERSION)
    bare = text.removesuffix(ANY_VERSION)
    references = References(Door(places.actor, places.projects, places.database))
    ref = references.ref(f"{bare}:x" if any_version else text)
    if not isinstance(ref, ObjectRef):
        raise BadRequest(f"`{text[:200]}` is no reference to an op or object")
    stored = str(ref).removesuffix(":x") + ANY_VERSION if any_version else str(ref)
    return {"ops" if ref.kind is Kind.OP else "input_refs": (stored,)}


def _query(
    project: Project,
    filter: str | None,
    roots: bool,
    since: datetime | None,
    until: datetime | None,
    refs: Mapping[str, tuple[str, ...]] | None = None,
    **given: Any,
) -> CallQuery:
    return CallQuery(
        project=project.id,
        filter=CallFilter(
            roots_only=roots, since=_micros(since), until=_micros(until), **(refs or {})
        ),
        condition=expression.parse(filter) if filter else None,
        **given,
    )


@get("/projects/{entity:str}/{project:str}/calls", sync_to_thread=True)
def list_calls(
    places: Places,
    calls: CallService,
    costs: CostService,
    feedback: FeedbackService,
    entity: str,
    project: str,
    filter: FilterText = None,
    roots: RootsOnly = False,
    since: Since = None,
    until: Until = None,
    ref: OfRef = None,
    sort: Annotated[
        str | None,
        Parameter(description="A field, `-` before it for descending; `-started_at` without"),
    ] = None,
    limit: int = 50,
    cursor: str | None = None,
) -> CallPage:
    """Calls, the newest first unless another order is asked for."""
    checked_limit(limit)
    order = _sort(sort)
    place = _find(places, entity, project)
    query = _query(
        place,
        filter,
        roots,
        since,
        until,
        _of(places, ref),
        sort=(order,),
        limit=limit + 1,
        bodies=frozenset({"inputs", "output", "summary"}),
    )
    by_time = order in (_NEWEST, _OLDEST)
    offset = 0
    if cursor is not None and by_time:
        started_at, id = decode_cursor(cursor, int, str)
        query = replace(query, after=(started_at, id))
    elif cursor is not None:
        (offset,) = decode_cursor(cursor, int)
        query = replace(query, offset=max(0, offset))
    found = calls.page(query)
    shown = found[:limit]
    more = None
    if len(found) > limit:
        last = shown[-1]
        more = encode_cursor(last.started_at, last.id) if by_time else encode_cursor(offset + limit)
    render = _Shown(places)
    with places.database.transaction():
        prices = costs.list_of(place.id)
        said = summaries(place, feedback, [call.id for call in shown])
    used = _used(calls, place, shown)
    items = [
        render.row(call, usage, prices, said.get(call.id))
        for call, usage in zip(shown, used, strict=True)
    ]
    return CallPage(items=items, cursor=more)


def _used(calls: CallService, project: Project, shown: Sequence[Call]) -> list[Sequence[Usage]]:
    """What each call used, with those below it.

    Other clients add that up before they send; a span of OpenTelemetry knows only its own.
    """
    own = [rules.usage(call) for call in shown]
    spans = [
        call.id
        for call, used in zip(shown, own, strict=True)
        if call.source is Source.OTLP and not used
    ]
    added = calls.usage_of(project.id, spans).usage if spans else {}
    return [used or added.get(call.id, ()) for call, used in zip(shown, own, strict=True)]


@get("/projects/{entity:str}/{project:str}/calls/count", sync_to_thread=True)
def count_calls(
    places: Places,
    calls: CallService,
    entity: str,
    project: str,
    filter: FilterText = None,
    roots: RootsOnly = False,
    since: Since = None,
    until: Until = None,
    ref: OfRef = None,
) -> CallCount:
    """How many calls match."""
    place = _find(places, entity, project)
    query = _query(place, filter, roots, since, until, _of(places, ref))
    return CallCount(total=calls.count(query))


@get("/projects/{entity:str}/{project:str}/calls/timeline", sync_to_thread=True)
def call_timeline(
    places: Places,
    calls: CallService,
    entity: str,
    project: str,
    start: datetime,
    end: datetime,
    filter: FilterText = None,
    roots: RootsOnly = False,
    buckets: Annotated[int, Parameter(ge=1, le=1000)] = 60,
) -> CallTimeline:
    """Counts, errors, latencies and tokens over time. Steps without calls are left out."""
    place = _find(places, entity, project)
    query = _query(place, filter, roots, None, None)
    first, last = microseconds(_zoned(start)), microseconds(_zoned(end))
    step = max(1, -(-(last - first) // buckets))
    found = calls.timeline(query, first, last, step, _LEVELS)
    used = calls.usage_timeline(query, first, last, step, ())
    return CallTimeline(
        start=start,
        end=end,
        step_s=step / 1_000_000,
        buckets=[
            CallBucket(
                start=time_of(bucket.start),
                calls=bucket.calls,
                errors=bucket.errors,
                p50_s=_level(bucket.quantiles, 0),
                p95_s=_level(bucket.quantiles, 1),
                p99_s=_level(bucket.quantiles, 2),
            )
            for bucket in found
        ],
        tokens=[
            CallTokens(
                start=time_of(each.start),
                model=each.model,
                calls=each.calls,
                prompt_tokens=each.prompt_tokens,
                completion_tokens=each.completion_tokens,
                total_tokens=each.total_tokens,
            )
            for each in used
        ],
    )


@get("/projects/{entity:str}/{project:str}/calls/facets", sync_to_thread=True)
def call_facets(
    places: Places,
    calls: CallService,
    entity: str,
    project: str,
    field: Annotated[list[str], Parameter(description="Such as `op`, `status`, `inputs.model`")],
    filter: FilterText = None,
    roots: RootsOnly = False,
    since: Since = None,
    until: Until = None,
    limit: int = 20,
) -> list[CallFacet]:
    """The commonest values of fields among the calls that match."""
    place = _find(places, entity, project)
    query = _query(place, filter, roots, since, until)
    return [
        CallFacet(
            field=name,
            values=[
                FacetValue(value=each.value, calls=each.calls)
                for each in calls.facets(query, expression.field(name), limit)
            ],
        )
        for name in field[:20]
    ]


@get("/projects/{entity:str}/{project:str}/calls/fields", sync_to_thread=True)
def call_fields(
    places: Places,
    calls: CallService,
    entity: str,
    project: str,
    filter: FilterText = None,
    roots: RootsOnly = False,
) -> CallFields:
    """Fields of bodies that occur among the newest calls."""
    place = _find(places, entity, project)
    found = calls.fields(_query(place, filter, roots, None, None))
    return CallFields(fields=[".".join(map(_quoted, path)) for path in found])


@get("/projects/{entity:str}/{project:str}/calls/{call:str}", sync_to_thread=True)
def read_call(
    places: Places, calls: CallService, entity: str, project: str, call: str
) -> CallDetail:
    """One call with its bodies."""
    place = _find(places, entity, project)
    return _Shown(places).detail(calls.get(place.id, call))


@get("/projects/{entity:str}/{project:str}/traces/{trace:str}", sync_to_thread=True)
def read_trace(places: Places, calls: CallService, entity: str, project: str, trace: str) -> Trace:
    """All calls of a trace."""
    place = _find(places, entity, project)
    found = calls.trace(place.id, trace)
    if not found:
        raise NotFound(f"There is no trace `{trace[:130]}`")
    render = _Shown(places)
    return Trace(
        calls=[render.info(call) for call in found[:_MOST_IN_TRACE]],
        truncated=len(found) > _MOST_IN_TRACE,
    )


@patch("/projects/{entity:str}/{project:str}/calls/{call:str}", sync_to_thread=True)
def change_call(
    places: Places, calls: CallService, entity: str, project: str, call: str, data: CallPatch
) -> CallDetail:
    """Give a call another name."""
    place = _find(places, entity, project, Action.WRITE)
    calls.rename(place.id, call, data.name)
    return _Shown(places).detail(calls.get(place.id, call))


@delete("/projects/{entity:str}/{project:str}/calls", status_code=200, sync_to_thread=True)
def delete_calls(
    places: Places,
    calls: CallService,
    entity: str,
    project: str,
    id: Annotated[list[str], Parameter(description="Calls to delete, at most 1,000")],
) -> DeletedCalls:
    """Delete calls with all that is below them."""
    place = _find(places, entity, project, Action.WRITE)
    known = calls.find(place.id, id)
    if not known:
        raise NotFound("There are no such calls")
    return DeletedCalls(calls=calls.delete(place.id, list(known)))


def _plain(call: Call) -> dict[str, Any]:
    latency = None if call.ended_at is None else (call.ended_at - call.started_at) / 1_000_000
    return {
        "id": call.id,
        "trace_id": call.trace_id,
        "parent_id": call.parent_id,
        "thread_id": call.thread_id,
        "turn_id": call.turn_id,
        "name": rules.trace_name(call),
        "op_name": call.op_name,
        "op_digest": call.op_digest,
        "status": rules.status(call).value,
        "started_at": time_of(call.started_at),
        "ended_at": None if call.ended_at is None else time_of(call.ended_at),
        "latency_s": latency,
        "exception": call.exception,
        "user": call.user,
        "run": call.run,
        "run_step": call.run_step,
        "source": call.source.value,
        "usage": token_counts(rules.usage(call)),
    }


def token_counts(usage: Sequence[Usage]) -> list[TokenCounts]:
    """What calls have used, by model."""
    return [
        TokenCounts(
            model=used.model,
            requests=used.requests,
            prompt_tokens=used.prompt_tokens,
            completion_tokens=used.completion_tokens,
            total_tokens=used.total_tokens,
            cache_read_tokens=used.cache_read_tokens,
            cache_write_tokens=used.cache_write_tokens,
        )
        for used in usage
    ]


def _sort(text: str | None) -> Sort:
    if not text:
        return _NEWEST
    return Sort(expression.field(text.removeprefix("-")), descending=text.startswith("-"))


def time_of(microseconds: int) -> datetime:
    """A time as our API shows it."""
    seconds, rest = divmod(microseconds, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)


def _zoned(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _micros(time: datetime | None) -> int | None:
    return None if time is None else microseconds(_zoned(time))


def _level(levels: tuple[float, ...], place: int) -> float | None:
    return levels[place] / 1_000 if levels else None


def _quoted(part: str) -> str:
    if expression.is_word(part):
        return part
    escaped = part.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


routes: list[Any] = [
    list_calls,
    count_calls,
    call_timeline,
    call_facets,
    call_fields,
    read_call,
    read_trace,
    change_call,
    delete_calls,
]
