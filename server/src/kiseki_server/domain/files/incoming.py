"""Bytes on their way in, compared with what was said about them before they came."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Literal, Self, TypeVar

import xxhash

from kiseki_server.domain.files.store import BlobWriter
from kiseki_server.domain.files.types import Blob
from kiseki_server.kit.errors import BadRequest, TooLarge

DigestAlgorithm = Literal["md5", "xxh128"]

_DIGEST_BYTES = 16
_Said = TypeVar("_Said", int, str)


@dataclass(frozen=True, slots=True)
class Announced:
    """What somebody said about bytes before they came; ``None`` where nothing was said."""

    size: int | None = None
    md5: str | None = None
    """Base64, as in ``Content-MD5``."""
    xxh128: str | None = None
    """Base64."""


def announced(algorithm: DigestAlgorithm, digest: str, size: int | None = None) -> Announced:
    """What a digest of the one or the other kind says."""
    if algorithm == "md5":
        return Announced(size=size, md5=digest)
    return Announced(size=size, xxh128=digest)


def check_digest(digest: str, what: str) -> str:
    """A digest of 16 bytes in base64, unchanged.

    Raises:
        BadRequest: It is none.
    """
    try:
        raw = base64.b64decode(digest, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != _DIGEST_BYTES or base64.b64encode(raw).decode() != digest:
        raise BadRequest(
            f"{what} `{digest[:80]}` is no digest",
            hint="Send the 16 bytes of the digest in base64, 24 characters with `==` at the end.",
        )
    return digest


class Incoming:
    """A `BlobWriter` that stops at a limit and refuses what is not what was announced."""

    def __init__(self, writer: BlobWriter, name: str, *, max_bytes: int) -> None:
        self.writer = writer
        """Stores what has come, once it is finished; see `BlobStore.store`."""
        self._name = name
        self._max_bytes = max_bytes
        self._announced = Announced()
        self._xxh128: xxhash.xxh3_128 | None = None
        self.size = 0

    def announce(self, said: Announced) -> Self:
        """Take note of what will come; may be called several times before the first byte.

        Raises:
            BadRequest: It contradicts what was said before, or is no digest.
            TooLarge: So many bytes are more than this server accepts.
        """
        known = self._announced
        if said.size is not None:
            self._check_size(said.size)
        self._announced = Announced(
            size=self._same("size", known.size, said.size),
            md5=self._same("MD5", known.md5, said.md5),
            xxh128=self._same("xxh128", known.xxh128, said.xxh128),
        )
        if self._announced.xxh128 is not None and self._xxh128 is None:
            self._xxh128 = xxhash.xxh3_128()
        return self

    def write(self, data: bytes) -> None:
        """Take the next bytes.

        Raises:
            BadRequest: There are more than announced.
            TooLarge: There are more than this server accepts.
            StorageFull: The disk is full.
        """
        self.size += len(data)
        self._check_size(self.size)
        if self._announced.size is not None and self.size > self._announced.size:
            raise BadRequest(
                f"More than the announced {self._announced.size} bytes of {self._name} have arrived"
            )
        if self._xxh128 is not None:
            self._xxh128.update(data)
        self.writer.write(data)

    def finish(self) -> Blob:
        """No more bytes come: what they are called. Nothing is visible yet.

        Raises:
            BadRequest: They are not those that were announced.
        """
        expected = self._announced
        if expected.size is not None and self.size != expected.size:
            raise BadRequest(f"{self.size} of {expected.size} bytes of {self._name} have arrived")
        blob = self.writer.finish()
        self._compare("MD5", blob.md5, expected.md5)
        if self._xxh128 is not None:
            found = base64.b64encode(self._xxh128.digest()).decode()
            self._compare("xxh128", found, expected.xxh128)
        return blob

    def discard(self) -> None:
        """Forget what has not been stored; always safe."""
        self.writer.discard()

    def _check_size(self, size: int) -> None:
        if size > self._max_bytes:
            raise TooLarge(
                f"The file {self._name!r} is larger than {self._max_bytes} bytes",
                hint="The setting file_limit_mb raises the limit.",
            )

    def _same(self, what: str, known: _Said | None, said: _Said | None) -> _Said | None:
        if isinstance(said, str):
            check_digest(said, f"The {what} of {self._name}")
        if known is not None and said is not None and known != said:
            raise BadRequest(
                f"The upload of {self._name} was announced with the {what} {known}, not {said}"
            )
        return known if said is None else said

    def _compare(self, what: str, found: str, expected: str | None) -> None:
        if expected is not None and found != expected:
            raise BadRequest(
                f"The bytes of {self._name} have the {what} {found}, not {expected} as announced",
                hint="They changed on their way, or after they were announced; send them again.",
            )
