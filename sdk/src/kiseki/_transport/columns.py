"""Rows of values by key, laid out as the columns of the wire.

This is the uploader's inner loop. A row of nothing but floats costs no Python bytecode per
value: the indices of its keys are remembered by the tuple of the keys.
"""

from __future__ import annotations

import json
import sys
from array import array
from collections.abc import Iterable, Mapping
from itertools import repeat
from typing import Any, cast

from kiseki.wire.batch import Points, Values

EXACT = 2**53
"""Up to here every integer is a float64."""

_FLOATS = {float}


class _Rows:
    """What points and values have in common."""

    def __init__(self) -> None:
        self.steps = array("q")
        self.times = array("q")
        self.positions = array("Q")
        self.index: dict[str, int] = {}
        self.key = array("I")
        self.row = array("I")

    def begin(self, step: int, time: int, position: int) -> int:
        """Add a row and return its number. Adds nothing when a number is out of range."""
        self.times.append(time)
        try:
            self.steps.append(step)
        except OverflowError:
            del self.times[-1]
            raise
        self.positions.append(position)
        return len(self.steps) - 1

    def key_index(self, key: str) -> int:
        return self.index.setdefault(key, len(self.index))


class PointColumns(_Rows):
    """Numbers by key and row."""

    def __init__(self) -> None:
        super().__init__()
        self.value = array("d")
        self._layouts: dict[tuple[str, ...], array[int]] = {}

    def __len__(self) -> int:
        return len(self.value)

    def add_floats(self, step: int, time: int, position: int, values: Mapping[str, Any]) -> bool:
        """Add a row whose values are all floats; ``False``: they are not, nothing was added."""
        numbers = values.values()
        if set(map(type, numbers)) != _FLOATS:
            return False
        row = self.begin(step, time, position)
        keys = tuple(values)
        layout = self._layouts.get(keys)
        if layout is None:
            layout = array("I", map(self.key_index, keys))
            if len(self._layouts) < 1000:
                self._layouts[keys] = layout
        self.key.extend(layout)
        self.row.extend(repeat(row, len(layout)))
        self.value.extend(numbers)
        return True

    def add(self, row: int, key: str, value: float) -> None:
        self.key.append(self.key_index(key))
        self.row.append(row)
        self.value.append(value)

    def points(self) -> Points | None:
        if not self.value:
            return None
        return Points(
            steps=little_endian(self.steps),
            times=little_endian(self.times),
            positions=little_endian(self.positions),
            keys=list(self.index),
            key=little_endian(self.key),
            row=little_endian(self.row),
            value=little_endian(self.value),
        )


class ValueColumns(_Rows):
    """JSON texts by key and row."""

    def __init__(self) -> None:
        super().__init__()
        self.json: list[str] = []

    def __len__(self) -> int:
        return len(self.json)

    def add(self, row: int, key: str, text: str) -> None:
        self.key.append(self.key_index(key))
        self.row.append(row)
        self.json.append(text)

    def values(self) -> Values | None:
        if not self.json:
            return None
        return Values(
            steps=little_endian(self.steps),
            times=little_endian(self.times),
            positions=little_endian(self.positions),
            keys=list(self.index),
            key=little_endian(self.key),
            row=little_endian(self.row),
            json=self.json,
        )


def add_mixed(
    points: PointColumns,
    values: ValueColumns,
    step: int,
    time: int,
    position: int,
    items: Mapping[str, Any],
) -> None:
    """Add a row that may hold anything.

    Numbers become points, everything else a JSON text. A bool, and an integer that float64
    would round, becomes both.
    """
    numbers: list[tuple[str, float]] = []
    texts: list[tuple[str, str]] = []
    for key, value in items.items():
        kind = cast("type[object]", type(value))
        if kind is float:
            numbers.append((key, value))
        elif kind is int:
            numbers.append((key, float(value)))
            if not -EXACT <= value <= EXACT:
                texts.append((key, str(value)))
        elif kind is bool:
            numbers.append((key, float(value)))
            texts.append((key, "true" if value else "false"))
        else:
            texts.append((key, json_text(value)))
    # Texts first: a row is in neither table when its step is out of range.
    if texts:
        row = values.begin(step, time, position)
        for key, text in texts:
            values.add(row, key, text)
    if numbers:
        row = points.begin(step, time, position)
        for key, number in numbers:
            points.add(row, key, number)


def json_text(value: object) -> str:
    """JSON; numbers that JSON cannot say become "NaN", "Infinity" and "-Infinity"."""
    try:
        return _dumps(value)
    except ValueError:
        return _dumps(_say_nonfinite(value))


def little_endian(column: array[Any]) -> bytes:
    if sys.byteorder == "big":
        column = column[:]
        column.byteswap()
    return column.tobytes()


def _dumps(value: object) -> str:
    return json.dumps(
        value, allow_nan=False, ensure_ascii=False, separators=(",", ":"), default=str
    )


def _say_nonfinite(value: object) -> object:
    if isinstance(value, float):
        if value != value:
            return "NaN"
        if value in (float("inf"), float("-inf")):
            return "Infinity" if value > 0 else "-Infinity"
        return value
    if isinstance(value, Mapping):
        mapping = cast("Mapping[object, object]", value)
        return {key: _say_nonfinite(item) for key, item in mapping.items()}
    if isinstance(value, (list, tuple)):
        return [_say_nonfinite(item) for item in cast("Iterable[object]", value)]
    return value
