"""What versions have before their commit, and what runs did with them, in memory, for tests."""

from __future__ import annotations

import itertools
from collections.abc import Collection as Some
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

from kiseki_server.domain.artifacts.types import (
    ArtifactAction,
    Content,
    Json,
    ManifestDraft,
    PartsUpload,
    RunEdge,
    StoredPart,
    UploadedFile,
)
from kiseki_server.domain.files.store import BlobNames
from kiseki_server.kit.ids import (
    CollectionId,
    EntityId,
    ManifestId,
    ProjectId,
    RunId,
    UserId,
    VersionId,
)


class MemoryUploadStore:
    """`UploadStore` in dicts."""

    def __init__(self, names: BlobNames) -> None:
        self._names = names
        self._files: dict[tuple[VersionId, str], UploadedFile] = {}
        self._manifests: dict[ManifestId, ManifestDraft] = {}
        self._uploads: dict[str, PartsUpload] = {}
        self._parts: dict[tuple[str, int], StoredPart] = {}
        self._contents: dict[tuple[EntityId, str], Content] = {}
        self._ids = itertools.count(1)

    def put(self, files: Sequence[UploadedFile]) -> None:
        for file in files:
            before = self._files.get((file.version, file.path))
            self._rename(None if before is None else before.blob, file.blob)
            self._files[file.version, file.path] = file

    def get(self, version: VersionId, paths: Some[str] | None = None) -> Mapping[str, UploadedFile]:
        return {
            path: file
            for (owner, path), file in self._files.items()
            if owner == version and (paths is None or path in paths)
        }

    def put_manifest(self, draft: ManifestDraft, at: datetime) -> ManifestDraft:
        before = self._manifests.get(draft.id)
        made = replace(draft, id=draft.id or ManifestId(next(self._ids)))
        self._rename(None if before is None else before.blob, made.blob)
        self._manifests[made.id] = made
        return made

    def manifest(self, id: ManifestId) -> ManifestDraft | None:
        return self._manifests.get(id)

    def manifests(self, version: VersionId) -> Sequence[ManifestDraft]:
        return [draft for draft in self._manifests.values() if draft.version == version]

    def begin_parts(self, upload: PartsUpload) -> None:
        self._uploads[upload.id] = upload

    def parts_upload(self, id: str) -> PartsUpload | None:
        return self._uploads.get(id)

    def put_part(self, upload: str, part: StoredPart) -> None:
        before = self._parts.get((upload, part.number))
        self._rename(None if before is None else before.blob, part.blob)
        self._parts[upload, part.number] = part

    def parts(self, upload: str) -> Sequence[StoredPart]:
        found = [part for (owner, _), part in self._parts.items() if owner == upload]
        return sorted(found, key=lambda part: part.number)

    def drop_parts(self, upload: str) -> None:
        for key in [key for key in self._parts if key[0] == upload]:
            self._names.drop([self._parts.pop(key).blob])

    def clear(self, version: VersionId) -> None:
        for upload in [one.id for one in self._uploads.values() if one.version == version]:
            self.drop_parts(upload)
            del self._uploads[upload]
        for path in self.get(version):
            self._rename(self._files.pop((version, path)).blob, None)
        for draft in self.manifests(version):
            self._rename(self._manifests.pop(draft.id).blob, None)

    def contents(self, entity: EntityId, digests: Some[str]) -> Mapping[str, Content]:
        found = {
            digest: self._contents[entity, digest]
            for digest in digests
            if (entity, digest) in self._contents
        }
        stored = self._names.get({content.blob for content in found.values()})
        return {digest: content for digest, content in found.items() if content.blob in stored}

    def put_contents(self, entity: EntityId, contents: Sequence[Content]) -> None:
        for content in contents:
            if content.digest not in self.contents(entity, [content.digest]):
                self._contents[entity, content.digest] = content

    def _rename(self, before: str | None, after: str | None) -> None:
        if before is not None:
            self._names.drop([before])
        if after is not None:
            self._names.add([after])


class MemoryEdgeStore:
    """`EdgeStore` in a dict; it knows nothing of deleted runs."""

    def __init__(self) -> None:
        self._edges: dict[tuple[RunId, VersionId, str], RunEdge] = {}

    def add(self, edges: Sequence[RunEdge]) -> None:
        for edge in edges:
            key = (edge.run, edge.version, edge.direction)
            found = self._edges.setdefault(key, edge)
            if edge.used_as is not None:
                self._edges[key] = replace(found, used_as=edge.used_as)

    def all(self) -> Sequence[RunEdge]:
        """Every edge, for whoever draws them."""
        return list(self._edges.values())

    def of_runs(self, runs: Some[RunId]) -> Sequence[RunEdge]:
        return self._sorted([edge for edge in self._edges.values() if edge.run in runs])

    def of_versions(self, versions: Some[VersionId]) -> Sequence[RunEdge]:
        return self._sorted([edge for edge in self._edges.values() if edge.version in versions])

    def remove_runs(self, runs: Some[RunId]) -> None:
        for key in [key for key in self._edges if key[0] in runs]:
            del self._edges[key]

    @staticmethod
    def _sorted(edges: list[RunEdge]) -> list[RunEdge]:
        return sorted(edges, key=lambda edge: (edge.at, edge.run, edge.version))


class MemoryActionLog:
    """`ActionLog` in a list."""

    def __init__(self) -> None:
        self._actions: list[ArtifactAction] = []
        self._ids = itertools.count(1)

    def append(
        self,
        project: ProjectId,
        action: str,
        *,
        user: UserId | None,
        at: datetime,
        details: Mapping[str, Json],
        collection: CollectionId | None = None,
        version: VersionId | None = None,
    ) -> None:
        id = next(self._ids)
        made = ArtifactAction(id, at, user, action, project, collection, version, dict(details))
        self._actions.append(made)

    def actions(
        self,
        of: Literal["project", "collection", "version"],
        ids: Some[int],
        *,
        limit: int,
        before: int | None = None,
    ) -> Sequence[ArtifactAction]:
        found = [
            action
            for action in reversed(self._actions)
            if getattr(action, of) in ids and (before is None or action.id < before)
        ]
        return found[:limit]
