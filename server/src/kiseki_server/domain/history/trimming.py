"""Cuts from a batch the rows that were applied before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kiseki_server.domain.history.types import Append, Points, Rows, Values


def trim(appends: Sequence[Append], position: int) -> list[Append]:
    """The rows at ``position`` and above; nothing is copied when that is all of them."""
    trimmed: list[Append] = []
    for append in appends:
        points = None if append.points is None else _trim_points(append.points, position)
        values = None if append.values is None else _trim_values(append.values, position)
        if points is not None or values is not None:
            trimmed.append(replace(append, points=points, values=values))
    return trimmed


def weigh(appends: Sequence[Append]) -> tuple[int, int]:
    """How many values these are, and about how many bytes of memory they take."""
    count = size = 0
    for append in appends:
        for part in (append.points, append.values):
            if part is None:
                continue
            size += 24 * len(part.rows.steps) + sum(map(len, part.keys)) + 16 * len(part.key)
            count += len(part.key)
            if isinstance(part, Values):
                size += sum(map(len, part.json)) + 64 * len(part.json)
    return count, size


def _trim_points(points: Points, position: int) -> Points | None:
    cut = _cut(points.rows, position)
    if cut == 0:
        return points if len(points.value) else None
    kept = np.flatnonzero(points.row >= cut)
    if not len(kept):
        return None
    return Points(
        rows=_rest(points.rows, cut),
        keys=points.keys,
        key=points.key[kept],
        row=points.row[kept] - np.uint32(cut),
        value=points.value[kept],
    )


def _trim_values(values: Values, position: int) -> Values | None:
    cut = _cut(values.rows, position)
    if cut == 0:
        return values if values.json else None
    kept = np.flatnonzero(values.row >= cut)
    if not len(kept):
        return None
    return Values(
        rows=_rest(values.rows, cut),
        keys=values.keys,
        key=values.key[kept],
        row=values.row[kept] - np.uint32(cut),
        json=[values.json[index] for index in kept.tolist()],
    )


def _cut(rows: Rows, position: int) -> int:
    return int(np.searchsorted(rows.positions, np.uint64(position)))


def _rest(rows: Rows, cut: int) -> Rows:
    return Rows(steps=rows.steps[cut:], times=rows.times[cut:], positions=rows.positions[cut:])
