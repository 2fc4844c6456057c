"""Evaluations as our API shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from kiseki_server.domain.calls import rules
from kiseki_server.domain.evaluations import comparing, measuring
from kiseki_server.domain.evaluations.comparing import ComparedMetric
from kiseki_server.domain.evaluations.measuring import Figures
from kiseki_server.domain.evaluations.rows import CellValue, ComparedRow, RowCell
from kiseki_server.domain.evaluations.statistics import Interval
from kiseki_server.domain.evaluations.types import (
    Evaluation,
    MetricSource,
    MetricType,
    NamedRef,
    Way,
)
from kiseki_server.domain.evaluations.values import metric_name
from kiseki_server.domain.objects.refs import rendered
from kiseki_server.kit.errors import NotFound
from kiseki_server.kit.ids import ProjectId
from kiseki_server.kit.json import from_text, to_text
from kiseki_server.protocols.native.calls import TokenCounts, time_of, token_counts
from kiseki_server.protocols.native.places import Places

LONGEST_OUTPUT = 2_000
"""Characters of a text in a list of rows."""

Verdict = Literal["better", "worse", "undecided"]
StatusName = Literal["running", "stalled", "completed", "failed"]


class Ref(msgspec.Struct, kw_only=True):
    """A version of an object or an op."""

    ref: str
    kind: Literal["object", "op"] | None
    name: str
    digest: str | None
    version: Annotated[int | None, Meta(description="3 for v3; null where it is not there.")]
    deleted: bool


class EvaluationProgress(msgspec.Struct, kw_only=True):
    """In trials: rows of the dataset times the evaluation's trials."""

    done: int
    failed: Annotated[int, Meta(description="In which something ended with an exception.")]
    running: int
    total: int | None
    rate_per_s: float | None
    eta_s: float | None


class SummaryFigure(msgspec.Struct, kw_only=True):
    """A figure that the client computed."""

    path: Annotated[str, Meta(description="To sort by it: `summary.<path>`.")]
    metric: Annotated[str | None, Meta(description="Null for figures of its own.")]
    label: str
    type: MetricType
    value: float
    count: int | None


class EvaluationInfo(msgspec.Struct, kw_only=True):
    """An evaluation as a list shows it."""

    id: str
    trace_id: str
    name: str
    status: StatusName
    kind: Annotated[Way, Meta(description="`evaluate`, a logger, or the REST routes")]
    started_at: datetime
    ended_at: datetime | None
    duration_s: float | None
    evaluation: Ref | None
    model: Ref | None
    dataset: Ref | None
    scorers: list[Ref]
    trials: int
    progress: EvaluationProgress
    summary: list[SummaryFigure]
    usage: Annotated[list[TokenCounts], Meta(description="Of all calls, those of scorers too.")]
    tokens: int | None
    cost: Annotated[float | None, Meta(description="In USD; null where a model has no price.")]
    error: str | None
    run: str | None
    run_step: int | None
    user: str | None
    source: Literal["weave", "kiseki", "otlp"]


class Range(msgspec.Struct, kw_only=True):
    """A 95 % interval."""

    low: float
    high: float


class ValueCount(msgspec.Struct, kw_only=True):
    value: str
    rows: int


class ScoreHistogram(msgspec.Struct, kw_only=True):
    edges: list[float]
    counts: list[int]


class MetricFigures(msgspec.Struct, kw_only=True):
    """A metric over the rows of an evaluation."""

    mean: float | None
    interval: Range | None
    rows: Annotated[int, Meta(description="That have a value.")]
    coverage: Annotated[float, Meta(description="The part of the rows that are done.")]
    std: float | None
    min: float | None
    max: float | None
    median: float | None
    trial_std: float | None
    counts: list[ValueCount] | None
    histogram: ScoreHistogram | None


class EvaluationMetric(MetricFigures, kw_only=True):
    """A metric of one evaluation."""

    name: str
    label: str
    source: MetricSource
    scorer: str | None
    scorer_ref: Ref | None
    type: MetricType
    direction: Literal["up", "down"]
    client: Annotated[float | None, Meta(description="What the client's own summary says.")]
    differs: bool
    note: str | None


class EvaluationDetail(EvaluationInfo, kw_only=True):
    """An evaluation with its metrics."""

    description: str | None
    metadata: dict[str, Any]
    rows: Annotated[int, Meta(description="Different examples that have come.")]
    dataset_rows: int | None
    failed_trials: Annotated[int, Meta(description="Whose prediction or scorer failed.")]
    attributes: Annotated[list[str], Meta(description="Columns of examples: `inputs.…`.")]
    metrics: list[EvaluationMetric]
    client_summary: Any
    truncated: bool


class EffectSize(msgspec.Struct, kw_only=True):
    name: Literal["cohens_g", "cohens_dz"]
    value: float
    size: Literal["none", "small", "medium", "large"]


class MetricDelta(msgspec.Struct, kw_only=True):
    """The difference to the baseline, over the rows of both."""

    pairs: int
    value: float | None
    relative: float | None
    interval: Range | None
    test: Literal["mcnemar_exact", "wilcoxon", "none"]
    statistic: float | None
    p: float | None
    p_permutation: float | None
    p_adjusted: float | None
    better: int
    worse: int
    equal: int
    effect: EffectSize | None
    needed_rows: int | None
    verdict: Verdict
    reason: str


class ComparisonCell(MetricFigures, kw_only=True):
    delta: MetricDelta | None


class ComparisonMetric(msgspec.Struct, kw_only=True):
    name: str
    label: str
    source: MetricSource
    scorer: str | None
    type: MetricType
    direction: Literal["up", "down"]
    cells: Annotated[list[ComparisonCell], Meta(description="In the order of the evaluations.")]


class ComparisonWarning(msgspec.Struct, kw_only=True):
    code: Literal[
        "dataset_differs",
        "rows_differ",
        "scorer_differs",
        "evaluation_differs",
        "trials_differ",
        "unfinished",
        "coverage_differs",
        "few_pairs",
        "duplicates",
        "truncated",
    ]
    message: str
    evaluations: list[str]


class ComparedEvaluation(EvaluationInfo, kw_only=True):
    rows: int


class ComparisonMethod(msgspec.Struct, kw_only=True):
    resamples: int
    seed: int
    alpha: float
    power: float
    correction: Literal["holm"]
    families: str


class Comparison(msgspec.Struct, kw_only=True):
    baseline: str
    evaluations: list[ComparedEvaluation]
    shared_rows: int
    union_rows: int
    warnings: list[ComparisonWarning]
    metrics: list[ComparisonMetric]
    method: ComparisonMethod


class MetricValue(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A metric of one row; all but ``value`` only where there are several trials."""

    value: bool | float | str
    n: int = 1
    std: float | None = None
    min: float | None = None
    max: float | None = None


class ComparisonRowCell(msgspec.Struct, kw_only=True):
    trials: int
    done: int
    failed: int
    status: Literal["success", "error", "running"]
    output: Annotated[Any, Meta(description="Of the first trial that is done.")]
    truncated: Annotated[bool, Meta(description="Texts of the output were cut.")]
    error: str | None
    latency_s: float | None
    tokens: float | None
    cost: float | None
    values: dict[str, MetricValue]
    calls: list[str]


class ComparisonRow(msgspec.Struct, kw_only=True):
    digest: str
    position: Annotated[int | None, Meta(description="In the dataset.")]
    inputs: Any
    cells: list[ComparisonRowCell | None]


class ComparisonRows(msgspec.Struct, kw_only=True):
    items: list[ComparisonRow]
    cursor: str | None
    total: int


@dataclass(slots=True)
class Shown:
    """Renders for one reader."""

    places: Places

    def info(
        self, evaluation: Evaluation, tokens: int | None, cost: float | None
    ) -> dict[str, Any]:
        """The fields of an `EvaluationInfo`."""
        call, progress = evaluation.call, evaluation.progress
        definition = evaluation.definition
        ended = call.ended_at
        return {
            "id": call.id,
            "trace_id": call.trace_id,
            "name": evaluation.name,
            "status": evaluation.status.value,
            "kind": evaluation.way,
            "started_at": time_of(call.started_at),
            "ended_at": None if ended is None else time_of(ended),
            "duration_s": None if ended is None else (ended - call.started_at) / 1_000_000,
            "evaluation": self.ref(evaluation.evaluation),
            "model": self.ref(evaluation.model),
            "dataset": self.ref(definition.dataset),
            "scorers": [self.named(ref) for ref in definition.scorers],
            "trials": definition.trials,
            "progress": EvaluationProgress(
                done=progress.done,
                failed=progress.failed,
                running=progress.running,
                total=progress.total,
                rate_per_s=progress.per_second,
                eta_s=progress.seconds_left,
            ),
            "summary": [
                SummaryFigure(
                    path=metric_name(figure.path),
                    metric=figure.metric,
                    label=metric_name(_without_aggregate(figure.path)),
                    type=figure.type,
                    value=figure.value,
                    count=figure.count,
                )
                for figure in evaluation.summary
            ],
            "usage": token_counts(rules.usage(call)),
            "tokens": tokens,
            "cost": cost,
            "error": call.exception,
            "run": call.run,
            "run_step": call.run_step,
            "user": call.user,
            "source": call.source.value,
        }

    def metric(self, metric: measuring.Metric, evaluation: Evaluation) -> EvaluationMetric:
        scorers = {ref.name: ref for ref in evaluation.definition.scorers}
        return EvaluationMetric(
            **figures(metric.figures),
            name=metric.name,
            label=metric.label,
            source=metric.source,
            scorer=metric.scorer,
            scorer_ref=self.ref(scorers.get(metric.scorer or "")),
            type=metric.type,
            direction="down" if metric.minimize else "up",
            client=metric.client,
            differs=metric.note is not None,
            note=metric.note,
        )

    def row(self, row: ComparedRow) -> ComparisonRow:
        return ComparisonRow(
            digest=row.digest,
            position=row.position,
            inputs=None if row.inputs is None else self.value(row.inputs),
            cells=[None if cell is None else self._cell(cell) for cell in row.cells],
        )

    def _cell(self, cell: RowCell) -> ComparisonRowCell:
        output, truncated = None, False
        if cell.first is not None:
            whole = self.value(cell.first.output)
            inner: Any = whole.get("output") if isinstance(whole, dict) else whole
            output, cut = _cut(inner)
            truncated = cut or bool(cell.first.large)
        values = {name: metric_value(value) for name, value in cell.values.items()}
        return ComparisonRowCell(
            trials=len(cell.calls),
            done=cell.done,
            failed=cell.failed,
            status=cell.status,  # pyright: ignore[reportArgumentType]
            output=output,
            truncated=truncated,
            error=None if cell.first is None else cell.first.exception,
            latency_s=_number(cell.values.get("latency")),
            tokens=_number(cell.values.get("tokens")),
            cost=_number(cell.values.get("cost")),
            values=values,
            calls=list(cell.calls),
        )

    def ref(self, ref: NamedRef | None) -> Ref | None:
        return None if ref is None else self.named(ref)

    def named(self, ref: NamedRef) -> Ref:
        return Ref(
            ref=self.text(ref.ref),
            kind=None if ref.kind is None else ref.kind.value,
            name=ref.name,
            digest=ref.digest,
            version=ref.version,
            deleted=ref.deleted,
        )

    def value(self, text: str) -> Any:
        """Stored JSON, with references as the reader may see them."""
        return from_text(rendered(text, self._name))

    def text(self, text: str) -> str:
        """A stored reference as the reader may see it."""
        return rendered(f'"{text}"', self._name)[1:-1]

    def readable(self, number: ProjectId) -> bool:
        """Whether the reader may see a project."""
        try:
            with self.places.database.transaction():
                self.places.projects.get(self.places.actor, number)
        except NotFound:
            return False
        return True

    def _name(self, number: ProjectId) -> str:
        try:
            with self.places.database.transaction():
                project = self.places.projects.get(self.places.actor, number)
        except NotFound:
            return "weave-private:////"
        return f"weave:///{project.entity_name}/{project.name}"


def figures(shown: Figures) -> dict[str, Any]:
    """The fields of `MetricFigures`."""
    return {
        "mean": shown.mean,
        "interval": interval(shown.interval),
        "rows": shown.rows,
        "coverage": shown.coverage,
        "std": shown.std,
        "min": shown.min,
        "max": shown.max,
        "median": shown.median,
        "trial_std": shown.trial_std,
        "counts": None
        if shown.counts is None
        else [ValueCount(value=each.value, rows=each.rows) for each in shown.counts],
        "histogram": None
        if shown.histogram is None
        else ScoreHistogram(edges=list(shown.histogram.edges), counts=list(shown.histogram.counts)),
    }


def compared(metric: ComparedMetric) -> ComparisonMetric:
    return ComparisonMetric(
        name=metric.name,
        label=metric.label,
        source=metric.source,
        scorer=metric.scorer,
        type=metric.type,
        direction="down" if metric.minimize else "up",
        cells=[
            ComparisonCell(**figures(cell.figures), delta=_delta(cell.delta))
            for cell in metric.cells
        ],
    )


def _delta(delta: comparing.Delta | None) -> MetricDelta | None:
    if delta is None:
        return None
    effect = delta.effect
    return MetricDelta(
        pairs=delta.pairs,
        value=delta.value,
        relative=delta.relative,
        interval=interval(delta.interval),
        test=delta.test.name,
        statistic=delta.test.statistic,
        p=delta.test.p,
        p_permutation=delta.p_permutation,
        p_adjusted=delta.p_adjusted,
        better=delta.better,
        worse=delta.worse,
        equal=delta.equal,
        effect=None
        if effect is None
        else EffectSize(name=effect.name, value=effect.value, size=effect.size),
        needed_rows=delta.needed_rows,
        verdict=delta.verdict,
        reason=delta.reason,
    )


def interval(found: Interval | None) -> Range | None:
    return None if found is None else Range(low=found.low, high=found.high)


def metric_value(value: CellValue) -> MetricValue:
    return MetricValue(
        value=value.value, n=value.trials, std=value.std, min=value.low, max=value.high
    )


def _number(value: CellValue | None) -> float | None:
    return None if value is None or isinstance(value.value, str) else float(value.value)


def _without_aggregate(path: Sequence[str]) -> tuple[str, ...]:
    last = path[-1] in ("true_fraction", "mean") and len(path) > 1
    return tuple(path[:-1] if last else path)


def _cut(value: Any) -> tuple[Any, bool]:
    """The value with long texts cut, or its beginning as text where it is large all the same."""
    short, cut = _shortened(value)
    text = to_text(short)
    if len(text) > 4 * LONGEST_OUTPUT:
        return text[:LONGEST_OUTPUT] + "…", True
    return short, cut


def _shortened(value: Any) -> tuple[Any, bool]:
    if isinstance(value, str) and len(value) > LONGEST_OUTPUT:
        return value[:LONGEST_OUTPUT] + "…", True
    if isinstance(value, Mapping):
        entries = {str(key): _shortened(entry) for key, entry in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        return {key: entry for key, (entry, _) in entries.items()}, any(
            cut for _, cut in entries.values()
        )
    if isinstance(value, list):
        items = [_shortened(entry) for entry in value]  # pyright: ignore[reportUnknownVariableType]
        return [entry for entry, _ in items], any(cut for _, cut in items)
    return value, False
