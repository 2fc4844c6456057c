"""What all stores count on from the columnar engine, embedded and over HTTP."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from kiseki_server.domain.history.types import RunRef
from kiseki_server.kit.errors import BadRequest, KisekiError, TooLarge, Unavailable
from kiseki_server.storage.columnar.arrivals import MAX_ROWS
from kiseki_server.storage.columnar.engine import ClientPool, open_engine
from kiseki_server.storage.columnar.known_ids import HASH, hashes

BROKEN = "SELECT throwIf(number = 100000, 'broken') AS x FROM numbers(200000)"


@pytest.fixture(params=["chdb", "http"])
def engine(request: pytest.FixtureRequest) -> ClientPool:
    return request.getfixturevalue(f"{request.param}_pool")


def test_a_failed_query_leaves_nothing_behind(engine: ClientPool) -> None:
    """Part of its result is written already when the query fails."""
    for _ in range(5):
        with pytest.raises(KisekiError, match="broken"):
            engine.rows(BROKEN)
        assert engine.rows("SELECT 42 AS x, 'text' AS y") == [(42, "text")]


def test_limits_are_explained(engine: ClientPool) -> None:
    with pytest.raises(TooLarge, match="memory"):
        engine.rows(
            "SELECT length(groupArray(number)) FROM numbers(10000000) SETTINGS "
            "max_memory_usage = 10000000"
        )
    with pytest.raises(TooLarge, match="longer"):
        engine.rows(
            "SELECT count() FROM numbers(100000000000) WHERE sipHash64(number) = 1 SETTINGS "
            "max_execution_time = 1"
        )
    with pytest.raises(BadRequest, match="regular expression"):
        engine.rows("SELECT match(materialize('a'), '(')")


def test_values_are_bound_not_written(engine: ClientPool) -> None:
    texts = ["a'b", "back\\slash", "new\nline", "{x:String}", "日本", "", "' OR 1 --", "\t"]
    assert engine.rows("SELECT {texts:Array(String)} AS x", {"texts": texts}) == [(texts,)]
    assert engine.rows("SELECT {x:Float64} AS x", {"x": 0.1 + 0.2}) == [(0.1 + 0.2,)]
    many = list(range(20_000))
    assert engine.rows("SELECT length({x:Array(UInt64)}) AS x", {"x": many}) == [(20_000,)]


def test_an_insert_is_one_part(engine: ClientPool, new_run: Callable[[], RunRef]) -> None:
    """So it appears whole or not at all, whatever happens on the way."""
    run = new_run()
    numbers = np.arange(MAX_ROWS)
    rows = pa.table(
        {
            "project": np.full(MAX_ROWS, run.project, np.uint64),
            "run": np.full(MAX_ROWS, run.run, np.uint64),
            "key": pa.array(["a"] * MAX_ROWS).dictionary_encode(),
            "step": numbers,
            "value": numbers.astype(np.float64),
        }
    )
    engine.insert("points", rows)
    found = engine.rows(
        "SELECT count() AS count, uniqExact(_part) AS parts FROM points WHERE run = {run:UInt64}",
        {"run": run.run},
    )
    assert found == [(MAX_ROWS, 1)]


def test_a_store_of_a_newer_version_is_left_alone(clickhouse_url: str) -> None:
    url = clickhouse_url.replace("/kiseki", "/kiseki_newer")
    pool = open_engine(url=url, connections=2)
    pool.command("INSERT INTO schema_version (version) VALUES (99)")
    pool.close()
    with pytest.raises(Unavailable, match="version 99"):
        open_engine(url=url)


def test_durability_is_a_setting_that_can_change(clickhouse_url: str) -> None:
    url = clickhouse_url.replace("/kiseki", "/kiseki_durable")
    for durability, wanted in (("power", True), ("power", True), ("process", False)):
        pool = open_engine(url=url, durability=durability, connections=2)  # type: ignore[arg-type]
        ((settings,),) = pool.rows(
            "SELECT engine_full FROM system.tables WHERE database = currentDatabase() "
            "AND name = 'points'"
        )
        assert ("fsync_after_insert = 1" in settings) is wanted
        pool.close()


def test_an_engine_is_a_folder_or_a_url(clickhouse_url: str) -> None:
    with pytest.raises(BadRequest, match="folder"):
        open_engine()
    for bad in ("http://", "postgresql://x/y", clickhouse_url.replace("/kiseki", "/a`b")):
        with pytest.raises(BadRequest):
            open_engine(url=bad)


def test_a_closed_engine_says_so(clickhouse_url: str) -> None:
    pool = open_engine(url=clickhouse_url, connections=1)
    pool.close()
    with pytest.raises(Unavailable, match="closed"):
        pool.ping()


def test_a_server_that_does_not_answer_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        open_engine(url="clickhouse://127.0.0.1:1/kiseki")


def test_the_engine_hashes_ids_as_we_do(engine: ClientPool) -> None:
    keys = [(1, "a"), (2**63 + 5, "日本語"), (7, "")]
    row = "(SELECT {project:UInt64} AS project, {id:String} AS id)"
    sql = f"SELECT {HASH} AS h FROM {row}"
    found = [engine.rows(sql, {"project": project, "id": id})[0][0] for project, id in keys]
    assert found == hashes(keys).tolist()
