"""Rows of a history as columns: every value stays what it was."""

from __future__ import annotations

import json
import math
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from server.tests.histories import append_of

from kiseki_server.domain.exports.columns import Columns, columns
from kiseki_server.domain.exports.union import unite
from kiseki_server.domain.history.types import RowQuery, RunRef
from kiseki_server.kit.ids import ProjectId, RunId
from kiseki_server.storage.memory.history import MemoryHistoryStore

RUN = RunRef(ProjectId(1), RunId(1))


def exported(*rows: dict[str, Any], steps: list[int] | None = None) -> Columns:
    """Rows, one second apart in a run that began in 1970."""
    store = MemoryHistoryStore()
    places = steps or list(range(len(rows)))
    placed = [(n, step, row) for n, (step, row) in enumerate(zip(places, rows, strict=True))]
    store.append([append_of(RUN, placed, time=lambda position, _step: position * 1_000_000)])
    return columns(store.rows(RowQuery(RUN)), 0.0)


def test_numbers_keep_their_rows_and_what_is_missing_is_null() -> None:
    found = exported({"a": 1.5, "b": 1.0}, {"b": 2.0}, {"a": -0.25}, steps=[0, 7, 2**60 + 1])
    assert found.table.to_pydict() == {
        "_step": [0, 7, 2**60 + 1],
        "_timestamp": [0.0, 1.0, 2.0],
        "_runtime": [0.0, 1.0, 2.0],
        "a": [1.5, None, -0.25],
        "b": [1.0, 2.0, None],
    }
    assert not found.faithful


def test_what_is_not_finite_is_neither_null_nor_text() -> None:
    found = exported({"a": math.nan}, {"a": math.inf}, {"a": -math.inf})
    first, *others = found.table["a"].to_pylist()
    assert math.isnan(first)
    assert others == [math.inf, -math.inf]
    assert found.faithful


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, 3], pa.float64()),
        ([1, 2.5], pa.float64()),
        ([2**60 + 1, -5, 2.0], pa.int64()),
        ([2**63 + 5, 0], pa.uint64()),
        ([True, False], pa.bool_()),
        (["a", "", "ü\n"], pa.string()),
        ([[1, 2.5], [], [3]], pa.list_(pa.float64())),
        ([[], []], pa.list_(pa.string())),
        ([["a"], ["b", None]], pa.list_(pa.string())),
        ([[[1.0]], [[]]], pa.list_(pa.list_(pa.float64()))),
        (
            [{"_type": "x-file", "n": 1}, {"_type": "x-file", "n": 2}],
            pa.struct([("_type", pa.string()), ("n", pa.float64())]),
        ),
    ],
)
def test_values_of_one_kind_keep_it(values: list[Any], kind: pa.DataType) -> None:
    found = exported(*({"a": value} for value in values))
    assert found.table.schema.field("a").type == kind
    assert found.table["a"].to_pylist() == values
    assert found.faithful


@pytest.mark.parametrize(
    "values",
    [
        [1.5, "a"],
        [True, 1.5],
        [2**60 + 1, 0.5],
        [2**70, 1],
        [-1, 2**63],
        [{}, {}],
        [{"a": 1}, {"b": 1}],
        [{"a": 1}, {"a": "x"}],
        [[1], ["x"]],
        [{"a": 1}, [1]],
        [{"a": {"b": [1, "x"]}}, {"a": {"b": []}}],
    ],
)
def test_values_of_several_kinds_become_text(values: list[Any]) -> None:
    found = exported(*({"a": value} for value in values))
    assert found.table.schema.field("a").type == pa.string()
    texts = found.table["a"].to_pylist()
    read = [
        text if isinstance(value, str) else json.loads(text)
        for value, text in zip(values, texts, strict=True)
    ]
    assert read == values
    assert not found.faithful


def test_a_logged_null_is_null() -> None:
    found = exported({"a": 1.5, "b": None}, {"a": None, "b": None})
    assert found.table["a"].to_pylist() == [1.5, None]
    assert found.table["b"].to_pylist() == [None, None]


def test_the_runtime_that_was_logged_goes_before_the_clock() -> None:
    found = exported({"a": 1.0, "_runtime": 0.5}, {"a": 1.0}, {"a": 1.0, "_runtime": 9.5})
    assert found.table["_runtime"].to_pylist() == [0.5, 1.0, 9.5]
    assert found.faithful


def test_a_key_cannot_take_the_place_of_the_step() -> None:
    found = exported({"_step": 5.0, "_timestamp": 7.0, "a": 1.0})
    assert found.table.to_pylist() == [{"_step": 0, "_timestamp": 0.0, "_runtime": 0.0, "a": 1.0}]


def test_files_with_other_columns_become_one(tmp_path: Any) -> None:
    tables = [
        pa.table({"_step": [0, 1], "a": [1.5, None], "b": ["x", "y"]}),
        pa.table({"_step": [2], "a": [[1.0]], "c": [True]}),
    ]
    paths = [tmp_path / f"{number}.parquet" for number in range(2)]
    for path, table in zip(paths, tables, strict=True):
        pa.parquet.write_table(table, path)
    united = pa.parquet.read_table(unite(paths, tmp_path / "whole.parquet"))
    assert united.to_pydict() == {
        "_step": [0, 1, 2],
        "a": ["1.5", None, "[1.0]"],
        "b": ["x", "y", None],
        "c": [None, None, True],
    }
