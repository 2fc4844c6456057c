"""Projects know who made them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from kiseki_server.storage.sql.types import BigId

revision = "0016_project_owner"
down_revision = "0015_call_leases"

FIRST = """
UPDATE projects SET owner_id = coalesce(
  (SELECT user_id FROM entities WHERE entities.id = projects.entity_id),
  (SELECT user_id FROM runs WHERE runs.project_id = projects.id ORDER BY runs.id LIMIT 1)
)
"""
"""A project of before: whose own entity it is in, or else who started its first run."""


def upgrade() -> None:
    with op.batch_alter_table("projects", schema=None) as batch_op:
        batch_op.add_column(sa.Column("owner_id", BigId, nullable=True))
    op.execute(FIRST)
