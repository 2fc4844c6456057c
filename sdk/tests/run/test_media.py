"""Media in the journal of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kiseki
from kiseki.errors import ValueTypeError
from kiseki.wire.records import File, History, Remark

from .conftest import Begin, records_of


def test_files_lie_beside_the_journal_before_the_row_that_names_them(begin: Begin) -> None:
    run = begin()
    run.log({"loss": 1.0, "sub": {"image": kiseki.Image(np.zeros((2, 3)))}}, step=7)
    *_, file, row = records_of(run)
    assert isinstance(file, File)
    assert isinstance(row, History)
    value = row.values["sub.image"]
    assert file == File(value["path"])
    assert value["path"].startswith("media/images/sub.image_7_")
    kept = Path(run.dir) / "files" / value["path"]
    assert kept.stat().st_size == value["size"]
    assert row.values["loss"] == 1.0
    assert run.summary["sub.image"] == value


def test_a_chart_brings_its_table_and_one_remark(begin: Begin) -> None:
    run = begin()
    for value in (1, 2):
        table = kiseki.Table(["l", "v"], [["a", value]])
        run.log({"bars": kiseki.plot.bar(table, "l", "v")})
    records = records_of(run)
    remarks = [record for record in records if isinstance(record, Remark)]
    assert [(remark.section, remark.name) for remark in remarks] == [("visualize", "bars")]
    rows = [record for record in records if isinstance(record, History)]
    assert [list(row.values) for row in rows] == [["bars_table"], ["bars_table"]]


class Foreign:
    def savefig(self, stream: Any, format: str) -> None:
        stream.write(b"drawn")

    def to_json(self) -> str:
        return "{}"

    columns = ("a",)

    def astype(self, kind: type) -> Any:
        return np.array([[1], [2]], dtype=object)


class WithToNumpy(Foreign):
    def astype(self, kind: type) -> Any:
        return self

    def to_numpy(self) -> Any:
        return np.array([[1], [2]], dtype=object)


@pytest.mark.parametrize(
    ("module", "name", "type"),
    [
        ("matplotlib.figure", "Figure", "image-file"),
        ("plotly.graph_objs._figure", "Figure", "plotly-file"),
        ("pandas.core.frame", "DataFrame", "table-file"),
    ],
)
def test_figures_and_dataframes_of_others_are_taken(
    begin: Begin, module: str, name: str, type: str
) -> None:
    foreign = __builtins__["type"](name, (WithToNumpy,), {"__module__": module})  # type: ignore[index]
    run = begin()
    run.log({"it": foreign()})
    assert run.summary["it"]["_type"] == type


def test_lists_are_of_one_kind(begin: Begin) -> None:
    run = begin()
    image, sound = kiseki.Image(np.zeros((1, 1))), kiseki.Audio(np.zeros(1), sample_rate=1)
    run.log({"images": [image, image]})
    assert run.summary["images"]["count"] == 2
    with pytest.raises(ValueTypeError, match="'mixed' is a list of Image and Audio"):
        run.log({"mixed": [image, sound]})
    with pytest.raises(ValueTypeError, match="a list of Table cannot be logged"):
        run.log({"tables": [kiseki.Table()]})
    assert [record for record in records_of(run) if isinstance(record, History)][1:] == []


def test_the_same_bytes_at_the_same_step_are_one_file(begin: Begin) -> None:
    run = begin()
    image = kiseki.Image(np.zeros((1, 1)))
    run.log({"a": image}, commit=False)
    run.log({"a": image})
    assert len(list((Path(run.dir) / "files/media/images").iterdir())) == 1


def test_a_disabled_run_writes_nothing(begin: Begin, tmp_path: Path) -> None:
    run = begin(mode="disabled")
    run.log({"a": kiseki.Image(np.zeros((1, 1))), "t": kiseki.Table(["a"], [[1]])})
    assert run.summary["a"]["_type"] == "image-file"
    assert not (tmp_path / "kiseki-runs").exists()


def test_a_missing_file_is_told_at_once_and_logs_nothing(begin: Begin) -> None:
    run = begin()
    with pytest.raises(kiseki.errors.FileError, match=r"there is no file 'gone\.png'"):
        run.log({"a": kiseki.Image("gone.png")})
    assert run.rows_logged == 0
