"""Rows of a history as columns, one for each key."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kiseki_server.kit import json

STEP, TIME, RUNTIME = "_step", "_timestamp", "_runtime"
"""Columns that every file has: the step, seconds since 1970, seconds since the run began."""

_EXACT = 2**53
"""Integers up to here are floats without loss."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Rows in step order; a key without a value in a row is null there."""

    table: pa.Table
    faithful: bool
    """No cell is empty, and every value has kept its kind."""


def columns(cells: Any, begun: float) -> Columns:
    """The columns of cells in order of step and key, as `HistoryStore.rows` gives them.

    ``begun`` is the time at which the run began, in seconds since 1970.
    """
    steps = cells["step"].to_numpy()
    first = np.ones(len(steps), bool)
    first[1:] = np.diff(steps) != 0
    row = np.cumsum(first) - 1
    times: NDArray[np.float64] = cells["time"].cast(pa.int64()).to_numpy()[first] / 1e6
    found: dict[str, Any] = {
        STEP: pa.array(steps[first], pa.int64()),
        TIME: pa.array(times, pa.float64()),
        RUNTIME: pa.array(np.maximum(times - begun, 0.0), pa.float64()),
    }
    faithful = True
    for key, place in _by_key(cells["key"]):
        if key in (STEP, TIME):
            continue
        column, kept = _column(cells.take(pa.array(place)), row[place], len(times))
        if key == RUNTIME:  # where it was not logged, the clock says it
            if pa.types.is_floating(column.type):
                found[key] = pc.coalesce(column, found[key])  # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue]
            continue
        found[key] = column
        faithful &= kept and not column.null_count
    return Columns(pa.table(found), faithful)


def _by_key(keys: Any) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Each key and the places of its cells, in their order."""
    encoded: Any = keys.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):  # what an empty column gives
        return
    codes: NDArray[np.int32] = encoded.indices.to_numpy()
    order = np.argsort(codes, kind="stable")
    names: list[str] = encoded.dictionary.to_pylist()
    bounds = np.searchsorted(codes[order], np.arange(len(names) + 1))
    for code in sorted(range(len(names)), key=lambda code: names[code].encode()):
        yield names[code], order[bounds[code] : bounds[code + 1]]


def _column(cells: Any, row: NDArray[np.int64], rows: int) -> tuple[Any, bool]:
    """The cells of one key at their rows; whether they have kept their kinds."""
    if cells["json"].null_count == cells.num_rows:
        numbers = np.full(rows, math.nan)
        missing = np.ones(rows, bool)
        numbers[row] = cells["value"].to_numpy()
        missing[row] = False
        return pa.array(numbers, pa.float64(), mask=missing), True
    values: list[Any] = [None] * rows
    numeric, texts = cells["value"].to_pylist(), cells["json"].to_pylist()
    for place, number, text in zip(row.tolist(), numeric, texts, strict=True):
        values[place] = number if text is None else json.from_text(text)
    kind = _kind(values)
    column = None if kind is None else _typed(values, kind)
    if column is not None:
        return column, True
    return pa.array([None if v is None else as_text(v) for v in values], pa.string()), False


def as_text(value: Any) -> str:
    """Text as it is, everything else as JSON; whole numbers without a point."""
    if isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT:
        value = int(value)
    text = value if isinstance(value, str) else json.to_text(value)
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _kind(values: Sequence[Any]) -> Any | None:
    """A type that may hold all of the values; none when they have nothing in common."""
    given = [value for value in values if value is not None]
    kinds: set[type[Any]] = {type(value) for value in given}
    if kinds == {bool}:
        return pa.bool_()
    if kinds == {str} or not kinds:
        return pa.string()
    if kinds <= {int, float}:
        return _number(given)
    if kinds == {list}:
        inner = _kind([item for value in given for item in value])
        return None if inner is None else pa.list_(inner)
    if kinds == {dict}:
        return _struct(given)
    return None


def _number(values: Sequence[int | float]) -> Any | None:
    large = [value for value in values if isinstance(value, int) and abs(value) > _EXACT]
    if not large:
        return pa.float64()
    if not all(isinstance(value, int) or value.is_integer() for value in values):
        return None
    if min(values) >= -(2**63) and max(values) < 2**63:
        return pa.int64()
    return pa.uint64() if min(values) >= 0 and max(values) < 2**64 else None


def _struct(values: Sequence[Mapping[str, Any]]) -> Any | None:
    """Objects that all have the same fields; null in some is as good as a field that is missing."""
    names = list(values[0])
    if not names or any(value.keys() != values[0].keys() for value in values):
        return None
    fields: list[Any] = []
    for name in names:
        kind = _kind([value[name] for value in values])
        if kind is None:
            return None
        fields.append(pa.field(name, kind))
    return pa.struct(fields)


def _typed(values: Sequence[Any], kind: Any) -> Any | None:
    """The values in this type; none when one of them is no value of it after all."""
    if pa.types.is_integer(kind):
        values = [int(value) if isinstance(value, float) else value for value in values]
    try:
        return pa.array(values, kind)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return None
