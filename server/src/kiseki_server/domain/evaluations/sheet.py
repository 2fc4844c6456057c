"""The rows of an evaluation as columns: small, and quick to compute with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kiseki_server.domain.evaluations.types import MetricSource, MetricType, Missing
from kiseki_server.domain.evaluations.values import MAX_METRICS, Path, Value, label_of, metric_name

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

MAX_LABELS = 100
"""Labels of a category; with more of them it is text, and no metric."""
MODEL_METRICS = ("latency", "tokens", "cost")


@dataclass(frozen=True, slots=True)
class Trial:
    """One prediction for one example, with its scores."""

    call: str
    row: str
    """The example's digest."""
    position: int
    """Of the call among those of the evaluation, by their start."""
    done: bool
    failed: bool
    started_at: int


@dataclass(frozen=True, slots=True)
class Column:
    """The values of one metric, one a trial; NaN where there is none."""

    name: str
    path: Path
    type: MetricType
    source: MetricSource
    values: Floats
    labels: tuple[str, ...] = ()
    """Of a category, whose values are places in here."""

    @property
    def scorer(self) -> str | None:
        """Whose score it is."""
        return self.path[1] if self.source == "score" and len(self.path) > 1 else None

    @property
    def label(self) -> str:
        """What people call it."""
        return metric_name(self.path[1:]) if self.source == "score" else self.name


@dataclass(frozen=True, slots=True)
class RowValues:
    """A metric by row."""

    mean: Floats
    """Over the row's trials, NaN where none has a value; of a category the commonest label."""
    trials: Places
    """That have a value."""
    spread: Floats
    """Standard deviation of the row's trials; NaN below two of them."""


class Sheet:
    """Trials of one evaluation, aligned by the example's digest."""

    def __init__(
        self, trials: Sequence[Trial], columns: Mapping[str, Column], *, truncated: bool = False
    ) -> None:
        self.trials = tuple(trials)
        self.columns = columns
        self.truncated = truncated
        index: dict[str, int] = {}
        for trial in trials:
            index.setdefault(trial.row, len(index))
        self.index: Mapping[str, int] = index
        self.rows = tuple(index)
        """Digests, in the order in which the rows came first."""
        self.places: Places = np.array([index[trial.row] for trial in trials], dtype=np.int64)
        self.done = np.array([trial.done for trial in trials], dtype=bool)
        self.failed = np.array([trial.failed for trial in trials], dtype=bool)

    @cached_property
    def trials_per_row(self) -> Places:
        return np.bincount(self.places, minlength=len(self.rows))

    @cached_property
    def rows_done(self) -> int:
        """Rows of which a trial is done."""
        return len(np.unique(self.places[self.done])) if len(self.trials) else 0

    @cached_property
    def trials_of(self) -> Sequence[Sequence[int]]:
        """By row, the places of its trials."""
        found: list[list[int]] = [[] for _ in self.rows]
        for number, trial in enumerate(self.trials):
            found[self.index[trial.row]].append(number)
        return found

    def filled(self, name: str, missing: Missing = "skip") -> Floats:
        """A metric's values by trial; with ``fail``, trials that failed count as false."""
        column = self.columns.get(name)
        if column is None:
            return np.full(len(self.trials), np.nan)
        if missing == "skip" or column.type != "boolean":
            return column.values
        absent = np.isnan(column.values) & self.done & self.failed
        return np.where(absent, 0.0, column.values)

    def by_row(self, name: str, missing: Missing = "skip") -> RowValues:
        """A metric by row."""
        values = self.filled(name, missing)
        there = ~np.isnan(values)
        rows, size = self.places[there], len(self.rows)
        counts = np.bincount(rows, minlength=size)
        column = self.columns.get(name)
        if column is not None and column.type == "category":
            return RowValues(_commonest(rows, values[there], size), counts, np.full(size, np.nan))
        sums = np.bincount(rows, weights=values[there], minlength=size)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.where(counts > 0, sums / counts, np.nan)
            apart = (values[there] - mean[rows]) ** 2
            squares = np.bincount(rows, weights=apart, minlength=size)
            spread = np.where(counts > 1, np.sqrt(squares / (counts - 1)), np.nan)
        return RowValues(mean, counts, spread)


class SheetBuilder:
    """Collects trials with their values, which come as they are, and makes columns of them."""

    def __init__(self) -> None:
        self._trials: list[Trial] = []
        self._values: dict[Path, dict[int, Value]] = {}
        self.left_out = 0
        """Values of metrics beyond the most that are looked at."""

    def add(self, trial: Trial, values: Mapping[Path, Value]) -> None:
        number = len(self._trials)
        self._trials.append(trial)
        for path, value in values.items():
            column = self._values.get(path)
            if column is None:
                if len(self._values) >= MAX_METRICS:
                    self.left_out += 1
                    continue
                column = self._values[path] = {}
            column[number] = value

    def sheet(self, *, truncated: bool = False) -> Sheet:
        size = len(self._trials)
        columns = [
            column
            for path, values in self._values.items()
            if (column := _column(path, values, size)) is not None
        ]
        columns.sort(key=_order)
        return Sheet(self._trials, {each.name: each for each in columns}, truncated=truncated)


def _column(path: Path, values: Mapping[int, Value], size: int) -> Column | None:
    name = metric_name(path)
    source: MetricSource = (
        "score" if path[0] == "scores" else "output" if path[0] == "output" else "model"
    )
    kinds = {type(value) for value in values.values()}
    numbers = np.full(size, np.nan)
    places = list(values)
    if str not in kinds:
        numbers[places] = [float(value) for value in values.values()]
        return Column(name, path, "boolean" if kinds == {bool} else "number", source, numbers)
    texts = {place: label_of(value) for place, value in values.items()}
    counted = Counter(texts.values())
    if len(counted) > MAX_LABELS:
        return None
    labels = tuple(sorted(counted))
    codes = {label: code for code, label in enumerate(labels)}
    numbers[places] = [float(codes[text]) for text in texts.values()]
    return Column(name, path, "category", source, numbers, labels)


def _order(column: Column) -> tuple[int, Path]:
    """Scores first, then the model's output, then what the model took."""
    rank = {"score": 0, "output": 1, "model": 2}[column.source]
    if column.source == "model":
        return rank, (str(MODEL_METRICS.index(column.name)),)
    return rank, column.path


def _commonest(rows: Places, codes: Floats, size: int) -> Floats:
    """The commonest code by row, the smallest of those that are equally common."""
    found = np.full(size, np.nan)
    if not len(rows):
        return found
    width = int(codes.max()) + 1
    keys, counts = np.unique(rows * width + codes.astype(np.int64), return_counts=True)
    order = np.lexsort((-(keys % width), counts, keys // width))
    found[keys[order] // width] = keys[order] % width  # of a row the last one stays
    return found
