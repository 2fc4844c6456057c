"""Series for charts: any runs, keys and range, cut into as many buckets as a chart has pixels."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from litestar import Request, Response, post
from litestar.openapi import ResponseSpec
from msgspec import Meta

from kiseki_server.domain.history.service import HistoryService, Series
from kiseki_server.domain.runs.types import Run
from kiseki_server.kit import json
from kiseki_server.kit.errors import BadRequest
from kiseki_server.protocols.native.arrow import (
    arrow_bytes,
    arrow_response,
    as_dictionary,
    renamed,
)
from kiseki_server.protocols.native.places import Places, StreamName, stream_of

FRAMES = "application/x-kiseki-frames"
MAX_QUERIES = 100
_BY_TIME = ("x_first", "x_last")


class SeriesQuestion(msgspec.Struct, kw_only=True):
    """Which series, over which range, in how many buckets.

    Every point counts: the buckets hold exact minima, maxima, means and counts.
    """

    runs: Annotated[list[str], Meta(description="Ids of runs of the project.")]
    keys: list[str]
    stream: StreamName = "history"
    x: Annotated[
        Literal["step", "time", "relative"],
        Meta(
            description="The x axis: number of the step, milliseconds since 1970, "
            "or seconds since the run's start."
        ),
    ] = "step"
    x_key: Annotated[str | None, Meta(description="A logged key as x axis; overrides `x`.")] = None
    low: Annotated[
        float | None, Meta(description="Least x, inclusive; the extent of the data without it.")
    ] = None
    high: Annotated[float | None, Meta(description="Largest x, inclusive.")] = None
    buckets: Annotated[int, Meta(description="Buckets of equal width.", examples=[800])] = 1000


class NumberedQuestion(SeriesQuestion, kw_only=True):
    id: Annotated[int, Meta(ge=0, lt=1 << 32, description="Comes back in front of the answer.")]


class SeriesQuestions(msgspec.Struct, kw_only=True):
    queries: list[NumberedQuestion]


class SeriesColumns(msgspec.Struct, kw_only=True):
    """One element a bucket in each column; empty buckets are left out."""

    run: list[str]
    key: list[str]
    bucket: list[int]
    x_first: list[float]
    x_last: list[float]
    min: list[float | None]
    max: list[float | None]
    mean: list[float | None]
    last: list[float]
    count: list[int]
    nonfinite: list[int]


class SeriesTable(msgspec.Struct, kw_only=True):
    low: Annotated[float | None, Meta(description="The range of x; null when nothing is there.")]
    high: float | None
    columns: SeriesColumns


@post(
    "/projects/{entity:str}/{project:str}/series",
    status_code=200,
    sync_to_thread=True,
    responses={
        200: ResponseSpec(
            SeriesTable,
            description="Buckets of every series that has points.",
            generate_examples=False,
        )
    },
)
def read_series(
    request: Request[Any, Any, Any],
    places: Places,
    history: HistoryService,
    entity: str,
    project: str,
    data: SeriesQuestion,
) -> Response[Any]:
    """Series of runs and keys in buckets.

    The answer is an Arrow stream with the columns run, key, bucket, x_first, x_last, min, max,
    mean, last, count and nonfinite, and the range in the schema's metadata (low, high); with
    `Accept: application/json` an object of columns.
    """
    runs = places.many(entity, project, data.runs)
    table = _answer(history, runs, data)
    if "application/json" in request.headers.get("accept", ""):
        return Response(_as_json(table), media_type="application/json")
    return arrow_response(table)


@post("/projects/{entity:str}/{project:str}/series/batch", status_code=200, sync_to_thread=True)
def read_series_batch(
    places: Places, history: HistoryService, entity: str, project: str, data: SeriesQuestions
) -> Response[bytes]:
    """Several questions at once.

    The answer holds for each, in order: its length in bytes and the query's id (two unsigned
    32-bit numbers, little endian), then an Arrow stream as `series` gives it.
    """
    if len(data.queries) > MAX_QUERIES:
        raise BadRequest(f"At most {MAX_QUERIES} queries at once, not {len(data.queries)}")
    names = list(dict.fromkeys(run for query in data.queries for run in query.runs))
    runs = {run.name: run for run in places.many(entity, project, names)}
    frames: list[bytes] = []
    for query in data.queries:
        chosen = [runs[name] for name in dict.fromkeys(query.runs)]
        body = arrow_bytes(_answer(history, chosen, query))
        frames += [struct.pack("<II", len(body), query.id), body]
    return Response(b"".join(frames), media_type=FRAMES)


def _answer(history: HistoryService, runs: Sequence[Run], data: SeriesQuestion) -> pa.Table:
    # Outside milliseconds, inside microseconds.
    scale = 1000.0 if data.x == "time" and data.x_key is None else 1.0
    table = history.series(
        Series(
            runs=runs,
            keys=data.keys,
            stream=stream_of(data.stream),
            x=data.x,
            x_key=data.x_key,
            low=None if data.low is None else data.low * scale,
            high=None if data.high is None else data.high * scale,
            buckets=data.buckets,
        )
    )
    metadata = dict(table.schema.metadata or {})
    columns: list[Any] = []
    for name in table.column_names:
        column = table.column(name)
        if name == "run":
            column = renamed(column, {run.id: run.name for run in runs})
        elif name == "key":
            column = as_dictionary(column)
        elif name in _BY_TIME and scale != 1.0:
            column = pc.divide(column, scale)
        columns.append(column)
    if scale != 1.0:
        metadata = {name: repr(float(bound) / scale).encode() for name, bound in metadata.items()}
    return pa.table(columns, names=table.column_names).replace_schema_metadata(metadata)


def _as_json(table: pa.Table) -> bytes:
    metadata = table.schema.metadata or {}
    bounds = {
        name: float(metadata[name.encode()]) if name.encode() in metadata else None
        for name in ("low", "high")
    }
    return json.encode({**bounds, "columns": table.to_pydict()})


routes = [read_series, read_series_batch]
