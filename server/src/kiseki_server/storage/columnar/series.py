"""The series query, and how repeats are hidden from it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from kiseki_server.domain.history.rules import Grid, check_series
from kiseki_server.domain.history.tables import SERIES, with_range
from kiseki_server.domain.history.types import SeriesQuery, SeriesRun
from kiseki_server.storage.columnar.engine import ClientPool
from kiseki_server.storage.columnar.repeats import Repeats

ONE_BY_ONE = 32
"""Up to so many keys are asked for one by one, which is faster than grouping by key."""

TOGETHER = 256
"""So many keys go into one query otherwise."""

PLAIN = """
SELECT run, key, step, time, value FROM points
WHERE project IN {projects:Array(UInt64)} AND run IN {plain:Array(UInt64)}
  AND stream = {stream:UInt8} AND key IN {keys:Array(String)}
"""
"""Numbers of runs without repeats."""

LATEST = """
SELECT run, key, step, time, value FROM (
  SELECT run, key, step, time, value, gone FROM points
  WHERE project IN {projects:Array(UInt64)} AND run IN {repeated:Array(UInt64)}
    AND stream = {stream:UInt8} AND key IN {keys:Array(String)}
  ORDER BY project DESC, run DESC, stream DESC, key DESC, step DESC,
    arrival DESC, position DESC
  LIMIT 1 BY run, key, step
) WHERE NOT gone
"""
"""Numbers of runs with repeats, the last of each (key, step)."""

KEYS = "AND key IN {keys:Array(String)}"
STEPS = " AND step BETWEEN {low_step:Int64} AND {high_step:Int64}"

PAIRED = """
SELECT y.run AS run, y.key AS key, y.step AS step, x.value AS x, y.value AS value
FROM ({points}) AS y
INNER JOIN ({axis}) AS x ON y.run = x.run AND y.step = x.step
WHERE isFinite(x.value)
"""
"""Numbers with those of another key at the same step."""

PLAIN_EXTENT = """
SELECT run, min(step) AS first_step, max(step) AS last_step,
  min(time) AS first_time, max(time) AS last_time
FROM points
WHERE project IN {projects:Array(UInt64)} AND run IN {plain:Array(UInt64)}
  AND stream = {stream:UInt8} AND key IN {keys:Array(String)}
GROUP BY run
"""
"""The range of steps and of times of runs without repeats, from the projection."""

LATEST_EXTENT = """
SELECT run, min(step) AS first_step, max(step) AS last_step,
  min(time) AS first_time, max(time) AS last_time
FROM ({latest}) GROUP BY run
"""
"""The same of runs with repeats."""

PAIRED_EXTENT = "SELECT min(x) AS low, max(x) AS high, count() AS count FROM ({points})"
"""The range of another key."""

BUCKETS = """
SELECT {place} AS place, min(x) AS x_first, max(x) AS x_last,
  minIf(value, finite) AS min, maxIf(value, finite) AS max, sumIf(value, finite) AS sum,
  argMax(value, {order}) AS last, count() AS count, countIf(finite) AS finite_count
FROM (SELECT run, key, step, value, {x} AS x, {raw} AS raw, isFinite(value) AS finite
      FROM ({points}))
WHERE {within}
GROUP BY place ORDER BY place
"""
"""Buckets, numbered through all runs and keys of the query."""

_BUCKET = (
    "toUInt64(least(floor((toFloat64(x) * 0.5 - {low:Float64} * 0.5) * {scale:Float64}), "
    "{last_bucket:Float64}))"
)
_SPREAD = 1 << 30
"""Runs whose ids lie so close are told apart by a subtraction."""
_WIDE = "toInt128('18446744073709551616')"
_SORTABLE = (
    "toInt128(if(reinterpretAsInt64(raw + 0.0) >= 0, reinterpretAsInt64(raw + 0.0), "
    "bitXor(reinterpretAsInt64(raw + 0.0), 9223372036854775807)))"
)


class SeriesReader:
    """Answers series queries."""

    def __init__(self, pool: ClientPool, repeats: Repeats) -> None:
        self._pool = pool
        self._repeats = repeats

    def read(self, query: SeriesQuery) -> pa.Table:
        """The buckets of all series of the query."""
        check_series(query)
        runs = sorted({run.ref.run: run for run in query.runs}.values(), key=lambda r: r.ref.run)
        keys = sorted(set(query.keys))
        if not runs or not keys:
            return SERIES.empty_table()
        parameters = self._parameters(query, runs)
        points = self._points(query, parameters)
        low, high = query.low, query.high
        size = 1 if len(keys) <= ONE_BY_ONE else TOGETHER
        chunks = [keys[start : start + size] for start in range(0, len(keys), size)]
        if low is None or high is None:
            extent = self._extent(query, points, keys, parameters)
            if extent is None:
                return SERIES.empty_table()
            low = extent[0] if low is None else low
            high = extent[1] if high is None else high
        if low > high:
            return SERIES.empty_table()
        grid = Grid(low, high, query.buckets)
        tables = [self._buckets(query, points, grid, runs, chunk, parameters) for chunk in chunks]
        table = pa.concat_tables(tables)
        if len(tables) > 1:
            table = table.sort_by(
                [("run", "ascending"), ("key", "ascending"), ("bucket", "ascending")]
            )
        return with_range(table, low, high)

    def _parameters(self, query: SeriesQuery, runs: Sequence[SeriesRun]) -> dict[str, Any]:
        repeated = self._repeats.among([run.ref for run in runs], query.stream)
        ids = [run.ref.run for run in runs]
        return {
            "projects": sorted({run.ref.project for run in runs}),
            "runs": ids,
            "stream": int(query.stream),
            "plain": [run for run in ids if run not in repeated],
            "repeated": [run for run in ids if run in repeated],
            "starts": [run.start for run in runs],
            "x_keys": [] if query.x_key is None else [query.x_key],
        }

    @staticmethod
    def _points(query: SeriesQuery, parameters: Mapping[str, Any]) -> str:
        parts = [PLAIN] if parameters["plain"] else []
        parts += [LATEST] if parameters["repeated"] else []
        points = " UNION ALL ".join(parts)
        if query.x_key is None:
            return points
        axis = points.replace("{keys:", "{x_keys:")
        return PAIRED.replace("{points}", points).replace("{axis}", axis)

    def _extent(
        self, query: SeriesQuery, points: str, keys: Sequence[str], parameters: dict[str, Any]
    ) -> tuple[float, float] | None:
        bound = {**parameters, "keys": list(keys)}
        if query.x_key is not None:
            rows = self._pool.rows(_filled(PAIRED_EXTENT, points=points), bound)
            ((low, high, count),) = rows
            return (low, high) if count else None
        parts = [PLAIN_EXTENT] if parameters["plain"] else []
        parts += [_filled(LATEST_EXTENT, latest=LATEST)] if parameters["repeated"] else []
        rows = self._pool.rows(" UNION ALL ".join(parts), bound)
        if not rows:
            return None
        if query.x == "step":
            return float(min(row[1] for row in rows)), float(max(row[2] for row in rows))
        if query.x == "time":
            return float(min(row[3] for row in rows)), float(max(row[4] for row in rows))
        starts = dict(zip(parameters["runs"], parameters["starts"], strict=True))
        return (
            min((row[3] - starts[row[0]]) / 1_000_000 for row in rows),
            max((row[4] - starts[row[0]]) / 1_000_000 for row in rows),
        )

    def _buckets(
        self,
        query: SeriesQuery,
        points: str,
        grid: Grid,
        runs: Sequence[SeriesRun],
        keys: Sequence[str],
        parameters: dict[str, Any],
    ) -> pa.Table:
        ids = parameters["runs"]
        offset = None
        place = "(indexOf({runs:Array(UInt64)}, run) - 1)"
        if len(ids) == 1:
            place = "0"
        elif ids[-1] - ids[0] < _SPREAD:
            place, offset = "(run - {first_run:UInt64})", np.uint64(ids[0])
        if len(keys) > 1:
            place = f"({place} * {{key_count:UInt64}} + indexOf({{keys:Array(String)}}, key) - 1)"
        place = f"{place} * {{buckets:UInt64}} + {_BUCKET}"
        order = {
            "key": f"{_SORTABLE} * {_WIDE} + step",
            "step": "step",
            "time": f"toInt128(raw) * {_WIDE} + step",
        }[_base(query)]
        sql = _filled(
            BUCKETS,
            points=points,
            place=place,
            x=_axis(query, parameters),
            raw={"key": "x", "step": "step", "time": "time"}[_base(query)],
            order=order,
            within=_within(query),
        )
        if query.x_key is None and query.x == "step":
            sql = sql.replace(KEYS, KEYS + STEPS)
        found = self._pool.table(
            sql,
            {
                **parameters,
                "keys": list(keys),
                "key_count": len(keys),
                "first_run": ids[0],
                "buckets": grid.buckets,
                "last_bucket": float(grid.buckets - 1),
                "low": grid.low,
                "high": grid.high,
                "scale": grid.scale,
                "low_step": _step(math.ceil(grid.low)),
                "high_step": _step(math.floor(grid.high)),
            },
        )
        return _decoded(found, grid, ids, keys, offset)


def _decoded(
    found: pa.Table, grid: Grid, runs: Sequence[int], keys: Sequence[str], offset: np.uint64 | None
) -> pa.Table:
    series, bucket = np.divmod(found["place"].to_numpy().astype(np.int64), grid.buckets)
    index, key = np.divmod(series, len(keys))
    run = np.array(runs, np.uint64)[index] if offset is None else index.astype(np.uint64) + offset
    count, finite = found["count"].to_numpy(), found["finite_count"].to_numpy()
    empty = finite == 0
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = found["sum"].to_numpy() / finite
    names = pa.array(keys, pa.string())
    columns: dict[str, Any] = {
        "run": run,
        "key": names.take(pa.array(key, pa.int64())),
        "bucket": bucket.astype(np.uint32),
        "x_first": found["x_first"].to_numpy().astype(np.float64),
        "x_last": found["x_last"].to_numpy().astype(np.float64),
        "min": pa.array(found["min"].to_numpy(), mask=empty),
        "max": pa.array(found["max"].to_numpy(), mask=empty),
        "mean": pa.array(mean, mask=empty),
        "last": found["last"].to_numpy(),
        "count": count,
        "nonfinite": count - finite,
    }
    return pa.table(columns, schema=SERIES)


def _base(query: SeriesQuery) -> str:
    if query.x_key is not None:
        return "key"
    return "step" if query.x == "step" else "time"


def _axis(query: SeriesQuery, parameters: Mapping[str, Any]) -> str:
    if query.x_key is not None:
        return "x"
    if query.x != "relative":
        return query.x
    if len(parameters["runs"]) == 1:
        return "(time - {starts:Array(Int64)}[1]) / 1000000"
    return (
        "(time - transform(run, {runs:Array(UInt64)}, {starts:Array(Int64)}, toInt64(0))) / 1000000"
    )


def _within(query: SeriesQuery) -> str:
    if _base(query) == "step":
        return "1"
    return "x >= {low:Float64} AND x <= {high:Float64}"


def _step(value: int) -> int:
    return max(-(2**63), min(value, 2**63 - 1))


def _filled(template: str, **parts: str) -> str:
    """The template with parts of SQL, which are ours; values are always bound."""
    for name, part in parts.items():
        template = template.replace(f"{{{name}}}", part)
    return template
