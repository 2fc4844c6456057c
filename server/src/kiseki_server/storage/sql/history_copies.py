"""Copies of histories that are not done, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from kiseki_server.domain.history.copy_queue import Copy
from kiseki_server.kit.ids import RunId
from kiseki_server.storage.sql.conflicts import upsert
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.schema import history_copies as table


class SqlCopyQueue:
    """`CopyQueue` on SQLite and PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, copy: Copy) -> None:
        values = {"source_id": copy.source, "through": copy.through}
        upsert(self._database.current(), table, {"run_id": copy.run}, values)

    def get(self, run: RunId) -> Copy | None:
        row = (
            self._database.current()
            .execute(sa.select(table).where(table.c.run_id == run))
            .one_or_none()
        )
        return None if row is None else _read(row)

    def waiting(self, *, limit: int = 100) -> Sequence[Copy]:
        query = sa.select(table).order_by(table.c.run_id).limit(limit)
        return [_read(row) for row in self._database.current().execute(query)]

    def done(self, run: RunId) -> None:
        self._database.current().execute(sa.delete(table).where(table.c.run_id == run))


def _read(row: Any) -> Copy:
    return Copy(RunId(row.run_id), RunId(row.source_id), row.through)
