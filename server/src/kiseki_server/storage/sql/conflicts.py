"""Inserts that meet a row of the same name."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def insert_new(
    connection: sa.Connection, table: sa.Table, values: dict[str, Any], returning: sa.Column[Any]
) -> Any | None:
    """Insert a row and return one of its columns; ``None`` when a unique column has the value.

    Unlike a failed INSERT this leaves a PostgreSQL transaction usable.
    """
    module: Any = sqlite if connection.dialect.name == "sqlite" else postgresql
    # Given apart from the statement, values are not looked into to tell it from others.
    statement = module.insert(table).on_conflict_do_nothing().returning(returning)
    return connection.execute(statement, values).scalar_one_or_none()


def upsert(
    connection: sa.Connection,
    table: sa.Table,
    key: dict[str, Any],
    values: dict[str, Any],
) -> None:
    """Insert a row, or change the one that has the key."""
    module: Any = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = module.insert(table).values(**key, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))
