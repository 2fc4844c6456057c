"""Small files are stored together, and what goes wrong hits only who caused it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kiseki_server.domain.files.arrival import Arrival, Keeper, Naming, Receiver
from kiseki_server.domain.files.incoming import Announced
from kiseki_server.domain.files.service import FileService
from kiseki_server.domain.files.types import Blob
from kiseki_server.kit.clock import SystemClock
from kiseki_server.kit.errors import BadRequest, Conflict, KisekiError, StorageFull, Unavailable
from kiseki_server.storage.blobs.folder import FolderBlobs
from kiseki_server.storage.sql.blob_names import SqlBlobNames
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.files import SqlRunFiles
from kiseki_server.workers.together import Together

SECONDS = 20


class Shelf:
    """Files on a real disk and database, with names that a test decides about."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.names = SqlBlobNames(database)
        self.blobs = FolderBlobs(folder)
        self.keeper = Keeper(self.names, self.blobs, database, SystemClock())
        self.turns: list[list[str]] = []
        self.refused: dict[str, Exception] = {}
        self.entered = threading.Semaphore(0)
        self.open = threading.Semaphore(0)

    def name(self, things: Sequence[tuple[str, Blob]]) -> Sequence[str]:
        self.turns.append([thing for thing, _ in things])
        self.entered.release()
        assert self.open.acquire(timeout=SECONDS)
        for thing, blob in things:
            self.names.add([blob.digest])
            if thing in self.refused:
                raise self.refused[thing]
        return [f"named {thing}" for thing, _ in things]

    def let(self, count: int = 1) -> None:
        for _ in range(count):
            self.open.release()

    def count(self) -> dict[bytes, int]:
        """The names of each stored content."""
        with self.database.transaction():
            digests = [path.name for path in self.blobs._folder.rglob("*") if path.is_file()]
            known = self.names.get(digests)
        return {b"".join(self.blobs.read(digest)): known[digest].names for digest in digests}


@pytest.fixture
def shelf(sqlite_database: Database, tmp_path: Path) -> Shelf:
    return Shelf(sqlite_database, tmp_path / "blobs")


@pytest.fixture
def together(shelf: Shelf) -> Iterator[Callable[..., Together]]:
    started: list[Together] = []

    def build(**bounds: Any) -> Together:
        made = Together(shelf.keeper, **bounds)
        made.start()
        started.append(made)
        return made

    yield build
    shelf.let(1000)
    for made in started:
        made.stop()


def arrival(shelf: Shelf, group: Together, thing: str) -> Arrival[str]:
    receiver = Receiver(shelf.keeper, shelf.blobs, group, max_bytes=1 << 20)
    made = receiver.begin(thing, Naming(thing, shelf.name))
    made.write(thing.encode())
    return made


def submit(shelf: Shelf, group: Together, *things: str) -> list[Future[str]]:
    return [arrival(shelf, group, thing).submit() for thing in things]


def results(futures: Sequence[Future[str]]) -> list[Any]:
    return [future.exception(SECONDS) or future.result() for future in futures]


def test_what_comes_while_others_are_stored_is_stored_together(
    shelf: Shelf, together: Callable[..., Together]
) -> None:
    group = together()
    first = submit(shelf, group, "a")
    assert shelf.entered.acquire(timeout=SECONDS)
    rest = submit(shelf, group, "b", "c", "b")
    shelf.let(2)
    assert results(first + rest) == ["named a", "named b", "named c", "named b"]
    assert shelf.turns == [["a"], ["b", "c", "b"]]
    assert shelf.count() == {b"a": 1, b"b": 2, b"c": 1}


def test_a_turn_has_a_bound(shelf: Shelf, together: Callable[..., Together]) -> None:
    group = together(most=2)
    shelf.let(10)
    things = [f"thing {number}" for number in range(7)]
    assert results(submit(shelf, group, *things)) == [f"named {thing}" for thing in things]
    assert max(map(len, shelf.turns)) <= 2


@pytest.mark.parametrize("error", [Conflict("committed meanwhile"), ZeroDivisionError()])
def test_one_that_cannot_be_named_does_not_fail_the_others(
    shelf: Shelf, together: Callable[..., Together], error: Exception
) -> None:
    group = together()
    shelf.refused["bad"] = error
    first = submit(shelf, group, "a")
    assert shelf.entered.acquire(timeout=SECONDS)
    rest = submit(shelf, group, "b", "bad", "c")
    shelf.let(10)
    b, bad, c = results(rest)
    assert results(first) == ["named a"]
    assert (b, c) == ("named b", "named c")
    assert isinstance(bad, KisekiError)
    assert ("committed meanwhile" in str(bad)) == isinstance(error, Conflict)
    assert shelf.count() == {b"a": 1, b"b": 1, b"c": 1, b"bad": 0}


def test_one_that_does_not_fit_on_the_disk_does_not_fail_the_others(
    shelf: Shelf, together: Callable[..., Together], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = shelf.blobs._place

    def full(blob: Blob, content: Any) -> Any:
        if content == b"large":
            raise StorageFull
        return place(blob, content)

    monkeypatch.setattr(shelf.blobs, "_place", full)
    group = together()
    first = submit(shelf, group, "a")
    assert shelf.entered.acquire(timeout=SECONDS)
    rest = submit(shelf, group, "b", "large", "c")
    shelf.let(10)
    assert results(first)[0] == "named a"
    b, large, c = results(rest)
    assert (b, type(large), c) == ("named b", StorageFull, "named c")
    assert shelf.count() == {b"a": 1, b"b": 1, b"c": 1}


def test_other_bytes_than_announced_are_refused_before_they_wait(
    shelf: Shelf, together: Callable[..., Together]
) -> None:
    made = arrival(shelf, together(), "abc").announce(Announced(size=4))
    with pytest.raises(BadRequest, match="3 of 4 bytes"):
        made.submit()
    made.discard()
    assert shelf.turns == []


def test_more_than_memory_holds_is_asked_to_come_again(
    shelf: Shelf, together: Callable[..., Together]
) -> None:
    group = together(waiting_bytes=3)
    first = submit(shelf, group, "a")
    assert shelf.entered.acquire(timeout=SECONDS)
    rest = submit(shelf, group, "b", "cc")
    shelf.let(10)
    assert results(first) == ["named a"]
    b, refused = results(rest)
    assert (b, type(refused)) == ("named b", Unavailable)


def test_a_stop_stores_what_waits_and_refuses_what_comes_later(
    shelf: Shelf, together: Callable[..., Together]
) -> None:
    group = together()
    futures = submit(shelf, group, "a", "b", "c")
    shelf.let(10)
    group.stop()
    assert results(futures) == ["named a", "named b", "named c"]
    assert isinstance(results(submit(shelf, group, "late"))[0], Unavailable)


def test_bytes_whose_names_were_lost_are_collected_and_may_come_again(
    shelf: Shelf, together: Callable[..., Together]
) -> None:
    """What a crash between the bytes and the name leaves behind."""
    shelf.refused["a"] = RuntimeError("the process dies here")
    group = together()
    shelf.let(1000)
    assert isinstance(results(submit(shelf, group, "a"))[0], KisekiError)
    assert shelf.count() == {b"a": 0}

    receiver = Receiver(shelf.keeper, shelf.blobs, group, max_bytes=10)
    files = FileService(
        SqlRunFiles(shelf.database, shelf.names),
        shelf.names,
        shelf.blobs,
        receiver,
        shelf.database,
        SystemClock(),
    )
    assert files.collect() == 0  # it may be on its way still
    assert files.collect(timedelta(days=-1)) == 1
    assert shelf.count() == {}
    shelf.refused.clear()
    assert results(submit(shelf, group, "a")) == ["named a"]
    assert shelf.count() == {b"a": 1}
