"""The promises of a store of run files, on every adapter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from kiseki_server.domain.files.store import RunFileStore
from kiseki_server.domain.files.types import Blob, RunFile
from kiseki_server.kit.ids import RunId
from kiseki_server.storage.memory.files import MemoryRunFiles
from kiseki_server.storage.sql import schema
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.files import SqlRunFiles

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
RUN, OTHER = RunId(1), RunId(2)


@pytest.fixture(params=["memory", "sqlite"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunFileStore]:
    database: Database | None = None
    transaction: AbstractContextManager[None] = nullcontext()
    store: RunFileStore = MemoryRunFiles()
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'test.db'}")
        schema.metadata.create_all(database.engine)
        transaction = database.transaction(write=True)
        store = SqlRunFiles(database)
    with transaction:
        if database is not None:
            # The runs themselves are not this test's concern.
            database.current().execute(sa.text("PRAGMA defer_foreign_keys = ON"))
        yield store
        if database is not None:
            database.current().rollback()
    if database is not None:
        database.close()


def named(
    files: RunFileStore, path: str, content: str = "x", run: RunId = RUN, at: datetime = NOON
) -> RunFile:
    files.reserve(Blob(content, len(content), "md5"), at)
    file = RunFile(run, path, content, len(content), "md5", "text/plain", at)
    files.put([file])
    return file


def test_a_file_is_found_under_its_path(files: RunFileStore) -> None:
    first, second = named(files, "b/x y.png"), named(files, "a")
    named(files, "a", "other", OTHER)
    assert list(files.get(RUN, ["b/x y.png", "missing", "a", "a"])) == [second, first]
    assert (files.count(RUN), files.count(OTHER)) == (2, 1)


def test_the_newest_file_of_a_path_stands(files: RunFileStore) -> None:
    named(files, "log", "one")
    latest = named(files, "log", "two", at=NOON + timedelta(seconds=1))
    assert list(files.get(RUN, ["log"])) == [latest]
    assert files.count(RUN) == 1


def test_pages_go_by_the_bytes_of_the_paths(files: RunFileStore) -> None:
    paths = ["Z", "a", "a.b", "a/b", "é", "あ"]
    for path in reversed(paths):
        named(files, path)
    seen: list[str] = []
    after: str | None = None
    while True:
        page = files.page(RUN, after=after, limit=2)
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
    files: RunFileStore, like: str, expected: list[str]
) -> None:
    for path in ("media/a.png", "media/B.PNG", "log[1]*?"):
        named(files, path)
    assert [file.path for file in files.page(RUN, like=like).files] == expected


def test_only_nameless_blobs_are_forgotten(files: RunFileStore) -> None:
    named(files, "kept", "kept")
    named(files, "twice", "shared")
    named(files, "twice", "shared", OTHER)
    named(files, "replaced", "old")
    named(files, "replaced", "new")
    assert files.delete(RUN, ["twice", "nothing"]) == 1
    later = NOON + timedelta(minutes=1)
    assert list(files.forget(later)) == ["old"]
    files.delete_runs([OTHER])
    assert list(files.forget(later)) == ["shared"]
    assert list(files.forget(later)) == []


def test_a_reserved_blob_is_kept_for_its_upload(files: RunFileStore) -> None:
    named(files, "gone", "content")
    files.delete(RUN, ["gone"])
    files.reserve(Blob("content", 7, "md5"), NOON + timedelta(hours=1))
    assert list(files.forget(NOON + timedelta(minutes=1))) == []
    assert list(files.forget(NOON + timedelta(hours=2))) == ["content"]
