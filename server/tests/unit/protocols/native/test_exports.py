"""Histories as Parquet over HTTP."""

from __future__ import annotations

import io
from typing import Any

import pyarrow.parquet as pq
import pytest
from litestar.testing import TestClient
from server.tests.histories import append_of

from kiseki_server.app.server import Application
from kiseki_server.app.services import Services
from kiseki_server.domain.history.types import RunRef
from kiseki_server.domain.runs.types import Run

Client = TestClient[Application]
RUN = "/api/v1/projects/admin/exports/runs/r1"


@pytest.fixture
def run(client: Client, services: Services) -> Run:
    client.put(RUN, json={})
    project = services.stores.projects.find("admin", "exports")
    assert project is not None
    found = services.stores.runs.find(project.id, "r1")
    assert found is not None
    return found


def log(services: Services, run: Run, *rows: dict[str, Any], first: int = 0) -> None:
    placed = [(number, number, row) for number, row in enumerate(rows, first)]
    services.stores.history.append([append_of(RunRef(run.project, run.id), placed)])


def rows(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    assert "r1.parquet" in answer.headers["content-disposition"]
    table: Any = pq.read_table(io.BytesIO(answer.content))
    kept = [name for name in table.column_names if name not in ("_timestamp", "_runtime")]
    return table.select(kept).to_pylist()


def test_a_running_run_gives_what_it_has_now(client: Client, services: Services, run: Run) -> None:
    assert rows(client.get(f"{RUN}/export.parquet")) == []
    log(services, run, {"a": 1.5})
    assert rows(client.get(f"{RUN}/export.parquet")) == [{"_step": 0, "a": 1.5}]
    log(services, run, {"b": "x"}, first=1)
    assert rows(client.get(f"{RUN}/export.parquet")) == [
        {"_step": 0, "a": 1.5, "b": None},
        {"_step": 1, "a": None, "b": "x"},
    ]
    assert services.stores.exports.of(run.id) == []


def test_a_finished_run_gives_the_file_that_is_kept(
    client: Client, services: Services, run: Run
) -> None:
    log(services, run, {"a": 1.5}, {"a": 2.5})
    assert client.patch(RUN, json={"state": "finished"}).status_code == 200
    answer = client.get(f"{RUN}/export.parquet")
    assert rows(answer) == [{"_step": 0, "a": 1.5}, {"_step": 1, "a": 2.5}]
    (export,) = services.stores.exports.of(run.id)
    assert answer.headers["etag"] == f'"{export.blob}"'
    part = client.get(f"{RUN}/export.parquet", headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"PAR1")


def test_a_history_in_several_files_comes_as_one(
    client: Client, services: Services, run: Run
) -> None:
    log(services, run, {"a": 1.5})
    client.patch(RUN, json={"state": "finished"})
    client.get(f"{RUN}/export.parquet")
    log(services, run, {"a": "x"}, first=1)
    assert rows(client.get(f"{RUN}/export.parquet")) == [
        {"_step": 0, "a": "1.5"},
        {"_step": 1, "a": "x"},
    ]
    assert len(services.stores.exports.of(run.id)) == 2


def test_a_run_that_is_not_there_has_no_export(client: Client, run: Run) -> None:
    assert client.get(RUN.replace("r1", "r2") + "/export.parquet").status_code == 404
