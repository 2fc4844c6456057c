"""The promises of a store of run files, on every adapter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from kiseki_server.domain.files.store import BlobNames, RunFileStore
from kiseki_server.domain.files.types import Blob, RunFile
from kiseki_server.kit.ids import RunId
from kiseki_server.storage.memory.files import MemoryBlobNames, MemoryRunFiles
from kiseki_server.storage.sql import schema
from kiseki_server.storage.sql.blob_names import SqlBlobNames
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.files import SqlRunFiles

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
RUN, OTHER = RunId(1), RunId(2)


@dataclass
class Files:
    """A store of files with the names that it counts."""

    store: RunFileStore
    names: BlobNames

    def named(
        self, path: str, content: str = "x", run: RunId = RUN, at: datetime = NOON
    ) -> RunFile:
        self.names.reserve([Blob(content, len(content), "md5")], at)
        file = RunFile(run, path, content, len(content), "md5", "text/plain", at)
        self.store.put([file])
        return file


@pytest.fixture(params=["memory", "sqlite"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Files]:
    if request.param == "memory":
        memory_names = MemoryBlobNames()
        yield Files(MemoryRunFiles(memory_names), memory_names)
        return
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    schema.metadata.create_all(database.engine)
    names = SqlBlobNames(database)
    with database.transaction(write=True):
        # The runs themselves are not this test's concern.
        database.current().execute(sa.text("PRAGMA defer_foreign_keys = ON"))
        yield Files(SqlRunFiles(database, names), names)
        database.current().rollback()
    database.close()


def test_a_file_is_found_under_its_path(files: Files) -> None:
    first, second = files.named("b/x y.png"), files.named("a")
    files.named("a", "other", OTHER)
    assert list(files.store.get(RUN, ["b/x y.png", "missing", "a", "a"])) == [second, first]
    assert (files.store.count(RUN), files.store.count(OTHER)) == (2, 1)


def test_the_newest_file_of_a_path_stands(files: Files) -> None:
    files.named("log", "one")
    latest = files.named("log", "two", at=NOON + timedelta(seconds=1))
    assert list(files.store.get(RUN, ["log"])) == [latest]
    assert files.store.count(RUN) == 1


def test_pages_go_by_the_bytes_of_the_paths(files: Files) -> None:
    paths = ["Z", "a", "a.b", "a/b", "é", "あ"]
    for path in reversed(paths):
        files.named(path)
    seen: list[str] = []
    after: str | None = None
    while True:
        page = files.store.page(RUN, after=after, limit=2)
        seen.extend(file.path for file in page.files)
        after = page.after
        if after is None:
            break
    assert seen == sorted(paths, key=str.encode)


@pytest.mark.parametrize(
    ("like", "expected"),
    [
        ("%.png", ["media/a.png"]),
        ("media/%", ["media/B.PNG", "media/a.png"]),
        ("_og[1]*?", ["log[1]*?"]),
        ("LOG%", []),
    ],
)
def test_like_patterns_match_whole_paths_and_case(
    files: Files, like: str, expected: list[str]
) -> None:
    for path in ("media/a.png", "media/B.PNG", "log[1]*?"):
        files.named(path)
    assert [file.path for file in files.store.page(RUN, like=like).files] == expected


def test_files_are_named_in_another_run_too(files: Files) -> None:
    for path in ("media/a", "media/%b", "mediab", "code"):
        files.named(path, content=path)
    kept = files.named("media/a", content="own", run=OTHER)
    files.store.copy(RUN, OTHER, under="media/")
    assert files.store.get(OTHER, ["media/a"]) == [kept]
    assert [file.path for file in files.store.page(OTHER).files] == ["media/%b", "media/a"]
    assert {d: n.names for d, n in files.names.get(["media/a", "media/%b", "code"]).items()} == {
        "media/a": 1,
        "media/%b": 2,
        "code": 1,
    }
    files.store.copy(RUN, OTHER)
    assert files.store.count(OTHER) == 4


def test_every_name_is_counted(files: Files) -> None:
    files.named("kept", "kept")
    files.named("twice", "shared")
    files.named("twice", "shared", OTHER)
    files.named("replaced", "old")
    files.named("replaced", "new")
    assert files.store.delete(RUN, ["twice", "nothing"]) == 1
    assert list(files.names.forget(NOON)) == ["old"]
    files.store.delete_runs([OTHER])
    assert list(files.names.forget(NOON)) == ["shared"]
    assert list(files.names.forget(NOON)) == []
