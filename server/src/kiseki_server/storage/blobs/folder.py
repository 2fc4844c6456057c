"""Blobs as files of a local folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

from kiseki_server.domain.files.store import BlobWriter
from kiseki_server.domain.files.types import Blob
from kiseki_server.kit.errors import KisekiError, NotFound
from kiseki_server.storage.blobs.spool import SpooledFile, SpooledWriter, clear, each

_PIECE = 1 << 18
_AT_ONCE = 8
"""Files that are written at the same time: the file system makes them durable together."""


class FolderBlobs:
    """`<folder>/ab/cd/abcd…`: renamed into place once their bytes are on the disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming = folder / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
        clear(self._incoming)
        self._threads = ThreadPoolExecutor(_AT_ONCE, "blobs")

    def writer(self) -> SpooledWriter:
        return SpooledWriter(self._incoming)

    def store(self, writers: Sequence[BlobWriter]) -> Sequence[KisekiError | None]:
        placed = each(self._threads, writers, self._place)
        touched = {
            folder for found in placed if not isinstance(found, KisekiError) for folder in found
        }
        # The file system writes down what happened to all of them with the first of these calls.
        for folder in sorted(touched):
            _sync(folder)
        return [found if isinstance(found, KisekiError) else None for found in placed]

    def has(self, digest: str) -> bool:
        return self._path(digest).exists()

    def read(self, digest: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        try:
            file = self._path(digest).open("rb")
        except FileNotFoundError:
            raise NotFound(f"There are no bytes with the digest {digest}") from None
        return _pieces(file, start, length)

    def delete(self, digests: Sequence[str]) -> None:
        for digest in digests:
            self._path(digest).unlink(missing_ok=True)

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest[2:4] / digest

    def _place(self, blob: Blob, content: bytes | Path) -> Sequence[Path]:
        """Put a file under its digest; the folders whose entries are not durable yet."""
        target = self._path(blob.digest)
        if target.exists() and target.stat().st_size == blob.size:
            return ()
        made = [path for path in (target.parent.parent, target.parent) if not path.exists()]
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if isinstance(content, bytes):
            file = SpooledFile(self._incoming)
            try:
                file.write(content)
                file.finish()
                file.path.rename(target)
            except BaseException:
                file.discard()
                raise
        else:
            content.rename(target)
        return (target.parent, *(path.parent for path in made))


def _pieces(file: BinaryIO, start: int, length: int | None) -> Iterator[bytes]:
    with file:
        file.seek(start)
        left = length
        while left is None or left > 0:
            piece = file.read(_PIECE if left is None else min(_PIECE, left))
            if not piece:
                return
            if left is not None:
                left -= len(piece)
            yield piece


def _sync(folder: Path) -> None:
    """Make the folder's entries survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
