"""Positions of writers in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from kiseki_server.domain.runs.types import RunState
from kiseki_server.domain.runs.writers import Writer
from kiseki_server.kit.ids import RunId
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.schema import writer_positions as table

_CHUNK = 400


class SqlWriterStore:
    """`WriterStore` on SQLite and PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, pairs: Sequence[tuple[RunId, str]]) -> Mapping[tuple[RunId, str], Writer]:
        found: dict[tuple[RunId, str], Writer] = {}
        for at in range(0, len(pairs), _CHUNK):
            same = sa.tuple_(table.c.run_id, table.c.writer).in_(pairs[at : at + _CHUNK])
            for row in self._database.current().execute(sa.select(table).where(same)):
                writer = _read(row)
                found[writer.run, writer.writer] = writer
        return found

    def of_run(self, run: RunId) -> Sequence[Writer]:
        query = (
            sa.select(table)
            .where(table.c.run_id == run)
            .order_by(table.c.started_at, table.c.writer)
        )
        return [_read(row) for row in self._database.current().execute(query)]

    def put(self, writers: Sequence[Writer]) -> None:
        if not writers:
            return
        module: Any = sqlite if self._database.dialect == "sqlite" else postgresql
        insert = module.insert(table)
        statement = insert.on_conflict_do_update(
            index_elements=["run_id", "writer"],
            set_={name: insert.excluded[name] for name in ("next", "label", "started_at", "ended")},
        )
        rows = [
            {
                "run_id": writer.run,
                "writer": writer.writer,
                "next": writer.next,
                "label": writer.label,
                "started_at": writer.started_at,
                "ended": None if writer.ended is None else writer.ended.value,
            }
            for writer in writers
        ]
        self._database.current().execute(statement, rows)


def _read(row: Any) -> Writer:
    return Writer(
        run=row.run_id,
        writer=row.writer,
        next=row.next,
        label=row.label,
        started_at=row.started_at,
        ended=None if row.ended is None else RunState(row.ended),
    )
