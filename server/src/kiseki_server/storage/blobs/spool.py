"""Where bytes wait until their digest is known."""

from __future__ import annotations

import base64
import errno
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kiseki_server.domain.files.types import Blob
from kiseki_server.kit.errors import StorageFull

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class SpooledWriter:
    """A `BlobWriter` over a temporary file; ``adopt`` moves the finished file to its place."""

    def __init__(self, folder: Path, adopt: Callable[[Blob, Path], None]) -> None:
        with disk_errors():
            descriptor, name = tempfile.mkstemp(prefix="incoming-", dir=folder)
        self._file = os.fdopen(descriptor, "wb", buffering=1 << 20)
        self._path = Path(name)
        self._adopt = adopt
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._size = 0
        self._blob: Blob | None = None

    def write(self, data: bytes) -> None:
        with disk_errors():
            self._file.write(data)
        self._sha256.update(data)
        self._md5.update(data)
        self._size += len(data)

    def finish(self) -> Blob:
        with disk_errors():
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        self._blob = Blob(
            digest=self._sha256.hexdigest(),
            size=self._size,
            md5=base64.b64encode(self._md5.digest()).decode(),
        )
        return self._blob

    def store(self) -> None:
        if self._blob is None:
            raise RuntimeError("store() comes after finish()")
        with disk_errors():
            self._adopt(self._blob, self._path)

    def discard(self) -> None:
        try:
            self._file.close()
        except OSError:
            pass  # a full disk again; the file goes away below
        finally:
            self._path.unlink(missing_ok=True)


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
