"""Short ways to write histories in tests."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kiseki_server.domain.history.types import Append, Points, Rows, RunRef, Stream, Values

Row = tuple[int, int, Mapping[str, Any]]
"""Position, step, values; a tuple of a number and something else stands in both tables."""


def append_of(
    run: RunRef,
    rows: Sequence[Row],
    *,
    writer: str = "w",
    stream: Stream = Stream.HISTORY,
    time: Any = lambda position, step: step * 1_000_000,
) -> Append:
    """What a writer adds: floats as numbers, everything else as JSON, bools as both."""
    shared = Rows(
        steps=np.array([step for _, step, _ in rows], np.int64),
        times=np.array([time(position, step) for position, step, _ in rows], np.int64),
        positions=np.array([position for position, _, _ in rows], np.uint64),
    )
    keys: dict[str, int] = {}
    points: list[tuple[int, int, float]] = []
    others: list[tuple[int, int, str]] = []
    for number, (_, _, values) in enumerate(rows):
        for name, value in values.items():
            key = keys.setdefault(name, len(keys))
            if isinstance(value, (int, float)):
                points.append((key, number, float(value)))
            if not isinstance(value, float):
                others.append((key, number, json.dumps(value)))
    return Append(
        run,
        writer,
        stream,
        Points(
            shared,
            list(keys),
            np.array([key for key, _, _ in points], np.uint32),
            np.array([row for _, row, _ in points], np.uint32),
            np.array([value for _, _, value in points], np.float64),
        )
        if points
        else None,
        Values(
            shared,
            list(keys),
            np.array([key for key, _, _ in others], np.uint32),
            np.array([row for _, row, _ in others], np.uint32),
            [text for _, _, text in others],
        )
        if others
        else None,
    )
