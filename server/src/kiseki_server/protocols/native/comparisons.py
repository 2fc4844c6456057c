"""Evaluations side by side, and the rows of one or several."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import get
from litestar.params import Parameter
from litestar.response import Stream
from msgspec import Meta

from kiseki_server.domain.calls.types import Call
from kiseki_server.domain.evaluations import statistics
from kiseki_server.domain.evaluations.comparing import MAX_COMPARED, Alignment, compare
from kiseki_server.domain.evaluations.rows import RowQuery, Rows, shown, state
from kiseki_server.domain.evaluations.service import EvaluationService
from kiseki_server.domain.evaluations.sheet import Sheet, Trial
from kiseki_server.domain.evaluations.trials import Step, TrialReader
from kiseki_server.domain.evaluations.types import Evaluation
from kiseki_server.domain.evaluations.warnings import warnings
from kiseki_server.kit.errors import BadRequest, NotFound
from kiseki_server.kit.json import encode, to_text
from kiseki_server.kit.pagination import checked_limit, decode_cursor, encode_cursor
from kiseki_server.protocols.native.calls import time_of
from kiseki_server.protocols.native.evaluation_views import (
    ComparedEvaluation,
    Comparison,
    ComparisonMethod,
    ComparisonRows,
    ComparisonWarning,
    Shown,
    compared,
)
from kiseki_server.protocols.native.evaluations import (
    MinimizeParameter,
    MissingParameter,
    find_project,
)
from kiseki_server.protocols.native.places import Places

MAX_VALUES = 4
_EXPORTED = 200
"""Rows that are read together for an export."""

Ids = Annotated[
    list[str], Parameter(description="Ids, 1 to 10; A, B, … in filters and orders of rows")
]
Only = Annotated[
    str | None, Parameter(description="disagree:METRIC, worse:METRIC or better:METRIC")
]
Order = Annotated[
    str | None,
    Parameter(description="`A.scores.x`, `inputs.x`, `difference.scores.x`; `-`: descending"),
]


class MetricValues(msgspec.Struct, kw_only=True):
    """Metrics by row, for charts whose brush chooses rows."""

    rows: Annotated[list[str], Meta(description="Digests.")]
    values: Annotated[
        dict[str, list[list[bool | float | str | None]]],
        Meta(description="By metric, a list for each evaluation."),
    ]


class TrialStep(msgspec.Struct, kw_only=True):
    """A call below a trial."""

    name: str
    call: str
    op: str
    value: Any
    error: str | None
    latency_s: float | None
    tokens: int | None


class TrialDetail(msgspec.Struct, kw_only=True):
    call: str
    trace_id: str
    status: Literal["success", "error", "running"]
    started_at: datetime
    latency_s: float | None
    tokens: float | None
    cost: float | None
    output: Any
    error: str | None
    values: dict[str, bool | float | str]
    prediction: TrialStep | None
    scores: list[TrialStep]


class RowDetail(msgspec.Struct, kw_only=True):
    """One row of an evaluation, with all its trials."""

    digest: str
    position: int | None
    inputs: Any
    trials: list[TrialDetail]


@get("/projects/{entity:str}/{project:str}/comparison", sync_to_thread=True)
def compare_evaluations(
    places: Places,
    evaluations: EvaluationService,
    entity: str,
    project: str,
    evaluation: Ids,
    baseline: Annotated[str | None, Parameter(description="One of them; the first without")] = None,
    metric: Annotated[list[str] | None, Parameter(description="These alone")] = None,
    minimize: MinimizeParameter = None,
    missing: MissingParameter = "skip",
    alpha: Annotated[float, Parameter(gt=0, lt=1)] = statistics.ALPHA,
) -> Comparison:
    """Evaluations with their differences to a baseline, and whether those could be chance."""
    render, found = _many(places, evaluations, entity, project, evaluation)
    ids = [each.id for each in found]
    if baseline is not None and baseline not in ids:
        raise BadRequest("The baseline must be one of the evaluations")
    base = 0 if baseline is None else ids.index(baseline)
    sheets = [evaluations.sheet(each) for each in found]
    alignment = Alignment(sheets)
    result = compare(
        sheets,
        baseline=base,
        only=metric or (),
        minimize=minimize or (),
        missing=missing,
        alpha=alpha,
    )
    return Comparison(
        baseline=ids[base],
        evaluations=[
            ComparedEvaluation(**render.info(each, *evaluations.spent(each)), rows=len(sheet.rows))
            for each, sheet in zip(found, sheets, strict=True)
        ],
        shared_rows=alignment.shared,
        union_rows=len(alignment.rows),
        warnings=[
            ComparisonWarning(
                code=each.code, message=each.message, evaluations=list(each.evaluations)
            )
            for each in warnings(found, alignment, baseline=base)
        ],
        metrics=[compared(each) for each in result],
        method=ComparisonMethod(
            resamples=statistics.RESAMPLES,
            seed=statistics.SEED,
            alpha=alpha,
            power=statistics.POWER,
            correction="holm",
            families="For each evaluation: all scores together, all outputs, and latency, tokens "
            "and cost.",
        ),
    )


@get("/projects/{entity:str}/{project:str}/comparison/rows", sync_to_thread=True)
def compare_rows(
    places: Places,
    evaluations: EvaluationService,
    entity: str,
    project: str,
    evaluation: Ids,
    filter: Annotated[
        str | None, Parameter(description="`A.scores.ok = true and B.scores.ok = false`")
    ] = None,
    search: Annotated[str | None, Parameter(description="Text in inputs or outputs")] = None,
    only: Only = None,
    digest: Annotated[list[str] | None, Parameter(description="These rows alone")] = None,
    sort: Order = None,
    minimize: MinimizeParameter = None,
    missing: MissingParameter = "skip",
    limit: int = 50,
    cursor: str | None = None,
) -> ComparisonRows:
    """Rows of evaluations side by side, aligned by their examples."""
    render, found = _many(places, evaluations, entity, project, evaluation)
    query = RowQuery(
        filter=filter,
        search=search,
        only=only,
        digests=tuple(digest or ()),
        sort=sort,
        minimize=tuple(minimize or ()),
        missing=missing,
    )
    return _page(render, evaluations.rows(found), query, limit, cursor)


@get("/projects/{entity:str}/{project:str}/comparison/values", sync_to_thread=True)
def compare_values(
    places: Places,
    evaluations: EvaluationService,
    entity: str,
    project: str,
    evaluation: Ids,
    metric: Annotated[list[str], Parameter(description="1 to 4")],
    missing: MissingParameter = "skip",
) -> MetricValues:
    """Metrics of every row, for scatter plots and histograms."""
    if not 1 <= len(metric) <= MAX_VALUES:
        raise BadRequest(f"Ask for 1 to {MAX_VALUES} metrics, not {len(metric)}")
    _, found = _many(places, evaluations, entity, project, evaluation)
    rows = evaluations.rows(found)
    return MetricValues(
        rows=list(rows.alignment.rows),
        values={
            name: [
                _column(sheet, name, rows.values(number, name, missing).tolist())
                for number, sheet in enumerate(rows.sheets)
            ]
            for name in metric
        },
    )


@get(
    "/projects/{entity:str}/{project:str}/evaluations/{evaluation:str}/rows",
    sync_to_thread=True,
)
def list_rows(
    places: Places,
    evaluations: EvaluationService,
    entity: str,
    project: str,
    evaluation: str,
    filter: Annotated[str | None, Parameter(description="`scores.ok = false`")] = None,
    search: Annotated[str | None, Parameter(description="Text in inputs or outputs")] = None,
    digest: Annotated[list[str] | None, Parameter(description="These rows alone")] = None,
    sort: Order = None,
    missing: MissingParameter = "skip",
    limit: int = 50,
    cursor: str | None = None,
) -> ComparisonRows:
    """Rows of one evaluation, in the order of its dataset unless another is asked for."""
    render, found = _many(places, evaluations, entity, project, [evaluation])
    query = RowQuery(
        filter=filter, search=search, digests=tuple(digest or ()), sort=sort, missing=missing
    )
    return _page(render, evaluations.rows(found), query, limit, cursor)


@get(
    "/projects/{entity:str}/{project:str}/evaluations/{evaluation:str}/rows/{row:str}",
    sync_to_thread=True,
)
def read_row(
    places: Places,
    evaluations: EvaluationService,
    entity: str,
    project: str,
    evaluation: str,
    row: str,
) -> RowDetail:
    """One row with all its trials, and the calls that they consist of."""
    render, found = _many(places, evaluations, entity, project, [evaluation])
    rows = evaluations.rows(found)
    (sheet,) = rows.sheets
    if row not in sheet.index:
        raise NotFound(f"The evaluation has no row `{row[:100]}`")
    (shown_row,) = rows.page([rows.alignment.place[row]])
    trials = TrialReader(evaluations.calls, found[0]).read(sheet, row)
    return RowDetail(
        digest=row,
        position=shown_row.position,
        inputs=None if shown_row.inputs is None else render.value(shown_row.inputs),
        trials=[
            _trial(render, sheet, number, call, steps)
            for number, (call, steps) in zip(sheet.trials_of[sheet.index[row]], trials, strict=True)
        ],
    )


@get(
    "/projects/{entity:str}/{project:str}/evaluations/{evaluation:str}/export",
    sync_to_thread=True,
)
def export_rows(
    places: Places,
    evaluations: EvaluationService,
    entity: str,
    project: str,
    evaluation: str,
    format: Literal["jsonl", "csv"] = "jsonl",
) -> Stream:
    """All trials of an evaluation, a line each, with their inputs, outputs and scores."""
    render, found = _many(places, evaluations, entity, project, [evaluation])
    rows = evaluations.rows(found)
    lines = _exported(render, evaluations, found[0], rows)
    media = "application/jsonl" if format == "jsonl" else "text/csv; charset=utf-8"
    body = (encode(line) + b"\n" for line in lines) if format == "jsonl" else _csv(rows, lines)
    return Stream(
        body,
        media_type=media,
        headers={"Content-Disposition": f'attachment; filename="evaluation.{format}"'},
    )


def _many(
    places: Places, evaluations: EvaluationService, entity: str, project: str, ids: Sequence[str]
) -> tuple[Shown, Sequence[Evaluation]]:
    at = find_project(places, entity, project)
    wanted = list(dict.fromkeys(ids))
    if not 1 <= len(wanted) <= MAX_COMPARED:
        raise BadRequest(f"Name 1 to {MAX_COMPARED} evaluations, not {len(wanted)}")
    render = Shown(places)
    return render, evaluations.many(at, render.readable, wanted)


def _page(
    render: Shown, rows: Rows, query: RowQuery, limit: int, cursor: str | None
) -> ComparisonRows:
    checked_limit(limit, most=200)
    (offset,) = (0,) if cursor is None else decode_cursor(cursor, int)
    offset = max(0, offset)
    chosen = rows.chosen(query)
    page = rows.page(chosen[offset : offset + limit], query.missing)
    return ComparisonRows(
        items=[render.row(row) for row in page],
        cursor=encode_cursor(offset + limit) if len(chosen) > offset + limit else None,
        total=len(chosen),
    )


def _column(sheet: Sheet, name: str, values: Sequence[float]) -> list[bool | float | str | None]:
    column = sheet.columns.get(name)
    if column is None:
        return [None] * len(values)
    return [None if math.isnan(value) else shown(column, value) for value in values]


def _values(sheet: Sheet, number: int) -> dict[str, bool | float | str]:
    """The metrics of one trial."""
    found: dict[str, bool | float | str] = {}
    for name, column in sheet.columns.items():
        value = float(column.values[number])
        if not math.isnan(value):
            found[name] = shown(column, value)
    return found


def _status(trial: Trial) -> Literal["success", "error", "running"]:
    return state(1, int(trial.done), int(trial.failed))  # pyright: ignore[reportReturnType]


def _trial(
    render: Shown, sheet: Sheet, number: int, call: Call, steps: Sequence[Step]
) -> TrialDetail:
    values = _values(sheet, number)
    whole = render.value(call.output)
    output: Any = whole.get("output") if isinstance(whole, dict) else whole
    prediction = next((step for step in steps if not step.scorer), None)
    if output is None and prediction is not None:
        output = render.value(prediction.call.output)
    errors = [call.exception, *(step.call.exception for step in steps)]
    return TrialDetail(
        call=call.id,
        trace_id=call.trace_id,
        status=_status(sheet.trials[number]),
        started_at=time_of(call.started_at),
        latency_s=_float(values.get("latency")),
        tokens=_float(values.get("tokens")),
        cost=_float(values.get("cost")),
        output=output,
        error=next((error for error in errors if error is not None), None),
        values=values,
        prediction=None if prediction is None else _step(render, prediction, with_value=False),
        scores=[_step(render, step, with_value=True) for step in steps if step.scorer],
    )


def _step(render: Shown, step: Step, *, with_value: bool) -> TrialStep:
    call = step.call
    return TrialStep(
        name=step.name,
        call=call.id,
        op=render.text(call.op),
        value=render.value(call.output) if with_value else None,
        error=call.exception,
        latency_s=None if call.ended_at is None else (call.ended_at - call.started_at) / 1_000_000,
        tokens=step.tokens,
    )


def _exported(
    render: Shown, evaluations: EvaluationService, evaluation: Evaluation, rows: Rows
) -> Iterator[dict[str, Any]]:
    (sheet,) = rows.sheets
    reader = TrialReader(evaluations.calls, evaluation)
    digests = rows.alignment.rows
    for start in range(0, len(digests), _EXPORTED):
        some = digests[start : start + _EXPORTED]
        inputs = rows.texts(some)
        numbers = [number for row in some for number in sheet.trials_of[sheet.index[row]]]
        calls = reader.calls_of([sheet.trials[number] for number in numbers])
        for number in numbers:
            trial = sheet.trials[number]
            call = calls.get(trial.call)
            whole: Any = None if call is None else render.value(call.output)
            values = _values(sheet, number)
            place = list(sheet.trials_of[sheet.index[trial.row]]).index(number)
            yield {
                "row": trial.row,
                "trial": place,
                "call": trial.call,
                "status": _status(trial),
                "inputs": render.value(inputs[trial.row]) if trial.row in inputs else None,
                "output": whole.get("output") if isinstance(whole, dict) else whole,
                "scores": {
                    name.removeprefix("scores."): value
                    for name, value in values.items()
                    if name.startswith("scores.")
                },
                "latency_s": values.get("latency"),
                "tokens": values.get("tokens"),
                "cost": values.get("cost"),
                "error": None if call is None else call.exception,
            }


def _csv(rows: Rows, lines: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    """The same as a table: a column for every score, inputs and outputs as JSON."""
    (sheet,) = rows.sheets
    scores = [name.removeprefix("scores.") for name in sheet.columns if name.startswith("scores.")]
    plain = ("row", "trial", "call", "status", "latency_s", "tokens", "cost", "error")
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*plain, *(f"scores.{name}" for name in scores), "inputs", "output"])
    for line in lines:
        writer.writerow(
            [
                *(_field(line[name]) for name in plain),
                *(_field(line["scores"].get(name)) for name in scores),
                _field(line["inputs"]),
                _field(line["output"]),
            ]
        )
        if text.tell() > 64 << 10:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def _field(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # A cell that begins like a formula would be one in a spreadsheet.
        return "'" + value if value[:1] in ("=", "+", "-", "@") else value
    return value if isinstance(value, int | float) else to_text(value)


def _float(value: bool | float | str | None) -> float | None:
    return None if value is None or isinstance(value, str) else float(value)


routes: list[Any] = [
    compare_evaluations,
    compare_rows,
    compare_values,
    list_rows,
    read_row,
    export_rows,
]
