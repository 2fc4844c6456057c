"""Bytes are compared with what was said about them."""

from __future__ import annotations

import base64
import hashlib

import pytest
import xxhash

from kiseki_server.domain.files.incoming import Announced, Incoming, announced
from kiseki_server.kit.errors import BadRequest, TooLarge
from kiseki_server.storage.memory.files import MemoryBlobs

BYTES = b"some bytes"
MD5 = base64.b64encode(hashlib.md5(BYTES).digest()).decode()
XXH128 = base64.b64encode(xxhash.xxh3_128(BYTES).digest()).decode()


def receive(*said: Announced, content: bytes = BYTES, max_bytes: int = 100) -> MemoryBlobs:
    blobs = MemoryBlobs()
    incoming = Incoming(blobs.writer(), "a.txt", max_bytes=max_bytes)
    for one in said:
        incoming.announce(one)
    for start in range(0, len(content), 3):
        incoming.write(content[start : start + 3])
    blob = incoming.finish()
    assert not blobs.has(blob.digest)
    blobs.store([incoming.writer])
    assert b"".join(blobs.read(blob.digest)) == content
    return blobs


@pytest.mark.parametrize(
    "said",
    [
        [],
        [Announced(size=10)],
        [announced("md5", MD5, 10), Announced(md5=MD5)],
        [announced("xxh128", XXH128), announced("md5", MD5)],
    ],
)
def test_what_was_announced_is_taken(said: list[Announced]) -> None:
    receive(*said)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ([Announced(size=9)], "More than the announced 9 bytes of a.txt"),
        ([Announced(size=11)], "10 of 11 bytes of a.txt have arrived"),
        ([announced("md5", XXH128)], f"have the MD5 {MD5}, not"),
        ([announced("xxh128", MD5)], f"have the xxh128 {XXH128}, not"),
        ([Announced(size=10), Announced(size=11)], "was announced with the size 10, not 11"),
        ([Announced(md5=MD5), Announced(md5=XXH128)], "was announced with the MD5"),
        ([Announced(md5="6162")], "is no digest"),
        ([Announced(md5=MD5[:-2])], "is no digest"),
        ([Announced(xxh128="é")], "is no digest"),
    ],
)
def test_anything_else_is_refused(said: list[Announced], message: str) -> None:
    with pytest.raises(BadRequest, match=message.replace("+", r"\+")):
        receive(*said)


def test_a_limit_is_kept_before_and_while_bytes_arrive() -> None:
    with pytest.raises(TooLarge, match="5 bytes"):
        receive(Announced(size=10), max_bytes=5)
    with pytest.raises(TooLarge, match="5 bytes"):
        receive(max_bytes=5)
