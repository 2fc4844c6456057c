"""Runs that begin with another one's history."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from kiseki_server.storage.sql.types import BigId

revision = "0008_branches"
down_revision = "0007_objects"

_COUNTED = "ix_runs_project_id_runs_deleted_at_runs_state_runs_created_at"


def upgrade() -> None:
    op.create_table(
        "history_copies",
        sa.Column("run_id", BigId, nullable=False),
        sa.Column("source_id", BigId, nullable=False),
        sa.Column("through", BigId, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_history_copies_run_id")),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_history_copies")),
    )
    with op.batch_alter_table("runs", schema=None) as runs:
        runs.add_column(sa.Column("forked_from", BigId, nullable=True))
        runs.drop_index(op.f(_COUNTED))
        runs.create_index(
            "ix_runs_counts",
            ["project_id", "deleted_at", "archived_of", "state", "created_at"],
            unique=False,
        )
        for column in ("archived_of", "forked_from"):
            there = sa.text(f"{column} IS NOT NULL")
            runs.create_index(
                f"ix_runs_{column}",
                [column],
                unique=False,
                sqlite_where=there,
                postgresql_where=there,
            )
