"""The data directory: made on first use, and held by one server at a time."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from kiseki_server.kit.errors import Conflict, KisekiError

ADMIN_KEY = "admin.key"
SECRET = "secret.key"  # noqa: S105
_LOCK = "server.lock"


class DataDirectory:
    """A folder that this process alone uses until `close`.

    The lock dies with the process, however it ends. Inside stands who holds it, for people and
    for local commands that look for the server.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None

    def open(self) -> None:
        """Make the folder and take the lock.

        Raises:
            KisekiError: The folder cannot be made or written.
            Conflict: A live server uses it.
        """
        hint = (
            "start with `kiseki serve --data-dir PATH` (or KISEKI_DATA_DIR), or change the owner "
            "of the directory"
        )
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise KisekiError(
                f"Cannot use the data directory `{self.path}` as user {os.getuid()}: "
                f"{error.strerror}",
                hint=hint,
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(lock, 4096)
            os.close(lock)
            raise Conflict(
                f"The data directory `{self.path}` is in use by {_describe(holder)}",
                hint="stop that server first, or start this one with another --data-dir",
            ) from None
        except OSError as error:
            os.close(lock)
            raise KisekiError(
                f"The file system of `{self.path}` cannot lock files: {error.strerror}",
                hint="choose a --data-dir on a local disk",
            ) from error
        self._lock = lock
        self.announce(None)

    def announce(self, url: str | None) -> None:
        """Write down who holds the folder, and where it listens."""
        if self._lock is None:
            raise RuntimeError("the data directory is not open")
        text = json.dumps({"pid": os.getpid(), "url": url}).encode()
        os.pwrite(self._lock, text, 0)
        os.ftruncate(self._lock, len(text))

    def close(self) -> None:
        """Let others use the folder."""
        if self._lock is not None:
            os.ftruncate(self._lock, 0)
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()


def _describe(holder: bytes) -> str:
    try:
        known = json.loads(holder)
        where = f" at {known['url']}" if known["url"] else ""
        return f"the server with process id {known['pid']}{where}"
    except (ValueError, KeyError, TypeError):
        return "another server"
