"""Prices that projects set for themselves, in SQL."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from kiseki_server.domain.costs.types import Price
from kiseki_server.kit.ids import ProjectId
from kiseki_server.storage.sql.chunks import chunks
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.schema import prices as table

_columns = table.c
_PLAIN = tuple(column.name for column in _columns if column.name != "project_id")


class SqlPriceStore:
    """`PriceStore` on SQLite and PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, prices: Sequence[Price]) -> None:
        rows = [
            {"project_id": price.project, **{name: getattr(price, name) for name in _PLAIN}}
            for price in prices
        ]
        if rows:
            self._database.current().execute(sa.insert(table), rows)

    def of(self, project: ProjectId) -> Sequence[Price]:
        query = sa.select(table).where(_columns.project_id == project)
        found = [
            Price(
                project=ProjectId(row.project_id), **{name: getattr(row, name) for name in _PLAIN}
            )
            for row in self._database.current().execute(query)
        ]
        return sorted(found, key=lambda price: (price.created_at, price.id))

    def delete(self, project: ProjectId, ids: Sequence[str]) -> int:
        gone = 0
        for chunk in chunks(list(dict.fromkeys(ids))):
            query = sa.delete(table).where(_columns.project_id == project, _columns.id.in_(chunk))
            gone += self._database.current().execute(query).rowcount
        return gone

    def forget(self, project: ProjectId) -> None:
        gone = sa.delete(table).where(_columns.project_id == project)
        self._database.current().execute(gone)
