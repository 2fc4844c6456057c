"""Keeps the summary of a run true while its history grows.

The state holds the last step of every key, and running statistics of those keys whose metric
asks for more than the last value. Numbers that arrive in order only touch the state. After a
repeated or a late step a running statistic cannot be told from the state alone; the key is then
read again from the store, which knows what counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kiseki_server.domain.history.types import Append, KeyStats, Points, Rows, Values
from kiseki_server.domain.runs.summaries import SummaryPolicy
from kiseki_server.domain.runs.types import Json
from kiseki_server.kit.json import from_text

MAX_KEYS = 50_000
"""A summary has no more keys than that; the history of further keys is complete all the same."""

MAX_JSON = 64 << 10
"""A longer value stays out of the summary."""

LoadStats = Callable[[Sequence[str]], Sequence[KeyStats]]


@dataclass(slots=True)
class Running:
    """Statistics of one key; ``count`` counts finite numbers only."""

    first: float
    last: float
    count: int = 0
    total: float = 0.0
    min: float | None = None
    max: float | None = None

    @property
    def mean(self) -> float | None:
        return self.total / self.count if self.count else None


class SummaryState:
    """The state of one run."""

    def __init__(self, last_steps: Mapping[str, int]) -> None:
        """``last_steps``: the highest step of every key that the run has logged."""
        self._last_steps = dict(last_steps)
        self._running: dict[str, Running] = {}

    def __len__(self) -> int:
        return len(self._last_steps) + 4 * len(self._running)

    def absorb(
        self, appends: Iterable[Append], policy: SummaryPolicy, load: LoadStats
    ) -> dict[str, Json]:
        """Take in what the store has just stored, and say what the summary now holds for it.

        ``load`` reads statistics from the store, these rows included.
        """
        changes: dict[str, Json] = {}
        moved: set[str] = set()
        reload: set[str] = set()
        for append in appends:
            if append.points is not None and len(append.points.value):
                self._numbers(append.points, policy, changes, moved, reload)
            if append.values is not None and len(append.values.json):
                self._others(append.values, policy, changes, reload)
        if reload:
            for key in reload:
                self._running.pop(key, None)
            for stats in load(sorted(reload)):
                self._running[stats.key] = _from_store(stats)
                self._last_steps[stats.key] = max(
                    stats.last_step, self._last_steps.get(stats.key, stats.last_step)
                )
        for key in moved | reload:
            running = self._running.get(key)
            # Without one, other values have replaced all numbers that there were.
            changes[key] = {} if running is None else policy.entry(key).render(running)
        return changes

    def aggregates(self, policy: SummaryPolicy, load: LoadStats) -> dict[str, Json]:
        """What the summary holds for all keys whose metrics ask for statistics."""
        wanted = [key for key in self._last_steps if policy.entry(key).aggregates]
        unknown = [key for key in wanted if key not in self._running]
        for stats in load(sorted(unknown)) if unknown else ():
            self._running[stats.key] = _from_store(stats)
        found = ((key, self._running.get(key)) for key in wanted)
        return {key: policy.entry(key).render(it) for key, it in found if it is not None}

    def _numbers(
        self,
        points: Points,
        policy: SummaryPolicy,
        changes: dict[str, Json],
        moved: set[str],
        reload: set[str],
    ) -> None:
        final = _last_of_each(points.rows, points.key, points.row, len(points.keys))
        present = np.flatnonzero(final >= 0)
        steps: list[int] = points.rows.steps[points.row[final[present]]].tolist()
        values: list[float] = points.value[final[present]].tolist()
        if not policy.metrics and len(self._last_steps) + len(points.keys) <= MAX_KEYS:
            # The common case, which has to be quick for thousands of keys.
            known = self._last_steps
            for index, step, value in zip(present.tolist(), steps, values, strict=True):
                key = points.keys[index]
                if step >= known.get(key, step):
                    known[key] = step
                    changes[key] = value
            return
        tracked: list[int] = []
        for index, step, value in zip(present.tolist(), steps, values, strict=True):
            key = points.keys[index]
            entry = policy.entry(key)
            if entry.aggregates:
                if key in self._last_steps or len(self._last_steps) < MAX_KEYS:
                    tracked.append(index)
            elif self._advance(key, step) and not entry.hidden:
                changes[key] = value
        if tracked:
            self._track(points, np.array(tracked, dtype=np.uint32), moved, reload)

    def _track(
        self, points: Points, tracked: NDArray[np.uint32], moved: set[str], reload: set[str]
    ) -> None:
        wanted = np.zeros(len(points.keys), dtype=bool)
        wanted[tracked] = True
        chosen = np.flatnonzero(wanted[points.key])
        key, row = points.key[chosen], points.row[chosen]
        step = points.rows.steps[row]
        order = np.lexsort((row, step, key))
        key, step, value = key[order], step[order], points.value[chosen][order]
        repeated = np.zeros(len(points.keys), dtype=bool)
        repeated[key[1:][(key[1:] == key[:-1]) & (step[1:] == step[:-1])]] = True
        starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
        ends = np.r_[starts[1:], len(key)] - 1
        finite = np.isfinite(value)
        counts = np.add.reduceat(finite.astype(np.int64), starts)
        with np.errstate(over="ignore"):  # huge numbers have an infinite sum
            totals = np.add.reduceat(np.where(finite, value, 0.0), starts)
        lows = np.minimum.reduceat(np.where(finite, value, np.inf), starts)
        highs = np.maximum.reduceat(np.where(finite, value, -np.inf), starts)
        for at, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
            index = int(key[start])
            name = points.keys[index]
            before = self._last_steps.get(name)
            running = self._running.get(name)
            in_order = before is None or int(step[start]) > before
            self._advance(name, int(step[end]))
            if repeated[index] or not in_order or (running is None and before is not None):
                reload.add(name)
                continue
            if running is None:
                running = Running(first=float(value[start]), last=0.0)
                self._running[name] = running
            running.last = float(value[end])
            running.total += float(totals[at])
            if counts[at]:
                low, high = float(lows[at]), float(highs[at])
                running.count += int(counts[at])
                running.min = low if running.min is None else min(running.min, low)
                running.max = high if running.max is None else max(running.max, high)
            moved.add(name)

    def _others(
        self, values: Values, policy: SummaryPolicy, changes: dict[str, Json], reload: set[str]
    ) -> None:
        final = _last_of_each(values.rows, values.key, values.row, len(values.keys))
        for index in np.flatnonzero(final >= 0).tolist():
            at = int(final[index])
            key, text = values.keys[index], values.json[at]
            entry = policy.entry(key)
            if entry.aggregates:
                # It may have taken the place of a number that was counted.
                if key in self._last_steps:
                    reload.add(key)
                continue
            step = int(values.rows.steps[values.row[at]])
            if self._advance(key, step) and not entry.hidden and len(text) <= MAX_JSON:
                changes[key] = from_text(text)

    def _advance(self, key: str, step: int) -> bool:
        """Whether a value at ``step`` is now the key's last."""
        before = self._last_steps.get(key)
        if before is None:
            if len(self._last_steps) >= MAX_KEYS:
                return False
        elif step < before:
            return False
        self._last_steps[key] = step
        return True


def _last_of_each(
    rows: Rows, key: NDArray[np.uint32], row: NDArray[np.uint32], keys: int
) -> NDArray[np.int64]:
    """For each key the index of its value at the highest step, the later row of equal steps."""
    final = np.full(keys, -1, dtype=np.int64)
    if bool(np.all(rows.steps[1:] >= rows.steps[:-1])) and bool(np.all(row[1:] >= row[:-1])):
        final[key] = np.arange(len(key))
    else:
        order = np.lexsort((row, rows.steps[row]))
        final[key[order]] = order
    return final


def _from_store(stats: KeyStats) -> Running:
    count = stats.count - stats.nonfinite
    total = (stats.mean or 0.0) * count
    return Running(
        first=stats.first,
        last=stats.last,
        count=count,
        total=total if math.isfinite(total) else 0.0,
        min=stats.min,
        max=stats.max,
    )
