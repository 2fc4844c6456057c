"""Providers of models, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from kiseki_server.domain.completions.types import Provider
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.schema import providers as table


class SqlProviderStore:
    """`ProviderStore` on SQLite and PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> Sequence[Provider]:
        query = sa.select(table).order_by(table.c.name)
        return [
            Provider(
                name=row.name,
                base_url=row.base_url,
                models=tuple(row.models),
                headers=row.headers,
                key=row.key,
                updated_by=row.updated_by,
                updated_at=row.updated_at,
            )
            for row in self._database.current().execute(query)
        ]

    def put(self, provider: Provider) -> None:
        values: dict[str, Any] = {
            "base_url": provider.base_url,
            "models": list(provider.models),
            "headers": dict(provider.headers),
            "key": provider.key,
            "updated_by": provider.updated_by,
            "updated_at": provider.updated_at,
        }
        database = self._database.current()
        found = database.execute(
            sa.update(table).where(table.c.name == provider.name).values(values)
        )
        if not found.rowcount:
            database.execute(sa.insert(table).values(name=provider.name, **values))

    def delete(self, name: str) -> bool:
        gone = sa.delete(table).where(table.c.name == name)
        return bool(self._database.current().execute(gone).rowcount)
