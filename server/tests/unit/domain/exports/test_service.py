"""When files of a history are written, kept, added to and written anew."""

from __future__ import annotations

import io
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import pyarrow.parquet as pq
import pytest
from litestar.testing import TestClient
from server.tests.histories import append_of

from kiseki_server.app.server import Application
from kiseki_server.app.services import Services
from kiseki_server.domain.exports.service import ExportService
from kiseki_server.domain.exports.types import Export
from kiseki_server.domain.history.types import RunRef
from kiseki_server.domain.runs.types import Run
from kiseki_server.kit.errors import NotFound
from kiseki_server.workers.exports import ExportWorker


@pytest.fixture
def run(client: TestClient[Application], services: Services) -> Run:
    client.put("/api/v1/projects/admin/exported/runs/r1", json={})
    project = services.stores.projects.find("admin", "exported")
    assert project is not None
    found = services.stores.runs.find(project.id, "r1")
    assert found is not None
    return found


@pytest.fixture
def exports(services: Services) -> ExportService:
    """With files of at most three rows of two keys."""
    return ExportService(
        services.stores.history,
        services.stores.exports,
        services.receiver,
        services.stores.blobs,
        services.stores.work,
        services.clock,
        cells=6,
    )


def log(services: Services, run: Run, steps: Sequence[int], first: int, value: Any = 1.0) -> None:
    rows = [(first + n, step, {"a": value, "b": 2.0}) for n, step in enumerate(steps)]
    ref = RunRef(run.project, run.id)
    append = append_of(ref, rows, time=lambda position, _step: position * 1_000_000)
    services.stores.history.append([append])


def content(exports: ExportService, export: Export) -> list[dict[str, Any]]:
    table: Any = pq.read_table(io.BytesIO(b"".join(exports.read(export))))
    return table.select(["_step", "a", "b"]).to_pylist()


def rows(*steps: int) -> list[dict[str, Any]]:
    return [{"_step": step, "a": 1.0, "b": 2.0} for step in steps]


def test_a_history_is_cut_into_files_and_kept(
    services: Services, exports: ExportService, run: Run
) -> None:
    log(services, run, [0, 2, 4, 6, 2**60], first=0)
    written = exports.write(run)
    assert [content(exports, one) for one in written] == [rows(0, 2, 4), rows(6, 2**60)]
    assert [(one.first_step, one.last_step, one.rows) for one in written] == [
        (0, 4, 3),
        (6, 2**60, 2),
    ]
    assert all(one.faithful for one in written)
    assert exports.write(run) == exports.current(run) == written


def test_later_rows_go_into_files_of_their_own(
    services: Services, exports: ExportService, run: Run
) -> None:
    log(services, run, [0, 1, 2, 3], first=0)
    before = exports.write(run)
    log(services, run, [4], first=4)
    assert exports.current(run) is None
    after = exports.write(run)
    assert [one.blob for one in after[:2]] == [one.blob for one in before]
    assert [content(exports, one) for one in after] == [rows(0, 1, 2), rows(3), rows(4)]
    assert all(one.faithful for one in after)


def test_rows_among_those_that_were_written_make_new_files(
    services: Services, exports: ExportService, run: Run
) -> None:
    log(services, run, [0, 1, 2, 4, 5, 6, 7], first=0)
    before = exports.write(run)
    log(services, run, [3], first=7)
    after = exports.write(run)
    assert [content(exports, one) for one in after] == [rows(0, 1, 2), rows(3, 4, 5), rows(6, 7)]
    assert not any(one.faithful for one in after)
    with pytest.raises(NotFound):
        exports.get(run.id, before[1].first_step)
    log(services, run, [8], first=8)
    assert not any(one.faithful for one in exports.write(run)[:-1])


def test_a_value_that_was_written_over_makes_new_files(
    services: Services, exports: ExportService, run: Run
) -> None:
    log(services, run, [0, 1], first=0)
    exports.write(run)
    log(services, run, [1], first=2, value=5.0)
    (after,) = exports.write(run)
    assert content(exports, after)[1] == {"_step": 1, "a": 5.0, "b": 2.0}
    assert not after.faithful


def test_files_with_other_keys_do_not_show_the_history_as_it_is(
    services: Services, exports: ExportService, run: Run
) -> None:
    log(services, run, [0, 1, 2], first=0)
    later = [(number, number, {"a": 1.0}) for number in (3, 4)]
    services.stores.history.append([append_of(RunRef(run.project, run.id), later)])
    assert [one.faithful for one in exports.write(run)] == [True, False]


def test_an_empty_history_has_no_files(exports: ExportService, run: Run) -> None:
    assert exports.current(run) == exports.write(run) == ()


def test_bytes_are_freed_with_the_run(services: Services, exports: ExportService, run: Run) -> None:
    log(services, run, [0], first=0)
    (export,) = exports.write(run)
    with services.database.transaction(write=True):
        exports.delete_runs([run.id])
    services.files.collect()
    assert not services.stores.blobs.has(export.blob)


def test_who_asks_twice_waits_for_the_same_files(services: Services, run: Run) -> None:
    log(services, run, [0], first=0)
    worker = ExportWorker(services.exports)
    worker.start()
    try:
        other = replace(run, id=type(run.id)(run.id + 1))
        asked: list[Future[Sequence[Export]]] = [worker.ask(run), worker.ask(run)]
        assert len({tuple(one.result()) for one in asked}) == 1
        assert worker.ask(other).result() == ()
    finally:
        worker.stop()
