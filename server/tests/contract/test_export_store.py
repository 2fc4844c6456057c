"""The promises of a store of exports, on every adapter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from kiseki_server.domain.exports.store import ExportStore
from kiseki_server.domain.exports.types import Export
from kiseki_server.domain.files.store import BlobNames
from kiseki_server.domain.files.types import Blob
from kiseki_server.kit.ids import RunId
from kiseki_server.storage.memory.exports import MemoryExports
from kiseki_server.storage.memory.files import MemoryBlobNames
from kiseki_server.storage.sql import schema
from kiseki_server.storage.sql.blob_names import SqlBlobNames
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.exports import SqlExports

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
RUN, OTHER = RunId(1), RunId(2)


@dataclass
class Exports:
    """A store of exports with the names that it counts."""

    store: ExportStore
    names: BlobNames

    def put(self, first: int, content: str = "x", run: RunId = RUN, last: int = 9) -> Export:
        self.names.reserve([Blob(content, len(content), "md5")], NOON)
        export = Export(
            run=run,
            first_step=first,
            last_step=last,
            standing="as it was",
            blob=content,
            size=len(content),
            rows=3,
            faithful=True,
            created_at=NOON,
        )
        self.store.put([export])
        return export

    def freed(self) -> list[str]:
        return sorted(self.names.forget(NOON + timedelta(days=1)))


@pytest.fixture(params=["memory", "sqlite"])
def exports(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Exports]:
    if request.param == "memory":
        memory_names = MemoryBlobNames()
        yield Exports(MemoryExports(memory_names), memory_names)
        return
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    schema.metadata.create_all(database.engine)
    names = SqlBlobNames(database)
    with database.transaction(write=True):
        # The runs themselves are not this test's concern.
        database.current().execute(sa.text("PRAGMA defer_foreign_keys = ON"))
        yield Exports(SqlExports(database, names), names)
        database.current().rollback()
    database.close()


def test_files_of_a_run_come_in_step_order(exports: Exports) -> None:
    later, first = exports.put(2**60, "b"), exports.put(-5, "a")
    exports.put(0, "c", run=OTHER)
    assert exports.store.of(RUN) == [first, later]
    assert exports.store.of(RunId(3)) == []
    assert exports.freed() == []


def test_a_file_takes_the_place_of_one_that_begins_at_the_same_step(exports: Exports) -> None:
    before = exports.put(0, "a")
    after = exports.put(0, "b", last=20)
    assert exports.store.of(RUN) == [after]
    assert exports.freed() == [before.blob]


def test_the_same_bytes_can_be_put_again(exports: Exports) -> None:
    before = exports.put(0, "a")
    exports.store.put([replace(before, standing="later")])
    assert exports.store.of(RUN) == [replace(before, standing="later")]
    assert exports.freed() == []


def test_what_is_deleted_loses_its_name(exports: Exports) -> None:
    first, second = exports.put(0, "a"), exports.put(5, "b")
    exports.store.delete([first])
    exports.store.delete([first])
    assert exports.store.of(RUN) == [second]
    assert exports.freed() == ["a"]


def test_runs_lose_all_their_files(exports: Exports) -> None:
    exports.put(0, "a")
    exports.put(5, "b")
    kept = exports.put(0, "c", run=OTHER)
    exports.store.delete_runs([RUN, RunId(7)])
    assert exports.store.of(RUN) == []
    assert exports.store.of(OTHER) == [kept]
    assert exports.freed() == ["a", "b"]
