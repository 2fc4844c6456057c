"""What the store of calls says to the engine."""

from __future__ import annotations

from kiseki_server.storage.columnar.known_ids import HASH

HIGHEST = """
SELECT max(v) AS version FROM (
  SELECT max(version) AS v FROM calls UNION ALL SELECT max(version) AS v FROM open_calls
)
"""
"""The highest version that any row has."""

HALVES = "SELECT project, id, half FROM open_calls FINAL WHERE half > 0"
"""What is open, in all projects."""

STALE = """
SELECT project, id FROM calls
WHERE (project, id) IN (SELECT project, id FROM open_calls FINAL WHERE half > 0)
"""
"""Calls that are finished and still open: a crash came between the two writes."""

PENDING = """
SELECT * EXCEPT (leaves, version, failed, size, models, requests, prompt_tokens,
  completion_tokens, total_tokens, cache_read_tokens, cache_write_tokens)
FROM open_calls FINAL
WHERE project = {project:UInt64} AND id IN {ids:Array(String)} AND half > 0
"""
"""Halves under some ids."""

STORED = """
SELECT id, started_at, argMax(hash, version) AS hash FROM calls
WHERE project = {project:UInt64} AND started_at BETWEEN {first:Int64} AND {last:Int64}
  AND id IN {ids:Array(String)}
GROUP BY id, started_at
"""
"""What is stored already of some calls."""

IDS = "SELECT {hash} AS hash FROM calls".replace("{hash}", HASH)
"""All calls, as hashes."""

DELETED = """
SELECT id FROM deleted_calls WHERE project = {project:UInt64} AND id IN {ids:Array(String)}
"""
"""Those of some ids that stay deleted."""

REMOVE = """
DELETE FROM calls WHERE project = {project:UInt64}
  AND started_at BETWEEN {first:Int64} AND {last:Int64} AND id IN {ids:Array(String)}
"""
"""Removes calls for good."""

THREADS = """
SELECT thread_id AS thread, count() AS turns, min(started_at) AS start,
  max(ifNull(ended_at, started_at)) AS last, argMin(id, (started_at, id)) AS first_turn,
  argMax(id, (started_at, id)) AS last_turn,
  quantilesExactInclusive(0.5, 0.99)((ended_at - started_at) / 1000) AS spread,
  count(ended_at) AS ended
FROM ({source}) WHERE turn_id = id AND isNotNull(thread_id)
GROUP BY thread ORDER BY last DESC, thread {page}
"""
"""Threads by last update."""

TIMELINE = """
SELECT {start:Int64} + intDiv(started_at - {start:Int64}, {step:Int64}) * {step:Int64} AS at,
  count() AS calls, countIf(isNotNull(exception)) AS errors, count(ended_at) AS ended,
  sum(ifNull(ms, 0)) AS total, min(ms) AS least, max(ms) AS most,
  quantilesExactInclusive({levels})(ms) AS spread
FROM (SELECT *, (ended_at - started_at) / 1000 AS ms FROM ({source})) GROUP BY at ORDER BY at
"""
"""Calls by step of time."""

USAGE = """
SELECT {start:Int64} + intDiv(started_at - {start:Int64}, {step:Int64}) * {step:Int64} AS at,
  model, toUInt32(arrayCount(date -> date <= started_at, {dates:Array(Int64)})) AS period,
  count() AS calls, sum(r), sum(p), sum(c), sum(t), sum(cr), sum(cw)
FROM ({source})
ARRAY JOIN models AS model, requests AS r, prompt_tokens AS p, completion_tokens AS c,
  total_tokens AS t, cache_read_tokens AS cr, cache_write_tokens AS cw
GROUP BY at, model, period ORDER BY at, model, period
"""
"""Tokens by step of time and model."""

SPREAD = """
SELECT at, model, {spreads} FROM (
  SELECT {start:Int64} + intDiv(started_at - {start:Int64}, {step:Int64}) * {step:Int64} AS at,
    model, indexOf({keys:Array(String)}, concat(toString(toUInt32(arrayCount(
      date -> date <= started_at, {dates:Array(Int64)}))), '|', model)) AS place,
    toFloat64(p) AS of_prompt_tokens, toFloat64(c) AS of_completion_tokens,
    toFloat64(t) AS of_total_tokens,
    toFloat64(cr) AS of_cache_read_tokens, toFloat64(cw) AS of_cache_write_tokens,
    if(place = 0, NULL, if(p >= cr + cw, p - cr - cw, p) * {prompt:Array(Float64)}[place]
      + cr * {cache_read:Array(Float64)}[place]
      + cw * {cache_write:Array(Float64)}[place]) AS of_prompt_cost,
    if(place = 0, NULL, c * {completion:Array(Float64)}[place]) AS of_completion_cost,
    of_prompt_cost + of_completion_cost AS of_total_cost
  FROM ({source})
  ARRAY JOIN models AS model, prompt_tokens AS p, completion_tokens AS c,
    total_tokens AS t, cache_read_tokens AS cr, cache_write_tokens AS cw
) GROUP BY at, model ORDER BY at, model
"""
"""How tokens and costs of calls lie, by step of time and model."""

SPREAD_OF = (
    "count(of_{name}), sum(ifNull(of_{name}, 0)), min(of_{name}), max(of_{name}), "
    "quantilesExactInclusive({levels})(of_{name})"
)
"""How one value lies."""

COUNT = "SELECT count() AS n FROM (SELECT 1 FROM ({source}){limit})"
"""How many calls match."""

SIZES = """
SELECT trace_id, sum(size) AS bytes FROM ({everything})
WHERE trace_id IN (SELECT trace_id FROM ({source})) GROUP BY trace_id
"""
"""Bytes of the traces in which calls match."""

STORED_BYTES = "SELECT sum(size) AS bytes FROM ({source})"
"""Bytes of all that matches."""

FACETS = """
SELECT assumeNotNull(v) AS value, count() AS calls FROM ({source})
WHERE isNotNull(v) AND v != '' GROUP BY value ORDER BY calls DESC, value LIMIT {limit:UInt64}
"""
"""The commonest values."""

FIELDS = """
SELECT DISTINCT arrayJoin(mapKeys(mapFilter(
  (path, type) -> type IN ('String', 'Float64') AND path != 'm', JSONAllPathsWithTypes(leaves)
))) AS path
FROM (SELECT leaves FROM ({source}) ORDER BY started_at DESC, id DESC LIMIT {sample:UInt64})
"""
"""Paths that occur among the newest calls."""

SELECT = "{with} SELECT {columns} FROM {table} WHERE {where}"
"""Calls of one table."""

PROBE = "SELECT count() AS n FROM (SELECT 1 FROM calls WHERE {among} AND ({elsewhere}) LIMIT 1)"
"""Whether there is a call of which a text does not stand among its leaves."""

UNION = "SELECT {columns} FROM ({branches})"
"""Calls of both tables."""

FORGET = "DELETE FROM {table} WHERE project = {project:UInt64}"
"""Removes what belongs to a project."""

FREE = "ALTER TABLE {table} APPLY DELETED MASK SETTINGS mutations_sync = 0"
"""Rewrites what has deleted rows, so that their bytes are free; in the background."""

NEWEST = "SELECT max(version) AS place FROM calls WHERE project = {project:UInt64}"
"""The version that was given last in a project."""

STORED_AFTER = """
SELECT version, {columns} FROM calls FINAL
WHERE project = {project:UInt64} AND version > {place:UInt64} AND version <= {through:UInt64}
ORDER BY version LIMIT {limit:UInt64}
"""
"""Finished calls in the order of their versions."""
