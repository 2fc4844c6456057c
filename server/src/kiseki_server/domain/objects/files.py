"""Files that objects name by the digest of their content: code of ops, images, sounds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, Self

from kiseki_server.domain.files.arrival import Receiver
from kiseki_server.domain.files.store import BlobStore
from kiseki_server.domain.files.types import Blob
from kiseki_server.domain.objects.digests import spelled
from kiseki_server.domain.objects.service import check_digest
from kiseki_server.domain.projects.types import Project
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import NotFound
from kiseki_server.kit.ids import ProjectId
from kiseki_server.kit.transactions import UnitOfWork


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """A content that a project has."""

    project: ProjectId
    digest: str
    blob: str
    size: int
    created_at: datetime


class ProjectFileStore(Protocol):
    """Contents by project and digest, inside the caller's transaction. It counts the names of
    blobs that it writes down."""

    def add(self, file: ProjectFile) -> None:
        """Name a reserved blob; a content that the project has already stays as it is."""
        ...

    def get(self, project: ProjectId, digests: Collection[str]) -> Mapping[str, ProjectFile]:
        """Those of the contents that the project has."""
        ...

    def size(self, project: ProjectId) -> int:
        """Bytes of all contents."""
        ...

    def forget(self, project: ProjectId) -> None:
        """Remove everything of a project."""
        ...


class ProjectFiles:
    """Use-cases of such files. Callers have authorized the project."""

    def __init__(
        self,
        files: ProjectFileStore,
        blobs: BlobStore,
        receiver: Receiver,
        database: UnitOfWork,
        clock: Clock,
    ) -> None:
        self._files = files
        self._blobs = blobs
        self._receiver = receiver
        self._database = database
        self._clock = clock

    def upload(self, name: str) -> Upload:
        """Begin to receive a file; in which project, is said when it is here."""
        return Upload(name, self._receiver, self._name)

    def _name(self, at: Project, digest: str, blob: Blob) -> None:
        self._files.add(ProjectFile(at.id, digest, blob.digest, blob.size, self._clock.now()))

    def get(self, at: Project, digest: str) -> ProjectFile:
        """The content of a digest.

        Raises:
            NotFound: The project has no such content.
        """
        with self._database.transaction():
            found = self._files.get(at.id, [digest]).get(digest)
        if found is None:
            raise NotFound(f"There is no file {digest[:100]} in {at.entity_name}/{at.name}")
        return found

    def read(self, file: ProjectFile, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The bytes from a place on, in pieces."""
        return self._blobs.read(file.blob, start, length)

    def sizes(self, at: Project, digests: Collection[str]) -> Mapping[str, int]:
        """Bytes of those of the contents that the project has."""
        with self._database.transaction():
            found = self._files.get(at.id, digests)
        return {digest: file.size for digest, file in found.items()}

    def size(self, at: Project) -> int:
        """Bytes of all contents of a project."""
        with self._database.transaction():
            return self._files.size(at.id)


class Upload:
    """A file on its way in. A context manager: what was not finished leaves nothing behind."""

    def __init__(
        self, name: str, receiver: Receiver, put: Callable[[Project, str, Blob], None]
    ) -> None:
        self._put = put
        self._arrival = receiver.begin(name, self._named)
        self._place: tuple[Project, str | None] | None = None

    def write(self, data: bytes) -> None:
        """Take the next bytes.

        Raises:
            TooLarge: The file is larger than this server accepts.
        """
        self._arrival.write(data)

    def finish(self, at: Project, *, expected_digest: str | None = None) -> str:
        """Give the content to a project; its digest.

        Raises:
            Conflict: The content has another digest than the caller expects.
        """
        self._place = (at, expected_digest)
        return self._arrival.finish()

    def _named(self, blob: Blob) -> str:
        assert self._place is not None
        at, expected = self._place
        digest = spelled(bytes.fromhex(blob.digest))
        check_digest(digest, expected)
        self._put(at, digest, blob)
        return digest

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._arrival.discard()
