"""Names of exported histories, in the metadata store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from kiseki_server.domain.exports.types import Export
from kiseki_server.domain.files.store import BlobNames
from kiseki_server.kit.ids import RunId
from kiseki_server.storage.sql.chunks import chunks
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.schema import history_exports

_FIELDS = (
    "first_step", "last_step", "standing", "blob", "size", "rows", "faithful", "created_at",
)  # fmt: skip


class SqlExports:
    """An `ExportStore` over the table ``history_exports``."""

    def __init__(self, database: Database, names: BlobNames) -> None:
        self._database = database
        self._names = names

    def of(self, run: RunId) -> Sequence[Export]:
        query = sa.select(history_exports).where(history_exports.c.run_id == run)
        rows = self._database.current().execute(query.order_by(history_exports.c.first_step))
        return [_export(row) for row in rows]

    def put(self, exports: Sequence[Export]) -> None:
        for export in exports:
            self._drop(_place(export))
            values = {name: getattr(export, name) for name in _FIELDS}
            self._database.current().execute(
                sa.insert(history_exports).values(run_id=export.run, **values)
            )
            self._names.add([export.blob])

    def delete(self, exports: Sequence[Export]) -> None:
        for export in exports:
            self._drop(_place(export))

    def delete_runs(self, runs: Sequence[RunId]) -> None:
        for chunk in chunks(sorted(set(runs))):
            self._drop(history_exports.c.run_id.in_(chunk))

    def _drop(self, condition: sa.ColumnElement[bool]) -> None:
        gone = sa.delete(history_exports).where(condition).returning(history_exports.c.blob)
        self._names.drop(list(self._database.current().execute(gone).scalars()))


def _place(export: Export) -> sa.ColumnElement[bool]:
    return sa.and_(
        history_exports.c.run_id == export.run,
        history_exports.c.first_step == export.first_step,
    )


def _export(row: sa.Row[Any]) -> Export:
    return Export(run=RunId(row.run_id), **{name: getattr(row, name) for name in _FIELDS})
