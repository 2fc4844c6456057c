"""The promises of the stores of tables and of files that objects name, on every adapter."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa
from server.tests.conftest import SQL

from kiseki_server.domain.files.store import BlobNames
from kiseki_server.domain.files.types import Blob
from kiseki_server.domain.objects import digests
from kiseki_server.domain.objects.files import ProjectFile, ProjectFileStore
from kiseki_server.domain.projects.types import Visibility
from kiseki_server.domain.tables.store import RowStore, TableBook
from kiseki_server.domain.tables.types import Row, SortTerm, Table
from kiseki_server.kit.ids import ProjectId
from kiseki_server.kit.json import to_text
from kiseki_server.storage.columnar.engine import ClientPool
from kiseki_server.storage.columnar.tables import ColumnarRowStore
from kiseki_server.storage.columnar.together import Together
from kiseki_server.storage.memory.files import MemoryBlobNames
from kiseki_server.storage.memory.project_files import MemoryProjectFileStore
from kiseki_server.storage.memory.tables import MemoryRowStore, MemoryTableBook
from kiseki_server.storage.sql.blob_names import SqlBlobNames
from kiseki_server.storage.sql.project_files import SqlProjectFileStore
from kiseki_server.storage.sql.projects import SqlProjectStore
from kiseki_server.storage.sql.tables import SqlTableBook
from kiseki_server.storage.sql.users import SqlUserStore

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.fixture
def rows(pool: ClientPool | None) -> RowStore:
    return MemoryRowStore() if pool is None else ColumnarRowStore(pool)


@pytest.fixture
def project(new_run: Any) -> ProjectId:
    return new_run().project


def put(store: RowStore, project: ProjectId, values: list[Any]) -> tuple[str, list[str]]:
    """Store a table with rows of these values."""
    order = [digests.value_digest(value) for value in values]
    store.add_rows(project, dict(zip(order, map(to_text, values), strict=True)))
    table = digests.table_digest(order)
    store.add_order(project, table, order)
    return table, order


def test_pages_are_in_the_order_of_the_table(rows: RowStore, project: ProjectId) -> None:
    values = [{"i": i % 7, "text": "é\0🙂"} for i in range(20)]
    table, order = put(rows, project, values)
    whole = rows.page(project, table)
    assert whole == [Row(i, order[i], to_text(values[i])) for i in range(20)]
    assert rows.page(project, table, limit=3, offset=18) == whole[18:]
    assert rows.page(project, table, limit=5, offset=2) == whole[2:7]
    assert rows.page(project, table, offset=20) == []
    assert rows.page(project, table, offset=2**40, limit=2**40) == []
    assert rows.order(project, table) == order
    only = {order[3], "none"}
    assert rows.page(project, table, only=only) == [whole[3], whole[10], whole[17]]
    assert rows.page(project, table, only=only, limit=1, offset=1) == [whole[10]]
    assert rows.page(project, table, only=[]) == []


def test_what_is_sent_again_is_there_once(rows: RowStore, project: ProjectId) -> None:
    for _ in range(3):
        table, order = put(rows, project, [{"a": 1}, {"a": 2}])
    assert [row.digest for row in rows.page(project, table)] == order
    assert rows.measure(project, table) == (14, [])
    assert rows.order(project, table) == order


def test_rows_belong_to_their_project(rows: RowStore, project: ProjectId, new_run: Any) -> None:
    table, order = put(rows, project, [{"a": 1}])
    other: ProjectId = new_run().project
    assert rows.rows(project, [*order, "none"]) == {order[0]: '{"a":1}'}
    assert rows.rows(other, order) == {}
    assert rows.page(other, table) == []
    assert rows.order(other, table) == []


def test_rows_that_are_missing_are_named(rows: RowStore, project: ProjectId) -> None:
    known = digests.value_digest({"a": 1})
    rows.add_rows(project, {known: '{"a":1}'})
    unknown = digests.value_digest({"a": 2})
    rows.add_order(project, "t", [known, unknown, known])
    assert rows.measure(project, "t") == (14, [unknown])
    assert rows.measure(project, "none") == (0, [])


def test_tables_are_sorted_by_places_in_their_rows(rows: RowStore, project: ProjectId) -> None:
    values = [
        {"x": 2}, {"x": "10"}, {"x": None}, {"y": 1}, {"x": 1.5}, {"x": "b"}, {"x": "a"},
        {"x": True}, {"x": [1]}, {"x": {"k": 1}}, {"x": -3},
    ]  # fmt: skip
    table, _ = put(rows, project, values)

    def positions(*order: SortTerm, **more: Any) -> list[int]:
        return [row.position for row in rows.page(project, table, order=order, **more)]

    up = positions(SortTerm(("x",)))
    assert up == [10, 4, 0, 1, 8, 6, 5, 7, 9, 2, 3]
    assert positions(SortTerm(("x",), descending=True)) == [1, 0, 4, 10, 9, 7, 5, 6, 8, 2, 3]
    assert positions(SortTerm(("x",)), limit=2, offset=1) == up[1:3]
    assert positions(SortTerm(("x", "k")))[0] == 9
    assert positions(SortTerm(("x", "0")))[0] == 8
    assert positions(SortTerm(("y",)), SortTerm(("x",), descending=True))[:3] == [3, 1, 0]


def test_all_adapters_sort_alike(rows: RowStore, project: ProjectId) -> None:
    choice = random.Random(3)
    values = [
        {"a": choice.choice([None, 1, 2.5, "x", "", "é", "07", [3], {"b": 1}]), "i": i}
        for i in range(60)
    ]
    table, _ = put(rows, project, values)
    memory = MemoryRowStore()
    put(memory, project, values)
    for path in (("a",), ("a", "b"), ("a", "0"), ("none",)):
        for descending in (False, True):
            order = [SortTerm(path, descending)]
            assert rows.page(project, table, order=order) == memory.page(
                project, table, order=order
            )


def test_callers_that_wait_are_stored_together() -> None:
    blocks: list[int] = []

    def insert(part: pa.Table) -> None:
        if part.num_rows > 500:
            raise ValueError("too many")
        blocks.append(part.num_rows)

    together = Together(insert)
    with ThreadPoolExecutor(8) as threads:
        parts = [pa.table({"x": [1]}) for _ in range(200)]
        list(threads.map(together.insert, parts))
    assert sum(blocks) == 200
    with pytest.raises(ValueError, match="too many"):
        together.insert(pa.table({"x": [1] * 501}))


@pytest.fixture(params=["memory", *SQL])
def book(
    request: pytest.FixtureRequest,
) -> Iterator[tuple[TableBook, ProjectFileStore, BlobNames, ProjectId]]:
    if request.param == "memory":
        memory = MemoryBlobNames()
        yield MemoryTableBook(), MemoryProjectFileStore(memory), memory, ProjectId(1)
        return
    database = request.getfixturevalue(f"{request.param}_database")
    names = SqlBlobNames(database)
    with database.transaction(write=True):
        users = SqlUserStore(database)
        users.add("ada", email=None, admin=False, at=NOON)
        entity = users.entity("ada")
        assert entity is not None
        project, _ = SqlProjectStore(database).add(
            entity.id, "p", description="", visibility=Visibility.PRIVATE, at=NOON
        )
        database.current().execute(sa.text("SELECT 1"))
        yield SqlTableBook(database), SqlProjectFileStore(database, names), names, project.id


def test_the_list_of_tables(book: tuple[TableBook, Any, Any, ProjectId]) -> None:
    tables, _, _, project = book
    table = Table(project, "t", 3, 30, NOON)
    tables.add(table)
    tables.add(Table(project, "t", 4, 40, NOON))
    tables.add(Table(project, "u", 0, 0, NOON))
    assert tables.get(project, ["t", "none"]) == {"t": table}
    assert tables.get(ProjectId(project + 1), ["t"]) == {}
    assert (tables.size(project), tables.size(ProjectId(project + 1))) == (30, 0)


def test_files_name_their_blobs_once(
    book: tuple[Any, ProjectFileStore, BlobNames, ProjectId],
) -> None:
    _, files, names, project = book
    blob = "b" * 64
    names.reserve([Blob(blob, 5, "md5")], NOON)
    file = ProjectFile(project, "d", blob, 5, NOON)
    files.add(file)
    files.add(file)
    assert names.get([blob])[blob].names == 1
    assert files.get(project, ["d", "none"]) == {"d": file}
    assert files.size(project) == 5
    assert files.get(ProjectId(project + 1), ["d"]) == {}
