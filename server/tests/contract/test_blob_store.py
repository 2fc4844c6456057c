"""The promises of a blob store, on every adapter."""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kiseki_server.domain.files.store import BlobStore
from kiseki_server.domain.files.types import Blob
from kiseki_server.kit.errors import NotFound, StorageFull
from kiseki_server.storage.blobs.folder import FolderBlobs
from kiseki_server.storage.blobs.objects import ObjectBlobs
from kiseki_server.storage.memory.files import MemoryBlobs


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an S3 server on this machine."""
    pytest.importorskip("moto", reason="needs moto[server] for an S3 on this machine")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (tmp_path_factory.mktemp("s3") / "log").open("wb")
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                request = urllib.request.Request(f"{address}/kiseki", method="PUT")
                urllib.request.urlopen(request, timeout=5).close()
                break
            except OSError:
                assert time.monotonic() < deadline, "the S3 server does not start"
                assert process.poll() is None, "the S3 server died"
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=10)
        log.close()


@pytest.fixture(params=["memory", "folder", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    if request.param == "memory":
        return MemoryBlobs()
    if request.param == "folder":
        return FolderBlobs(tmp_path / "blobs")
    options = {
        "aws_endpoint": request.getfixturevalue("s3"),
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
        "aws_region": "us-east-1",
    }
    return ObjectBlobs(f"s3://kiseki/{os.urandom(4).hex()}", tmp_path / "incoming", options)


def stored(blobs: BlobStore, *pieces: bytes) -> Blob:
    writer = blobs.writer()
    for piece in pieces:
        writer.write(piece)
    blob = writer.finish()
    assert list(blobs.store([writer])) == [None]
    writer.discard()
    return blob


def test_bytes_come_back_under_their_digest(blobs: BlobStore) -> None:
    blob = stored(blobs, b"one ", b"two")
    md5 = base64.b64encode(hashlib.md5(b"one two").digest()).decode()
    assert blob == Blob(hashlib.sha256(b"one two").hexdigest(), 7, md5)
    assert b"".join(blobs.read(blob.digest)) == b"one two"


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [(0, 3, b"012"), (4, None, b"456789"), (8, 100, b"89"), (10, None, b""), (2, 0, b"")],
)
def test_a_part_can_be_read(
    blobs: BlobStore, start: int, length: int | None, expected: bytes
) -> None:
    blob = stored(blobs, b"0123456789")
    assert b"".join(blobs.read(blob.digest, start, length)) == expected


def test_large_blobs_are_read_in_pieces(blobs: BlobStore) -> None:
    content = os.urandom(9 << 20)
    blob = stored(blobs, content[: 5 << 20], content[5 << 20 :])
    assert b"".join(blobs.read(blob.digest)) == content
    assert b"".join(blobs.read(blob.digest, 5, 3 << 20)) == content[5 : 5 + (3 << 20)]


def test_an_empty_blob_is_a_blob(blobs: BlobStore) -> None:
    blob = stored(blobs)
    assert blobs.has(blob.digest)
    assert b"".join(blobs.read(blob.digest)) == b""


def test_nothing_is_visible_before_it_is_stored(blobs: BlobStore) -> None:
    writer = blobs.writer()
    writer.write(b"half")
    blob = writer.finish()
    assert not blobs.has(blob.digest)
    writer.discard()
    assert not blobs.has(blob.digest)


def test_storing_the_same_bytes_again_is_no_mistake(blobs: BlobStore) -> None:
    assert stored(blobs, b"same") == stored(blobs, b"sa", b"me")


def test_many_are_stored_together(blobs: BlobStore) -> None:
    writers = [blobs.writer() for _ in range(40)]
    contents = [b"%d" % (number // 2) * 1000 for number in range(40)]
    contents[7] = os.urandom(1 << 20)
    for writer, content in zip(writers, contents, strict=True):
        writer.write(content)
    stored = [writer.finish() for writer in writers]
    assert list(blobs.store(writers)) == [None] * 40
    for writer in writers:
        writer.discard()
    for blob, content in zip(stored, contents, strict=True):
        assert b"".join(blobs.read(blob.digest)) == content


def test_unknown_digests_are_refused_by_the_call_itself(blobs: BlobStore) -> None:
    with pytest.raises(NotFound):
        blobs.read("0" * 64)


def test_deleted_bytes_are_gone_and_may_come_again(blobs: BlobStore) -> None:
    blob = stored(blobs, b"for a while")
    blobs.delete([blob.digest, "0" * 64])
    assert not blobs.has(blob.digest)
    stored(blobs, b"for a while")
    assert blobs.has(blob.digest)


def test_a_new_process_clears_what_died_on_its_way(tmp_path: Path) -> None:
    writer = FolderBlobs(tmp_path).writer()
    writer.write(b"cut off" * 100_000)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] != []
    FolderBlobs(tmp_path)
    writer.discard()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_full_disk_refuses_those_that_do_not_fit(small_disk: Callable[[int], Path]) -> None:
    blobs = FolderBlobs(small_disk(1) / "blobs")
    writers = [blobs.writer() for _ in range(12)]
    contents = [os.urandom(200_000) for _ in writers]
    for writer, content in zip(writers, contents, strict=True):
        writer.write(content)
    stored = [writer.finish() for writer in writers]
    failures = blobs.store(writers)
    assert {type(failure) for failure in failures} == {type(None), StorageFull}
    for blob, content, failure in zip(stored, contents, failures, strict=True):
        if failure is None:
            assert b"".join(blobs.read(blob.digest)) == content
        else:
            assert not blobs.has(blob.digest)
