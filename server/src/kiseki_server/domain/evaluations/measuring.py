"""Metrics of one evaluation: what its scores come to, beside what the client says."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kiseki_server.domain.evaluations import statistics
from kiseki_server.domain.evaluations.sheet import MODEL_METRICS, Column, Floats, RowValues, Sheet
from kiseki_server.domain.evaluations.statistics import Interval
from kiseki_server.domain.evaluations.types import (
    ClientFigure,
    MetricSource,
    MetricType,
    Missing,
)
from kiseki_server.domain.evaluations.values import metric_name

MAX_COUNTS = 50
_TOLERANCE = 1e-6
_LATENCY_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class Histogram:
    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows have a value."""

    value: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A metric over the rows of one evaluation."""

    mean: float | None = None
    interval: Interval | None = None
    rows: int = 0
    """That have a value."""
    coverage: float = 0.0
    """Of the rows that are done."""
    std: float | None = None
    min: float | None = None
    max: float | None = None
    median: float | None = None
    trial_std: float | None = None
    """Mean spread within a row; none without several trials."""
    counts: tuple[Count, ...] | None = None
    histogram: Histogram | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A metric, and what one evaluation has of it."""

    name: str
    label: str
    source: MetricSource
    scorer: str | None
    type: MetricType
    minimize: bool
    figures: Figures
    client: float | None = None
    """What the client's summary says."""
    note: str | None = None
    """Why the client's figure is another, where it is."""


def minimized(name: str, wanted: Collection[str]) -> bool:
    """Whether lower is better."""
    return name in MODEL_METRICS or name in wanted


def metrics(
    sheet: Sheet,
    summary: Sequence[ClientFigure],
    *,
    missing: Missing = "skip",
    minimize: Collection[str] = (),
) -> list[Metric]:
    """All metrics of an evaluation."""
    columns = list(sheet.columns.values())
    by_row = {each.name: sheet.by_row(each.name, missing) for each in columns}
    intervals = intervals_of(columns, by_row)
    said = {figure.metric: figure for figure in summary if figure.metric is not None}
    found: list[Metric] = []
    for column in columns:
        shown = figures(sheet, column, by_row[column.name], intervals.get(column.name))
        if column.type == "number":
            bins = statistics.histogram([by_row[column.name].mean])
            if bins is not None:
                histogram = Histogram(tuple(bins[0]), tuple(bins[1][0]))
                shown = replace(shown, histogram=histogram)
        client = said.get(column.name)
        value = None if client is None or client.type != column.type else client.value
        found.append(
            Metric(
                name=column.name,
                label=column.label,
                source=column.source,
                scorer=column.scorer,
                type=column.type,
                minimize=minimized(column.name, minimize),
                figures=shown,
                client=value,
                note=_difference(sheet, column, value, shown),
            )
        )
    return found


def intervals_of(
    columns: Sequence[Column], by_row: Mapping[str, RowValues]
) -> dict[str, Interval | None]:
    """95 % intervals of the means: Wilson's for truth values without trials, else bootstrapped."""
    found: dict[str, Interval | None] = {}
    drawn: list[str] = []
    for column in columns:
        values = by_row[column.name].mean
        if column.type == "boolean" and is_binary(values):
            known = values[~np.isnan(values)]
            found[column.name] = statistics.wilson(float(known.sum()), len(known))
        elif column.type != "category":
            drawn.append(column.name)
    if drawn:
        table = np.column_stack([by_row[name].mean for name in drawn])
        found.update(zip(drawn, statistics.bootstrap(table), strict=True))
    return found


def is_binary(values: Floats) -> bool:
    """Whether every row has one outcome, as without trials."""
    known = values[~np.isnan(values)]
    return bool(((known == 0) | (known == 1)).all())


def figures(sheet: Sheet, column: Column, values: RowValues, interval: Interval | None) -> Figures:
    """What a metric comes to."""
    known = values.mean[~np.isnan(values.mean)]
    rows = len(known)
    coverage = rows / sheet.rows_done if sheet.rows_done else 0.0
    if column.type == "category":
        return Figures(rows=rows, coverage=coverage, counts=_label_counts(column, known))
    if not rows:
        return Figures()
    spread = values.spread[~np.isnan(values.spread)]
    counts = None
    if column.type == "boolean" and is_binary(values.mean):
        true = int(known.sum())
        counts = (Count("true", true), Count("false", rows - true))
    return Figures(
        mean=float(known.mean()),
        interval=interval,
        rows=rows,
        coverage=min(1.0, coverage),
        std=float(known.std(ddof=1)) if rows > 1 else None,
        min=float(known.min()),
        max=float(known.max()),
        median=float(np.median(known)),
        trial_std=float(spread.mean()) if len(spread) else None,
        counts=counts,
    )


def _label_counts(column: Column, known: NDArray[np.float64]) -> tuple[Count, ...]:
    counted = np.bincount(known.astype(np.int64), minlength=len(column.labels))
    pairs = zip(column.labels, counted.tolist(), strict=True)
    ordered = sorted(pairs, key=lambda pair: (-pair[1], pair[0]))
    return tuple(Count(label, rows) for label, rows in ordered[:MAX_COUNTS] if rows)


def _difference(sheet: Sheet, column: Column, client: float | None, shown: Figures) -> str | None:
    """Why the client's figure is another than ours."""
    if client is None or shown.mean is None:
        return None
    scale = max(1.0, abs(client))
    tolerance = _LATENCY_TOLERANCE if column.name == "latency" else _TOLERANCE
    if math.isclose(client, shown.mean, abs_tol=tolerance * scale):
        return None
    values = column.values[~np.isnan(column.values)]
    trials = int(sheet.done.sum())
    if len(values) and len(values) < trials:
        if column.type == "boolean" and math.isclose(
            client, float(values.sum()) / trials, abs_tol=_TOLERANCE
        ):
            lost = trials - len(values)
            return f"The client counts the {lost} trials without a score as false."
        return f"{trials - len(values)} of {trials} trials have no score."
    if len(values) and math.isclose(client, float(values.mean()), abs_tol=tolerance * scale):
        return "The client averages trials, not rows, and rows have different numbers of them."
    return f"The client's `{metric_name(column.path)}` is computed in another way."
