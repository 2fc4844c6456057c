"""Histories in the columnar engine."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from kiseki_server.domain.history.tables import ROWS
from kiseki_server.domain.history.types import (
    Append,
    Extent,
    KeyInfo,
    KeyKind,
    KeyStats,
    RowQuery,
    RunRef,
    SeriesQuery,
    Stream,
    TypedKey,
)
from kiseki_server.storage.columnar.arrivals import Arrivals
from kiseki_server.storage.columnar.engine import ClientPool
from kiseki_server.storage.columnar.repeats import Repeats
from kiseki_server.storage.columnar.series import LATEST, PLAIN, SeriesReader
from kiseki_server.storage.columnar.standings import Standings

KEYS = """
SELECT key, max(numeric) AS numeric, max(other) AS other, uniqExact(run) AS runs FROM keys
WHERE project IN {projects:Array(UInt64)} AND run IN {runs:Array(UInt64)}
  AND stream = {stream:UInt8} AND key > {after:String} AND startsWith(key, {prefix:String})
  {regex}
GROUP BY key ORDER BY key LIMIT {limit:UInt64}
"""
"""Keys of runs."""

KINDS = """
SELECT run, toString(key) AS name, transform(
  substring(json, 1, 1), ['"', '{', '[', 't', 'f', 'n'],
  ['string', 'object', 'array', 'boolean', 'boolean', 'null'], 'number'
) AS kind, count() AS count
FROM ({others}) GROUP BY run, name, kind ORDER BY run, name, kind
"""
"""How many values are of which kind, told by how JSON begins."""

TYPED = """
SELECT toString(key) AS name, type, count() AS count, min(step) AS first, max(step) AS last
FROM (
  SELECT key, step, JSONExtractString(json, '_type') AS type FROM ({others})
  WHERE JSONType(json, '_type') = 'String'
)
WHERE type != '' GROUP BY name, type ORDER BY name, type
"""
"""Values that say their type."""

TOTALS = """
SELECT run, toString(key) AS key, count() AS count, countIf(isFinite(value)) AS finite,
  minIf(value, isFinite(value)) AS min, maxIf(value, isFinite(value)) AS max,
  sumIf(value, isFinite(value)) AS sum,
  argMin(value, step) AS first, argMax(value, step) AS last,
  max(step) AS last_step, argMax(time, step) AS last_time
FROM {points} GROUP BY run, key ORDER BY run, key
"""
"""Statistics of numbers by key."""

STEPS = """
SELECT step FROM (
  SELECT DISTINCT step FROM ({points}) WHERE step BETWEEN {low:Int64} AND {high:Int64}
  UNION ALL
  SELECT DISTINCT step FROM ({others}) WHERE step BETWEEN {low:Int64} AND {high:Int64}
) GROUP BY step ORDER BY step LIMIT {limit:UInt64}
"""
"""The first steps of a range."""

RANGE = """
SELECT min(first) AS low, max(last) AS high, sum(size) AS count FROM (
  SELECT min(step) AS first, max(step) AS last, count() AS size FROM points {history}
  UNION ALL
  SELECT min(step) AS first, max(step) AS last, count() AS size FROM others {history}
) WHERE size > 0
"""
"""The first and the last step."""

EXTENT = """
SELECT min(step) AS first, max(step) AS last, count() AS total,
  uniqExactIf(step, step <= {through:Int64}) AS counted
FROM (SELECT step FROM points {history} UNION ALL SELECT step FROM others {history})
"""
"""The first and the last step, and how many there are in the beginning."""

CELLS = """
SELECT step, any(time) AS time, key, any(number) AS value, any(text) AS json FROM (
  SELECT step, time, toString(key) AS key, toNullable(value) AS number,
    CAST(NULL, 'Nullable(String)') AS text
  FROM ({points}) WHERE step BETWEEN {low:Int64} AND {high:Int64}
  UNION ALL
  SELECT step, time, toString(key) AS key, CAST(NULL, 'Nullable(Float64)') AS number,
    toNullable(json) AS text
  FROM ({others}) WHERE step BETWEEN {low:Int64} AND {high:Int64}
) GROUP BY step, key ORDER BY step, key
"""
"""Numbers and other values side by side."""

DELETE = """
DELETE FROM {table}
WHERE project IN {projects:Array(UInt64)} AND run IN {runs:Array(UInt64)}
"""
"""Hides the rows of runs."""

DUPLICATE = """
INSERT INTO {table}
SELECT * REPLACE (toUInt64({to_project:UInt64}) AS project, toUInt64({to_run:UInt64}) AS run)
FROM (SELECT * FROM {table} WHERE project = {project:UInt64} AND run = {run:UInt64})
SETTINGS insert_deduplicate = 0
"""
"""Gives another run the same rows, also when it had them once before."""

TABLES = ("points", "others", "keys", "repeats")
"""What histories lie in."""

FREE = "ALTER TABLE {table} APPLY DELETED MASK SETTINGS mutations_sync = 0"
"""Starts to rewrite what has hidden rows in it."""

_AT_ONCE = 500
_KEYS = " AND key IN {keys:Array(String)}"
_LEAST, _MOST = -(2**63), 2**63 - 1


class ColumnarHistoryStore:
    """A `HistoryStore` in chDB or ClickHouse.

    Repeats of a (key, step) stay in the table, with the order of their arrival. A history in
    which there may be some is marked before they are stored, and only queries of marked
    histories look for the last of them.
    """

    def __init__(self, pool: ClientPool) -> None:
        self._pool = pool
        self._repeats = Repeats(pool)
        self._series = SeriesReader(pool, self._repeats)
        self._standings = Standings(pool)
        self._lock = threading.Lock()
        self._arrival = 0

    def append(self, appends: Sequence[Append]) -> None:
        with self._lock:
            histories = list(dict.fromkeys((append.run, append.stream) for append in appends))
            standings = self._standings.get(histories)
            arrival = (
                max(
                    time.time_ns() // 1000,
                    self._arrival,
                    *(standing.arrival + 1 for standing in standings.values()),
                )
                if standings
                else 0
            )
            self._arrival = arrival + len(appends)
            arrivals = Arrivals()
            try:
                for number, append in enumerate(appends):
                    standing = standings[(append.run, append.stream)]
                    standing.arrival = arrival + number
                    arrivals.add(append, standing, arrival + number)
                self._store(arrivals)
            except BaseException:
                # Whatever was stored, the store itself will tell.
                self._standings.forget(histories)
                raise

    def _store(self, arrivals: Arrivals) -> None:
        keys, repeats = arrivals.keys(), arrivals.repeats()
        if keys is not None:
            self._pool.insert("keys", keys)
        if repeats is not None:
            self._pool.insert("repeats", repeats)
            self._repeats.add(arrivals.marked)
        for table in arrivals.points.tables():
            self._pool.insert("points", table)
        for table in arrivals.others.tables():
            self._pool.insert("others", table)

    def read_ahead(self, runs: Sequence[RunRef], stream: Stream) -> None:
        with self._lock:
            self._standings.get([(run, stream) for run in runs])

    def next_positions(self, run: RunRef, stream: Stream) -> Mapping[str, int]:
        with self._lock:
            standing = self._standings.get([(run, stream)])[(run, stream)]
            found = dict(standing.points_next)
            for writer, position in standing.others_next.items():
                found[writer] = max(position, found.get(writer, 0))
            return found

    def last_steps(self, run: RunRef, stream: Stream) -> Mapping[str, int]:
        with self._lock:
            standing = self._standings.get([(run, stream)])[(run, stream)]
            return {
                name: key.last_step
                for name, key in standing.keys.items()
                if key.last_step is not None
            }

    def extent(self, run: RunRef, stream: Stream, *, through: int | None = None) -> Extent | None:
        source = self._source(run, stream, ())
        bound = {"through": _MOST if through is None else through}
        sql = EXTENT.replace("{history}", source.history)
        ((first, last, total, counted),) = self._pool.rows(sql, source.parameters | bound)
        return Extent(first, last, counted) if total else None

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
        parameters = _places(runs, stream) | {
            "after": after or "",
            "prefix": prefix,
            "regex": regex,
            "limit": limit,
        }
        sql = KEYS
        if after is None:
            sql = sql.replace("AND key > {after:String}", "")
        sql = sql.replace("{regex}", "" if regex is None else "AND match(key, {regex:String})")
        if regex is not None:
            check_regex(self._pool, regex)
        return [
            KeyInfo(key, numeric=bool(numeric), other=bool(other), runs=count)
            for key, numeric, other, count in self._pool.rows(sql, _given(parameters))
        ]

    def kinds(self, runs: Sequence[RunRef], stream: Stream) -> Mapping[RunRef, Sequence[KeyKind]]:
        found: dict[RunRef, list[KeyKind]] = {run: [] for run in runs}
        by_number = {run.run: kinds for run, kinds in found.items()}
        for source in self._sources(runs, stream):
            for run, *kind in self._pool.rows(source.within(KINDS), source.parameters):
                by_number[run].append(KeyKind(*kind))
        return found

    def typed_keys(self, run: RunRef, stream: Stream) -> Sequence[TypedKey]:
        source = self._source(run, stream, ())
        return [
            TypedKey(key, type, count, first, last)
            for key, type, count, first, last in self._pool.rows(
                source.within(TYPED), source.parameters
            )
        ]

    def stats(
        self, run: RunRef, stream: Stream, keys: Sequence[str] | None = None
    ) -> Sequence[KeyStats]:
        if keys is not None and not keys:
            return []
        source = self._source(run, stream, keys or ())
        # Read straight from the table, plain histories are answered by its projection.
        points = f"({source.points})" if source.repeats else f"points {source.history}"
        rows = self._pool.rows(TOTALS.replace("{points}", points), source.parameters)
        return [_key_stats(*row) for _, *row in rows]

    def stats_of(
        self, runs: Sequence[RunRef], stream: Stream
    ) -> Mapping[RunRef, Sequence[KeyStats]]:
        found: dict[RunRef, list[KeyStats]] = {run: [] for run in runs}
        by_number = {run.run: stats for run, stats in found.items()}
        for source in self._sources(runs, stream):
            points = f"({source.points})" if source.repeats else f"points {source.history}"
            rows = self._pool.rows(TOTALS.replace("{points}", points), source.parameters)
            for run, *stats in rows:
                by_number[run].append(_key_stats(*stats))
        return found

    def series(self, query: SeriesQuery) -> pa.Table:
        return self._series.read(query)

    def rows(self, query: RowQuery) -> pa.Table:
        source = self._source(query.run, query.stream, query.keys)
        parameters = source.parameters
        if query.limit < 1:
            return ROWS.empty_table()
        low, high = query.low, query.high
        # A short range is looked into as it is: its bounds would cost more than its rows.
        if low is None or high is None or high - low > query.limit * 4:
            found = self._pool.rows(RANGE.replace("{history}", source.history), parameters)
            first, last, count = found[0] if found else (0, 0, 0)
            if not count:
                return ROWS.empty_table()
            low = first if low is None else max(first, low)
            high = last if high is None else min(last, high)
        # Mostly the steps lie close, and a short range holds as many as are asked for.
        width = query.limit * 4
        while True:
            end = min(high, low + width)
            parameters |= {"low": low, "high": end, "limit": query.limit}
            steps = self._pool.rows(source.within(STEPS), parameters)
            if len(steps) == query.limit or end >= high:
                break
            width *= 64
        if not steps:
            return ROWS.empty_table()
        parameters |= {"low": steps[0][0], "high": steps[-1][0]}
        cells = self._pool.table(source.within(CELLS), parameters)
        columns: dict[str, Any] = {
            "step": cells["step"],
            "time": cells["time"].cast(pa.timestamp("us", tz="UTC")),
            "key": cells["key"],
            "value": cells["value"],
            "json": cells["json"],
        }
        return pa.table(columns, schema=ROWS)

    def duplicate(self, source: RunRef, target: RunRef) -> None:
        with self._lock:
            self._standings.forget((target, stream) for stream in Stream)
            duplicate_run(self._pool, TABLES, source, target)
            marked = [stream for stream in Stream if self._repeats.among([source], stream)]
            self._repeats.add([(target, stream) for stream in marked])

    def delete(self, runs: Sequence[RunRef]) -> None:
        if not runs:
            return
        with self._lock:
            self._standings.forget((run, stream) for run in runs for stream in Stream)
            delete_runs(self._pool, TABLES, runs)

    def _sources(self, runs: Sequence[RunRef], stream: Stream) -> list[_Source]:
        """SQL for several histories: for those without repeats, and for those with some."""
        marked = self._repeats.among(runs, stream)
        found: list[_Source] = []
        for repeats, points, name in ((False, PLAIN, "plain"), (True, LATEST, "repeated")):
            some = [run for run in runs if (run.run in marked) is repeats]
            if some:
                parameters = _places(some, stream) | {name: sorted(run.run for run in some)}
                found.append(_Source(points.replace(_KEYS, ""), repeats, parameters))
        return found

    def _source(self, run: RunRef, stream: Stream, keys: Sequence[str]) -> _Source:
        """SQL for one history; all its keys when none are given."""
        repeats = bool(self._repeats.among([run], stream))
        points = LATEST if repeats else PLAIN
        if not keys:
            points = points.replace(_KEYS, "")
        parameters = _places([run], stream)
        bound = {"plain": [run.run], "repeated": [run.run], "keys": sorted(set(keys))}
        return _Source(points, repeats, parameters | bound)


@dataclass(frozen=True, slots=True)
class _Source:
    points: str
    """Selects the numbers."""
    repeats: bool
    parameters: dict[str, Any]

    @property
    def history(self) -> str:
        """The condition alone, repeats and all."""
        return "WHERE" + self.points.partition("WHERE")[2].partition("ORDER BY")[0]

    def within(self, sql: str) -> str:
        """The SQL with what selects numbers and other values."""
        others = self.points.replace("FROM points", "FROM others").replace("value", "json")
        return sql.replace("{points}", self.points).replace("{others}", others)


def check_regex(pool: ClientPool, regex: str) -> None:
    """Refuse an expression that the engine does not accept, whether or not there is a text."""
    pool.rows("SELECT match(materialize(''), {regex:String})", {"regex": regex})


def delete_runs(pool: ClientPool, tables: Sequence[str], runs: Sequence[RunRef]) -> None:
    """Hide the rows of the runs at once; their bytes go with the next merge, which is asked for."""
    for start in range(0, len(runs), _AT_ONCE):
        some = runs[start : start + _AT_ONCE]
        places = {
            "projects": sorted({run.project for run in some}),
            "runs": sorted({run.run for run in some}),
        }
        for table in tables:
            pool.command(DELETE.replace("{table}", table), places)
    for table in tables:
        pool.command(FREE.replace("{table}", table))


def duplicate_run(pool: ClientPool, tables: Sequence[str], source: RunRef, target: RunRef) -> None:
    """Replace the rows of the target by those of the source."""
    delete_runs(pool, tables, [target])
    places = {
        "project": source.project,
        "run": source.run,
        "to_project": target.project,
        "to_run": target.run,
    }
    for table in tables:
        pool.command(DUPLICATE.replace("{table}", table), places)


def _key_stats(
    key: str,
    count: int,
    finite: int,
    low: float,
    high: float,
    total: float,
    first: float,
    last: float,
    last_step: int,
    last_time: int,
) -> KeyStats:
    return KeyStats(
        key,
        count=count,
        nonfinite=count - finite,
        min=low if finite else None,
        max=high if finite else None,
        mean=total / finite if finite else None,
        first=first,
        last=last,
        last_step=last_step,
        last_time=last_time,
    )


def _places(runs: Sequence[RunRef], stream: Stream) -> dict[str, Any]:
    return {
        "projects": sorted({run.project for run in runs}),
        "runs": sorted({run.run for run in runs}),
        "stream": int(stream),
    }


def _given(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if value is not None}
