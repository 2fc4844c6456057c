"""Feedback: reactions, notes, annotations and scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import uuid4

import msgspec
from litestar import Response, post

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.calls.query import Field, parse_path
from kiseki_server.domain.feedback import conditions, statistics
from kiseki_server.domain.feedback.service import FeedbackService
from kiseki_server.domain.feedback.types import Agent, Feedback, Scores
from kiseki_server.domain.projects.types import Project
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import BadRequest, Malformed
from kiseki_server.kit.json import to_text
from kiseki_server.protocols.weave.bodies import LIMITED, answer, nothing, read
from kiseki_server.protocols.weave.call_queries import CallQueries, QueryBody, SortBody
from kiseki_server.protocols.weave.door import Door, external
from kiseki_server.protocols.weave.objects import bounded
from kiseki_server.protocols.weave.periods import MAX_RANGE, granularity, zone, zoned
from kiseki_server.protocols.weave.refs import References

MAX_BATCH = 1000

_REFS = ("annotation_ref", "runnable_ref", "call_ref", "trigger_ref")
_PATHS: dict[str, tuple[str, ...]] = {
    "weave_ref": ("ref",),
    "feedback_type": ("type",),
    "wb_user_id": ("user",),
    "scorer_tags": ("scores", "tags"),
    "scorer_tag_reasons": ("scores", "tag_reasons"),
    "scorer_tag_confidences": ("scores", "tag_confidences"),
    "scorer_ratings": ("scores", "ratings"),
    "scorer_rating_reasons": ("scores", "rating_reasons"),
    "scorer_rating_confidences": ("scores", "rating_confidences"),
    "span_agent_name": ("agent", "name"),
    "span_agent_version": ("agent", "version"),
    "span_status_code": ("agent", "status"),
    "span_conversation_id": ("agent", "conversation_id"),
    "span_trace_id": ("agent", "trace_id"),
    "scorer_trace_id": ("agent", "scorer_trace_id"),
    **{name: (name,) for name in ("id", "creator", "created_at", "queue_id", "payload", *_REFS)},
}
"""Where the fields of this dialect stand in ours."""

_FIELDS = ("id", "project_id", *(name for name in _PATHS if name != "id"))


class FeedbackIn(msgspec.Struct):
    project_id: str
    weave_ref: str
    feedback_type: str
    payload: dict[str, Any]
    id: str | None = None
    creator: str | None = None
    annotation_ref: str | None = None
    runnable_ref: str | None = None
    call_ref: str | None = None
    trigger_ref: str | None = None
    queue_id: str | None = None
    scorer_tags: list[str] | None = None
    scorer_tag_reasons: dict[str, str] | None = None
    scorer_tag_confidences: dict[str, float] | None = None
    scorer_ratings: dict[str, float] | None = None
    scorer_rating_reasons: dict[str, str] | None = None
    scorer_rating_confidences: dict[str, float] | None = None
    span_agent_name: str | None = None
    span_agent_version: str | None = None
    span_status_code: str | None = None
    span_conversation_id: str | None = None
    span_trace_id: str | None = None
    scorer_trace_id: str | None = None


class Replacement(FeedbackIn, kw_only=True):
    feedback_id: str


class Batch(msgspec.Struct):
    batch: list[FeedbackIn]


class Query(msgspec.Struct):
    project_id: str
    fields: list[str] | None = None
    query: QueryBody | None = None
    sort_by: list[SortBody] | None = None
    limit: int | None = None
    offset: int | None = None


class Purge(msgspec.Struct):
    project_id: str
    query: QueryBody


class MetricIn(msgspec.Struct):
    json_path: str
    value_type: statistics.Kind = "numeric"
    aggregations: (
        list[Literal["sum", "avg", "min", "max", "count", "count_true", "count_false"]] | None
    ) = None
    percentiles: list[float] | None = None


class Stats(msgspec.Struct):
    project_id: str
    start: datetime
    end: datetime | None = None
    granularity: int | None = None
    timezone: str | None = None
    feedback_type: str | None = None
    trigger_ref: str | None = None
    metrics: list[MetricIn] | None = None
    sample_limit: int | None = None


class Aggregate(msgspec.Struct):
    project_id: str
    after_ms: int
    before_ms: int
    feedback_types: list[str] | None = None
    group_by: list[statistics.Group] | None = None
    monitor_ids: list[str] | None = None
    scorer_ids: list[str] | None = None
    span_agent_names: list[str] | None = None
    span_types: list[Literal["agent_turn", "agent_conversation"]] | None = None
    tags: list[str] | None = None
    rating_min: float | None = None
    rating_max: float | None = None
    time_bucket_seconds: int | None = None


class FeedbackQueries(CallQueries):
    """Conditions on feedback."""

    def field(self, text: str) -> Field:
        path = parse_path(text)
        known = _PATHS.get(path[0])
        if known is None or (len(path) > 1 and known[0] not in conditions.DOCUMENTS):
            raise Malformed(f"`{text[:200]}` may not be queried")
        return Field((*known, *path[1:]))


@post("/feedback/create", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def create_feedback(
    body: bytes, door: Door, feedback: FeedbackService, clock: Clock
) -> Response[bytes]:
    """Store one piece of feedback."""
    (shown,) = _given(door, feedback, clock, [read(body, FeedbackIn)])
    return answer(shown)


@post("/feedback/batch/create", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def create_many(
    body: bytes, door: Door, feedback: FeedbackService, clock: Clock
) -> Response[bytes]:
    """Store feedback, all of it or nothing."""
    batch = read(body, Batch).batch
    if len(batch) > MAX_BATCH:
        raise BadRequest(f"{len(batch)} were sent; {MAX_BATCH} can be at once")
    return answer({"res": _given(door, feedback, clock, batch)})


@post("/feedback/replace", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def replace_feedback(
    body: bytes, door: Door, feedback: FeedbackService, clock: Clock
) -> Response[bytes]:
    """Put feedback in the place of another."""
    sent = read(body, Replacement)
    at = door.place(sent.project_id, Action.WRITE)
    draft = _draft(door, at, sent, clock)
    with door.database.transaction(write=True):
        stored = feedback.replace(at, sent.feedback_id, draft)
    return answer(_receipt(stored, References(door)))


@post("/feedback/query", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def query_feedback(body: bytes, door: Door, feedback: FeedbackService) -> Response[bytes]:
    """Feedback that meets a condition."""
    asked = read(body, Query)
    at = door.place(asked.project_id)
    references = References(door)
    queries = FeedbackQueries(at, references)
    condition = None if asked.query is None else queries.condition(asked.query.expr)
    if condition is not None:
        conditions.check_size(condition)
    limit, offset = bounded(asked.limit, "limit"), bounded(asked.offset, "offset") or 0
    with door.database.transaction():
        found = list(feedback.find(at, condition))
    for term in reversed(asked.sort_by or []):
        path = queries.field(term.field).path
        there = [each for each in found if conditions.value(path, each) is not None]
        absent = [each for each in found if conditions.value(path, each) is None]
        found = [*sorted(there, key=_key(path), reverse=term.direction == "desc"), *absent]
    if asked.fields == ["count(*)"]:
        return answer({"result": [{"count(*)": len(found)}], "total_count": len(found)})
    page = found[offset : None if limit is None else offset + limit]
    fields = [
        (name, None if name == "project_id" else queries.field(name).path)
        for name in asked.fields or _FIELDS
    ]
    shown = [
        {
            name: external(at) if path is None else conditions.value(path, each)
            for name, path in fields
        }
        for each in page
    ]
    return answer({"result": _rendered(shown, references), "total_count": len(found)})


@post("/feedback/purge", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def purge_feedback(body: bytes, door: Door, feedback: FeedbackService) -> Response[bytes]:
    """Remove feedback by its ids."""
    asked = read(body, Purge)
    at = door.place(asked.project_id, Action.WRITE)
    condition = FeedbackQueries(at, References(door)).condition(asked.query.expr)
    conditions.check_size(condition)
    with door.database.transaction(write=True):
        feedback.purge(at, condition)
    return nothing()


@post("/feedback/stats", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def feedback_over_time(
    body: bytes, door: Door, feedback: FeedbackService, clock: Clock
) -> Response[bytes]:
    """Values in payloads by time."""
    asked = read(body, Stats)
    _, since, before, found = _in_range(asked, door, feedback, clock)
    place = zone(asked.timezone or "UTC")
    seconds = asked.granularity or granularity(before - since)
    if seconds < 1 or (before - since).total_seconds() / seconds > 10_000:
        raise BadRequest("`granularity` makes more than 10000 buckets")
    metrics = [_metric(each) for each in asked.metrics or ()]
    local = since.astimezone(place)
    origin = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return answer(
        {
            "start": since,
            "end": before,
            "granularity": seconds,
            "timezone": str(place),
            "buckets": statistics.over_time(found, metrics, origin=origin, seconds=seconds),
            "window_stats": {
                metric.slug: statistics.aggregates(found, metric) for metric in metrics
            },
        }
    )


@post("/feedback/payload_schema", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def payload_schema(
    body: bytes, door: Door, feedback: FeedbackService, clock: Clock
) -> Response[bytes]:
    """Which places payloads have values at."""
    *_, found = _in_range(read(body, Stats), door, feedback, clock)
    known = statistics.paths(found)
    return answer(
        {"paths": [{"json_path": path, "value_type": kind} for path, kind in known.items()]}
    )


@post("/feedback/aggregate", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def aggregate_scores(body: bytes, door: Door, feedback: FeedbackService) -> Response[bytes]:
    """Tags and ratings by time and scorer."""
    asked = read(body, Aggregate)
    at = door.place(asked.project_id)
    since, before = _moment(asked.after_ms), _moment(asked.before_ms)
    if asked.time_bucket_seconds is not None and asked.time_bucket_seconds < 1:
        raise BadRequest("`time_bucket_seconds` must be 1 or more")
    with door.database.transaction():
        found = feedback.between(at, since, before)
    meant = _meant(asked)
    buckets = statistics.scores_over_time(
        [each for each in found if meant(each)],
        groups=asked.group_by or [],
        seconds=asked.time_bucket_seconds,
    )
    shown = [
        {
            "time_bucket_start_ms": each.start_ms,
            "group": each.group,
            "total_count": each.total,
            "scored_count": each.scored,
            "tag_counts": each.tags,
            "rating_sums": each.rating_sums,
            "rating_counts": each.rating_counts,
        }
        for each in buckets
    ]
    return answer(
        {
            "after_ms": asked.after_ms,
            "before_ms": asked.before_ms,
            "time_bucket_seconds": asked.time_bucket_seconds,
            "buckets": shown,
        }
    )


def shown_with_call(feedback: Feedback) -> dict[str, Any]:
    """Feedback as it stands in the summary of the call that it is about; references have their
    stored form."""
    names = ["id", "feedback_type", "weave_ref", "payload", "creator", "created_at", "wb_user_id"]
    names += [*_REFS, *(name for name in _PATHS if name.startswith("scorer_"))]
    return {name: conditions.value(_PATHS[name], feedback) for name in names}


def _given(
    door: Door, feedback: FeedbackService, clock: Clock, sent: Sequence[FeedbackIn]
) -> list[dict[str, Any]]:
    places = {id: door.place(id, Action.WRITE) for id in {one.project_id for one in sent}}
    drafts = [
        (places[one.project_id], _draft(door, places[one.project_id], one, clock)) for one in sent
    ]
    stored: list[Feedback] = []
    with door.database.transaction(write=True):
        for at, draft in drafts:
            stored += feedback.give(at, [draft])
    references = References(door)
    return [_receipt(one, references) for one in stored]


def _draft(door: Door, at: Project, sent: FeedbackIn, clock: Clock) -> Feedback:
    references = References(door)

    def ref(text: str | None) -> str | None:
        return references.inward_text(text) if text else None

    return Feedback(
        id=sent.id or str(uuid4()),
        project=at.id,
        ref=references.inward_text(sent.weave_ref),
        type=sent.feedback_type,
        payload=references.inward(sent.payload),
        user=door.actor.user.name,
        created_at=clock.now(),
        creator=sent.creator,
        annotation_ref=ref(sent.annotation_ref),
        runnable_ref=ref(sent.runnable_ref),
        call_ref=ref(sent.call_ref),
        trigger_ref=ref(sent.trigger_ref),
        queue_id=sent.queue_id,
        scores=Scores(
            tags=tuple(sent.scorer_tags or ()),
            tag_reasons=sent.scorer_tag_reasons or {},
            tag_confidences=sent.scorer_tag_confidences or {},
            ratings=sent.scorer_ratings or {},
            rating_reasons=sent.scorer_rating_reasons or {},
            rating_confidences=sent.scorer_rating_confidences or {},
        ),
        agent=Agent(
            name=sent.span_agent_name or "",
            version=sent.span_agent_version or "",
            status=sent.span_status_code or "UNSET",
            conversation_id=sent.span_conversation_id or "",
            trace_id=sent.span_trace_id or "",
            scorer_trace_id=sent.scorer_trace_id or "",
        ),
    )


def _receipt(stored: Feedback, references: References) -> dict[str, Any]:
    return {
        "id": stored.id,
        "created_at": stored.created_at,
        "wb_user_id": stored.user,
        "payload": _rendered(stored.payload, references),
    }


def _rendered(shown: Any, references: References) -> msgspec.Raw:
    text = to_text(msgspec.to_builtins(shown))
    return msgspec.Raw(references.outward(text).encode())


def _key(path: tuple[str, ...]) -> Callable[[Feedback], tuple[int, Any]]:
    """Numbers before text."""

    def key(feedback: Feedback) -> tuple[int, Any]:
        found = conditions.value(path, feedback)
        if isinstance(found, datetime):
            return (1, found.timestamp())
        if isinstance(found, int | float):
            return (1, float(found))
        return (
            (0, "") if found is None else (2, found if isinstance(found, str) else to_text(found))
        )

    return key


def _in_range(
    asked: Stats, door: Door, feedback: FeedbackService, clock: Clock
) -> tuple[Project, datetime, datetime, Sequence[Feedback]]:
    at = door.place(asked.project_id)
    since = zoned(asked.start)
    before = clock.now() if asked.end is None else zoned(asked.end)
    if not timedelta(0) < before - since <= MAX_RANGE:
        raise BadRequest(f"The time asked for must be up to {MAX_RANGE.days} days, start first")
    with door.database.transaction():
        found = feedback.between(at, since, before, asked.feedback_type)
        wanted = References(door).inward_text(asked.trigger_ref) if asked.trigger_ref else None
    if wanted is not None:
        matches = _pattern([wanted.removesuffix(":*") + "*" if wanted.endswith(":*") else wanted])
        found = [each for each in found if matches(each.trigger_ref or "")]
    return at, since, before, found


def _meant(asked: Aggregate) -> Callable[[Feedback], bool]:
    monitors, scorers = _pattern(asked.monitor_ids), _pattern(asked.scorer_ids)

    def meant(each: Feedback) -> bool:
        ratings = each.scores.ratings.values()
        low, high = asked.rating_min, asked.rating_max
        monitor = (each.trigger_ref or "").rpartition("/")[2].partition(":")[0]
        kinds = [f"/{kind}/" for kind in asked.span_types or ()]
        return (
            (not asked.feedback_types or each.type.startswith(tuple(asked.feedback_types)))
            and monitors(monitor)
            and scorers(statistics.group_of(each, "scorer_id"))
            and (not asked.span_agent_names or each.agent.name in asked.span_agent_names)
            and (not kinds or any(kind in each.ref for kind in kinds))
            and (not asked.tags or bool({*asked.tags} & {*each.scores.tags}))
            and (low is None or any(rating >= low for rating in ratings))
            and (high is None or any(rating <= high for rating in ratings))
        )

    return meant


def _pattern(wanted: Sequence[str] | None) -> Callable[[str], bool]:
    """Whether a text is one of those; one that ends with ``*`` stands for its beginning."""
    exact = {text for text in wanted or () if not text.endswith("*")}
    begins = tuple(text.rstrip("*") for text in wanted or () if text.endswith("*"))
    return lambda text: not wanted or text in exact or text.startswith(begins or ("\0",))


def _metric(sent: MetricIn) -> statistics.Metric:
    return statistics.Metric(
        path=parse_path(sent.json_path),
        kind=sent.value_type,
        aggregations=tuple(sent.aggregations or ()),
        percentiles=tuple(sent.percentiles or ()),
    )


def _moment(milliseconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        raise BadRequest(f"{milliseconds} is no time in milliseconds") from None


routes = [
    create_feedback,
    create_many,
    replace_feedback,
    query_feedback,
    purge_feedback,
    feedback_over_time,
    payload_schema,
    aggregate_scores,
]
