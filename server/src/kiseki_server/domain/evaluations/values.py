"""Scores and outputs as values of metrics, and the client's summaries of them. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, cast

from kiseki_server.domain.evaluations.types import ClientFigure, MetricType

Value = bool | float | str
"""Of a metric, for one trial: a truth value, a number, or a label."""
Path = tuple[str, ...]

LONGEST_LABEL = 100
"""Characters; a longer text is prose, not a label."""
MAX_METRICS = 200
"""Metrics of one evaluation; what comes later is left out."""
_DEEPEST = 6
_TRUTHS = {"true_count", "true_fraction"}


def metric_name(path: Path) -> str:
    r"""A path as text, with ``\.`` for a dot inside of a key.

    >>> metric_name(("scores", "judge", "v1.2"))
    'scores.judge.v1\\.2'
    """
    return ".".join(part.replace("\\", "\\\\").replace(".", "\\.") for part in path)


def label_of(value: Value) -> str:
    """A value as the label of a category."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.15g}"


def leaves(value: object, path: Path = ()) -> Iterator[tuple[Path, Value]]:
    """The truth values, finite numbers and short texts in a value, by their paths; lists are no
    scores and are passed over."""
    if isinstance(value, bool):
        yield path, value
    elif isinstance(value, int | float):
        number = _float(value)
        if number is not None:
            yield path, number
    elif isinstance(value, str):
        if 0 < len(value) <= LONGEST_LABEL and "\n" not in value:
            yield path, value
    elif isinstance(value, Mapping) and len(path) <= _DEEPEST:
        for key, entry in cast("Mapping[str, Any]", value).items():
            yield from leaves(entry, (*path, key))


def figures(summary: object) -> tuple[ClientFigure, ...]:
    """What a client's summary says, as far as it is made of figures.

    Clients write ``{"true_count", "true_fraction"}`` for truth values and ``{"mean"}`` for
    numbers, below the scorer's name, below ``output`` for the model's own output, and below
    ``model_latency``. Everything else is a figure of its own.
    """
    found: list[ClientFigure] = []
    _collect(summary, (), found)
    return tuple(found[:MAX_METRICS])


def _collect(value: object, path: Path, found: list[ClientFigure]) -> None:
    if isinstance(value, bool | int | float):
        number = _float(value)
        if number is not None:
            type: MetricType = "boolean" if isinstance(value, bool) else "number"
            found.append(ClientFigure(path, None, type, number))
        return
    if not isinstance(value, Mapping) or len(path) > _DEEPEST:
        return
    entries = cast("Mapping[str, Any]", value)
    metric = metric_name(_metric_path(path)) if path else None
    if path and set(entries) == _TRUTHS:
        fraction, count = _float(entries["true_fraction"]), _float(entries["true_count"])
        if fraction is not None:
            counted = None if count is None else int(count)
            found.append(
                ClientFigure((*path, "true_fraction"), metric, "boolean", fraction, counted)
            )
        return
    if path and set(entries) == {"mean"}:
        mean = _float(entries["mean"])
        if mean is not None:
            found.append(ClientFigure((*path, "mean"), metric, "number", mean))
        return
    for key, entry in entries.items():
        _collect(entry, (*path, key), found)


def _metric_path(path: Path) -> Path:
    if path == ("model_latency",):
        return ("latency",)
    return path if path[0] == "output" else ("scores", *path)


def _float(value: object) -> float | None:
    if not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
