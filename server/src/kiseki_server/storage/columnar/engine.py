"""Opens the columnar engine and lends connections to it.

Embedded (chDB, a folder) or beside us (a ClickHouse server, a URL): the same client library, the
same SQL. Only this file knows which.
"""

from __future__ import annotations

import logging
import queue
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

import pyarrow as pa
from clickhouse_connect import get_client
from clickhouse_connect.driver.client import Client

from kiseki_server.kit.errors import BadRequest, Unavailable
from kiseki_server.kit.memory import release_memory
from kiseki_server.storage.columnar.failures import translated
from kiseki_server.storage.columnar.migrations import migrate

Durability = Literal["process", "power"]
Parameters = Mapping[str, Any]

DATABASE = "kiseki"
_log = logging.getLogger(__name__)

_WAIT_S = 30.0
_QUERY_S = 60


class ClientPool:
    """Connections to one engine.

    Queries on one connection run one after the other, so each query borrows a connection of its
    own; when all are lent, it waits.
    """

    def __init__(self, connect: Callable[[], Client], *, size: int, embedded: bool) -> None:
        self.alone = embedded
        """Nobody else writes to this engine, so what we remember of it is true."""
        self._connect = connect
        self._idle: queue.LifoQueue[Client | None] = queue.LifoQueue()
        self._resends = not embedded
        self._closed = False
        for _ in range(size):
            self._idle.put(None)
        self._size = size

    @contextmanager
    def client(self) -> Iterator[Client]:
        """Borrow a connection; failures inside become ours."""
        try:
            client = self._idle.get(timeout=_WAIT_S)
        except queue.Empty:
            raise Unavailable(f"All {self._size} connections to the engine are busy.") from None
        try:
            with translated():
                if self._closed:
                    raise Unavailable("The storage engine is closed.")
                if client is None:
                    client = self._connect()
                yield client
        except BaseException:
            client = self._replaced(client)
            raise
        finally:
            self._idle.put(client)

    def _replaced(self, client: Client | None) -> Client | None:
        """A fresh connection for one on which a query failed.

        What an embedded connection had written of a result when the query failed, it puts before
        the next result. And the engine lives as long as one connection does, so the new one is
        opened before the old one is closed.
        """
        if client is None or self._closed:
            return client
        fresh = None
        with suppress(Exception):
            fresh = self._connect()
        with suppress(Exception):
            client.close()
        return fresh

    def table(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        """Run a query; its whole result as Arrow."""
        with self.client() as client:
            body = client.raw_query(sql, parameters=dict(parameters or {}), fmt="ArrowStream")
        if not body:
            return pa.table({})
        return pa.ipc.open_stream(body).read_all()

    def rows(self, sql: str, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:
        """Run a query with a small result; its rows as Python values."""
        columns = self.table(sql, parameters).to_pydict().values()
        return list(zip(*columns, strict=True))

    def command(self, sql: str, parameters: Parameters | None = None) -> None:
        """Run a statement without a result."""
        with self.client() as client:
            client.command(sql, parameters=dict(parameters or {}))

    def insert(self, table: str, rows: pa.Table) -> None:
        """Insert all rows as one block: all of them are there afterwards, or none."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, rows.schema) as writer:
            writer.write_table(rows.combine_chunks())
        self._insert(table, rows.column_names, sink.getvalue().to_pybytes(), "ArrowStream")

    def insert_json(self, table: str, columns: list[str], lines: bytes) -> None:
        """Insert JSON objects, one a line, as one block."""
        self._insert(table, columns, lines, "JSONEachRow")

    def _insert(self, table: str, columns: list[str], body: Any, format: str) -> None:
        # The HTTP client sends again what it is not sure of; the token tells the two apart.
        settings = {"insert_deduplication_token": uuid.uuid4().hex} if self._resends else {}
        with self.client() as client:
            client.raw_insert(table, columns, body, fmt=format, settings=settings)

    def ping(self) -> None:
        """Fail unless the engine answers."""
        self.rows("SELECT 1")

    def release_memory(self) -> None:
        """Give memory that the engine and its client keep for later use back to the system."""
        if self.alone:
            self.command("SYSTEM JEMALLOC PURGE")
        pa.default_memory_pool().release_unused()
        release_memory()

    def close(self) -> None:
        """Close every connection, waiting for queries that run."""
        self._closed = True
        for _ in range(self._size):
            client = self._idle.get()
            if client is not None:
                client.close()
        for _ in range(self._size):
            self._idle.put(None)


def open_engine(
    path: Path | None = None,
    url: str | None = None,
    *,
    memory_bytes: int = 700 << 20,
    threads: int = 2,
    durability: Durability = "process",
    connections: int = 16,
) -> ClientPool:
    """Open the engine in the folder ``path``, or the server at ``url``, with our tables in it.

    A process can have one folder open, and must not fork afterwards.
    """
    if (path is None) == (url is None):
        raise BadRequest("Name a folder for the embedded engine or the URL of a server.")
    session = _session(memory_bytes, threads)
    if url is not None:
        database, connect = _server(url, session)
    else:
        assert path is not None
        database, connect = _embedded(path, session, memory_bytes)
    name = _quoted(database)
    pool = ClientPool(lambda: connect(database), size=connections, embedded=url is None)
    with translated():
        first = connect(None)
        try:
            first.command(f"CREATE DATABASE IF NOT EXISTS {name} ENGINE = Atomic")
            # The embedded engine lives as long as one connection does.
            pool.ping()
        finally:
            first.close()
    migrate(pool, durable_against_power_loss=durability == "power")
    return pool


def _session(memory_bytes: int, threads: int) -> dict[str, Any]:
    """Settings of every connection."""
    return {
        "max_threads": threads,
        "max_insert_threads": 1,
        "max_memory_usage": memory_bytes * 3 // 4,
        "max_bytes_before_external_group_by": memory_bytes // 3,
        "max_bytes_before_external_sort": memory_bytes // 3,
        "max_execution_time": _QUERY_S,
        # An insert is one block and so one part, which appears whole or not at all.
        "min_insert_block_size_rows": 0,
        "min_insert_block_size_bytes": 0,
        "max_insert_block_size": 1 << 20,
        "input_format_parallel_parsing": 0,
        "output_format_arrow_string_as_string": 1,
        "output_format_arrow_low_cardinality_as_dictionary": 0,
        # Text in documents stays text, whatever it looks like.
        "input_format_try_infer_dates": 0,
        "input_format_try_infer_datetimes": 0,
        "input_format_json_try_infer_numbers_from_strings": 0,
        "log_queries": 0,
        # Compiled, a chart of a million points takes 20 ms instead of 27; the compiler itself
        # takes 20 MB of memory.
        "compile_expressions": 1,
        "compile_aggregate_expressions": 1,
        "join_algorithm": "hash",
    }


def _embedded(
    path: Path, session: dict[str, Any], memory_bytes: int
) -> tuple[str, Callable[[str | None], Client]]:
    cache = max(8 << 20, memory_bytes // 16)
    options = {
        "max_server_memory_usage": memory_bytes,
        "max_thread_pool_size": 500,
        "max_io_thread_pool_size": 8,
        "max_prefixes_deserialization_thread_pool_size": 4,
        "max_parts_cleaning_thread_pool_size": 2,
        "max_outdated_parts_loading_thread_pool_size": 2,
        "max_active_parts_loading_thread_pool_size": 4,
        "async_load_databases": 0,
        "mark_cache_size": cache,
        "primary_index_cache_size": cache,
        "index_mark_cache_size": 4 << 20,
        "query_condition_cache_size": 4 << 20,
        "compiled_expression_cache_size": 16 << 20,
        "mmap_cache_size": 0,
    }
    path.mkdir(parents=True, exist_ok=True)

    def connect(database: str | None) -> Client:
        return get_client(
            interface="chdb",
            path=str(path),
            database=database,
            settings=session,
            chdb_options=options,
        )

    return DATABASE, connect


def _server(url: str, session: dict[str, Any]) -> tuple[str, Callable[[str | None], Client]]:
    parts = urlsplit(url)
    schemes = {"clickhouse": "http", "clickhouses": "https", "http": "http", "https": "https"}
    if parts.scheme not in schemes or not parts.hostname:
        raise BadRequest(
            "The URL of a ClickHouse server looks like clickhouse://user:password@host:8123/kiseki."
        )
    interface = schemes[parts.scheme]

    def connect(database: str | None) -> Client:
        return get_client(
            interface=interface,
            host=parts.hostname,
            port=parts.port or (8443 if interface == "https" else 8123),
            username=unquote(parts.username or "default"),
            password=unquote(parts.password or ""),
            database=database,
            # Answers are whole or an error, never cut.
            settings={**session, "wait_end_of_query": 1},
            autogenerate_session_id=False,
            # Long lists of runs and keys do not fit into an address.
            form_encode_query_params=True,
        )

    return parts.path.strip("/") or DATABASE, connect


def _quoted(name: str) -> str:
    if not name.replace("_", "").isalnum():
        raise BadRequest(f"`{name}` is no name for a database: letters, digits and _ only.")
    return f"`{name}`"
