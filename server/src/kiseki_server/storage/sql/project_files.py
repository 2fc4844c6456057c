"""Files that objects name, in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import sqlalchemy as sa

from kiseki_server.domain.files.store import BlobNames
from kiseki_server.domain.objects.files import ProjectFile
from kiseki_server.kit.ids import ProjectId
from kiseki_server.storage.sql.chunks import chunks
from kiseki_server.storage.sql.conflicts import insert_new
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.schema import project_files

_columns = project_files.c


class SqlProjectFileStore:
    """`ProjectFileStore` on SQLite and PostgreSQL."""

    def __init__(self, database: Database, names: BlobNames) -> None:
        self._database = database
        self._names = names

    def add(self, file: ProjectFile) -> None:
        values = {
            "project_id": file.project,
            "digest": file.digest,
            "blob": file.blob,
            "size": file.size,
            "created_at": file.created_at,
        }
        # The name is counted first, which keeps the blob from being collected.
        self._names.add([file.blob])
        new = insert_new(self._database.current(), project_files, values, _columns.digest)
        if new is None:
            self._names.drop([file.blob])

    def get(self, project: ProjectId, digests: Collection[str]) -> Mapping[str, ProjectFile]:
        found: dict[str, ProjectFile] = {}
        for chunk in chunks(sorted(set(digests))):
            query = sa.select(project_files).where(
                _columns.project_id == project, _columns.digest.in_(chunk)
            )
            for row in self._database.current().execute(query):
                found[row.digest] = ProjectFile(
                    ProjectId(row.project_id), row.digest, row.blob, row.size, row.created_at
                )
        return found

    def size(self, project: ProjectId) -> int:
        query = sa.select(sa.func.coalesce(sa.func.sum(_columns.size), 0))
        query = query.where(_columns.project_id == project)
        return int(self._database.current().execute(query).scalar_one())

    def forget(self, project: ProjectId) -> None:
        connection = self._database.current()
        own = _columns.project_id == project
        self._names.drop(list(connection.execute(sa.select(_columns.blob).where(own)).scalars()))
        connection.execute(sa.delete(project_files).where(own))
