"""Evaluations: lists, single ones, their slices and confusions, and gates for CI."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from xml.sax.saxutils import quoteattr

import msgspec
from litestar import MediaType, Response, get
from litestar.params import Parameter
from msgspec import Meta

from kiseki_server.domain.evaluations import confusion as confusions
from kiseki_server.domain.evaluations import gate as gates
from kiseki_server.domain.evaluations import slices as sliced
from kiseki_server.domain.evaluations.comparing import compare
from kiseki_server.domain.evaluations.finding import EvaluationFilter, Version
from kiseki_server.domain.evaluations.measuring import metrics, minimized
from kiseki_server.domain.evaluations.rows import Rows
from kiseki_server.domain.evaluations.service import EvaluationService
from kiseki_server.domain.evaluations.types import Evaluation, Missing, Status
from kiseki_server.domain.evaluations.values import metric_name
from kiseki_server.domain.filters.fields import microseconds
from kiseki_server.domain.projects.types import Project
from kiseki_server.kit.errors import BadRequest
from kiseki_server.kit.pagination import checked_limit, decode_cursor, encode_cursor
from kiseki_server.protocols.native.evaluation_views import (
    EvaluationDetail,
    EvaluationInfo,
    Range,
    Ref,
    Shown,
    StatusName,
    interval,
)
from kiseki_server.protocols.native.places import Places

MinimizeParameter = Annotated[
    list[str] | None, Parameter(description="Metrics of which lower is better")
]
MissingParameter = Annotated[Missing, Parameter(description="`fail`: a failed row counts as false")]
_MOST_ATTRIBUTES = 200


class EvaluationPage(msgspec.Struct, kw_only=True):
    items: list[EvaluationInfo]
    cursor: str | None
    total: int


class EvaluationGroup(msgspec.Struct, kw_only=True):
    ref: Ref
    evaluations: int


class LabelFigures(msgspec.Struct, kw_only=True):
    label: str
    support: int
    precision: float | None
    recall: float | None
    f1: float | None


class ConfusionMatrix(msgspec.Struct, kw_only=True):
    """Rows by the label that is expected (down) and the one that is predicted (across)."""

    labels: list[str]
    matrix: list[list[int]]
    per_label: list[LabelFigures]
    accuracy: float | None
    macro_f1: float | None
    kappa: float | None
    weighted_kappa: Annotated[float | None, Meta(description="Of grades; quadratic weights.")]
    rows: int
    missing: int
    other: Annotated[bool, Meta(description="The rarer labels are put together as `…`.")]


class ScoreSlice(msgspec.Struct, kw_only=True):
    field: str
    value: str
    rows: int
    mean: float
    difference: Annotated[float, Meta(description="To the other rows, or to the baseline.")]
    interval: Range | None
    p: float | None
    p_adjusted: float | None
    worse: bool
    better: bool


class SkippedField(msgspec.Struct, kw_only=True):
    field: str
    reason: str


class SliceOverall(msgspec.Struct, kw_only=True):
    rows: int
    mean: float | None


class ScoreSlices(msgspec.Struct, kw_only=True):
    metric: str
    overall: SliceOverall
    slices: Annotated[list[ScoreSlice], Meta(description="The worst first.")]
    skipped: list[SkippedField]


class GateCheck(msgspec.Struct, kw_only=True):
    require: str
    passed: bool
    value: float | str | None
    message: str


class GateResult(msgspec.Struct, kw_only=True):
    passed: bool
    evaluation: str
    baseline: str | None
    checks: list[GateCheck]


def find_project(places: Places, entity: str, project: str) -> Project:
    with places.database.transaction():
        return places.project(entity, project)


def _filter(
    search: str | None,
    model: Sequence[str] | None,
    evaluation: Sequence[str] | None,
    dataset: Sequence[str] | None,
    status: Sequence[StatusName] | None,
    run: str | None,
    since: datetime | None,
    until: datetime | None,
) -> EvaluationFilter:
    return EvaluationFilter(
        search=search,
        models=_versions(model),
        evaluations=_versions(evaluation),
        datasets=_versions(dataset),
        statuses=tuple(map(Status, status or ())),
        run=run,
        since=_micros(since),
        until=_micros(until),
    )


@get("/projects/{entity:str}/{project:str}/evaluations", sync_to_thread=True)
def list_evaluations(
    places: Places,
    evaluations: EvaluationService,
    entity: str,
    project: str,
    search: Annotated[str | None, Parameter(description="Part of the name")] = None,
    model: Annotated[
        list[str] | None, Parameter(description="NAME, NAME:vN or NAME:DIGEST")
    ] = None,
    evaluation: list[str] | None = None,
    dataset: list[str] | None = None,
    status: list[StatusName] | None = None,
    run: Annotated[str | None, Parameter(description="In which it was made")] = None,
    since: datetime | None = None,
    until: datetime | None = None,
    sort: Annotated[
        str | None,
        Parameter(
            description="started_at, ended_at, duration, name or `summary.<path>`; `-` before it "
            "for descending"
        ),
    ] = None,
    limit: int = 50,
    cursor: str | None = None,
) -> EvaluationPage:
    """Evaluations, the newest first unless another order is asked for."""
    checked_limit(limit, most=200)
    at = find_project(places, entity, project)
    (offset,) = (0,) if cursor is None else decode_cursor(cursor, int)
    render = Shown(places)
    page = evaluations.page(
        at,
        render.readable,
        _filter(search, model, evaluation, dataset, status, run, since, until),
        sort=sort,
        limit=limit,
        offset=max(0, offset),
    )
    return EvaluationPage(
        items=[
            EvaluationInfo(**render.info(each, *evaluations.spent(each))) for each in page.items
        ],
        cursor=encode_cursor(max(0, offset) + limit) if page.more else None,
        total=page.total,
    )


@get("/projects/{entity:str}/{project:str}/evaluations/groups", sync_to_thread=True)
def group_evaluations(
    places: Places,
    evaluations: EvaluationService,
    entity: str,
    project: str,
    by: Literal["model", "evaluation", "dataset"],
    search: str | None = None,
    model: list[str] | None = None,
    evaluation: list[str] | None = None,
    dataset: list[str] | None = None,
    status: list[StatusName] | None = None,
    run: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[EvaluationGroup]:
    """How many evaluations there are of each version of a model, evaluation or dataset."""
    at = find_project(places, entity, project)
    render = Shown(places)
    wanted = _filter(search, model, evaluation, dataset, status, run, since, until)
    found = evaluations.groups(at, render.readable, wanted, by)
    return [EvaluationGroup(ref=render.named(ref), evaluations=count) for ref, count in found]


@get("/projects/{entity:str}/{project:str}/evaluations/{evaluation:str}", sync_to_thread=True)
def read_evaluation(
    places: Places,
    evaluations: EvaluationService,
    entity: str,
    project: str,
    evaluation: str,
    missing: MissingParameter = "skip",
    minimize: MinimizeParameter = None,
) -> EvaluationDetail:
    """One evaluation with its metrics, computed from its rows."""
    render, found = _found(places, evaluations, entity, project, evaluation)
    rows = evaluations.rows([found])
    (sheet,) = rows.sheets
    shown = metrics(sheet, found.summary, missing=missing, minimize=minimize or ())
    definition = found.definition
    return EvaluationDetail(
        **render.info(found, *evaluations.spent(found)),
        description=definition.description,
        metadata=dict(definition.metadata or {}),
        rows=len(sheet.rows),
        dataset_rows=definition.rows,
        failed_trials=int(sheet.failed.sum()),
        attributes=[metric_name(path) for path in _attributes(rows)],
        metrics=[render.metric(metric, found) for metric in shown],
        client_summary=render.value(found.call.output),
        truncated=sheet.truncated,
    )


@get(
    "/projects/{entity:str}/{project:str}/evaluations/{evaluation:str}/confusion",
    sync_to_thread=True,
)
def confusion_matrix(
    places: Places,
    evaluations: EvaluationService,
    entity: str,
    project: str,
    evaluation: str,
    expected: Annotated[str, Parameter(description="A field of rows, such as `inputs.label`")],
    predicted: Annotated[str, Parameter(description="A field of rows, such as `output.label`")],
    limit: Annotated[int, Parameter(ge=2, le=100)] = 20,
) -> ConfusionMatrix:
    """Which labels, or grades, the model takes for which."""
    _, found = _found(places, evaluations, entity, project, evaluation)
    rows = evaluations.rows([found])
    paths = [rows.field(name) for name in (expected, predicted)]
    count = range(len(rows.alignment.rows))
    one, other = ([rows.look_up(place, path) for place in count] for path in paths)
    result = confusions.confusion(one, other, limit=limit)
    if not result.rows:
        known = [metric_name(path) for path in _attributes(rows)]
        (sheet,) = rows.sheets
        known += [name for name, column in sheet.columns.items() if column.source != "model"]
        raise BadRequest(
            f"No row has both `{expected[:100]}` and `{predicted[:100]}`",
            hint="rows have " + ", ".join(known[:50]),
        )
    return ConfusionMatrix(
        labels=list(result.labels),
        matrix=[list(row) for row in result.matrix],
        per_label=[
            LabelFigures(
                label=each.label,
                support=each.support,
                precision=each.precision,
                recall=each.recall,
                f1=each.f1,
            )
            for each in result.per_label
        ],
        accuracy=result.accuracy,
        macro_f1=result.macro_f1,
        kappa=result.kappa,
        weighted_kappa=result.weighted_kappa,
        rows=result.rows,
        missing=result.missing,
        other=result.other,
    )


@get(
    "/projects/{entity:str}/{project:str}/evaluations/{evaluation:str}/slices",
    sync_to_thread=True,
)
def score_slices(
    places: Places,
    evaluations: EvaluationService,
    entity: str,
    project: str,
    evaluation: str,
    metric: str,
    by: Annotated[
        list[str] | None, Parameter(description="Columns of examples: `inputs.lang`; all without")
    ] = None,
    min_rows: Annotated[int, Parameter(ge=2, le=100_000)] = sliced.MIN_ROWS,
    baseline: Annotated[str | None, Parameter(description="Compare with its same rows")] = None,
    missing: MissingParameter = "skip",
    minimize: MinimizeParameter = None,
) -> ScoreSlices:
    """A metric in parts of the dataset, the worst first."""
    at = find_project(places, entity, project)
    render = Shown(places)
    ids = [evaluation, *([baseline] if baseline is not None else [])]
    rows = evaluations.rows(evaluations.many(at, render.readable, ids))
    column = rows.sheets[0].columns.get(metric)
    if column is None or column.type == "category":
        known = [name for name, one in rows.sheets[0].columns.items() if one.type != "category"]
        raise BadRequest(
            f"`{metric[:200]}` is no metric with a mean of this evaluation",
            hint="it has " + (", ".join(known[:50]) or "none"),
        )
    paths = [rows.field(name) for name in by] if by else _attributes(rows)
    for path in paths:
        if path[0] != "inputs":
            raise BadRequest(
                f"`{metric_name(path)[:200]}` is no column of the examples",
                hint="write inputs.<column>",
            )
    count = range(len(rows.alignment.rows))
    found = sliced.slices(
        rows.values(0, metric, missing),
        {path: [rows.look_up(place, path) for place in count] for path in paths},
        minimize=minimized(metric, minimize or ()),
        min_rows=min_rows,
        baseline=None if baseline is None else rows.values(1, metric, missing),
    )
    return ScoreSlices(
        metric=metric,
        overall=SliceOverall(rows=found.rows, mean=found.mean),
        slices=[
            ScoreSlice(
                field=each.field,
                value=each.value,
                rows=each.rows,
                mean=each.mean,
                difference=each.difference,
                interval=interval(each.interval),
                p=each.p,
                p_adjusted=each.p_adjusted,
                worse=each.worse,
                better=each.better,
            )
            for each in found.slices[:1_000]
        ],
        skipped=[SkippedField(field=each.field, reason=each.reason) for each in found.skipped],
    )


@get(
    "/projects/{entity:str}/{project:str}/evaluations/{evaluation:str}/gate",
    sync_to_thread=True,
)
def check_gate(
    places: Places,
    evaluations: EvaluationService,
    entity: str,
    project: str,
    evaluation: str,
    require: Annotated[
        list[str],
        Parameter(description="Such as `scores.acc >= 0.8`, `failed = 0`, `scores.acc not worse`"),
    ],
    baseline: str | None = None,
    missing: MissingParameter = "fail",
    minimize: MinimizeParameter = None,
    alpha: Annotated[float, Parameter(gt=0, lt=1)] = 0.05,
    format: Literal["json", "junit"] = "json",
) -> GateResult | Response[str]:
    """Whether an evaluation meets requirements, for a CI job to look at."""
    at = find_project(places, entity, project)
    render = Shown(places)
    ids = [evaluation, *([baseline] if baseline is not None else [])]
    found = evaluations.many(at, render.readable, ids)
    sheets = [evaluations.sheet(each) for each in found]
    lower = minimize or ()
    shown = metrics(sheets[0], found[0].summary, missing=missing, minimize=lower)
    deltas = None
    if baseline is not None:
        result = compare([sheets[1], sheets[0]], minimize=lower, missing=missing, alpha=alpha)
        deltas = {one.name: delta for one in result if (delta := one.cells[1].delta) is not None}
    checks = gates.check(require, found[0], shown, int(sheets[0].failed.sum()), deltas)
    if format == "junit":
        return Response(_junit(found[0], checks), media_type=MediaType.XML)
    return GateResult(
        passed=all(each.passed for each in checks),
        evaluation=evaluation,
        baseline=baseline,
        checks=[
            GateCheck(
                require=each.require,
                passed=each.passed,
                value=each.value,
                message=each.message,
            )
            for each in checks
        ],
    )


def _found(
    places: Places, evaluations: EvaluationService, entity: str, project: str, id: str
) -> tuple[Shown, Evaluation]:
    at = find_project(places, entity, project)
    render = Shown(places)
    return render, evaluations.get(at, render.readable, id)


def _attributes(rows: Rows) -> list[tuple[str, ...]]:
    """Columns of examples that have a short value somewhere."""
    found = dict.fromkeys(path for values in rows.inputs.values() for path in values)
    return list(found)[:_MOST_ATTRIBUTES]


def _junit(evaluation: Evaluation, checks: Sequence[gates.Check]) -> str:
    """The checks as JUnit XML, which CI systems show."""
    failures = sum(not each.passed for each in checks)
    name = quoteattr(evaluation.name)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    lines.append(f'<testsuite name={name} tests="{len(checks)}" failures="{failures}">')
    for each in checks:
        case = f"<testcase classname={name} name={quoteattr(each.require)}"
        if each.passed:
            lines.append(f"  {case}/>")
        else:
            lines.append(f"  {case}><failure message={quoteattr(each.message)}/></testcase>")
    return "\n".join([*lines, "</testsuite>", ""])


def _versions(names: Sequence[str] | None) -> tuple[Version, ...]:
    found: list[Version] = []
    for text in names or ():
        name, _, version = text.partition(":")
        found.append(Version(name, version or None))
    return tuple(found)


def _micros(time: datetime | None) -> int | None:
    if time is None:
        return None
    return microseconds(time if time.tzinfo else time.replace(tzinfo=UTC))


routes: list[Any] = [
    list_evaluations,
    group_evaluations,
    read_evaluation,
    confusion_matrix,
    score_slices,
    check_gate,
]
