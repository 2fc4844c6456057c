"""What the store has of each history, kept in memory so that appending needs no query."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from kiseki_server.domain.history.types import RunRef, Stream
from kiseki_server.storage.columnar.engine import ClientPool

History = tuple[RunRef, Stream]

_COUNTED_AFTER = 500
"""Histories that are asked for before their keys are counted again."""

LOAD = """
SELECT project, run, stream, key, '' AS writer,
       max(numeric) AS numeric, max(other) AS other, NULL AS step, NULL AS position, 0 AS arrival
FROM keys WHERE (project, run, stream) IN {histories:Array(Tuple(UInt64, UInt64, UInt8))}
GROUP BY project, run, stream, key
UNION ALL
SELECT project, run, stream, toString(key) AS key, toString(writer) AS writer,
       1 AS numeric, 0 AS other, max(step), max(position), max(arrival)
FROM points WHERE (project, run, stream) IN {histories:Array(Tuple(UInt64, UInt64, UInt8))}
GROUP BY project, run, stream, key, writer
UNION ALL
SELECT project, run, stream, toString(key) AS key, toString(writer) AS writer,
       0 AS numeric, 1 AS other, max(step), max(position), max(arrival)
FROM others WHERE (project, run, stream) IN {histories:Array(Tuple(UInt64, UInt64, UInt8))}
GROUP BY project, run, stream, key, writer
UNION ALL
SELECT DISTINCT project, run, stream, '' AS key, '' AS writer,
       1 AS numeric, 1 AS other, NULL AS step, NULL AS position, 1 AS arrival
FROM repeats WHERE (project, run, stream) IN {histories:Array(Tuple(UInt64, UInt64, UInt8))}
"""
"""Keys with their kinds; highest step, position and arrival by key and writer; marks of repeats
(arrival 1 without a step)."""


@dataclass(slots=True)
class KeyStanding:
    """One key of a history: which kinds of values it has had, and its highest step."""

    numeric: bool = False
    other: bool = False
    last_step: int | None = None


@dataclass(slots=True)
class Standing:
    """What the store has of one history."""

    keys: dict[str, KeyStanding] = field(default_factory=dict[str, KeyStanding])
    points_next: dict[str, int] = field(default_factory=dict[str, int])
    others_next: dict[str, int] = field(default_factory=dict[str, int])
    arrival: int = 0
    repeats: bool = False


class Standings:
    """The standings of the histories used last; what is missing is read from the store."""

    def __init__(self, pool: ClientPool, *, histories: int = 5_000, keys: int = 300_000) -> None:
        self._pool = pool
        self._held: OrderedDict[History, Standing] = OrderedDict()
        self._most_histories = histories
        self._most_keys = keys
        self._uncounted = 0

    def get(self, histories: Iterable[History]) -> dict[History, Standing]:
        """The standings of the histories, one query for all that are missing."""
        wanted = list(dict.fromkeys(histories))
        missing = [history for history in wanted if history not in self._held]
        if missing:
            self._held.update(self._load(missing))
        self._uncounted += 1 + len(missing)
        for history in wanted:
            self._held.move_to_end(history)
        found = {history: self._held[history] for history in wanted}
        self._shrink()
        return found

    def forget(self, histories: Iterable[History]) -> None:
        """Read these from the store again when they are next asked for."""
        for history in histories:
            self._held.pop(history, None)

    def _shrink(self) -> None:
        """Keep within the limits; keys are counted now and then, for that takes a look at all."""
        while len(self._held) > self._most_histories:
            self._held.popitem(last=False)
        if self._uncounted < _COUNTED_AFTER:
            return
        self._uncounted = 0
        keys = sum(len(standing.keys) for standing in self._held.values())
        while self._held and keys > self._most_keys:
            _, standing = self._held.popitem(last=False)
            keys -= len(standing.keys)

    def _load(self, histories: list[History]) -> dict[History, Standing]:
        found = {history: Standing() for history in histories}
        places = [(ref.project, ref.run, int(stream)) for ref, stream in histories]
        by_place = dict(zip(places, found.values(), strict=True))
        for (
            project,
            run,
            stream,
            name,
            writer,
            numeric,
            other,
            step,
            position,
            arrival,
        ) in self._pool.rows(LOAD, {"histories": places}):
            standing = by_place[(project, run, stream)]
            if position is None and arrival:
                standing.repeats = True
                continue
            key = standing.keys.setdefault(name, KeyStanding())
            if position is None:
                key.numeric, key.other = bool(numeric), bool(other)
                continue
            key.last_step = step if key.last_step is None else max(key.last_step, step)
            lane = standing.points_next if numeric else standing.others_next
            lane[writer] = max(lane.get(writer, 0), position + 1)
            standing.arrival = max(standing.arrival, arrival)
        return found
