"""Files of runs: receive, find, read, remove."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Self

from kiseki_server.domain.files.incoming import Announced, Incoming
from kiseki_server.domain.files.paths import check_path
from kiseki_server.domain.files.store import BlobStore, RunFileStore
from kiseki_server.domain.files.types import FilePage, RunFile
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import NotFound
from kiseki_server.kit.ids import RunId
from kiseki_server.kit.transactions import UnitOfWork

KEPT_NAMELESS = timedelta(hours=24)
"""How long bytes stay that nothing names: longer than any upload takes."""

_TEXT = (".log", ".txt", ".yaml", ".yml", ".md", ".diff", ".patch", ".toml", ".ini", ".cfg")


class Upload:
    """One file on its way in. A context manager: what was not finished leaves nothing behind.

    It opens transactions of its own, because bytes must not travel inside of one.
    """

    def __init__(self, service: FileService, run: RunId, path: str, incoming: Incoming) -> None:
        self._service = service
        self._run = run
        self._path = path
        self._incoming = incoming

    def announce(self, said: Announced) -> None:
        """See `Incoming.announce`."""
        self._incoming.announce(said)

    def write(self, data: bytes) -> None:
        """See `Incoming.write`."""
        self._incoming.write(data)

    def finish(self) -> RunFile:
        """Make the file visible; it is durable when this returns.

        Raises:
            BadRequest: The bytes are not those that were announced.
        """
        return self._service.adopt(self._run, self._path, self._incoming)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()

    def discard(self) -> None:
        """Forget what was not finished; harmless when all was."""
        self._incoming.discard()


class FileService:
    """Use-cases of run files. Callers have authorized the run; paths are checked here."""

    def __init__(
        self,
        files: RunFileStore,
        blobs: BlobStore,
        database: UnitOfWork,
        clock: Clock,
        *,
        max_bytes: int,
    ) -> None:
        self._files = files
        self._blobs = blobs
        self._database = database
        self._clock = clock
        self._max_bytes = max_bytes

    def upload(self, run: RunId, path: str) -> Upload:
        """Begin to receive a file; it replaces the file of that path when it is finished."""
        checked = check_path(path)
        incoming = Incoming(self._blobs.writer(), checked, max_bytes=self._max_bytes)
        return Upload(self, run, checked, incoming)

    def adopt(self, run: RunId, path: str, incoming: Incoming) -> RunFile:
        """Store received bytes and name them.

        The order matters: a reserved blob is not collected, so the bytes are there when the name
        becomes visible, whatever happens in between.
        """
        blob = incoming.finish()
        with self._database.transaction(write=True):
            self._files.reserve(blob, self._clock.now())
        incoming.store()
        file = RunFile(
            run=run,
            path=path,
            digest=blob.digest,
            size=blob.size,
            md5=blob.md5,
            media_type=media_type(path),
            updated_at=self._clock.now(),
        )
        with self._database.transaction(write=True):
            self._files.put([file])
        return file

    def get(self, run: RunId, path: str) -> RunFile:
        """The file under a path.

        Raises:
            NotFound: The run has no such file.
        """
        found = self._files.get(run, [check_path(path)])
        if not found:
            raise NotFound(f"The run has no file {path!r}")
        return found[0]

    def some(self, run: RunId, paths: Sequence[str]) -> Sequence[RunFile]:
        """Those of the paths that the run has."""
        return self._files.get(run, paths)

    def page(
        self,
        run: RunId,
        *,
        like: str | None = None,
        after: str | None = None,
        limit: int = 1000,
    ) -> FilePage:
        """Files of the run in byte order of their paths."""
        return self._files.page(run, like=like, after=after, limit=limit)

    def count(self, run: RunId) -> int:
        return self._files.count(run)

    def read(self, file: RunFile, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Bytes of a file in pieces."""
        return self._blobs.read(file.digest, start, length)

    def delete(self, run: RunId, paths: Sequence[str]) -> int:
        """Remove files of a run; how many there were."""
        return self._files.delete(run, paths)

    def delete_runs(self, runs: Sequence[RunId]) -> None:
        """Remove all files of runs that are gone for good."""
        self._files.delete_runs(runs)

    def collect(self, kept: timedelta = KEPT_NAMELESS) -> int:
        """Free bytes that nothing has named for a while; how many blobs. For a job.

        Bytes go while the transaction still holds their rows: an upload of the same content
        waits at `RunFileStore.reserve`, and then finds that it has to store them again.
        """
        with self._database.transaction(write=True):
            digests = self._files.forget(self._clock.now() - kept, limit=100)
            self._blobs.delete(digests)
        return len(digests)


def media_type(path: str) -> str:
    """The media type that a file's name suggests."""
    if path.lower().endswith(_TEXT):
        return "text/plain"
    return mimetypes.guess_type(path, strict=False)[0] or "application/octet-stream"
