"""What the stores of files promise: one for names, one for bytes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from kiseki_server.domain.files.types import Blob, FilePage, Named, RunFile
from kiseki_server.kit.errors import KisekiError
from kiseki_server.kit.ids import RunId


class BlobWriter(Protocol):
    """Bytes on their way in. Used from one thread at a time; `discard` is always safe."""

    def write(self, data: bytes) -> None:
        """Take the next bytes.

        Raises:
            StorageFull: The disk is full.
        """
        ...

    def finish(self) -> Blob:
        """No more bytes come: what they are called. Nothing is visible yet."""
        ...

    def discard(self) -> None:
        """Forget what has not been stored."""
        ...


class BlobStore(Protocol):
    """Bytes by the SHA-256 of their content, each kept once.

    A reader sees all bytes of a blob or none. Nothing changes a blob once it is stored.
    """

    def writer(self) -> BlobWriter: ...

    def store(self, writers: Sequence[BlobWriter]) -> Sequence[KisekiError | None]:
        """Make the bytes of finished writers of this store readable under their digests; durable
        when it returns.

        Bytes that are there already are not written again. For each writer there is ``None``, or
        why nothing of its blob is visible: `StorageFull`, or `Unavailable` when the store does
        not answer.
        """
        ...

    def has(self, digest: str) -> bool: ...

    def read(self, digest: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The bytes from ``start`` on, at most ``length``, in pieces of bounded size.

        Raises:
            NotFound: There are no such bytes. Raised by the call, not by the iteration.
        """
        ...

    def delete(self, digests: Sequence[str]) -> None:
        """Remove blobs; those that are not there are no mistake."""
        ...


class BlobNames(Protocol):
    """How many names each blob has; works inside the caller's transaction.

    A name is whatever keeps bytes alive: a run's file, a file of an artifact, a list of files.
    Whoever writes names down counts them here in the same transaction.
    """

    def reserve(self, blobs: Sequence[Blob], at: datetime) -> None:
        """Note that bytes are about to be stored, before anything names them."""
        ...

    def add(self, digests: Iterable[str]) -> None:
        """Count names; a digest that comes several times has so many more.

        Raises:
            Unavailable: One of the blobs has been freed meanwhile; it must be stored again.
        """
        ...

    def drop(self, digests: Iterable[str]) -> None:
        """Count names that are gone; what loses its last one is freed by the next `forget`."""
        ...

    def get(self, digests: Collection[str]) -> Mapping[str, Named]:
        """Those of the blobs that are known."""
        ...

    def forget(self, before: datetime, *, limit: int = 500) -> Sequence[str]:
        """Drop blobs that lost their last name, and those that were reserved before that time and
        never got one; their digests."""
        ...


class RunFileStore(Protocol):
    """Names of run files; every method works inside the caller's transaction, and counts the
    names of blobs that it writes down and removes."""

    def put(self, files: Sequence[RunFile]) -> None:
        """Name reserved blobs; a path that the run has already names the new one from now on."""
        ...

    def get(self, run: RunId, paths: Sequence[str]) -> Sequence[RunFile]:
        """Those of the paths that the run has, in byte order."""
        ...

    def page(
        self,
        run: RunId,
        *,
        like: str | None = None,
        after: str | None = None,
        limit: int = 1000,
    ) -> FilePage:
        """Files of the run behind the path ``after``, in byte order.

        ``like`` is an SQL pattern (``%`` and ``_``; case counts).
        """
        ...

    def count(self, run: RunId) -> int: ...

    def copy(self, source: RunId, target: RunId, *, under: str = "") -> None:
        """Name the files of one run in another one too, those whose paths begin with ``under``;
        paths that the other run has stay as they are."""
        ...

    def delete(self, run: RunId, paths: Sequence[str]) -> int:
        """Take names away; how many there were."""
        ...

    def delete_runs(self, runs: Sequence[RunId]) -> None:
        """Take all names of the runs away."""
        ...
