"""Tables and the charts that are drawn from them."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import numpy as np
import pytest

import kiseki
from kiseki.errors import UsageError, ValueRangeError, ValueTypeError

from .conftest import Remembering


def file_of(value: dict[str, Any], keeper: Remembering) -> dict[str, Any]:
    return json.loads(keeper.files[value["path"]])


def test_a_table_has_its_rows_in_a_file(keeper: Remembering) -> None:
    table = kiseki.Table(columns=["n", "t", "any"], data=[[1, "あ", None]])
    table.add_data(np.float32(0.5), dt.date(2026, 1, 2), {"a": (1, np.int64(2))})
    value = table.logged(keeper)
    assert {key: value[key] for key in ("_type", "ncols", "nrows", "log_mode")} == {
        "_type": "table-file",
        "ncols": 3,
        "nrows": 2,
        "log_mode": "IMMUTABLE",
    }
    content = file_of(value, keeper)
    assert content["columns"] == ["n", "t", "any"]
    assert content["data"] == [[1, "あ", None], [0.5, "2026-01-02", {"a": [1, 2]}]]


def test_media_in_cells_are_files_of_their_own(keeper: Remembering) -> None:
    table = kiseki.Table(columns=["image"], data=[[kiseki.Image(np.zeros((2, 2)), caption="c")]])
    ((cell,),) = file_of(table.logged(keeper), keeper)["data"]
    assert (cell["_type"], cell["caption"]) == ("image-file", "c")
    assert keeper.files[cell["path"]].startswith(b"\x89PNG")
    with pytest.raises(ValueTypeError, match="'image': a table cannot be in a table"):
        kiseki.Table(columns=["image"], data=[[table]]).logged(keeper)


def test_each_log_brings_what_its_mode_says(keeper: Remembering) -> None:
    tables = {
        mode: kiseki.Table(["a"], [[0]], log_mode=mode) for mode in ("MUTABLE", "INCREMENTAL")
    }
    brought: dict[str, list[Any]] = {mode: [] for mode in tables}
    for number in range(1, 3):
        for mode, table in tables.items():
            brought[mode].append(file_of(value := table.logged(keeper), keeper)["data"])
            assert value["nrows"] == number
            table.add_data(number)
    assert brought == {"MUTABLE": [[[0]], [[0], [1]]], "INCREMENTAL": [[[0]], [[1]]]}
    value = tables["INCREMENTAL"].logged(keeper)
    assert (value["_type"], value["increment_num"]) == ("incremental-table-file", 2)
    with pytest.raises(UsageError, match="keeps its columns"):
        tables["INCREMENTAL"].add_column("b", [])


def test_columns_are_added_and_read() -> None:
    table = kiseki.Table(columns=["a"], data=[[1], [2]])
    table.add_column("b", np.array([3, 4]))
    table.add_computed_columns(lambda number, row: {"sum": row["a"] + row["b"], "n": number})
    assert table.columns == ["a", "b", "sum", "n"]
    assert table.get_column("sum") == [4, 6]
    assert table.get_column("b", convert_to="numpy").sum() == 7
    assert list(table.iterrows()) == [(0, [1, 3, 4, 0]), (1, [2, 4, 6, 1])]
    grown = kiseki.Table(columns=[])
    grown.add_column("x", [1, 2])
    assert grown.data == [[1], [2]]
    with pytest.raises(UsageError, match="no column 'z'"):
        table.get_column("z")
    with pytest.raises(UsageError, match="has a column 'a' already"):
        table.add_column("a", [1, 2])
    with pytest.raises(ValueRangeError, match="'c' has 1 values for 2 rows"):
        table.add_column("c", [1])


class DataFrame:
    """Looks like one of pandas."""

    columns = ("a", 2)

    def astype(self, kind: type) -> Any:
        return self

    def to_numpy(self) -> Any:
        return np.array([[1, "x"], [2, "y"]], dtype=object)


def test_dataframes_bring_columns_and_rows() -> None:
    for table in (kiseki.Table(dataframe=DataFrame()), kiseki.Table(data=DataFrame())):
        assert (table.columns, table.data) == (["a", "2"], [[1, "x"], [2, "y"]])


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(ValueRangeError, match=r"row 1 has 1 values for 2 columns \(a, b\)"):
        kiseki.Table(columns=["a", "b"], data=[[1, 2], [3]])
    with pytest.raises(ValueTypeError, match="a row is a list of values, not str"):
        kiseki.Table(columns=["a"], data=["x"])
    with pytest.raises(ValueRangeError, match="log_mode is one of"):
        kiseki.Table(log_mode="OFTEN")  # type: ignore[arg-type]


def rows(chart: kiseki.plot.CustomChart) -> list[list[Any]]:
    return chart.table.data


def test_a_chart_is_a_table_and_a_note(keeper: Remembering) -> None:
    table = kiseki.Table(columns=["x", "y"], data=[[1, 2]])
    chart = kiseki.plot.line(table, "x", "y", title="T")
    found = chart.logged(keeper, Remembering("key_table"))
    assert list(found) == ["key_table"]
    panel = keeper.notes["visualize", "key"]["panel_config"]
    assert (panel["panelDefId"], panel["fieldSettings"]) == ("wandb/line/v0", {"x": "x", "y": "y"})
    assert panel["stringSettings"] == {"title": "T"}
    (query,) = panel["userQuery"]["queryFields"]
    assert query["fields"][-1]["args"] == [{"name": "tableKey", "value": "key_table"}]
    with pytest.raises(UsageError, match="no column 'z'"):
        kiseki.plot.scatter(table, "x", "z")


def test_a_roc_curve_is_that_of_its_definition() -> None:
    true = [0, 0, 1, 1]
    chart = kiseki.plot.roc_curve(true, [[0.9, 0.1], [0.6, 0.4], [0.65, 0.35], [0.2, 0.8]])
    assert [row[1:] for row in rows(chart) if row[0] == "1"] == [
        [0.0, 0.0],
        [0.0, 0.5],
        [0.5, 0.5],
        [0.5, 1.0],
        [1.0, 1.0],
    ]
    only = kiseki.plot.roc_curve(true, [0.1, 0.4, 0.35, 0.8], ["no", "yes"], classes_to_plot=[1])
    assert {row[0] for row in rows(only)} == {"yes"}
    names = kiseki.plot.roc_curve(["b", "a"], np.array([[0.2, 0.8], [0.7, 0.3]]))
    assert {row[0] for row in rows(names)} == {"a", "b"}


def test_a_roc_curve_of_many_examples_stays_small() -> None:
    random = np.random.default_rng(0)
    chart = kiseki.plot.roc_curve(random.integers(0, 2, 20_000), random.random(20_000))
    assert len(rows(chart)) == 2000
    assert [row[1:] for row in rows(chart)][-1] == [1.0, 1.0]


def test_a_pr_curve_gives_the_best_precision_of_each_recall() -> None:
    chart = kiseki.plot.pr_curve(
        [0, 1, 1], [0.9, 0.8, 0.7], interp_size=3, classes_to_plot=[1], labels=["n", "y"]
    )
    assert rows(chart) == [
        ["y", 1.0, 0.0],
        ["y", pytest.approx(2 / 3), 0.5],
        ["y", pytest.approx(2 / 3), 1.0],
    ]


def test_a_confusion_matrix_counts_every_pair() -> None:
    chart = kiseki.plot.confusion_matrix(
        y_true=[0, 1, 1], preds=[0, 0, 1], class_names=["cat", "dog"]
    )
    expected = [["cat", "cat", 1], ["cat", "dog", 0], ["dog", "cat", 1], ["dog", "dog", 1]]
    assert rows(chart) == expected
    by_name = kiseki.plot.confusion_matrix(
        y_true=["cat", "dog", "dog"], preds=["cat", "cat", "dog"], class_names=["cat", "dog"]
    )
    assert rows(by_name) == expected
    by_probability = kiseki.plot.confusion_matrix(
        probs=[[0.9, 0.1], [0.6, 0.4], [0.1, 0.9]], y_true=[0, 1, 1], class_names=["cat", "dog"]
    )
    assert rows(by_probability) == expected
    with pytest.raises(UsageError, match="either probs or preds"):
        kiseki.plot.confusion_matrix(y_true=[0])
    with pytest.raises(ValueRangeError, match="2 true classes and 1 predictions"):
        kiseki.plot.confusion_matrix(y_true=[0, 1], preds=[0])
    with pytest.raises(ValueRangeError, match="'bird' is none of the 2 class_names"):
        kiseki.plot.confusion_matrix(y_true=["bird"], preds=["cat"], class_names=["cat", "dog"])


def test_line_series_take_one_x_or_many() -> None:
    shared = kiseki.plot.line_series([0, 1], [[1, 2], [3, 4]], keys=["a", "b"])
    assert rows(shared) == [[0, "a", 1], [1, "a", 2], [0, "b", 3], [1, "b", 4]]
    own = kiseki.plot.line_series([[0], [5]], [[1], [3]])
    assert rows(own) == [[0, "key_0", 1], [5, "key_1", 3]]
    with pytest.raises(ValueRangeError, match="2 lists of y, 2 of x and 1 keys"):
        kiseki.plot.line_series([0], [[1], [2]], keys=["a"])
