"""Names of large bodies, in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa

from kiseki_server.domain.calls.bodies import BodyName
from kiseki_server.domain.files.store import BlobNames
from kiseki_server.kit.ids import ProjectId
from kiseki_server.storage.sql.chunks import chunks
from kiseki_server.storage.sql.conflicts import insert_new
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.schema import call_bodies as table

_columns = table.c
_AT_ONCE = 500


class SqlBodyNames:
    """`BodyNames` on SQLite and PostgreSQL."""

    def __init__(self, database: Database, names: BlobNames) -> None:
        self._database = database
        self._names = names
        collation = "BINARY" if database.dialect == "sqlite" else "C"
        self._call = _columns.call_id.collate(collation)
        self._blob = _columns.blob.collate(collation)

    def add(self, name: BodyName) -> None:
        connection = self._database.current()
        key = {"project_id": name.project, "call_id": name.call, "blob": name.blob}
        # The name is counted first, which keeps the blob from being collected.
        self._names.add([name.blob])
        values = {**key, "created_at": name.at}
        if insert_new(connection, table, values, _columns.blob) is None:
            self._names.drop([name.blob])
            same = [_columns[column] == value for column, value in key.items()]
            connection.execute(sa.update(table).where(*same).values(created_at=name.at))

    def older(self, before: datetime, after: tuple[int, str, str] | None) -> Sequence[BodyName]:
        place = sa.tuple_(_columns.project_id, self._call, self._blob)
        query = sa.select(table).where(_columns.created_at < before)
        if after is not None:
            query = query.where(place > after)
        query = query.order_by(_columns.project_id, self._call, self._blob).limit(_AT_ONCE)
        return [
            BodyName(ProjectId(row.project_id), row.call_id, row.blob, row.created_at)
            for row in self._database.current().execute(query)
        ]

    def drop(self, project: ProjectId, calls: Collection[str], before: datetime) -> None:
        for chunk in chunks(sorted(set(calls))):
            self._remove(
                _columns.project_id == project,
                _columns.call_id.in_(chunk),
                _columns.created_at < before,
            )

    def forget(self, project: ProjectId) -> None:
        self._remove(_columns.project_id == project)

    def _remove(self, *conditions: sa.ColumnElement[bool]) -> None:
        connection = self._database.current()
        blobs = connection.execute(sa.select(_columns.blob).where(*conditions)).scalars()
        self._names.drop(list(blobs))
        connection.execute(sa.delete(table).where(*conditions))
