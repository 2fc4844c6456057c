"""Files of runs: receive, find, read, remove."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator, Sequence
from datetime import timedelta

from kiseki_server.domain.files.arrival import Arrival, Naming, Receiver
from kiseki_server.domain.files.paths import check_path
from kiseki_server.domain.files.store import BlobNames, BlobStore, RunFileStore
from kiseki_server.domain.files.types import Blob, FilePage, RunFile
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import NotFound
from kiseki_server.kit.ids import RunId
from kiseki_server.kit.transactions import UnitOfWork

KEPT_NAMELESS = timedelta(hours=24)
"""How long bytes stay that nothing names: longer than any upload takes."""

_AT_ONCE = 100
_TEXT = (".log", ".txt", ".yaml", ".yml", ".md", ".diff", ".patch", ".toml", ".ini", ".cfg")


class FileService:
    """Use-cases of run files. Callers have authorized the run; paths are checked here."""

    def __init__(
        self,
        files: RunFileStore,
        names: BlobNames,
        blobs: BlobStore,
        receiver: Receiver,
        database: UnitOfWork,
        clock: Clock,
    ) -> None:
        self._files = files
        self._names = names
        self._blobs = blobs
        self._receiver = receiver
        self._database = database
        self._clock = clock

    def upload(self, run: RunId, path: str) -> Arrival[RunFile]:
        """Begin to receive a file; it replaces the file of that path when it is finished."""
        checked = check_path(path)
        return self._receiver.begin(checked, Naming((run, checked), self._name))

    def _name(self, stored: Sequence[tuple[tuple[RunId, str], Blob]]) -> Sequence[RunFile]:
        now = self._clock.now()
        files = [
            RunFile(
                run=run,
                path=path,
                digest=blob.digest,
                size=blob.size,
                md5=blob.md5,
                media_type=media_type(path),
                updated_at=now,
            )
            for (run, path), blob in stored
        ]
        self._files.put(files)
        return files

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
        """Free bytes that nothing names any more, and those that nothing has named for so long
        since they came; how many blobs. For a job.

        Bytes go while the transaction still holds their rows: an upload of the same content
        waits at `BlobNames.reserve`, and then finds that it has to store them again.
        """
        total = 0
        while True:
            with self._database.transaction(write=True):
                digests = self._names.forget(self._clock.now() - kept, limit=_AT_ONCE)
                self._blobs.delete(digests)
            total += len(digests)
            if len(digests) < _AT_ONCE:
                return total


def media_type(path: str) -> str:
    """The media type that a file's name suggests."""
    if path.lower().endswith(_TEXT):
        return "text/plain"
    return mimetypes.guess_type(path, strict=False)[0] or "application/octet-stream"
