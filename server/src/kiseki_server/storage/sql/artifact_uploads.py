"""What versions of artifacts have before their commit, in SQL."""

from __future__ import annotations

from collections.abc import Collection as Some
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from kiseki_server.domain.artifacts.types import (
    Content,
    ManifestDraft,
    ManifestKind,
    Part,
    PartsUpload,
    StoredPart,
    UploadedFile,
)
from kiseki_server.domain.files.store import BlobNames
from kiseki_server.kit.ids import EntityId, ManifestId, VersionId
from kiseki_server.storage.sql.chunks import chunks
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.schema import (
    artifact_contents,
    artifact_manifests,
    artifact_uploads,
    multipart_parts,
    multipart_uploads,
)


class SqlUploadStore:
    """`UploadStore` on SQLite and PostgreSQL."""

    def __init__(self, database: Database, names: BlobNames) -> None:
        self._database = database
        self._names = names
        self._insert: Any = sqlite.insert if database.dialect == "sqlite" else postgresql.insert

    def put(self, files: Sequence[UploadedFile]) -> None:
        of: dict[VersionId, dict[str, UploadedFile]] = {}
        for file in files:
            of.setdefault(file.version, {})[file.path] = file
        for version, by_path in sorted(of.items()):
            columns = artifact_uploads.c
            for chunk in chunks(sorted(by_path)):
                self._drop(artifact_uploads, columns.version_id == version, columns.path.in_(chunk))
                rows = [by_path[path] for path in chunk]
                self._database.current().execute(
                    sa.insert(artifact_uploads),
                    [
                        {
                            "version_id": version,
                            "path": file.path,
                            "digest": file.digest,
                            "blob": file.blob,
                            "size": file.size,
                        }
                        for file in rows
                    ],
                )
                self._names.add(file.blob for file in rows if file.blob is not None)

    def get(self, version: VersionId, paths: Some[str] | None = None) -> Mapping[str, UploadedFile]:
        columns = artifact_uploads.c
        query = sa.select(artifact_uploads).where(columns.version_id == version)
        queries = [query]
        if paths is not None:
            queries = [query.where(columns.path.in_(chunk)) for chunk in chunks(sorted(set(paths)))]
        return {
            row.path: UploadedFile(version, row.path, row.digest, row.blob, row.size)
            for each in queries
            for row in self._database.current().execute(each)
        }

    def put_manifest(self, draft: ManifestDraft, at: datetime) -> ManifestDraft:
        connection, columns = self._database.current(), artifact_manifests.c
        values: dict[str, Any] = {
            "version_id": draft.version,
            "kind": draft.kind.value,
            "digest": draft.digest,
            "base_id": draft.base,
            "blob": draft.blob,
        }
        if draft.id == 0:
            insert = sa.insert(artifact_manifests).values(created_at=at, **values)
            id = connection.execute(insert.returning(columns.id)).scalar_one()
        else:
            id, before = draft.id, self.manifest(draft.id)
            if before is not None and before.blob is not None:
                self._names.drop([before.blob])
            change = sa.update(artifact_manifests).where(columns.id == id)
            connection.execute(change.values(**values))
        if draft.blob is not None:
            self._names.add([draft.blob])
        return replace(draft, id=ManifestId(id))

    def manifest(self, id: ManifestId) -> ManifestDraft | None:
        found = self._manifests(artifact_manifests.c.id == id)
        return found[0] if found else None

    def manifests(self, version: VersionId) -> Sequence[ManifestDraft]:
        return self._manifests(artifact_manifests.c.version_id == version)

    def begin_parts(self, upload: PartsUpload) -> None:
        parts = [{"number": part.number, "md5": part.md5} for part in upload.parts]
        self._database.current().execute(
            sa.insert(multipart_uploads).values(
                id=upload.id,
                version_id=upload.version,
                path=upload.path,
                digest=upload.digest,
                parts=parts,
                created_at=upload.created_at,
            )
        )

    def parts_upload(self, id: str) -> PartsUpload | None:
        query = sa.select(multipart_uploads).where(multipart_uploads.c.id == id)
        row = self._database.current().execute(query).one_or_none()
        if row is None:
            return None
        return PartsUpload(
            id=row.id,
            version=VersionId(row.version_id),
            path=row.path,
            digest=row.digest,
            parts=tuple(Part(part["number"], part["md5"]) for part in row.parts),
            created_at=row.created_at,
        )

    def put_part(self, upload: str, part: StoredPart) -> None:
        columns = multipart_parts.c
        self._drop(multipart_parts, columns.upload_id == upload, columns.number == part.number)
        self._database.current().execute(
            sa.insert(multipart_parts).values(
                upload_id=upload,
                number=part.number,
                blob=part.blob,
                size=part.size,
                md5=part.md5,
            )
        )
        self._names.add([part.blob])

    def parts(self, upload: str) -> Sequence[StoredPart]:
        columns = multipart_parts.c
        query = sa.select(multipart_parts).where(columns.upload_id == upload)
        return [
            StoredPart(row.number, row.blob, row.size, row.md5)
            for row in self._database.current().execute(query.order_by(columns.number))
        ]

    def drop_parts(self, upload: str) -> None:
        self._drop(multipart_parts, multipart_parts.c.upload_id == upload)

    def clear(self, version: VersionId) -> None:
        self._end_parts(multipart_uploads.c.version_id == version)
        for table in (artifact_uploads, artifact_manifests):
            self._drop(table, table.c.version_id == version)

    def contents(self, entity: EntityId, digests: Some[str]) -> Mapping[str, Content]:
        found: dict[str, Content] = {}
        columns = artifact_contents.c
        for chunk in chunks(sorted(set(digests))):
            query = sa.select(artifact_contents).where(
                columns.entity_id == entity, columns.digest.in_(chunk)
            )
            for row in self._database.current().execute(query):
                birth = VersionId(row.birth_id)
                found[row.digest] = Content(row.digest, row.blob, row.size, birth)
        return found

    def put_contents(self, entity: EntityId, contents: Sequence[Content]) -> None:
        rows = [
            {
                "entity_id": entity,
                "digest": content.digest,
                "blob": content.blob,
                "size": content.size,
                "birth_id": content.birth,
            }
            for content in contents
        ]
        if rows:
            insert = self._insert(artifact_contents).on_conflict_do_nothing()
            self._database.current().execute(insert, rows)

    def _manifests(self, condition: sa.ColumnElement[bool]) -> list[ManifestDraft]:
        query = sa.select(artifact_manifests).where(condition).order_by(artifact_manifests.c.id)
        return [
            ManifestDraft(
                id=ManifestId(row.id),
                version=VersionId(row.version_id),
                kind=ManifestKind(row.kind),
                digest=row.digest,
                base=None if row.base_id is None else VersionId(row.base_id),
                blob=row.blob,
            )
            for row in self._database.current().execute(query)
        ]

    def _end_parts(self, condition: sa.ColumnElement[bool]) -> None:
        ended = sa.select(multipart_uploads.c.id).where(condition)
        self._drop(multipart_parts, multipart_parts.c.upload_id.in_(ended))
        self._database.current().execute(sa.delete(multipart_uploads).where(condition))

    def _drop(self, table: sa.Table, *conditions: sa.ColumnElement[bool]) -> None:
        gone = sa.delete(table).where(*conditions).returning(table.c.blob)
        blobs = self._database.current().execute(gone).scalars().all()
        self._names.drop(blob for blob in blobs if blob is not None)
