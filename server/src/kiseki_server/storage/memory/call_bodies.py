"""Names of large bodies in memory, for tests."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from kiseki_server.domain.calls.bodies import BodyName
from kiseki_server.domain.files.store import BlobNames
from kiseki_server.kit.ids import ProjectId


class MemoryBodyNames:
    """`BodyNames` in a dict."""

    def __init__(self, names: BlobNames) -> None:
        self._blobs = names
        self._names: dict[tuple[int, str, str], BodyName] = {}

    def add(self, name: BodyName) -> None:
        key = (name.project, name.call, name.blob)
        self._blobs.add([name.blob])
        if key in self._names:
            self._blobs.drop([name.blob])
        self._names[key] = name

    def older(self, before: datetime, after: tuple[int, str, str] | None) -> Sequence[BodyName]:
        return [
            self._names[key]
            for key in sorted(self._names)
            if self._names[key].at < before and (after is None or key > after)
        ]

    def drop(self, project: ProjectId, calls: Collection[str], before: datetime) -> None:
        self._remove(
            [
                key
                for key, name in self._names.items()
                if name.project == project and name.call in calls and name.at < before
            ]
        )

    def forget(self, project: ProjectId) -> None:
        self._remove([key for key in self._names if key[0] == project])

    def _remove(self, keys: Sequence[tuple[int, str, str]]) -> None:
        for key in keys:
            self._blobs.drop([self._names.pop(key).blob])
