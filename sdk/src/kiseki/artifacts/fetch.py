"""Brings files of artifacts to this machine, through a cache that knows them by their digests."""

from __future__ import annotations

import base64
import shutil
import sys
import threading
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote, urlsplit

from kiseki.artifacts.draft import cache_dir, md5_of
from kiseki.errors import FileError
from kiseki.run.files import snapshot

if TYPE_CHECKING:
    from kiseki.query.server import Server

_AT_A_TIME = 8
_BAR_FROM_BYTES = 50 << 20
_BAR_SIGNS = 30


class Wanted(Protocol):
    """A file of a committed version."""

    @property
    def path(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def digest(self) -> str: ...
    @property
    def reference(self) -> str | None: ...
    @property
    def address(self) -> str:
        """Path of the bytes below the server's address."""
        ...

    @property
    def algorithm(self) -> str: ...


def fetch(
    server: Server, entries: Sequence[Wanted], root: Path, *, skip_cache: bool = False
) -> None:
    """Bring files to their paths below ``root``; those that are there already stay.

    Raises:
        FileError: A file cannot be written, or its bytes are not those of its digest.
        ServerError: The server cannot be asked, or refused.
    """
    bar = Bar(sum(entry.size for entry in entries))

    def one(_: object, entry: Wanted) -> None:
        target = root / entry.path
        if target.is_file() and matches(target, entry):
            bar.add(entry.size)
            return
        if entry.reference is not None:
            _follow(entry, target)
            bar.add(entry.size)
        elif skip_cache or entry.algorithm != "md5":
            _download(server, entry, target, bar.add)
        else:
            cached = cached_at(entry.digest)
            if cached.is_file() and matches(cached, entry):
                bar.add(entry.size)
            else:
                _download(server, entry, cached, bar.add)
            snapshot(cached, target)

    parallel: Any = import_module("kiseki._transport.parallel")
    try:
        parallel.in_parallel(entries, object, one, min(_AT_A_TIME, max(len(entries), 1)))
    finally:
        bar.end()


def cached_at(digest: str) -> Path:
    """Where the cache has the bytes of an MD5."""
    name = base64.b64decode(digest).hex()
    return cache_dir() / "artifacts" / "md5" / name[:2] / name[2:]


def matches(path: Path, entry: Wanted) -> bool:
    """Whether a file has the bytes of an entry, as far as that can be told here."""
    try:
        if path.stat().st_size != entry.size:
            return False
        if entry.reference is not None:
            return entry.digest == entry.reference or md5_of(path) == entry.digest
        return entry.algorithm != "md5" or md5_of(path) == entry.digest
    except OSError:
        return False


def _download(server: Server, entry: Wanted, target: Path, received: Callable[[int], None]) -> None:
    for left in (1, 0):
        server.download(entry.address, target, received)
        if matches(target, entry):
            return
        target.unlink(missing_ok=True)
        if not left:
            raise FileError(f"The bytes of {entry.path!r} that arrived are not those of its digest")


def _follow(entry: Wanted, target: Path) -> None:
    """Fetch what a reference means."""
    reference = entry.reference or ""
    url = urlsplit(reference)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        if url.scheme == "file":
            snapshot(Path(unquote(url.path)), target)
        elif url.scheme in ("http", "https"):
            web: Any = import_module("urllib.request")
            with web.urlopen(reference, timeout=60) as answer, target.open("wb") as file:
                shutil.copyfileobj(answer, file, 1 << 20)
        else:
            raise FileError(
                f"{entry.path!r} is kept at {reference}, which cannot be fetched from here",
                hint="fetch it with the tools of that store, or "
                "download(allow_missing_references=True)",
            )
    except OSError as error:
        raise FileError(f"{entry.path!r} cannot be fetched from {reference}: {error}") from None


class Bar:
    """A line on how far a long transfer has come, in a terminal."""

    def __init__(self, total: int, what: str = "downloading") -> None:
        self._total = total
        self._what = what
        self._done = 0
        self._shown = -1
        self._lock = threading.Lock()
        self._live = total >= _BAR_FROM_BYTES and sys.stderr.isatty()

    def add(self, count: int) -> None:
        """So many more bytes have been transferred."""
        self.show(self._done + count)

    def show(self, done: int) -> None:
        """So many bytes have been transferred."""
        with self._lock:
            self._done = done
            part = min(done * 100 // (self._total or 1), 100)
            if not self._live or part == self._shown:
                return
            self._shown = part
            signs = "━" * (part * _BAR_SIGNS // 100)
            size = f"{done / 1e6:,.0f} of {self._total / 1e6:,.0f} MB"
            line = f"\r\x1b[Kkiseki: {self._what} {signs:<{_BAR_SIGNS}} {part:3d} % {size}"
            print(line, end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Take the line away."""
        if self._live and self._shown >= 0:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
