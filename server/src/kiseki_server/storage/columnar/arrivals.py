"""Turns appends into the rows that the tables take."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kiseki_server.domain.history.types import Append, Points, Values
from kiseki_server.storage.columnar.standings import History, KeyStanding, Standing

Ints = NDArray[np.int64]
Texts = NDArray[np.object_]

MAX_ROWS = 1 << 18
"""Rows of one insert."""


@dataclass(slots=True)
class Cells:
    """Values of an append with where they belong, sorted by row; at most one by row and key."""

    names: Sequence[str]
    key: Ints
    step: Ints
    time: Ints
    position: Ints
    content: NDArray[np.float64] | Texts
    gone: NDArray[np.bool_] | None = None
    """Where a value of the other kind took the place of what stood in the table."""

    def __len__(self) -> int:
        return len(self.key)

    def pick(self, which: NDArray[np.bool_] | Ints) -> Cells:
        return Cells(
            self.names,
            self.key[which],
            self.step[which],
            self.time[which],
            self.position[which],
            self.content[which],
            None if self.gone is None else self.gone[which],
        )

    def hiding(self, hidden: Cells, filler: float | str) -> Cells:
        """These cells, and marks that those of the other table take the place of earlier ones."""
        if not len(hidden):
            return self
        ids = {
            name: index for index, name in enumerate(dict.fromkeys([*self.names, *hidden.names]))
        }
        kind = np.float64 if isinstance(filler, float) else object
        content = np.full(len(hidden), filler, kind)
        position = np.concatenate([self.position, hidden.position])
        merged = Cells(
            list(ids),
            np.concatenate([_renamed(cells, ids) for cells in (self, hidden)]),
            np.concatenate([self.step, hidden.step]),
            np.concatenate([self.time, hidden.time]),
            position,
            np.concatenate([self.content.astype(kind), content]),
            np.arange(len(position)) >= len(self),
        )
        return merged.pick(np.argsort(position, kind="stable"))


@dataclass(slots=True)
class Lane:
    """Rows for the table of numbers, or that of other values."""

    content: str
    pieces: list[tuple[Append, int, Cells]] = field(default_factory=list)

    def add(self, append: Append, arrival: int, cells: Cells) -> None:
        if len(cells):
            self.pieces.append((append, arrival, cells))

    def tables(self) -> Iterator[pa.Table]:
        """Arrow tables of bounded size. Cut so that of each writer, the rows of a table have
        positions above those in the tables before it: what a crash leaves is a prefix."""
        batch: list[tuple[Append, int, Cells]] = []
        size = 0
        for append, arrival, cells in self.pieces:
            for part in _bounded(cells):
                if batch and size + len(part) > MAX_ROWS:
                    yield self._table(batch)
                    batch, size = [], 0
                batch.append((append, arrival, part))
                size += len(part)
        if batch:
            yield self._table(batch)

    def _table(self, batch: list[tuple[Append, int, Cells]]) -> pa.Table:
        names: dict[str, int] = {}
        writers: dict[str, int] = {}
        key = [
            np.array([names.setdefault(n, len(names)) for n in cells.names], np.int32)[cells.key]
            for _, _, cells in batch
        ]
        sizes = [len(cells) for _, _, cells in batch]

        def each(values: list[int], kind: type[np.generic]) -> NDArray[np.generic]:
            return np.repeat(np.array(values, kind), sizes)

        appends = [append for append, _, _ in batch]
        writer = [writers.setdefault(append.writer, len(writers)) for append in appends]
        contents = np.concatenate([cells.content for _, _, cells in batch])
        columns: dict[str, Any] = {
            "project": each([append.run.project for append in appends], np.uint64),
            "run": each([append.run.run for append in appends], np.uint64),
            "stream": each([int(append.stream) for append in appends], np.uint8),
            "key": _dictionary(np.concatenate(key), names),
            "step": np.concatenate([cells.step for _, _, cells in batch]),
            "time": np.concatenate([cells.time for _, _, cells in batch]),
            self.content: contents if self.content == "value" else pa.array(contents, pa.string()),
            "writer": _dictionary(each(writer, np.int32), writers),
            "position": np.concatenate([cells.position for _, _, cells in batch]).astype(np.uint64),
            "arrival": each([arrival for _, arrival, _ in batch], np.uint64),
        }
        if any(cells.gone is not None for _, _, cells in batch):
            columns["gone"] = np.concatenate(
                [
                    np.zeros(len(cells), np.uint8) if cells.gone is None else cells.gone
                    for _, _, cells in batch
                ]
            ).astype(np.uint8)
        return pa.table(columns)


class Arrivals:
    """What a call of `append` brings that is new, table by table.

    Adding an append moves its standing forward, as if it were stored already; when storing fails,
    the standings have to be forgotten.
    """

    def __init__(self) -> None:
        self.points = Lane("value")
        self.others = Lane("json")
        self._keys: dict[tuple[History, str], KeyStanding] = {}
        self.marked: list[History] = []
        """Histories in which a (key, step) stands a second time from now on."""

    def add(self, append: Append, standing: Standing, arrival: int) -> None:
        points = _cells(append.points, None if append.points is None else append.points.value)
        others = _cells(
            append.values,
            None if append.values is None else np.array(append.values.json, object),
        )
        new_points = _new(points, standing.points_next.get(append.writer, 0))
        new_others = _new(others, standing.others_next.get(append.writer, 0))
        if not len(new_points) and not len(new_others):
            return
        history = (append.run, append.stream)
        if not standing.repeats and _repeats(new_points, new_others, standing):
            standing.repeats = True
            self.marked.append(history)
        self._learn(history, standing, new_points, numeric=True)
        self._learn(history, standing, new_others, numeric=False)
        if standing.repeats:
            # A value of another kind takes the place of what stood there, so each table hears of
            # the values of the other one.
            points_next = standing.points_next.get(append.writer, 0)
            others_next = standing.others_next.get(append.writer, 0)
            only_others = _unlike(others, points, standing, numeric=True)
            only_points = _unlike(points, others, standing, numeric=False)
            new_points = new_points.hiding(_new(only_others, points_next), math.nan)
            new_others = new_others.hiding(_new(only_points, others_next), "")
        self.points.add(append, arrival, new_points)
        self.others.add(append, arrival, new_others)
        _advance(standing.points_next, append.writer, new_points)
        _advance(standing.others_next, append.writer, new_others)

    def keys(self) -> pa.Table | None:
        """Keys that are new, or whose values became of a new kind."""
        if not self._keys:
            return None
        found = list(self._keys)
        kinds = self._keys.values()
        columns: dict[str, Any] = _histories([history for history, _ in found]) | {
            "key": pa.array([name for _, name in found], pa.string()),
            "numeric": np.array([kind.numeric for kind in kinds], np.uint8),
            "other": np.array([kind.other for kind in kinds], np.uint8),
        }
        return pa.table(columns)

    def repeats(self) -> pa.Table | None:
        """Histories in which a (key, step) stands a second time from now on."""
        if not self.marked:
            return None
        return pa.table(_histories(self.marked))

    def _learn(self, history: History, standing: Standing, cells: Cells, *, numeric: bool) -> None:
        if not len(cells):
            return
        highest = np.full(len(cells.names), np.iinfo(np.int64).min)
        np.maximum.at(highest, cells.key, cells.step)
        for index in _present(cells):
            name, step = cells.names[index], int(highest[index])
            key = standing.keys.setdefault(name, KeyStanding())
            if not (key.numeric if numeric else key.other):
                key.numeric |= numeric
                key.other |= not numeric
                self._keys[(history, name)] = key
            key.last_step = step if key.last_step is None else max(key.last_step, step)


def _cells(block: Points | Values | None, content: NDArray[np.float64] | Texts | None) -> Cells:
    if block is None or content is None:
        nothing = np.empty(0, np.int64)
        return Cells([], nothing, nothing, nothing, nothing, np.empty(0))
    key, row = block.key.astype(np.int64), block.row.astype(np.int64)
    place = row * max(1, len(block.keys)) + key
    rises = np.diff(place) > 0
    cells = Cells(
        block.keys,
        key,
        block.rows.steps[row],
        block.rows.times[row],
        block.rows.positions[row].astype(np.int64),
        content,
    )
    if rises.all():
        return cells
    # By row; of two values under one key in a row, the later one.
    order = np.argsort(place, kind="stable")
    last = np.append(np.diff(place[order]) > 0, True)
    return cells.pick(order[last])


def _new(cells: Cells, next: int) -> Cells:
    """The cells in rows that the table does not hold yet."""
    if not len(cells) or int(cells.position[0]) >= next:
        return cells
    return cells.pick(cells.position >= next)


def _advance(lane: dict[str, int], writer: str, cells: Cells) -> None:
    if len(cells):
        lane[writer] = max(lane.get(writer, 0), int(cells.position[-1]) + 1)


def _present(cells: Cells) -> list[int]:
    """Indices of the names that occur."""
    found = np.zeros(len(cells.names), bool)
    found[cells.key] = True
    return np.flatnonzero(found).tolist()


def _renamed(cells: Cells, ids: dict[str, int]) -> Ints:
    if not len(cells):
        return np.empty(0, np.int64)
    return np.array([ids[name] for name in cells.names], np.int64)[cells.key]


def _repeats(points: Cells, others: Cells, standing: Standing) -> bool:
    """Whether some (key, step) may be there already, or comes in more than one row."""
    for cells in (points, others):
        if not len(cells):
            continue
        lowest = np.full(len(cells.names), np.iinfo(np.int64).max)
        np.minimum.at(lowest, cells.key, cells.step)
        for index in _present(cells):
            key = standing.keys.get(cells.names[index])
            if key is not None and key.last_step is not None and lowest[index] <= key.last_step:
                return True
    if not len(points) or not len(others):
        cells = points if len(points) else others
        rises = np.diff(cells.step)[np.diff(cells.position) > 0] > 0
        return not rises.all() and _twice(cells.key, cells.step, cells.position)
    ids = {name: index for index, name in enumerate(dict.fromkeys([*points.names, *others.names]))}
    return _twice(
        np.concatenate([_renamed(cells, ids) for cells in (points, others)]),
        np.concatenate([points.step, others.step]),
        np.concatenate([points.position, others.position]),
    )


def _twice(key: Ints, step: Ints, position: Ints) -> bool:
    """Whether equal (key, step) come in different rows."""
    order = np.lexsort((position, step, key))
    key, step, position = key[order], step[order], position[order]
    same = (np.diff(key) == 0) & (np.diff(step) == 0)
    return bool((same & (np.diff(position) != 0)).any())


def _unlike(cells: Cells, beside: Cells, standing: Standing, *, numeric: bool) -> Cells:
    """The cells without a value of the other kind in the same row, under keys that have had
    values of that kind."""
    mixed = np.array(
        [
            (key := standing.keys.get(name)) is not None and (key.numeric if numeric else key.other)
            for name in cells.names
        ],
        bool,
    )
    if not len(cells) or not mixed.any():
        return cells.pick(np.zeros(len(cells), bool))
    places = set(
        zip(beside.position.tolist(), [beside.names[k] for k in beside.key.tolist()], strict=True)
    )
    alone = [
        (position, cells.names[key]) not in places
        for position, key in zip(cells.position.tolist(), cells.key.tolist(), strict=True)
    ]
    return cells.pick(mixed[cells.key] & np.array(alone, bool))


def _bounded(cells: Cells) -> Iterator[Cells]:
    """Cells in parts of bounded size, cut between rows."""
    start = 0
    while len(cells) - start > MAX_ROWS:
        end = start + MAX_ROWS
        first = int(np.searchsorted(cells.position, cells.position[end], side="left"))
        end = (
            first
            if first > start
            else int(np.searchsorted(cells.position, cells.position[end], side="right"))
        )
        yield cells.pick(np.arange(start, end))
        start = end
    if start < len(cells):
        yield cells if start == 0 else cells.pick(np.arange(start, len(cells)))


def _histories(histories: Sequence[History]) -> dict[str, Any]:
    return {
        "project": np.array([ref.project for ref, _ in histories], np.uint64),
        "run": np.array([ref.run for ref, _ in histories], np.uint64),
        "stream": np.array([int(stream) for _, stream in histories], np.uint8),
    }


def _dictionary(indices: NDArray[Any], names: dict[str, int]) -> Any:
    return pa.DictionaryArray.from_arrays(
        pa.array(indices.astype(np.int32), pa.int32()), pa.array(list(names), pa.string())
    )
