"""Alembic's environment: migrations run on the connection of whoever asks for them."""

from __future__ import annotations

from alembic import context

from kiseki_server.storage.sql.schema import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    render_item=context.config.attributes.get("render_item"),
    transactional_ddl=True,
)
context.run_migrations()
