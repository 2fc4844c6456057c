"""Files in memory, for tests."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from kiseki_server.domain.files.store import BlobNames, BlobWriter
from kiseki_server.domain.files.types import Blob, FilePage, Named, RunFile
from kiseki_server.kit.errors import KisekiError, NotFound, Unavailable
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
            raise RuntimeError("bytes are stored after finish()")
        self._blobs[self._blob.digest] = self._pieces[0]

    def discard(self) -> None:
        self._pieces.clear()


class MemoryBlobs:
    """A `BlobStore` in a dict."""

    def __init__(self) -> None:
        self._blobs: dict[str, bytes] = {}

    def writer(self) -> _MemoryWriter:
        return _MemoryWriter(self._blobs)

    def store(self, writers: Sequence[BlobWriter]) -> Sequence[KisekiError | None]:
        for writer in writers:
            assert isinstance(writer, _MemoryWriter)
            writer.store()
        return [None] * len(writers)

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
    size: int
    at: datetime | None
    """``None`` once it has got a name."""
    names: int = 0


class MemoryBlobNames:
    """`BlobNames` in a dict."""

    def __init__(self) -> None:
        self._blobs: dict[str, _Reserved] = {}

    def reserve(self, blobs: Sequence[Blob], at: datetime) -> None:
        for blob in blobs:
            self._blobs.setdefault(blob.digest, _Reserved(blob.size, at)).at = at

    def add(self, digests: Iterable[str]) -> None:
        for digest, times in Counter(digests).items():
            if digest not in self._blobs:
                raise Unavailable("Bytes have been freed before they got a name; send them again")
            self._blobs[digest].names += times
            self._blobs[digest].at = None

    def drop(self, digests: Iterable[str]) -> None:
        for digest, times in Counter(digests).items():
            self._blobs[digest].names -= times

    def get(self, digests: Collection[str]) -> Mapping[str, Named]:
        return {
            digest: Named(self._blobs[digest].size, self._blobs[digest].names)
            for digest in digests
            if digest in self._blobs
        }

    def forget(self, before: datetime, *, limit: int = 500) -> Sequence[str]:
        nameless = [
            digest
            for digest, reserved in self._blobs.items()
            if reserved.names == 0 and (reserved.at is None or reserved.at < before)
        ][:limit]
        for digest in nameless:
            del self._blobs[digest]
        return nameless


class MemoryRunFiles:
    """A `RunFileStore` in dicts."""

    def __init__(self, names: BlobNames) -> None:
        self._files: dict[tuple[RunId, str], RunFile] = {}
        self._names = names

    def put(self, files: Sequence[RunFile]) -> None:
        for file in files:
            self.delete(file.run, [file.path])
            self._files[file.run, file.path] = file
            self._names.add([file.digest])

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

    def copy(self, source: RunId, target: RunId, *, under: str = "") -> None:
        for (owner, path), file in list(self._files.items()):
            if owner == source and path.startswith(under) and (target, path) not in self._files:
                self.put([replace(file, run=target)])

    def delete(self, run: RunId, paths: Sequence[str]) -> int:
        gone = [self._files.pop((run, path), None) for path in set(paths)]
        self._names.drop(file.digest for file in gone if file is not None)
        return sum(file is not None for file in gone)

    def delete_runs(self, runs: Sequence[RunId]) -> None:
        for run in runs:
            self.delete(run, [path for owner, path in self._files if owner == run])


def _regex(like: str) -> str:
    return "".join({"%": ".*", "_": "."}.get(char) or re.escape(char) for char in like)
