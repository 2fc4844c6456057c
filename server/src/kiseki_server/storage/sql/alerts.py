"""Alerts of runs in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from kiseki_server.domain.runs.alerts import Alert, level_of
from kiseki_server.kit.ids import RunId
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.schema import alerts as table


class SqlAlertStore:
    """`AlertStore` on SQLite and PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, draft: Alert) -> Alert:
        values = {
            "run_id": draft.run,
            "at": draft.at,
            "title": draft.title,
            "text": draft.text,
            "level": draft.level,
        }
        insert = sa.insert(table).values(**values).returning(*table.columns)
        return _read(self._database.current().execute(insert).one())

    def of_run(self, run: RunId, *, before: int | None = None, limit: int = 100) -> Sequence[Alert]:
        query = sa.select(table).where(table.c.run_id == run)
        if before is not None:
            query = query.where(table.c.id < before)
        query = query.order_by(table.c.id.desc()).limit(limit)
        return [_read(row) for row in self._database.current().execute(query)]

    def latest(self, run: RunId, title: str) -> Alert | None:
        query = (
            sa.select(table)
            .where(table.c.run_id == run, table.c.title == title)
            .order_by(table.c.at.desc(), table.c.id.desc())
            .limit(1)
        )
        row = self._database.current().execute(query).one_or_none()
        return None if row is None else _read(row)

    def count(self, run: RunId) -> int:
        query = sa.select(sa.func.count()).where(table.c.run_id == run)
        return self._database.current().execute(query).scalar_one()


def _read(row: Any) -> Alert:
    return Alert(row.id, RunId(row.run_id), row.at, row.title, row.text, level_of(row.level))
