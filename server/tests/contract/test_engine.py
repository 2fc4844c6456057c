"""What all stores count on from the columnar engine, embedded and over HTTP."""

from __future__ import annotations

import pytest

from kiseki_server.kit.errors import BadRequest, KisekiError, TooLarge
from kiseki_server.storage.columnar.engine import ClientPool

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
