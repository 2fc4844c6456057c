"""Our tables in the columnar engine, and how older ones become them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiseki_server.kit.errors import Unavailable

if TYPE_CHECKING:
    from kiseki_server.storage.columnar.engine import ClientPool

VERSIONS = """
CREATE TABLE IF NOT EXISTS schema_version (version UInt32, applied DateTime DEFAULT now())
ENGINE = MergeTree ORDER BY version
"""

POINTS = """
CREATE TABLE points (
  project UInt64, run UInt64, stream UInt8, key LowCardinality(String),
  step Int64 CODEC(Delta, LZ4), time Int64 CODEC(DoubleDelta, ZSTD(1)),
  value Float64 CODEC(LZ4),
  writer LowCardinality(String), position UInt64 CODEC(Delta, LZ4),
  arrival UInt64 CODEC(Delta, LZ4), gone UInt8,
  PROJECTION totals (
    SELECT project, run, stream, key, writer,
      min(step), max(step), min(time), max(time), max(position), max(arrival),
      count(), countIf(isFinite(value)), minIf(value, isFinite(value)),
      maxIf(value, isFinite(value)), sumIf(value, isFinite(value)),
      argMin(value, step), argMax(value, step), argMax(time, step)
    GROUP BY project, run, stream, key, writer
  )
) ENGINE = MergeTree ORDER BY (project, run, stream, key, step, arrival, position)
PRIMARY KEY (project, run, stream, key, step)
SETTINGS non_replicated_deduplication_window = 1000,
  lightweight_mutation_projection_mode = 'rebuild'
"""
"""Numbers. The later of (arrival, position) counts; ``gone`` says that another kind of value
took the place of the number. The projection answers extents, statistics and what a writer has
stored in a few milliseconds, however long the history is."""

OTHERS = """
CREATE TABLE others (
  project UInt64, run UInt64, stream UInt8, key LowCardinality(String),
  step Int64 CODEC(Delta, LZ4), time Int64 CODEC(DoubleDelta, ZSTD(1)),
  json String CODEC(ZSTD(1)),
  writer LowCardinality(String), position UInt64 CODEC(Delta, LZ4),
  arrival UInt64 CODEC(Delta, LZ4), gone UInt8,
  PROJECTION totals (
    SELECT project, run, stream, key, writer,
      min(step), max(step), max(position), max(arrival), count()
    GROUP BY project, run, stream, key, writer
  )
) ENGINE = MergeTree ORDER BY (project, run, stream, key, step, arrival, position)
PRIMARY KEY (project, run, stream, key, step)
SETTINGS non_replicated_deduplication_window = 1000,
  lightweight_mutation_projection_mode = 'rebuild'
"""
"""Values that are no numbers, as JSON text."""

KEYS = """
CREATE TABLE keys (
  project UInt64, run UInt64, stream UInt8, key String CODEC(ZSTD(1)), numeric UInt8, other UInt8
) ENGINE = MergeTree ORDER BY (project, run, stream, key)
"""
"""A row when a run first logs under a key, and when the key's values become of another kind."""

REPEATS = """
CREATE TABLE repeats (project UInt64, run UInt64, stream UInt8)
ENGINE = MergeTree ORDER BY (project, run, stream)
"""
"""Histories in which a (key, step) may stand more than once."""

LINES = """
CREATE TABLE lines (
  project UInt64, run UInt64, writer LowCardinality(String), number Int64 CODEC(Delta, LZ4),
  time Int64 CODEC(DoubleDelta, LZ4), level LowCardinality(String), text String CODEC(ZSTD(1)),
  label LowCardinality(Nullable(String)), version UInt64 CODEC(Delta, LZ4)
) ENGINE = ReplacingMergeTree(version) ORDER BY (project, run, writer, number)
SETTINGS non_replicated_deduplication_window = 1000
"""
"""Console output. The higher version of a line counts."""

RUNS = """
CREATE TABLE runs (
  project UInt64, run UInt64, version UInt64, deleted UInt8,
  name String, display_name String, state LowCardinality(String),
  `group` Nullable(String), job_type Nullable(String), user Nullable(String),
  host Nullable(String), notes Nullable(String), tags Array(String),
  created_at Int64, updated_at Int64, heartbeat_at Nullable(Int64),
  finished_at Nullable(Int64), duration Nullable(Float64),
  config JSON(max_dynamic_paths = 1024, max_dynamic_types = 6),
  summary JSON(max_dynamic_paths = 1024, max_dynamic_types = 6)
) ENGINE = ReplacingMergeTree(version) ORDER BY (project, run)
"""
"""The search index over runs; how keys and values stand in the JSON columns: `documents.py`."""

_CALL_COLUMNS = """
  project UInt64, started_at Int64 CODEC(Delta, ZSTD(1)), id String CODEC(ZSTD(1)),
  version UInt64 CODEC(Delta, LZ4),
  trace_id String CODEC(ZSTD(1)), parent_id Nullable(String) CODEC(ZSTD(1)),
  thread_id Nullable(String) CODEC(ZSTD(1)), turn_id Nullable(String) CODEC(ZSTD(1)),
  op LowCardinality(String), op_name LowCardinality(String), op_digest Nullable(String),
  display_name Nullable(String), ended_at Nullable(Int64) CODEC(ZSTD(1)),
  exception Nullable(String) CODEC(ZSTD(1)),
  attributes String CODEC(ZSTD(1)), inputs String CODEC(ZSTD(1)), output String CODEC(ZSTD(1)),
  summary String CODEC(ZSTD(1)), otel Nullable(String) CODEC(ZSTD(1)),
  input_refs Array(String) CODEC(ZSTD(1)), output_refs Array(String) CODEC(ZSTD(1)),
  user LowCardinality(Nullable(String)), run Nullable(String) CODEC(ZSTD(1)),
  run_step Nullable(Int64), run_step_end Nullable(Int64), source LowCardinality(String),
  expires_at Nullable(Int64), failed UInt8, size UInt64 CODEC(ZSTD(1)),
  models Array(LowCardinality(String)), requests Array(UInt64), prompt_tokens Array(UInt64),
  completion_tokens Array(UInt64), total_tokens Array(UInt64), cache_read_tokens Array(UInt64),
  cache_write_tokens Array(UInt64),
  leaves JSON(max_dynamic_paths = 512, max_dynamic_types = 5)
"""

CALLS = f"""
CREATE TABLE calls ({_CALL_COLUMNS}, hash UInt64,
  INDEX by_id id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX by_trace trace_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX by_parent parent_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX by_thread thread_id TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX by_version version TYPE minmax GRANULARITY 1
) ENGINE = ReplacingMergeTree(version) ORDER BY (project, started_at, id)
SETTINGS index_granularity = 2048, non_replicated_deduplication_window = 1000
"""
"""Finished calls. A call is stored once; only where one was sent again with other content
(`call_repeats`) do queries have to look for the highest version."""

OPEN_CALLS = f"""
CREATE TABLE open_calls ({_CALL_COLUMNS}, half UInt8)
ENGINE = ReplacingMergeTree(version) ORDER BY (project, id)
"""
"""Halves of calls: starts (1) and ends whose start has not come (2; `started_at` is when the end
came). A 0 closes an id."""

CALL_REPEATS = "CREATE TABLE call_repeats (project UInt64) ENGINE = MergeTree ORDER BY project"
"""Projects in which a call was sent again with other content."""

DELETED_CALLS = """
CREATE TABLE deleted_calls (project UInt64, id String CODEC(ZSTD(1)))
ENGINE = MergeTree ORDER BY (project, id)
"""
"""Calls that stay deleted, whatever is sent again."""

CALL_NAMES = """
CREATE TABLE call_names (project UInt64, id String, version UInt64, name String)
ENGINE = ReplacingMergeTree(version) ORDER BY (project, id)
"""
"""Names that were given to calls afterwards."""

ARCHIVED = "ALTER TABLE runs ADD COLUMN IF NOT EXISTS archived UInt8 DEFAULT 0 AFTER deleted"
"""Runs that were put aside because they were rewound."""
TABLE_ROWS = """
CREATE TABLE table_rows (
  project UInt64, digest String CODEC(ZSTD(1)), value String CODEC(ZSTD(1))
) ENGINE = ReplacingMergeTree ORDER BY (project, digest)
SETTINGS index_granularity = 256, non_replicated_deduplication_window = 1000
"""
"""Rows of tables, each once in a project. They are looked up one by one: few share a granule."""

TABLE_PLACES = """
CREATE TABLE table_places (
  project UInt64, table String CODEC(ZSTD(1)), position UInt32 CODEC(Delta, LZ4),
  row String CODEC(ZSTD(1))
) ENGINE = ReplacingMergeTree ORDER BY (project, table, position)
SETTINGS non_replicated_deduplication_window = 1000
"""
"""Which rows a table has, in its order."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (POINTS, OTHERS, KEYS, REPEATS, LINES, RUNS),
    (CALLS, OPEN_CALLS, CALL_REPEATS, DELETED_CALLS, CALL_NAMES),
    (ARCHIVED,),
    (TABLE_ROWS, TABLE_PLACES),
)
"""Statements by version, the first being version 1. Never changed once released, only added to."""

TABLES = (
    "points",
    "others",
    "keys",
    "repeats",
    "lines",
    "runs",
    "calls",
    "open_calls",
    "call_repeats",
    "deleted_calls",
    "call_names",
    "table_rows",
    "table_places",
)


def migrate(pool: ClientPool, *, durable_against_power_loss: bool) -> None:
    """Bring the tables to the newest version, and set how durable inserts are.

    Raises:
        Unavailable: The tables were made by a newer version of Kiseki.
    """
    pool.command(VERSIONS)
    ((version,),) = pool.rows("SELECT max(version) AS version FROM schema_version")
    if version > len(MIGRATIONS):
        raise Unavailable(
            f"The columnar store has version {version}, this Kiseki knows {len(MIGRATIONS)}.",
            hint="Use the Kiseki that wrote the store, or a newer one.",
        )
    for number, statements in enumerate(MIGRATIONS[version:], start=version + 1):
        for statement in statements:
            # A crash between two statements leaves tables behind that the next start finds.
            pool.command(statement.replace("CREATE TABLE ", "CREATE TABLE IF NOT EXISTS "))
        pool.command(
            "INSERT INTO schema_version (version) VALUES ({version:UInt32})", {"version": number}
        )
    wanted = "1" if durable_against_power_loss else "0"
    for table, engine in pool.rows(
        "SELECT name, engine_full FROM system.tables WHERE database = currentDatabase()"
    ):
        now = "1" if "fsync_after_insert = 1" in engine else "0"
        if table in TABLES and now != wanted:
            pool.command(
                f"ALTER TABLE {table} MODIFY SETTING "
                f"fsync_after_insert = {wanted}, fsync_part_directory = {wanted}"
            )
