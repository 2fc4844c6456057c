"""Parts of a dataset in which an evaluation is worse than elsewhere. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from kiseki_server.domain.evaluations import statistics
from kiseki_server.domain.evaluations.comparing import paired
from kiseki_server.domain.evaluations.measuring import is_binary
from kiseki_server.domain.evaluations.sheet import Floats
from kiseki_server.domain.evaluations.statistics import ALPHA, Interval
from kiseki_server.domain.evaluations.values import Path, Value, label_of, metric_name

MIN_ROWS = 5
MAX_VALUES = 50
"""Different values of an attribute; with more of them it tells rows apart, not kinds of rows."""
_BINS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The rows in which an attribute has one value."""

    field: str
    value: str
    rows: int
    mean: float
    difference: float
    """To the rest of the rows, or to the same rows of the baseline."""
    interval: Interval | None
    """Of the mean."""
    p: float | None
    p_adjusted: float | None = None
    worse: bool = False
    """Surely, after correction for all slices that were looked at."""
    better: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """An attribute that makes no slices."""

    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Slices:
    rows: int
    mean: float | None
    slices: Sequence[Slice]
    """The worst first."""
    skipped: Sequence[Skipped]


def slices(
    values: Floats,
    attributes: Mapping[Path, Sequence[Value | None]],
    *,
    minimize: bool,
    min_rows: int = MIN_ROWS,
    baseline: Floats | None = None,
    alpha: float = ALPHA,
) -> Slices:
    """A metric in every slice that has enough rows.

    Args:
        values: The metric by row.
        attributes: What examples say, by row; numbers with many values are cut into quarters.
        minimize: Lower is better.
        min_rows: Rows that a slice must have.
        baseline: The metric of another evaluation by row, to compare each slice with.
        alpha: Error that is accepted over all slices together.
    """
    there = ~np.isnan(values)
    if baseline is not None:
        there &= ~np.isnan(baseline)
    found: list[Slice] = []
    skipped: list[Skipped] = []
    for path, own in attributes.items():
        name = metric_name(path)
        labels = _labels(own)
        if labels is None:
            skipped.append(Skipped(name, f"more than {MAX_VALUES} different values"))
            continue
        parts: dict[str, list[int]] = {}
        for row, label in enumerate(labels):
            if label is not None and there[row]:
                parts.setdefault(label, []).append(row)
        large = {label: rows for label, rows in parts.items() if len(rows) >= min_rows}
        if len(parts) < 2:
            skipped.append(Skipped(name, "the same value in all rows"))
        elif not large:
            skipped.append(Skipped(name, f"no value in at least {min_rows} rows"))
        else:
            for label, rows in large.items():
                found.append(_slice(name, label, rows, values, there, baseline, minimize))
    adjusted = statistics.holm([each.p for each in found])
    judged = [
        replace(
            each,
            p_adjusted=p,
            worse=(sure := p is not None and p < alpha) and (each.difference > 0) == minimize,
            better=sure and (each.difference < 0) == minimize,
        )
        for each, p in zip(found, adjusted, strict=True)
    ]
    sign = -1 if minimize else 1
    judged.sort(
        key=lambda each: (
            sign * (each.difference if baseline is not None else each.mean),
            -each.rows,
            each.field,
            each.value,
        )
    )
    known = values[there]
    return Slices(len(known), float(known.mean()) if len(known) else None, judged, skipped)


def _slice(
    field: str,
    label: str,
    rows: Sequence[int],
    values: Floats,
    there: np.ndarray[Any, np.dtype[np.bool_]],
    baseline: Floats | None,
    minimize: bool,
) -> Slice:
    inside = np.zeros(len(values), dtype=bool)
    inside[list(rows)] = True
    own, rest = values[inside], values[there & ~inside]
    binary = is_binary(values[there])
    if binary:
        interval = statistics.wilson(float(own.sum()), len(own))
    else:
        (interval,) = statistics.bootstrap(own[:, None])
    if baseline is not None:
        before = baseline[inside]
        delta = paired(before, own, binary=binary and is_binary(baseline[there]), minimize=minimize)
        difference, p = delta.value or 0.0, delta.test.p
    else:
        difference = float(own.mean() - rest.mean()) if len(rest) else 0.0
        p = _apart(own, rest, binary=binary)
    return Slice(
        field=field,
        value=label,
        rows=len(own),
        mean=float(own.mean()),
        difference=difference,
        interval=interval,
        p=p,
    )


def _apart(own: Floats, rest: Floats, *, binary: bool) -> float | None:
    """p-value of the difference of two groups of rows.

    R. A. Fisher's exact test for truth values (1935); for numbers that of H. B. Mann and
    D. R. Whitney, Annals of Mathematical Statistics 18 (1947).
    """
    if len(own) < 2 or len(rest) < 2:
        return None
    from scipy import stats  # pyright: ignore[reportMissingTypeStubs]

    known = cast("Any", stats)
    if binary:
        counts = [[int(each.sum()), int(len(each) - each.sum())] for each in (own, rest)]
        return float(known.fisher_exact(counts).pvalue)
    if float(own.std()) == 0 and float(rest.std()) == 0 and own[0] == rest[0]:
        return 1.0
    return float(known.mannwhitneyu(own, rest, method="asymptotic").pvalue)


def _labels(values: Sequence[Value | None]) -> list[str | None] | None:
    """Values as labels; none where they are too many to be kinds."""
    labels = [None if value is None else label_of(value) for value in values]
    different = {label for label in labels if label is not None}
    if len(different) <= MAX_VALUES:
        return labels
    if all(isinstance(value, float) for value in values if value is not None):
        numbers = np.array([np.nan if value is None else float(value) for value in values])
        edges = np.unique(np.nanquantile(numbers, np.linspace(0, 1, _BINS + 1)))
        last = len(edges) - 2
        places = np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, max(last, 0))
        return [
            None if np.isnan(number) else f"{edges[place]:.4g} to {edges[place + 1]:.4g}"
            for number, place in zip(numbers, places, strict=True)
        ]
    return None
