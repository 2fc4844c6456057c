"""Files in memory, for tests."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from kiseki_server.domain.files.types import Blob, FilePage, RunFile
from kiseki_server.kit.errors import NotFound
from kiseki_server.kit.ids import RunId


class _MemoryWriter:
    def __init__(self, blobs: dict[str, bytes]) -> None:
        self._blobs = blobs
        self._pieces: list[bytes] = []
        self._blob: Blob | None = None

    def write(self, data: bytes) -> None:
        self._pieces.append(bytes(data))

    def finish(self) -> Blob:
        data = b"".join(self._pieces)
        self._pieces = [data]
        md5 = hashlib.md5(data, usedforsecurity=False).digest()
        self._blob = Blob(
            hashlib.sha256(data).hexdigest(), len(data), base64.b64encode(md5).decode()
        )
        return self._blob

    def store(self) -> None:
        if self._blob is None:
            raise RuntimeError("store() comes after finish()")
        self._blobs[self._blob.digest] = self._pieces[0]

    def discard(self) -> None:
        self._pieces.clear()


class MemoryBlobs:
    """A `BlobStore` in a dict."""

    def __init__(self) -> None:
        self._blobs: dict[str, bytes] = {}

    def writer(self) -> _MemoryWriter:
        return _MemoryWriter(self._blobs)

    def has(self, digest: str) -> bool:
        return digest in self._blobs

    def read(self, digest: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        if digest not in self._blobs:
            raise NotFound(f"There are no bytes with the digest {digest}")
        end = None if length is None else start + length
        piece = self._blobs[digest][start:end]
        return iter([piece] if piece else [])

    def delete(self, digests: Sequence[str]) -> None:
        for digest in digests:
            self._blobs.pop(digest, None)


@dataclass
class _Reserved:
    at: datetime
    refs: int = 0


class MemoryRunFiles:
    """A `RunFileStore` in dicts."""

    def __init__(self) -> None:
        self._files: dict[tuple[RunId, str], RunFile] = {}
        self._blobs: dict[str, _Reserved] = {}

    def reserve(self, blob: Blob, at: datetime) -> None:
        self._blobs.setdefault(blob.digest, _Reserved(at)).at = at

    def put(self, files: Sequence[RunFile]) -> None:
        for file in files:
            self.delete(file.run, [file.path])
            self._files[file.run, file.path] = file
            self._blobs[file.digest].refs += 1

    def get(self, run: RunId, paths: Sequence[str]) -> Sequence[RunFile]:
        found = (self._files.get((run, path)) for path in sorted(set(paths), key=str.encode))
        return [file for file in found if file is not None]

    def page(
        self,
        run: RunId,
        *,
        like: str | None = None,
        after: str | None = None,
        limit: int = 1000,
    ) -> FilePage:
        pattern = None if like is None else re.compile(_regex(like), re.DOTALL)
        files = [
            file
            for (owner, path), file in sorted(
                self._files.items(), key=lambda item: item[0][1].encode()
            )
            if owner == run
            and (after is None or path.encode() > after.encode())
            and (pattern is None or pattern.fullmatch(path))
        ]
        shown = tuple(files[:limit])
        return FilePage(shown, shown[-1].path if len(files) > limit else None)

    def count(self, run: RunId) -> int:
        return sum(owner == run for owner, _ in self._files)

    def delete(self, run: RunId, paths: Sequence[str]) -> int:
        gone = [self._files.pop((run, path), None) for path in set(paths)]
        for file in gone:
            if file is not None:
                self._blobs[file.digest].refs -= 1
        return sum(file is not None for file in gone)

    def delete_runs(self, runs: Sequence[RunId]) -> None:
        for run in runs:
            self.delete(run, [path for owner, path in self._files if owner == run])

    def forget(self, before: datetime, *, limit: int = 500) -> Sequence[str]:
        nameless = [
            digest
            for digest, reserved in self._blobs.items()
            if reserved.refs == 0 and reserved.at < before
        ][:limit]
        for digest in nameless:
            del self._blobs[digest]
        return nameless


def _regex(like: str) -> str:
    return "".join({"%": ".*", "_": "."}.get(char) or re.escape(char) for char in like)
