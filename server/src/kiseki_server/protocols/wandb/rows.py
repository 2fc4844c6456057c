"""Lines of `wandb-history.jsonl` and `wandb-events.jsonl` as points of our histories.

A row is an object with the step, the time and whatever was logged. Objects inside of it become
keys joined by dots; typed objects (images, histograms, tables …), text, lists and null stay JSON.
Numbers are points. A bool, and an integer that a float cannot hold, is both a point and JSON.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from kiseki_server.domain.history.types import Append, Points, Rows, RunRef, Stream, Values
from kiseki_server.kit.errors import BadRequest
from kiseki_server.protocols.wandb import json_lines

EXACT = 2**53
"""Integers up to here are floats without loss."""

MAX_STEP = 2**63 - 1
_LATEST = 9_000_000_000.0
SYSTEM_PREFIX = "system."


class _Columns:
    """Coordinates under construction, for points or for values."""

    def __init__(self) -> None:
        self.steps: list[int] = []
        self.times: list[int] = []
        self.positions: list[int] = []
        self.keys: dict[str, int] = {}
        self.key: list[int] = []
        self.row: list[int] = []

    def begin(self, step: int, time: int, position: int) -> int:
        """The index of the row at this position, new unless it was the last one."""
        if not self.positions or self.positions[-1] != position:
            self.steps.append(step)
            self.times.append(time)
            self.positions.append(position)
        return len(self.positions) - 1

    def add(self, key: str, row: int) -> None:
        self.key.append(self.keys.setdefault(key, len(self.keys)))
        self.row.append(row)

    def rows(self) -> Rows:
        return Rows(
            steps=np.array(self.steps, np.int64),
            times=np.array(self.times, np.int64),
            positions=np.array(self.positions, np.uint64),
        )


def history(
    run: RunRef,
    writer: str,
    offset: int,
    lines: Sequence[str],
    *,
    now: int,
    take_steps: Callable[[int], int],
    by_arrival: bool = False,
) -> Append | None:
    """Rows of the history; line *i* is line ``offset + i`` of the writer.

    ``take_steps`` gives the first of so many free steps. It is asked when a row has no step of
    its own, or for all rows with ``by_arrival``: several processes write one run then, and count
    their steps apart.

    Raises:
        BadRequest: A line is no row; the message names it.
    """
    columns = _Builder()
    assigned: int | None = None
    for position, line in enumerate(lines, offset):
        where = f"line {position} of wandb-history.jsonl"
        row = json_lines.read_object(line, where)
        step = None if by_arrival else _step(row, where)
        if step is None:
            step = assigned = take_steps(len(lines)) if assigned is None else assigned + 1
        time = _time(row, now)
        columns.add_row(step, time, position, _flat(row, skip=("_step", "_timestamp")))
    return columns.append(run, writer, Stream.HISTORY)


def events(
    run: RunRef, writer: str, offset: int, lines: Sequence[str], *, now: int
) -> Append | None:
    """Samples of the machine; a sample's step is its line number.

    Raises:
        BadRequest: A line is no row; the message names it.
    """
    columns = _Builder()
    for position, line in enumerate(lines, offset):
        row = json_lines.read_object(line, f"line {position} of wandb-events.jsonl")
        time = _time(row, now)
        flat = (
            (key.removeprefix(SYSTEM_PREFIX), value)
            for key, value in _flat(row, skip=("_wandb", "_timestamp", "_runtime", "_step"))
        )
        columns.add_row(position, time, position, flat)
    return columns.append(run, writer, Stream.SYSTEM)


class _Builder:
    def __init__(self) -> None:
        self._points = _Columns()
        self._value: list[float] = []
        self._values = _Columns()
        self._json: list[str] = []

    def add_row(
        self, step: int, time: int, position: int, items: Iterator[tuple[str, Any]]
    ) -> None:
        for key, value in dict(items).items():
            if isinstance(value, float):
                self._point(step, time, position, key, value)
                continue
            if isinstance(value, int):
                try:
                    self._point(step, time, position, key, float(value))
                except OverflowError:
                    self._point(step, time, position, key, math.inf if value > 0 else -math.inf)
                if not isinstance(value, bool) and -EXACT <= value <= EXACT:
                    continue
            row = self._values.begin(step, time, position)
            self._values.add(key, row)
            self._json.append(json_lines.write(value))

    def append(self, run: RunRef, writer: str, stream: Stream) -> Append | None:
        points = values = None
        if self._value:
            points = Points(
                rows=self._points.rows(),
                keys=tuple(self._points.keys),
                key=np.array(self._points.key, np.uint32),
                row=np.array(self._points.row, np.uint32),
                value=np.array(self._value, np.float64),
            )
        if self._json:
            values = Values(
                rows=self._values.rows(),
                keys=tuple(self._values.keys),
                key=np.array(self._values.key, np.uint32),
                row=np.array(self._values.row, np.uint32),
                json=self._json,
            )
        if points is None and values is None:
            return None
        return Append(run=run, writer=writer, stream=stream, points=points, values=values)

    def _point(self, step: int, time: int, position: int, key: str, value: float) -> None:
        row = self._points.begin(step, time, position)
        self._points.add(key, row)
        self._value.append(value)


def _flat(
    row: dict[str, Any], *, skip: tuple[str, ...] = (), prefix: str = ""
) -> Iterator[tuple[str, Any]]:
    for key, value in row.items():
        if key in skip:
            continue
        if isinstance(value, dict) and value and not isinstance(value.get("_type"), str):
            yield from _flat(value, prefix=f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _step(row: dict[str, Any], where: str) -> int | None:
    step = row.get("_step")
    if step is None:
        return None
    if isinstance(step, float) and step.is_integer():
        step = int(step)
    if not isinstance(step, int) or isinstance(step, bool) or not 0 <= step <= MAX_STEP:
        raise BadRequest(f"The `_step` {step!r} in {where} is no whole number from 0 to 2**63 - 1")
    return step


def _time(row: dict[str, Any], now: int) -> int:
    """Microseconds since 1970; now, where the row has no time that makes sense."""
    seconds = row.get("_timestamp")
    if not isinstance(seconds, (int, float)) or not 0 <= seconds < _LATEST:
        return now
    return round(seconds * 1e6)
