"""Histories in dictionaries."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kiseki_server.domain.filters.regex import compile_regex
from kiseki_server.domain.history.rules import Grid, check_series
from kiseki_server.domain.history.tables import ROWS, SERIES, with_range
from kiseki_server.domain.history.types import (
    Append,
    Extent,
    KeyInfo,
    KeyKind,
    KeyStats,
    Points,
    RowQuery,
    RunRef,
    SeriesQuery,
    SeriesRun,
    Stream,
    TypedKey,
    Values,
)
from kiseki_server.kit import json

FloatArray = NDArray[np.float64]
_KINDS = {'"': "string", "{": "object", "[": "array", "t": "boolean", "f": "boolean", "n": "null"}
"""What JSON is, by how it begins."""


@dataclass(slots=True)
class _Key:
    """What was logged under one key: (time, value) by step."""

    numbers: dict[int, tuple[int, float]] = field(default_factory=dict)
    others: dict[int, tuple[int, str]] = field(default_factory=dict)
    numeric: bool = False
    other: bool = False
    last_step: int | None = None


@dataclass(slots=True)
class _History:
    keys: defaultdict[str, _Key] = field(default_factory=lambda: defaultdict(_Key))
    points_next: dict[str, int] = field(default_factory=dict)
    values_next: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Row:
    step: int
    time: int
    numbers: dict[str, float] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)


class MemoryHistoryStore:
    """A `HistoryStore` that lives as long as its process."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._histories: defaultdict[tuple[RunRef, Stream], _History] = defaultdict(_History)

    def append(self, appends: Sequence[Append]) -> None:
        with self._lock:
            for append in appends:
                self._append(append)

    def _append(self, append: Append) -> None:
        history = self._histories[(append.run, append.stream)]
        points_next = history.points_next.get(append.writer, 0)
        values_next = history.values_next.get(append.writer, 0)
        for position, row in sorted(_rows(append).items()):
            for name, number in row.numbers.items() if position >= points_next else ():
                key = history.keys[name]
                key.numeric = True
                key.numbers[row.step] = (row.time, number)
                if name not in row.others:
                    key.others.pop(row.step, None)
            for name, text in row.others.items() if position >= values_next else ():
                key = history.keys[name]
                key.other = True
                key.others[row.step] = (row.time, text)
                if name not in row.numbers:
                    key.numbers.pop(row.step, None)
            for name in row.numbers.keys() | row.others.keys():
                key = history.keys[name]
                key.last_step = row.step if key.last_step is None else max(key.last_step, row.step)
            if row.numbers:
                points_next = max(points_next, position + 1)
                history.points_next[append.writer] = points_next
            if row.others:
                values_next = max(values_next, position + 1)
                history.values_next[append.writer] = values_next

    def read_ahead(self, runs: Sequence[RunRef], stream: Stream) -> None:
        pass

    def next_positions(self, run: RunRef, stream: Stream) -> Mapping[str, int]:
        with self._lock:
            history = self._find(run, stream)
            found = dict(history.points_next)
            for writer, position in history.values_next.items():
                found[writer] = max(position, found.get(writer, 0))
            return found

    def last_steps(self, run: RunRef, stream: Stream) -> Mapping[str, int]:
        with self._lock:
            keys = self._find(run, stream).keys
            return {name: key.last_step for name, key in keys.items() if key.last_step is not None}

    def extent(self, run: RunRef, stream: Stream, *, through: int | None = None) -> Extent | None:
        with self._lock:
            keys = self._find(run, stream).keys.values()
            steps = {step for key in keys for step in (*key.numbers, *key.others)}
        counted = [step for step in steps if through is None or step <= through]
        return Extent(min(steps), max(steps), len(counted)) if steps else None

    def keys(
        self,
        runs: Sequence[RunRef],
        stream: Stream,
        *,
        prefix: str = "",
        regex: str | None = None,
        after: str | None = None,
        limit: int = 1000,
    ) -> Sequence[KeyInfo]:
        pattern = None if regex is None else compile_regex(regex)
        found: dict[str, KeyInfo] = {}
        with self._lock:
            for run in dict.fromkeys(runs):
                for name, key in self._find(run, stream).keys.items():
                    before = found.get(name, KeyInfo(name, numeric=False, other=False, runs=0))
                    found[name] = KeyInfo(
                        name,
                        numeric=before.numeric or key.numeric,
                        other=before.other or key.other,
                        runs=before.runs + 1,
                    )
        names = sorted(
            name
            for name in found
            if name.startswith(prefix)
            and (after is None or name > after)
            and (pattern is None or pattern.search(name))
        )
        return [found[name] for name in names[:limit]]

    def kinds(self, runs: Sequence[RunRef], stream: Stream) -> Mapping[RunRef, Sequence[KeyKind]]:
        return {run: self._kinds(run, stream) for run in runs}

    def _kinds(self, run: RunRef, stream: Stream) -> Sequence[KeyKind]:
        with self._lock:
            found = Counter(
                (name, _KINDS.get(text[:1], "number"))
                for name, key in self._find(run, stream).keys.items()
                for _, text in key.others.values()
            )
        return [KeyKind(name, kind, count) for (name, kind), count in sorted(found.items())]

    def typed_keys(self, run: RunRef, stream: Stream) -> Sequence[TypedKey]:
        steps: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        with self._lock:
            for name, key in self._find(run, stream).keys.items():
                for step, (_, text) in key.others.items():
                    value = json.from_text(text)
                    type = value.get("_type") if isinstance(value, dict) else None
                    if isinstance(type, str) and type:
                        steps[(name, type)].append(step)
        return [
            TypedKey(name, type, len(found), min(found), max(found))
            for (name, type), found in sorted(steps.items())
        ]

    def stats(
        self, run: RunRef, stream: Stream, keys: Sequence[str] | None = None
    ) -> Sequence[KeyStats]:
        with self._lock:
            logged = self._find(run, stream).keys
            names = sorted(logged if keys is None else logged.keys() & set(keys))
            return [_stats(name, logged[name]) for name in names if logged[name].numbers]

    def stats_of(
        self, runs: Sequence[RunRef], stream: Stream
    ) -> Mapping[RunRef, Sequence[KeyStats]]:
        return {run: self.stats(run, stream) for run in runs}

    def series(self, query: SeriesQuery) -> pa.Table:
        check_series(query)
        with self._lock:
            found = [
                (run.ref.run, key, *self._xy(query, run, key))
                for run in sorted(set(query.runs), key=lambda run: run.ref.run)
                for key in sorted(set(query.keys))
            ]
        found = [series for series in found if series[2].size]
        if not found:
            return SERIES.empty_table()
        low = min(float(x.min()) for _, _, x, _ in found) if query.low is None else query.low
        high = max(float(x.max()) for _, _, x, _ in found) if query.high is None else query.high
        grid = Grid(low, high, query.buckets)
        rows = [
            {"run": run, "key": key, **bucket}
            for run, key, x, y in found
            for bucket in _buckets(x, y, grid)
        ]
        return with_range(pa.Table.from_pylist(rows, schema=SERIES), low, high)

    def _xy(self, query: SeriesQuery, run: SeriesRun, name: str) -> tuple[FloatArray, FloatArray]:
        """The points of one series, ordered by x, then step."""
        keys = self._find(run.ref, query.stream).keys
        numbers = keys[name].numbers if name in keys else {}
        points: list[tuple[float, int, float]] = []
        paired: Mapping[int, tuple[int, float]] = {}
        if query.x_key is not None and query.x_key in keys:
            paired = keys[query.x_key].numbers
        for step, (time, value) in numbers.items():
            if query.x_key is not None:
                if step not in paired:
                    continue
                x = paired[step][1]
            elif query.x == "step":
                x = float(step)
            elif query.x == "time":
                x = float(time)
            else:
                x = (time - run.start) / 1_000_000
            if np.isfinite(x):
                points.append((x, step, value))
        points.sort(key=lambda point: point[:2])
        return (
            np.array([x for x, _, _ in points], np.float64),
            np.array([y for _, _, y in points], np.float64),
        )

    def rows(self, query: RowQuery) -> pa.Table:
        with self._lock:
            keys = self._find(query.run, query.stream).keys
            cells: dict[tuple[int, str], dict[str, object]] = {}
            for name in keys if not query.keys else keys.keys() & set(query.keys):
                for step, (time, number) in keys[name].numbers.items():
                    cells.setdefault((step, name), {"time": time})["value"] = number
                for step, (time, text) in keys[name].others.items():
                    cells.setdefault((step, name), {"time": time})["json"] = text
        steps = sorted(
            {
                step
                for step, _ in cells
                if (query.low is None or step >= query.low)
                and (query.high is None or step <= query.high)
            }
        )[: query.limit]
        chosen = set(steps)
        rows = [
            {"value": None, "json": None, **cells[place], "step": place[0], "key": place[1]}
            for place in sorted(cells)
            if place[0] in chosen
        ]
        return pa.Table.from_pylist(rows, schema=ROWS)

    def duplicate(self, source: RunRef, target: RunRef) -> None:
        with self._lock:
            for stream in Stream:
                self._histories[target, stream] = deepcopy(self._find(source, stream))

    def delete(self, runs: Sequence[RunRef]) -> None:
        with self._lock:
            for run in runs:
                for stream in Stream:
                    self._histories.pop((run, stream), None)

    def _find(self, run: RunRef, stream: Stream) -> _History:
        return self._histories.get((run, stream)) or _History()


def _rows(append: Append) -> Mapping[int, _Row]:
    """The cells of an append by the position of their row."""
    rows: dict[int, _Row] = {}
    if append.points is not None:
        for (row, name), value in zip(
            _cells(append.points, rows), append.points.value.tolist(), strict=True
        ):
            row.numbers[name] = value
    if append.values is not None:
        for (row, name), text in zip(_cells(append.values, rows), append.values.json, strict=True):
            row.others[name] = text
    return rows


def _cells(block: Points | Values, rows: dict[int, _Row]) -> Iterable[tuple[_Row, str]]:
    steps = block.rows.steps.tolist()
    times = block.rows.times.tolist()
    positions = block.rows.positions.tolist()
    for key, row in zip(block.key.tolist(), block.row.tolist(), strict=True):
        place = rows.setdefault(positions[row], _Row(steps[row], times[row]))
        yield place, block.keys[int(key)]


def _stats(name: str, key: _Key) -> KeyStats:
    steps = sorted(key.numbers)
    values = np.array([key.numbers[step][1] for step in steps], np.float64)
    finite = values[np.isfinite(values)]
    with np.errstate(over="ignore"):  # huge numbers have an infinite sum, as in the engine
        mean = float(finite.mean()) if finite.size else None
    return KeyStats(
        key=name,
        count=len(values),
        nonfinite=len(values) - len(finite),
        min=float(finite.min()) if finite.size else None,
        max=float(finite.max()) if finite.size else None,
        mean=mean,
        first=float(values[0]),
        last=float(values[-1]),
        last_step=steps[-1],
        last_time=key.numbers[steps[-1]][0],
    )


def _buckets(x: FloatArray, y: FloatArray, grid: Grid) -> Iterable[dict[str, object]]:
    inside = (x >= grid.low) & (x <= grid.high)
    x, y = x[inside], y[inside]
    place = np.floor((x * 0.5 - grid.low * 0.5) * grid.scale)
    bucket = np.minimum(place, grid.buckets - 1).astype(np.int64)
    for number in np.unique(bucket):
        mine = bucket == number
        finite = y[mine][np.isfinite(y[mine])]
        yield {
            "bucket": int(number),
            "x_first": float(x[mine][0]),
            "x_last": float(x[mine][-1]),
            "min": float(finite.min()) if finite.size else None,
            "max": float(finite.max()) if finite.size else None,
            "mean": float(finite.mean()) if finite.size else None,
            "last": float(y[mine][-1]),
            "count": int(mine.sum()),
            "nonfinite": int(mine.sum()) - finite.size,
        }
