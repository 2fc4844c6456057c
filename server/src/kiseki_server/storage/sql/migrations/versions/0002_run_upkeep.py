"""Runs know what the search index has seen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from kiseki_server.storage.sql.types import BigId, JsonText

revision = "0002_run_upkeep"
down_revision = "0001_initial"


def upgrade() -> None:
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.add_column(sa.Column("project_id", BigId, nullable=True))

    with op.batch_alter_table("projects", schema=None) as batch_op:
        batch_op.add_column(sa.Column("run_counter", BigId, server_default="0", nullable=False))

    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("summary_set", JsonText(), server_default="[]", nullable=False)
        )
        batch_op.add_column(sa.Column("revision", BigId, server_default="1", nullable=False))
        batch_op.add_column(
            sa.Column("indexed_revision", BigId, server_default="0", nullable=False)
        )
        batch_op.create_index(
            "ix_runs_deleted_at",
            ["deleted_at"],
            unique=False,
            sqlite_where=sa.text("deleted_at IS NOT NULL"),
            postgresql_where=sa.text("deleted_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_runs_unindexed",
            ["project_id", "id"],
            unique=False,
            sqlite_where=sa.text("indexed_revision < revision"),
            postgresql_where=sa.text("indexed_revision < revision"),
        )

    with op.batch_alter_table("writer_positions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("started_at", BigId, server_default="0", nullable=False))
        batch_op.add_column(sa.Column("ended", sa.Text(), nullable=True))
