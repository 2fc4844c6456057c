"""Where the client finds histories as Parquet files."""

from __future__ import annotations

import io
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

import pyarrow.parquet as pq
import pytest
from litestar.testing import TestClient
from server.tests.unit.protocols.wandb.conftest import Dialect

from kiseki_server.app.server import Application
from kiseki_server.domain.exports.types import Export
from kiseki_server.protocols.wandb import exports
from kiseki_server.workers.exports import ExportWorker

KEYS = """
query RunHistoryKeys($project: String!, $entity: String!, $name: String!) {
  project(name: $project, entityName: $entity) { run(name: $name) { historyKeys } }
}
"""
PARQUET = """
query RunParquetHistory(
  $entity: String!, $project: String!, $runName: String!, $liveKeys: [String!]!
) { project(name: $project, entityName: $entity) { run(name: $runName) {
  parquetHistory(liveKeys: $liveKeys) { parquetUrls liveData } } } }
"""
REWIND = """
mutation { rewindRun(input: {
  runName: "r1", entityName: "admin", projectName: "p", metricName: "_step", metricValue: 2
}) { rewoundRun { name } } }
"""
LIVE = {"parquetUrls": [], "liveData": [{"_step": 0}]}


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is."""
    monkeypatch.setattr(exports, "PATIENCE", 300.0)


def history(dialect: Dialect) -> Any:
    found = dialect.data(PARQUET, entity="admin", project="p", runName="r1", liveKeys=["_step"])
    return found["project"]["run"]["parquetHistory"]


def scanned(dialect: Dialect) -> Any:
    """What a scan is told."""
    dialect.data(KEYS, entity="admin", project="p", name="r1")
    return history(dialect)


def finish(dialect: Dialect) -> None:
    dialect.stream(complete=True, exitcode=0)


def test_a_run_without_history_has_neither_files_nor_rows(dialect: Dialect) -> None:
    dialect.upsert()
    finish(dialect)
    assert history(dialect) == {"parquetUrls": [], "liveData": []}


def test_a_running_run_is_read_in_pages(dialect: Dialect) -> None:
    dialect.upsert()
    dialect.history({"_step": 5, "a": 1})
    assert history(dialect) == scanned(dialect) == LIVE


def test_a_finished_run_has_files_that_need_no_credential(
    dialect: Dialect, client: TestClient[Application]
) -> None:
    dialect.upsert()
    dialect.history({"_step": 0, "a": 1}, {"_step": 7, "b": "x", "c": {"d": 2**60}})
    finish(dialect)
    found = history(dialect)
    assert found["liveData"] == []
    (url,) = found["parquetUrls"]
    del client.headers["Authorization"]
    answer = client.get(url)
    table: Any = pq.read_table(io.BytesIO(answer.content))
    assert table.select(["_step", "a", "b", "c.d"]).to_pylist() == [
        {"_step": 0, "a": 1.0, "b": None, "c.d": None},
        {"_step": 7, "a": None, "b": "x", "c.d": 2**60},
    ]
    assert client.get(url, headers={"Range": "bytes=-4"}).content == b"PAR1"
    assert client.get(url.replace("/0/", "/7/")).status_code == 403
    assert client.get(url.replace("/0/", "/x/")).status_code == 400
    assert client.options(url).status_code == 204


def test_an_address_of_a_deleted_run_gives_nothing(
    dialect: Dialect, client: TestClient[Application]
) -> None:
    dialect.upsert()
    dialect.history({"_step": 0, "a": 1})
    finish(dialect)
    (url,) = history(dialect)["parquetUrls"]
    client.delete("/api/v1/projects/admin/p/runs/r1")
    assert client.get(url).status_code == 410


def test_a_scan_reads_short_and_sparse_histories_in_pages(
    dialect: Dialect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only in pages it finds nothing but the rows that have all its keys."""
    dialect.upsert()
    dialect.history({"_step": 0, "a": 1}, {"_step": 1, "a": 2})
    finish(dialect)
    assert scanned(dialect) == LIVE
    monkeypatch.setattr(exports, "SHORT", 1)
    assert len(scanned(dialect)["parquetUrls"]) == 1
    dialect.history({"_step": 2, "a": 3, "b": 1}, offset=2)
    finish(dialect)
    assert scanned(dialect) == LIVE
    assert len(history(dialect)["parquetUrls"]) == 2


def test_a_scan_that_has_read_pages_is_over(dialect: Dialect) -> None:
    """As scans of older clients are, which never ask for files."""
    dialect.upsert()
    dialect.history({"_step": 0, "a": 1})
    finish(dialect)
    dialect.data(KEYS, entity="admin", project="p", name="r1")
    dialect.run("history(minStep: 0, maxStep: 9, samples: 9)")
    assert len(history(dialect)["parquetUrls"]) == 1


def test_a_scan_reads_a_rewound_history_in_pages(
    dialect: Dialect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client would find files of the run as it was before in its cache."""
    monkeypatch.setattr(exports, "SHORT", 1)
    dialect.upsert()
    dialect.history(*({"_step": step, "a": step} for step in range(5)))
    finish(dialect)
    assert len(scanned(dialect)["parquetUrls"]) == 1
    dialect.data(REWIND)
    finish(dialect)
    assert scanned(dialect) == LIVE
    (url,) = history(dialect)["parquetUrls"]
    answer = dialect.http.get(url)
    table: Any = pq.read_table(io.BytesIO(answer.content))
    assert table["_step"].to_pylist() == [0, 1, 2]


def test_values_that_no_file_can_hold_as_they_are_make_a_scan_read_pages(
    dialect: Dialect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "SHORT", 1)
    dialect.upsert()
    dialect.history({"_step": 0, "a": 1, "b": {"_type": "x"}}, {"_step": 1, "a": 2, "b": "x"})
    finish(dialect)
    assert scanned(dialect) == LIVE


def test_files_that_take_long_are_there_later(
    dialect: Dialect, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialect.upsert()
    dialect.history({"_step": 0, "a": 1})
    finish(dialect)
    never: Future[Sequence[Export]] = Future()
    with monkeypatch.context() as slow:
        slow.setattr(ExportWorker, "ask", lambda *_: never)
        slow.setattr(exports, "PATIENCE", 0.01)
        assert history(dialect) == LIVE
    assert len(history(dialect)["parquetUrls"]) == 1
