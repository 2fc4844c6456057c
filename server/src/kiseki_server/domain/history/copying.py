"""Copies the beginning of one run's history to another run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kiseki_server.domain.history.store import HistoryStore
from kiseki_server.domain.history.types import (
    Append,
    Points,
    RowQuery,
    Rows,
    RunRef,
    Stream,
    Values,
)

COPIED = "fork:parent"
"""The writer of copied rows."""

CELLS = 200_000
"""Values that are held in memory at once."""


def copies(
    store: HistoryStore, source: RunRef, target: RunRef, through: int, *, cells: int = CELLS
) -> Iterator[Append]:
    """What gives ``target`` all that ``source`` logged at steps up to ``through``, at its times.

    The copy is the target's own: it stays when the source is deleted. As long as the source has
    nothing new at these steps, a repeat adds what an interrupted copy left out, nothing twice.
    """
    names = store.last_steps(source, Stream.HISTORY)
    limit = max(1, cells // max(1, len(names)))
    low: int | None = None
    position = 0
    while low is None or low <= through:
        found: Any = store.rows(RowQuery(source, low=low, high=through, limit=limit))
        if not found.num_rows:
            return
        append, count = _append(found, target, position)
        yield append
        position += count
        low = found["step"][-1].as_py() + 1


def _append(found: Any, target: RunRef, position: int) -> tuple[Append, int]:
    """The cells as rows, and how many rows they are: one for each step and time."""
    step = _integers(found["step"])
    time = _integers(found["time"].cast(pa.int64()))
    order = np.lexsort((time, step))
    step, time, found = step[order], time[order], found.take(pa.array(order))
    first = np.ones(len(step), bool)
    first[1:] = (np.diff(step) != 0) | (np.diff(time) != 0)
    row = (np.cumsum(first) - 1).astype(np.uint32)
    count = int(first.sum())
    positions = np.arange(position, position + count, dtype=np.uint64)
    rows = Rows(step[first], time[first], positions)
    encoded = found["key"].combine_chunks().dictionary_encode()
    keys: list[str] = encoded.dictionary.to_pylist()
    key = encoded.indices.to_numpy().astype(np.uint32)
    number: NDArray[np.bool_] = found["value"].is_valid().to_numpy()
    other: NDArray[np.bool_] = found["json"].is_valid().to_numpy()
    value = found["value"].drop_null().to_numpy()
    texts: list[str] = found["json"].drop_null().to_pylist()
    points = Points(rows, keys, key[number], row[number], value) if number.any() else None
    values = Values(rows, keys, key[other], row[other], texts) if other.any() else None
    return Append(target, COPIED, Stream.HISTORY, points, values), count


def _integers(column: Any) -> NDArray[np.int64]:
    return column.to_numpy()
