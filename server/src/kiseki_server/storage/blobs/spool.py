"""Where bytes wait until their digest is known."""

from __future__ import annotations

import base64
import errno
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from kiseki_server.domain.files.store import BlobWriter
from kiseki_server.domain.files.types import Blob
from kiseki_server.kit.errors import KisekiError, StorageFull

HELD = 1 << 18
"""So many bytes wait in memory, more in a file."""

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_Placed = TypeVar("_Placed")


class SpooledWriter:
    """A `BlobWriter` that holds a few bytes, and more in a temporary file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held = bytearray()
        self._spooled: SpooledFile | None = None
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._size = 0
        self._blob: Blob | None = None

    def write(self, data: bytes) -> None:
        if self._spooled is None and len(self._held) + len(data) > HELD:
            self._spooled = SpooledFile(self._folder)
            self._spooled.write(self._held)
            self._held = bytearray()
        if self._spooled is None:
            self._held += data
        else:
            self._spooled.write(data)
        self._sha256.update(data)
        self._md5.update(data)
        self._size += len(data)

    def finish(self) -> Blob:
        if self._spooled is not None:
            self._spooled.finish()
        self._blob = Blob(
            digest=self._sha256.hexdigest(),
            size=self._size,
            md5=base64.b64encode(self._md5.digest()).decode(),
        )
        return self._blob

    def discard(self) -> None:
        self._held = bytearray()
        if self._spooled is not None:
            self._spooled.discard()

    @property
    def blob(self) -> Blob:
        """What the finished bytes are called."""
        if self._blob is None:
            raise RuntimeError("bytes are stored after finish()")
        return self._blob

    @property
    def content(self) -> bytes | Path:
        """The finished bytes, or the file in which they are durable."""
        return bytes(self._held) if self._spooled is None else self._spooled.path


class SpooledFile:
    """A temporary file."""

    def __init__(self, folder: Path) -> None:
        with disk_errors():
            descriptor, name = tempfile.mkstemp(prefix="incoming-", dir=folder)
        self._file = os.fdopen(descriptor, "wb", buffering=1 << 16)
        self.path = Path(name)

    def write(self, data: bytes | bytearray) -> None:
        with disk_errors():
            self._file.write(data)

    def finish(self) -> None:
        """Make what was written durable."""
        with disk_errors():
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    def discard(self) -> None:
        """Remove the file, if it is still there."""
        try:
            self._file.close()
        except OSError:
            pass  # a full disk again; the file goes away below
        finally:
            self.path.unlink(missing_ok=True)


def each(
    threads: ThreadPoolExecutor,
    writers: Sequence[BlobWriter],
    place: Callable[[Blob, bytes | Path], _Placed],
) -> list[_Placed | KisekiError]:
    """Bring the bytes of each writer to their place, several at the same time."""

    def one(writer: BlobWriter) -> _Placed | KisekiError:
        assert isinstance(writer, SpooledWriter)
        try:
            with disk_errors():
                return place(writer.blob, writer.content)
        except KisekiError as error:
            return error

    return [one(writers[0])] if len(writers) == 1 else list(threads.map(one, writers))


@contextmanager
def disk_errors() -> Iterator[None]:
    """Translate what a full disk raises."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFull from error
        raise


def clear(folder: Path) -> None:
    """Remove what uploads of an earlier process have left."""
    for path in folder.glob("incoming-*"):
        path.unlink(missing_ok=True)
