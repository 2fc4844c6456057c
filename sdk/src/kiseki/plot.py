"""Charts of tables, logged like any value: ``run.log({"roc": kiseki.plot.roc_curve(…)})``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any, cast

from kiseki.errors import UsageError, ValueRangeError
from kiseki.media.chart import CustomChart, chart
from kiseki.media.table import Table

__all__ = [
    "CustomChart",
    "bar",
    "confusion_matrix",
    "histogram",
    "line",
    "line_series",
    "plot_table",
    "pr_curve",
    "roc_curve",
    "scatter",
]

_MOST_POINTS = 1000
"""Of one curve; more would not be seen."""


def line(table: Table, x: str, y: str, stroke: str | None = None, title: str = "") -> CustomChart:
    """Lines through points: two columns of a table, and one that tells the lines apart."""
    fields = {"x": x, "y": y, "stroke": stroke}
    return chart(table, "wandb/line/v0", fields, {"title": title})


def line_series(
    xs: Iterable[Iterable[Any]] | Iterable[Any],
    ys: Iterable[Iterable[Any]],
    keys: Iterable[str] | None = None,
    title: str = "",
    xname: str = "x",
) -> CustomChart:
    """Several lines from lists.

    Args:
        xs: The x of all lines, or a list for each.
        ys: A list for each line.
        keys: Their names.
        title: Title of the chart.
        xname: Name of the x axis.
    """
    series = [_listed(values) for values in ys]
    given = _listed(xs)
    nested = bool(given) and isinstance(given[0], (list, tuple))
    places = [_listed(one) for one in given] if nested else [given] * len(series)
    names = [f"key_{i}" for i in range(len(series))] if keys is None else [str(k) for k in keys]
    if not len(series) == len(places) == len(names):
        raise ValueRangeError(
            f"There are {len(series)} lists of y, {len(places)} of x and {len(names)} keys"
        )
    table = Table(columns=["step", "lineKey", "lineVal"])
    for name, columns in zip(names, zip(places, series, strict=True), strict=True):
        for x, y in zip(*columns, strict=False):
            table.add_data(x, name, y)
    fields = {"step": "step", "lineKey": "lineKey", "lineVal": "lineVal"}
    return chart(table, "wandb/lineseries/v0", fields, {"title": title, "xname": xname})


def scatter(table: Table, x: str, y: str, title: str = "") -> CustomChart:
    """Points: two columns of a table."""
    return chart(table, "wandb/scatter/v0", {"x": x, "y": y}, {"title": title})


def bar(table: Table, label: str, value: str, title: str = "") -> CustomChart:
    """Bars: a column of names and one of their lengths."""
    return chart(table, "wandb/bar/v0", {"label": label, "value": value}, {"title": title})


def histogram(table: Table, value: str, title: str = "") -> CustomChart:
    """How often the values of a column lie in each of some ranges."""
    return chart(table, "wandb/histogram/v0", {"value": value}, {"title": title})


def plot_table(
    vega_spec_name: str,
    data_table: Table,
    fields: Mapping[str, str],
    string_fields: Mapping[str, str] | None = None,
) -> CustomChart:
    """A chart by the name of its definition."""
    return chart(data_table, vega_spec_name, fields, string_fields or {})


def roc_curve(
    y_true: Sequence[Any] | Any,
    y_probas: Sequence[Any] | Any,
    labels: Sequence[str] | None = None,
    classes_to_plot: Sequence[Any] | None = None,
    title: str = "ROC Curve",
) -> CustomChart:
    """How many of a class are found, against how many others are taken for it.

    Args:
        y_true: The true class of each example.
        y_probas: The probabilities of all classes for each example, or of the second of two.
        labels: Names of the classes, in the order of their probabilities.
        classes_to_plot: The only classes to draw.
        title: Title of the chart.
    """
    table = Table(columns=["class", "fpr", "tpr"])
    for name, found, missed, thresholds in _counts(y_true, y_probas, labels, classes_to_plot):
        positives, negatives = found[-1], missed[-1]
        points = [(missed[i] / (negatives or 1), found[i] / (positives or 1)) for i in thresholds]
        points.insert(0, (0.0, 0.0))
        for x, y in _thinned(_corners(points)):
            table.add_data(name, x, y)
    strings = {
        "title": title,
        "x-axis-title": "False positive rate",
        "y-axis-title": "True positive rate",
    }
    fields = {"x": "fpr", "y": "tpr", "class": "class"}
    return chart(table, "wandb/area-under-curve/v0", fields, strings)


def pr_curve(
    y_true: Sequence[Any] | Any,
    y_probas: Sequence[Any] | Any,
    labels: Sequence[str] | None = None,
    classes_to_plot: Sequence[Any] | None = None,
    interp_size: int = 21,
    title: str = "Precision-Recall Curve",
) -> CustomChart:
    """How many of those taken for a class belong to it, against how many of it are found.

    Args:
        y_true: The true class of each example.
        y_probas: The probabilities of all classes for each example, or of the second of two.
        labels: Names of the classes, in the order of their probabilities.
        classes_to_plot: The only classes to draw.
        interp_size: At how many points of recall the precision is given.
        title: Title of the chart.
    """
    if interp_size < 2:
        raise ValueRangeError(f"interp_size is at least 2, not {interp_size}")
    table = Table(columns=["class", "precision", "recall"])
    for name, found, missed, thresholds in _counts(y_true, y_probas, labels, classes_to_plot):
        points = [
            (found[i] / (found[-1] or 1), found[i] / (found[i] + missed[i])) for i in thresholds
        ]
        points.append((0.0, 1.0))
        for i in range(interp_size):
            recall = i / (interp_size - 1)
            table.add_data(name, round(_at(points, recall), 6), round(recall, 6))
    strings = {"title": title, "x-axis-title": "Recall", "y-axis-title": "Precision"}
    fields = {"x": "recall", "y": "precision", "class": "class"}
    return chart(table, "wandb/area-under-curve/v0", fields, strings)


def confusion_matrix(
    probs: Sequence[Sequence[float]] | Any | None = None,
    y_true: Sequence[Any] | Any | None = None,
    preds: Sequence[Any] | Any | None = None,
    class_names: Sequence[str] | None = None,
    title: str = "Confusion Matrix",
) -> CustomChart:
    """How often each class was taken for each.

    Args:
        probs: The probabilities of all classes for each example; instead of ``preds``.
        y_true: The true class of each example: its number, or its name.
        preds: The class that was predicted for each example.
        class_names: Names of the classes, in the order of their numbers.
        title: Title of the chart.
    """
    if y_true is None or (probs is None) == (preds is None):
        raise UsageError("confusion_matrix takes y_true, and either probs or preds")
    true = _listed(y_true)
    if probs is not None:
        rows = [_listed(row) for row in _listed(probs)]
        guessed: list[Any] = [max(range(len(row)), key=row.__getitem__) for row in rows]
    else:
        guessed = _listed(cast("Sequence[Any]", preds))
    if len(true) != len(guessed):
        raise ValueRangeError(f"There are {len(true)} true classes and {len(guessed)} predictions")
    names = _class_names(class_names, [*true, *guessed])
    counts = dict.fromkeys(((a, p) for a in names.values() for p in names.values()), 0)
    for actual, predicted in zip(true, guessed, strict=True):
        counts[names[actual], names[predicted]] += 1
    table = Table(
        columns=["Actual", "Predicted", "nPredictions"],
        data=[[actual, predicted, n] for (actual, predicted), n in counts.items()],
    )
    fields = {"Actual": "Actual", "Predicted": "Predicted", "nPredictions": "nPredictions"}
    return chart(table, "wandb/confusion_matrix/v1", fields, {"title": title})


Counts = tuple[str, list[int], list[int], list[int]]


def _counts(
    y_true: Sequence[Any] | Any,
    y_probas: Sequence[Any] | Any,
    labels: Sequence[str] | None,
    wanted: Sequence[Any] | None,
) -> Iterable[Counts]:
    """For each class, from the most probable example on: how many of the class and how many
    others there have been, and the places behind which the probability changes."""
    true, rows = _listed(y_true), _listed(y_probas)
    if not true or len(true) != len(rows):
        raise ValueRangeError(f"There are {len(true)} true classes and {len(rows)} probabilities")
    if not isinstance(rows[0], (list, tuple)):
        rows = [(1 - p, p) for p in rows]
    classes = _distinct(true)
    width = len(cast("Sequence[Any]", rows[0]))
    if all(isinstance(one, int) and 0 <= one < width for one in classes):
        classes = list(range(width))
    if len(classes) != width:
        raise ValueRangeError(f"There are {len(classes)} classes and {width} probabilities each")
    if labels is not None and len(labels) < width:
        raise ValueRangeError(f"There are {width} classes and {len(labels)} labels")
    for place, one in enumerate(classes):
        if wanted is not None and one not in wanted:
            continue
        ranked = sorted(
            ((row[place], truth == one) for row, truth in zip(rows, true, strict=True)),
            key=lambda pair: -pair[0],
        )
        found = list(accumulate(int(hit) for _, hit in ranked))
        missed = [i + 1 - hits for i, hits in enumerate(found)]
        thresholds = [i for i, (a, b) in enumerate(pairwise(ranked)) if a[0] != b[0]]
        name = str(one) if labels is None else str(labels[place])
        yield name, found, missed, [*thresholds, len(ranked) - 1]


def _corners(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """A curve without the points that lie within its straight pieces."""
    kept = points[:1]
    for before, point, after in zip(points, points[1:], points[2:], strict=False):
        straight = (point[0] - before[0]) * (after[1] - point[1]) == (after[0] - point[0]) * (
            point[1] - before[1]
        )
        if not straight:
            kept.append(point)
    return kept + points[1:][-1:]


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    if len(points) <= _MOST_POINTS:
        return points
    last = len(points) - 1
    return [points[round(i * last / (_MOST_POINTS - 1))] for i in range(_MOST_POINTS)]


def _at(points: list[tuple[float, float]], recall: float) -> float:
    """The best precision that is reached with at least this recall."""
    return max((precision for r, precision in points if r >= recall - 1e-12), default=0.0)


def _class_names(given: Sequence[str] | None, seen: list[Any]) -> dict[Any, str]:
    """Names of classes by what stands for them, in their order."""
    if given is None:
        found = _distinct(seen)
        return {one: f"Class_{one}" if isinstance(one, int) else str(one) for one in found}
    names = {number: str(name) for number, name in enumerate(given)}
    if all(one in names for one in seen):
        return names
    own = {name: name for name in names.values()}
    if unknown := [one for one in seen if one not in own]:
        raise ValueRangeError(
            f"{unknown[0]!r} is none of the {len(names)} class_names, nor the number of one"
        )
    return own


def _distinct(values: list[Any]) -> list[Any]:
    """Each value once, in order; values of different types are apart."""
    order: Callable[[Any], Any] = lambda one: (type(one).__name__, one)  # noqa: E731
    return sorted(set(values), key=order)


def _listed(values: Any) -> list[Any]:
    return values.tolist() if hasattr(values, "tolist") else list(values)
