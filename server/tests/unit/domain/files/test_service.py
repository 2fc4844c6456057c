from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta

import pytest

from kiseki_server.domain.files.arrival import Keeper, Receiver
from kiseki_server.domain.files.service import FileService, media_type
from kiseki_server.kit.clock import SystemClock
from kiseki_server.kit.errors import BadRequest, NotFound, TooLarge
from kiseki_server.kit.ids import RunId
from kiseki_server.storage.memory.files import MemoryBlobNames, MemoryBlobs, MemoryRunFiles
from kiseki_server.workers.together import Together

RUN = RunId(1)


class _NoTransactions:
    def transaction(self, *, write: bool = False) -> AbstractContextManager[None]:
        return nullcontext()

    def on_commit(self, callback: Callable[[], None]) -> None:
        callback()


@pytest.fixture
def service() -> FileService:
    names, blobs, work, clock = (
        MemoryBlobNames(),
        MemoryBlobs(),
        _NoTransactions(),
        SystemClock(),
    )
    keeper = Keeper(names, blobs, work, clock)
    receiver = Receiver(keeper, blobs, Together(keeper), max_bytes=10)
    return FileService(MemoryRunFiles(names), names, blobs, receiver, work, clock)


def put(service: FileService, path: str, data: bytes) -> None:
    with service.upload(RUN, path) as upload:
        upload.write(data)
        upload.finish()


def content(service: FileService, path: str) -> bytes:
    return b"".join(service.read(service.get(RUN, path)))


def test_a_finished_upload_is_a_file(service: FileService) -> None:
    put(service, "./logs//a.txt", b"hello")
    assert content(service, "logs/a.txt") == b"hello"
    assert [file.path for file in service.page(RUN).files] == ["logs/a.txt"]


def test_an_upload_that_breaks_off_changes_nothing(service: FileService) -> None:
    put(service, "a", b"before")
    with service.upload(RUN, "a") as upload:
        upload.write(b"aft")
    assert content(service, "a") == b"before"


def test_a_file_may_be_too_large(service: FileService) -> None:
    with pytest.raises(TooLarge, match="10 bytes"):
        put(service, "a", b"x" * 11)
    assert service.count(RUN) == 0


def test_a_path_is_checked_before_anything_is_received(service: FileService) -> None:
    with pytest.raises(BadRequest):
        service.upload(RUN, "../a")


def test_collecting_frees_only_what_nothing_names(service: FileService) -> None:
    put(service, "a", b"shared")
    put(service, "b", b"shared")
    put(service, "c", b"alone")
    gone = [service.get(RUN, path) for path in ("a", "c")]
    service.delete(RUN, ["a", "c"])
    assert service.collect() == 1
    assert service.collect(timedelta(0)) == 0
    assert content(service, "b") == b"shared"
    with pytest.raises(NotFound):
        service.read(gone[1])


def test_media_types_come_from_names() -> None:
    assert [media_type(name) for name in ("a.png", "output.log", "x.YAML", "a.json", "bin")] == [
        "image/png",
        "text/plain",
        "text/plain",
        "application/json",
        "application/octet-stream",
    ]
