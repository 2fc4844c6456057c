"""The list of tables, in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import sqlalchemy as sa

from kiseki_server.domain.tables.types import Table
from kiseki_server.kit.ids import ProjectId
from kiseki_server.storage.sql.chunks import chunks
from kiseki_server.storage.sql.conflicts import insert_new
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.schema import object_tables

_columns = object_tables.c


class SqlTableBook:
    """`TableBook` on SQLite and PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, table: Table) -> None:
        values = {
            "project_id": table.project,
            "digest": table.digest,
            "rows": table.rows,
            "size": table.size,
            "created_at": table.created_at,
        }
        insert_new(self._database.current(), object_tables, values, _columns.digest)

    def get(self, project: ProjectId, digests: Collection[str]) -> Mapping[str, Table]:
        found: dict[str, Table] = {}
        for chunk in chunks(sorted(set(digests))):
            query = sa.select(object_tables).where(
                _columns.project_id == project, _columns.digest.in_(chunk)
            )
            for row in self._database.current().execute(query):
                found[row.digest] = Table(
                    ProjectId(row.project_id), row.digest, row.rows, row.size, row.created_at
                )
        return found

    def size(self, project: ProjectId) -> int:
        query = sa.select(sa.func.coalesce(sa.func.sum(_columns.size), 0))
        query = query.where(_columns.project_id == project)
        return int(self._database.current().execute(query).scalar_one())

    def forget(self, project: ProjectId) -> None:
        gone = sa.delete(object_tables).where(_columns.project_id == project)
        self._database.current().execute(gone)
