"""Blobs in an object store: S3, or whatever else obstore speaks to."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url

from kiseki_server.domain.files.store import BlobWriter
from kiseki_server.domain.files.types import Blob
from kiseki_server.kit.errors import KisekiError, NotFound, Unavailable
from kiseki_server.storage.blobs.spool import SpooledWriter, clear, each

_PIECE = 1 << 20
_PART = 8 << 20
_AT_ONCE = 16
"""Small objects that are sent at the same time."""


class ObjectBlobs:
    """Keys `ab/abcd…` below the prefix of a URL such as ``s3://bucket/prefix``.

    Credentials, region and endpoint come from the environment (``AWS_ACCESS_KEY_ID``,
    ``AWS_SECRET_ACCESS_KEY``, ``AWS_REGION``, ``AWS_ENDPOINT_URL``, …) or from ``options``.
    Bytes are spooled in a local folder first: their name is their digest.
    """

    def __init__(self, url: str, incoming: Path, options: Mapping[str, str] | None = None) -> None:
        given = dict(options or {})
        endpoint = given.get("aws_endpoint") or os.environ.get("AWS_ENDPOINT_URL") or ""
        self._store: ObjectStore = from_url(
            url,
            config=cast("Any", given),
            client_options={"allow_http": endpoint.startswith("http://"), "timeout": "60s"},
            retry_config={"max_retries": 4, "retry_timeout": timedelta(seconds=30)},
        )
        self._incoming = incoming
        self._incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
        clear(self._incoming)
        self._threads = ThreadPoolExecutor(_AT_ONCE, "blobs")

    def writer(self) -> SpooledWriter:
        return SpooledWriter(self._incoming)

    def store(self, writers: Sequence[BlobWriter]) -> Sequence[KisekiError | None]:
        return each(self._threads, writers, self._put)

    def has(self, digest: str) -> bool:
        return self._size(digest) is not None

    def read(self, digest: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        size = self._size(digest)
        if size is None:
            raise NotFound(f"There are no bytes with the digest {digest}")
        end = size if length is None else min(size, start + length)
        return self._pieces(digest, start, end)

    def delete(self, digests: Sequence[str]) -> None:
        with _errors():
            for digest in digests:
                try:
                    obstore.delete(self._store, _key(digest))
                except FileNotFoundError:
                    continue

    def _put(self, blob: Blob, content: bytes | Path) -> None:
        if self._size(blob.digest) == blob.size:
            return
        with _errors():
            obstore.put(self._store, _key(blob.digest), content, chunk_size=_PART)

    def _pieces(self, digest: str, start: int, end: int) -> Iterator[bytes]:
        while start < end:
            stop = min(end, start + _PIECE)
            with _errors():
                piece = obstore.get_range(self._store, _key(digest), start=start, end=stop)
            yield bytes(piece)
            start = stop

    def _size(self, digest: str) -> int | None:
        with _errors():
            try:
                return obstore.head(self._store, _key(digest))["size"]
            except FileNotFoundError:
                return None


def _key(digest: str) -> str:
    return f"{digest[:2]}/{digest}"


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError) as error:
        raise Unavailable(f"The object store does not answer: {str(error)[:200]}") from error
