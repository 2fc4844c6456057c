"""What runs have logged: keys, statistics, rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec
import pyarrow as pa
from litestar import Request, Response, get, post
from litestar.openapi import ResponseSpec
from litestar.params import Parameter, QueryParameter
from msgspec import Meta

from kiseki_server.domain.history.service import HistoryService
from kiseki_server.domain.history.types import KeyInfo, KeyStats
from kiseki_server.domain.runs.types import Run
from kiseki_server.kit import json
from kiseki_server.kit.pagination import checked_limit
from kiseki_server.protocols.native.arrow import ARROW, arrow_response, as_dictionary, wants
from kiseki_server.protocols.native.places import Places, StreamName, stream_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RUN = "/projects/{entity:str}/{project:str}/runs/{run:str}"
Keys = Annotated[
    list[str] | None, QueryParameter(name="key", description="Keys to answer with; all without any")
]


class LoggedKey(msgspec.Struct, kw_only=True):
    key: str
    numeric: Annotated[bool, Meta(description="There are numbers under it.")]
    other: Annotated[bool, Meta(description="There are values that are no numbers.")]
    runs: Annotated[int, Meta(description="How many of the runs asked for have it.")]


class LoggedKeys(msgspec.Struct, kw_only=True):
    items: list[LoggedKey]
    after: Annotated[str | None, Meta(description="Opens the next page; null at the end.")]


class KeyQuestion(msgspec.Struct, kw_only=True):
    runs: Annotated[list[str], Meta(description="Ids of runs of the project.")]
    stream: StreamName = "history"
    prefix: str = ""
    regex: Annotated[str | None, Meta(description="RE2 syntax; matches anywhere.")] = None
    after: str | None = None
    limit: int = 1000


class Statistics(msgspec.Struct, kw_only=True):
    """The numbers under one key. What is not finite counts, but is left out of min, max, mean."""

    key: str
    count: int
    nonfinite: int
    min: float | None
    max: float | None
    mean: float | None
    first: float
    last: float
    last_step: int
    last_time: datetime


class StatisticsList(msgspec.Struct, kw_only=True):
    items: list[Statistics]


class HistoryRow(msgspec.Struct, kw_only=True):
    step: int
    time: datetime
    values: dict[str, Any]


class HistoryRows(msgspec.Struct, kw_only=True):
    items: list[HistoryRow]
    next: Annotated[int | None, Meta(description="Pass it as `low` for the next page.")]


@get(_RUN + "/keys", sync_to_thread=True)
def list_logged_keys(
    places: Places,
    history: HistoryService,
    entity: str,
    project: str,
    run: str,
    stream: StreamName = "history",
    prefix: str = "",
    regex: Annotated[str | None, Parameter(description="RE2 syntax; matches anywhere")] = None,
    after: str | None = None,
    limit: int = 1000,
) -> LoggedKeys:
    """Keys that the run has logged, in byte order."""
    question = KeyQuestion(
        runs=[run], stream=stream, prefix=prefix, regex=regex, after=after, limit=limit
    )
    return _keys(history, [places.run(entity, project, run)], question)


@post("/projects/{entity:str}/{project:str}/keys", status_code=200, sync_to_thread=True)
def list_logged_keys_of_runs(
    places: Places, history: HistoryService, entity: str, project: str, data: KeyQuestion
) -> LoggedKeys:
    """Keys that any of the runs has logged, in byte order."""
    return _keys(history, places.many(entity, project, data.runs), data)


@get(_RUN + "/stats", sync_to_thread=True)
def read_stats(
    places: Places,
    history: HistoryService,
    entity: str,
    project: str,
    run: str,
    stream: StreamName = "history",
    keys: Keys = None,
) -> StatisticsList:
    """Count, extremes, mean, first and last of the numbers under each key."""
    found = places.run(entity, project, run)
    stats = history.stats(found, stream_of(stream), keys or None)
    return StatisticsList(items=[_statistics(item) for item in stats])


@get(
    _RUN + "/history",
    sync_to_thread=True,
    responses={
        200: ResponseSpec(HistoryRows, description="Rows in step order.", generate_examples=False)
    },
)
def read_rows(
    request: Request[Any, Any, Any],
    places: Places,
    history: HistoryService,
    entity: str,
    project: str,
    run: str,
    stream: StreamName = "history",
    keys: Keys = None,
    low: Annotated[int | None, Parameter(description="First step, inclusive")] = None,
    high: Annotated[int | None, Parameter(description="Last step, inclusive")] = None,
    limit: Annotated[int, Parameter(description="Rows, of which none is cut")] = 1000,
) -> Response[Any]:
    """Rows as they were logged, in step order.

    With `Accept: application/vnd.apache.arrow.stream` the answer is a table of step, time, key,
    value and json; its schema's metadata has `next` when there is a next page.
    """
    found = places.run(entity, project, run)
    page = history.rows(
        found, stream=stream_of(stream), keys=keys or (), low=low, high=high, limit=limit
    )
    if wants(request, ARROW):
        table = page.table.set_column(
            page.table.column_names.index("key"), "key", as_dictionary(page.table.column("key"))
        )
        known = {} if page.next is None else {"next": str(page.next)}
        return arrow_response(table.replace_schema_metadata(known))
    rows = HistoryRows(items=_rows(page.table), next=page.next)
    return Response(json.encode(rows), media_type="application/json")


def _keys(history: HistoryService, runs: Sequence[Run], question: KeyQuestion) -> LoggedKeys:
    limit = checked_limit(question.limit, most=10_000)
    found = history.keys(
        runs,
        stream_of(question.stream),
        prefix=question.prefix,
        regex=question.regex,
        after=question.after,
        limit=limit + 1,
    )
    items = [_key(info) for info in found[:limit]]
    return LoggedKeys(items=items, after=items[-1].key if len(found) > limit else None)


def _key(info: KeyInfo) -> LoggedKey:
    return LoggedKey(key=info.key, numeric=info.numeric, other=info.other, runs=info.runs)


def _statistics(stats: KeyStats) -> Statistics:
    return Statistics(
        key=stats.key,
        count=stats.count,
        nonfinite=stats.nonfinite,
        min=stats.min,
        max=stats.max,
        mean=stats.mean,
        first=stats.first,
        last=stats.last,
        last_step=stats.last_step,
        last_time=_EPOCH + timedelta(microseconds=stats.last_time),
    )


def _rows(table: pa.Table) -> list[HistoryRow]:
    rows: list[HistoryRow] = []
    columns = (table.column(name).to_pylist() for name in ("step", "time", "key", "value", "json"))
    for step, time, key, value, text in zip(*columns, strict=True):
        if not rows or rows[-1].step != step:
            rows.append(HistoryRow(step=step, time=time, values={}))
        rows[-1].values[key] = value if text is None else json.from_text(text)
        rows[-1].time = max(rows[-1].time, time)
    return rows


routes = [list_logged_keys, list_logged_keys_of_runs, read_stats, read_rows]
