"""Files that objects name, in memory, for tests."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from kiseki_server.domain.files.store import BlobNames
from kiseki_server.domain.objects.files import ProjectFile
from kiseki_server.kit.ids import ProjectId


class MemoryProjectFileStore:
    """A `ProjectFileStore` in a dict."""

    def __init__(self, names: BlobNames) -> None:
        self._names = names
        self._files: dict[tuple[ProjectId, str], ProjectFile] = {}

    def add(self, file: ProjectFile) -> None:
        if (file.project, file.digest) not in self._files:
            self._names.add([file.blob])
            self._files[file.project, file.digest] = file

    def get(self, project: ProjectId, digests: Collection[str]) -> Mapping[str, ProjectFile]:
        found = {digest: self._files.get((project, digest)) for digest in digests}
        return {digest: file for digest, file in found.items() if file is not None}

    def size(self, project: ProjectId) -> int:
        return sum(file.size for file in self._files.values() if file.project == project)

    def forget(self, project: ProjectId) -> None:
        for key in [key for key in self._files if key[0] == project]:
            self._names.drop([self._files.pop(key).blob])
