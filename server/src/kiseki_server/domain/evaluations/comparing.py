"""Evaluations side by side: differences to a baseline, and whether they could be chance."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from kiseki_server.domain.evaluations import statistics
from kiseki_server.domain.evaluations.measuring import (
    Figures,
    Histogram,
    figures,
    is_binary,
    minimized,
)
from kiseki_server.domain.evaluations.sheet import Column, Floats, RowValues, Sheet
from kiseki_server.domain.evaluations.statistics import (
    ALPHA,
    FEW_PAIRS,
    Effect,
    Interval,
    Test,
)
from kiseki_server.domain.evaluations.types import MetricSource, MetricType, Missing

MAX_COMPARED = 10
UNTESTED = Test("none", None, None)

Verdict = Literal["better", "worse", "undecided"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """How a challenger differs from the baseline in one metric, over the rows of both."""

    pairs: int
    value: float | None = None
    """Challenger minus baseline; of categories the part of rows with the same label."""
    relative: float | None = None
    interval: Interval | None = None
    test: Test = UNTESTED
    p_permutation: float | None = None
    p_adjusted: float | None = None
    better: int = 0
    worse: int = 0
    equal: int = 0
    effect: Effect | None = None
    needed_rows: int | None = None
    verdict: Verdict = "undecided"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """What one evaluation has of a metric."""

    figures: Figures
    delta: Delta | None
    """None for the baseline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedMetric:
    """A metric over all evaluations, in their order."""

    name: str
    label: str
    source: MetricSource
    scorer: str | None
    type: MetricType
    minimize: bool
    cells: tuple[Cell, ...]


class Alignment:
    """The rows of several sheets, each known by its digest."""

    def __init__(self, sheets: Sequence[Sheet], order: Sequence[str] = ()) -> None:
        self.sheets = sheets
        seen = dict.fromkeys(row for sheet in sheets for row in sheet.rows)
        first = [row for row in dict.fromkeys(order) if row in seen]
        self.rows = tuple(dict.fromkeys([*first, *seen]))
        """Of any sheet: those of the dataset in its order, then the others."""
        self.place = {row: place for place, row in enumerate(self.rows)}
        self._targets = [
            np.array([self.place[row] for row in sheet.rows], dtype=np.int64) for sheet in sheets
        ]
        self.shared = sum(all(row in sheet.index for sheet in sheets) for row in self.rows)

    def spread(self, sheet: int, values: Floats) -> Floats:
        """Values of one sheet's rows at the places of all rows."""
        found = np.full(len(self.rows), np.nan)
        found[self._targets[sheet]] = values
        return found


def compare(
    sheets: Sequence[Sheet],
    *,
    baseline: int = 0,
    only: Collection[str] = (),
    minimize: Collection[str] = (),
    missing: Missing = "skip",
    alpha: float = ALPHA,
) -> list[ComparedMetric]:
    """All metrics that any of the evaluations has, or ``only`` these.

    Verdicts rest on p-values after Holm's correction, over all scores of one challenger
    together, all outputs, and what it took (latency, tokens, cost).
    """
    alignment = Alignment(sheets)
    columns = _merged(sheets)
    names = [name for name in _ordered(sheets) if not only or name in only]
    rows = {name: [_values(sheet, columns[name], missing) for sheet in sheets] for name in names}
    own = {
        (name, place): alignment.spread(place, rows[name][place].mean)
        for name in names
        for place in range(len(sheets))
    }
    apart = {
        (name, place): own[(name, place)] - own[(name, baseline)]
        for name in names
        for place in range(len(sheets))
        if place != baseline and columns[name].type != "category"
    }
    intervals, of_deltas, permuted = _resampled(columns, own, apart)
    cells = {
        name: [
            figures(sheet, columns[name], rows[name][place], intervals[(name, place)])
            for place, sheet in enumerate(sheets)
        ]
        for name in names
    }
    deltas: dict[str, list[Delta | None]] = {name: [None] * len(sheets) for name in names}
    for place in range(len(sheets)):
        if place == baseline:
            continue
        found = _deltas(own, columns, names, baseline, place, minimize, alpha)
        for name, delta in found.items():
            key = (name, place)
            deltas[name][place] = replace(
                delta, interval=of_deltas.get(key), p_permutation=permuted.get(key)
            )
    return [
        ComparedMetric(
            name=name,
            label=columns[name].label,
            source=columns[name].source,
            scorer=columns[name].scorer,
            type=columns[name].type,
            minimize=minimized(name, minimize),
            cells=tuple(
                Cell(shown, deltas[name][place])
                for place, shown in enumerate(_with_histograms(columns[name], cells, rows))
            ),
        )
        for name in names
    ]


def _ordered(sheets: Sequence[Sheet]) -> list[str]:
    """Names of metrics, those of the first sheet in its order, scores before the rest."""
    rank = {"score": 0, "output": 1, "model": 2}
    known = {name: column for sheet in sheets for name, column in sheet.columns.items()}
    return sorted(known, key=lambda name: rank[known[name].source])


def _merged(sheets: Sequence[Sheet]) -> dict[str, Column]:
    """One column for each metric, of the first sheet that has it, with the labels of all."""
    found: dict[str, Column] = {}
    for sheet in sheets:
        for name, column in sheet.columns.items():
            known = found.setdefault(name, column)
            if known.type == column.type == "category":
                labels = tuple(sorted({*known.labels, *column.labels}))
                found[name] = replace(known, labels=labels)
    return found


def _values(sheet: Sheet, column: Column, missing: Missing) -> RowValues:
    """A metric of a sheet as the others have it; nothing where it has another type there."""
    own = sheet.columns.get(column.name)
    if own is not None and own.type != column.type and "category" in (own.type, column.type):
        empty = np.full(len(sheet.rows), np.nan)
        return RowValues(empty, np.zeros(len(sheet.rows), dtype=np.int64), empty)
    values = sheet.by_row(column.name, missing)
    if own is None or own.labels == column.labels:
        return values
    codes = {label: code for code, label in enumerate(column.labels)}
    table = np.array([codes[label] for label in own.labels], dtype=float)
    there = ~np.isnan(values.mean)
    mean = values.mean.copy()
    mean[there] = table[values.mean[there].astype(np.int64)]
    return RowValues(mean, values.trials, values.spread)


def _with_histograms(
    column: Column, cells: Mapping[str, Sequence[Figures]], rows: Mapping[str, Sequence[RowValues]]
) -> list[Figures]:
    shown = list(cells[column.name])
    if column.type != "number":
        return shown
    bins = statistics.histogram([values.mean for values in rows[column.name]])
    if bins is None:
        return shown
    edges, counts = bins
    return [
        replace(each, histogram=Histogram(tuple(edges), tuple(own)))
        for each, own in zip(shown, counts, strict=True)
    ]


_Key = tuple[str, int]
"""A metric and the place of an evaluation."""


def _resampled(
    columns: Mapping[str, Column], own: Mapping[_Key, Floats], apart: Mapping[_Key, Floats]
) -> tuple[
    Mapping[_Key, Interval | None], Mapping[_Key, Interval | None], Mapping[_Key, float | None]
]:
    """Intervals of means and of differences, and permutation tests.

    The rows are drawn once for all of them: drawing is what takes the time.
    """
    intervals: dict[_Key, Interval | None] = {}
    drawn: dict[_Key, Floats] = {}
    for key, values in own.items():
        column = columns[key[0]]
        known = values[~np.isnan(values)]
        if column.type == "category":
            intervals[key] = None
        elif column.type == "boolean" and is_binary(values):
            intervals[key] = statistics.wilson(float(known.sum()), len(known))
        else:
            drawn[key] = values
    tables = [*drawn.values(), *apart.values()]
    if not tables:
        return intervals, {}, {}
    found = statistics.bootstrap(np.column_stack(tables))
    intervals.update(zip(drawn, found, strict=False))
    of_deltas = dict(zip(apart, found[len(drawn) :], strict=True))
    permuted: dict[_Key, float | None] = {}
    if apart:
        p_values = statistics.sign_flip(np.column_stack(list(apart.values())))
        permuted = dict(zip(apart, p_values, strict=True))
    return intervals, of_deltas, permuted


def _deltas(
    own: Mapping[_Key, Floats],
    columns: Mapping[str, Column],
    names: Sequence[str],
    baseline: int,
    challenger: int,
    minimize: Collection[str],
    alpha: float,
) -> dict[str, Delta]:
    found: dict[str, Delta] = {}
    numeric = [name for name in names if columns[name].type != "category"]
    for name in names:
        before, after = own[(name, baseline)], own[(name, challenger)]
        if columns[name].type == "category":
            found[name] = _agreement(before, after)
            continue
        lower = minimized(name, minimize)
        binary = columns[name].type == "boolean" and is_binary(before) and is_binary(after)
        found[name] = paired(before, after, binary=binary, minimize=lower, alpha=alpha)
    for source in ("score", "output", "model"):
        family = [name for name in numeric if columns[name].source == source]
        adjusted = statistics.holm([found[name].test.p for name in family])
        for name, p in zip(family, adjusted, strict=True):
            found[name] = judged(
                replace(found[name], p_adjusted=p), minimized(name, minimize), alpha, len(family)
            )
    return found


def paired(
    before: Floats, after: Floats, *, binary: bool, minimize: bool, alpha: float = ALPHA
) -> Delta:
    """The difference of two evaluations over the rows that both have."""
    differences = after - before
    known = differences[~np.isnan(differences)]
    if not len(known):
        return Delta(pairs=0)
    gained, lost = int((known > 0).sum()), int((known < 0).sum())
    better, worse = (lost, gained) if minimize else (gained, lost)
    value = float(known.mean())
    base = float(before[~np.isnan(differences)].mean())
    if binary:
        test = statistics.mcnemar(gained, lost)
        effect = statistics.cohens_g(gained, lost)
        needed = statistics.rows_for_mcnemar(gained, lost, len(known), alpha=alpha)
    else:
        test = statistics.wilcoxon(known)
        effect = statistics.cohens_dz(known)
        needed = statistics.rows_for_wilcoxon(effect, alpha=alpha)
    return Delta(
        pairs=len(known),
        value=value,
        relative=value / abs(base) if base else None,
        test=test,
        better=better,
        worse=worse,
        equal=len(known) - gained - lost,
        effect=effect,
        needed_rows=needed,
    )


def judged(delta: Delta, minimize: bool, alpha: float, metrics: int) -> Delta:
    """The delta with a verdict and the reason for it."""
    p = delta.p_adjusted if delta.p_adjusted is not None else delta.test.p
    if not delta.pairs or p is None or delta.value is None:
        return replace(delta, reason="No row has a value in both.")
    corrected = f" after correction for {metrics} metrics" if metrics > 1 else ""
    if delta.better == delta.worse == 0:
        return replace(delta, reason=f"All {delta.pairs} rows are the same.")
    if p < alpha and delta.value != 0:
        verdict: Verdict = "better" if (delta.value < 0) == minimize else "worse"
        return replace(delta, verdict=verdict, reason=f"p = {p:.2g}{corrected}, below {alpha:g}.")
    reason = f"p = {p:.2g}{corrected}, not below {alpha:g}."
    if delta.pairs < FEW_PAIRS:
        reason += f" {delta.pairs} rows are few."
    elif delta.needed_rows is not None and delta.needed_rows > delta.pairs:
        reason += f" A difference of this size needs about {delta.needed_rows:,} rows."
    return replace(delta, reason=reason)


def _agreement(before: Floats, after: Floats) -> Delta:
    both = ~(np.isnan(before) | np.isnan(after))
    pairs = int(both.sum())
    if not pairs:
        return Delta(pairs=0, reason="No row has a label in both.")
    same = int((before[both] == after[both]).sum())
    return Delta(
        pairs=pairs,
        value=same / pairs,
        equal=same,
        reason=f"{same} of {pairs} rows have the same label.",
    )
