"""What a run's summary says of each key of its history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from kiseki.wire.records import MetricDefinition
from kiseki_server.domain.runs.types import Json

AGGREGATES = frozenset({"min", "max", "mean", "best", "first", "last", "copy", "none"})


class Statistics(Protocol):
    """The numbers of one key; ``None`` where nothing finite was logged."""

    @property
    def min(self) -> float | None: ...
    @property
    def max(self) -> float | None: ...
    @property
    def mean(self) -> float | None: ...
    @property
    def first(self) -> float: ...
    @property
    def last(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """How one key appears in the summary.

    Without aggregates it is the last value as it stands; with some it is an object that has one
    field for each. ``hidden`` keys do not appear.
    """

    aggregates: tuple[tuple[str, str], ...] = ()
    """Name in the summary, and the statistic that it shows."""
    hidden: bool = False

    def render(self, statistics: Statistics) -> Json:
        """The object for a key with aggregates."""
        found = {name: getattr(statistics, source) for name, source in self.aggregates}
        return {name: value for name, value in found.items() if value is not None}


PLAIN = Entry()
_HIDDEN = Entry(hidden=True)


class SummaryPolicy:
    """Looks up the entry of a key among the metrics that the run has defined.

    An exact name wins over a glob, a later glob over an earlier one.
    """

    def __init__(self, metrics: Sequence[MetricDefinition]) -> None:
        self.metrics = tuple(metrics)
        self._exact = {m.name: _entry(m) for m in self.metrics if "*" not in m.name}
        self._globs = [(m.name, _entry(m)) for m in reversed(self.metrics) if "*" in m.name]
        self._found: dict[str, Entry] = {}

    @property
    def aggregates(self) -> bool:
        """Some key has a statistic in the summary."""
        return any(entry.aggregates for entry in self._exact.values()) or any(
            entry.aggregates for _, entry in self._globs
        )

    def entry(self, key: str) -> Entry:
        """The entry of ``key``; `PLAIN` when no metric asks for anything else."""
        found = self._exact.get(key)
        if found is not None or not self._globs:
            return found or PLAIN
        found = self._found.get(key)
        if found is None:
            found = next((e for glob, e in self._globs if glob_matches(glob, key)), PLAIN)
            self._found[key] = found
        return found


def _entry(metric: MetricDefinition) -> Entry:
    asked = metric.summary
    if not asked or set(asked) == {"copy"}:
        return PLAIN
    if "none" in asked:
        return _HIDDEN
    best = "max" if metric.goal == "maximize" else "min"
    sources = {"best": ("best", best), "copy": ("last", "last")}
    return Entry(tuple(dict.fromkeys(sources.get(name, (name, name)) for name in asked)))


def glob_matches(pattern: str, key: str) -> bool:
    """Whether ``key`` has the form of ``pattern``, in which ``*`` stands for any text.

    Takes time in proportion to the key, whatever the pattern; a regular expression would not.
    """
    first, *middle, last = pattern.split("*")
    if len(key) < len(first) + len(last) or not key.startswith(first) or not key.endswith(last):
        return False
    at, end = len(first), len(key) - len(last)
    for part in middle:
        found = key.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
