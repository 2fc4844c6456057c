"""All tables of the metadata store.

A change here needs a migration in ``migrations/versions``; a test compares the two.
Names that people may use again after a removal are unique through a ``…_key`` column: the name
as it is compared, with ``#id`` behind it once the row is removed.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Table, UniqueConstraint

from kiseki_server.storage.sql.types import BigId, JsonText, UtcTime

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

users = Table(
    "users",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("name", sa.Text, nullable=False),
    Column("email", sa.Text),
    Column("admin", sa.Boolean, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("removed_at", UtcTime),
    sqlite_autoincrement=True,
)

organizations = Table(
    "organizations",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("name", sa.Text, nullable=False),
    Column("name_key", sa.Text, nullable=False, unique=True),
    Column("created_at", UtcTime, nullable=False),
    Column("removed_at", UtcTime),
    sqlite_autoincrement=True,
)

organization_members = Table(
    "organization_members",
    metadata,
    Column("org_id", BigId, ForeignKey("organizations.id"), primary_key=True),
    Column("user_id", BigId, ForeignKey("users.id"), primary_key=True),
    Column("role", sa.Text, nullable=False),
    Index(None, "user_id"),
)

entities = Table(
    "entities",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("name", sa.Text, nullable=False),
    Column("name_key", sa.Text, nullable=False, unique=True),
    Column("kind", sa.Text, nullable=False),
    Column("user_id", BigId, ForeignKey("users.id"), unique=True),
    Column("org_id", BigId, ForeignKey("organizations.id")),
    Column("created_at", UtcTime, nullable=False),
    Column("removed_at", UtcTime),
    CheckConstraint("(user_id IS NULL) <> (org_id IS NULL)", name="one_owner"),
    Index(None, "org_id"),
    sqlite_autoincrement=True,
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("user_id", BigId, ForeignKey("users.id"), nullable=False),
    Column("name", sa.Text, nullable=False),
    Column("hash", sa.Text, nullable=False, unique=True),
    Column("hint", sa.Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("last_used_at", UtcTime),
    Index(None, "user_id"),
    sqlite_autoincrement=True,
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", sa.Text, primary_key=True),
    Column("user_id", BigId, ForeignKey("users.id"), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Index(None, "user_id"),
    Index(None, "expires_at"),
)

signin_tokens = Table(
    "signin_tokens",
    metadata,
    Column("hash", sa.Text, primary_key=True),
    Column("user_id", BigId, ForeignKey("users.id"), nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Index(None, "user_id"),
)

server_facts = Table(
    "server_facts",
    metadata,
    Column("name", sa.Text, primary_key=True),
    Column("value", sa.Text, nullable=False),
)

projects = Table(
    "projects",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("entity_id", BigId, ForeignKey("entities.id"), nullable=False),
    Column("name", sa.Text, nullable=False),
    Column("name_key", sa.Text, nullable=False),
    Column("description", sa.Text, nullable=False),
    Column("visibility", sa.Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("deleted_at", UtcTime),
    # How many runs have been made, for the numbers in their display names.
    Column("run_counter", BigId, nullable=False, server_default="0"),
    UniqueConstraint("entity_id", "name_key"),
    sqlite_autoincrement=True,
)

runs = Table(
    "runs",
    metadata,
    # Never used again after a delete: the columnar store knows runs by this number.
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("project_id", BigId, ForeignKey("projects.id"), nullable=False),
    Column("name", sa.Text, nullable=False),
    Column("display_name", sa.Text, nullable=False),
    Column("state", sa.Text, nullable=False),
    Column("state_reason", sa.Text),
    Column("exit_code", sa.Integer),
    Column("run_group", sa.Text),
    Column("job_type", sa.Text),
    Column("tags", JsonText, nullable=False),
    Column("notes", sa.Text),
    Column("user_id", BigId, ForeignKey("users.id"), nullable=False),
    Column("host", sa.Text),
    Column("config", JsonText, nullable=False),
    Column("summary", JsonText, nullable=False),
    Column("metrics", JsonText, nullable=False),
    Column("environment", JsonText, nullable=False),
    Column("client", JsonText, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("heartbeat_at", UtcTime),
    Column("finished_at", UtcTime),
    Column("stop_requested", sa.Boolean, nullable=False),
    Column("deleted_at", UtcTime),
    Column("summary_set", JsonText, nullable=False, server_default="[]"),
    # Counts changes; the search index lags behind where the second number is smaller.
    Column("revision", BigId, nullable=False, server_default="1"),
    Column("indexed_revision", BigId, nullable=False, server_default="0"),
    UniqueConstraint("project_id", "name"),
    Index(None, "project_id", "created_at"),
    # Covers the counts of the project list: a run's documents make its row long.
    Index(None, "project_id", "deleted_at", "state", "created_at"),
    Index(None, "state", "heartbeat_at"),
    Index(
        "ix_runs_unindexed",
        "project_id",
        "id",
        sqlite_where=sa.text("indexed_revision < revision"),
        postgresql_where=sa.text("indexed_revision < revision"),
    ),
    Index(
        "ix_runs_deleted_at",
        "deleted_at",
        sqlite_where=sa.text("deleted_at IS NOT NULL"),
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    ),
    sqlite_autoincrement=True,
)

writer_positions = Table(
    "writer_positions",
    metadata,
    Column("run_id", BigId, ForeignKey("runs.id"), primary_key=True),
    Column("writer", sa.Text, primary_key=True),
    Column("next", BigId, nullable=False),
    Column("label", sa.Text),
    # Microseconds since 1970.
    Column("started_at", BigId, nullable=False, server_default="0"),
    Column("ended", sa.Text),
)

events = Table(
    "events",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("time", UtcTime, nullable=False),
    Column("kind", sa.Text, nullable=False),
    Column("entity", sa.Text, nullable=False),
    Column("project", sa.Text, nullable=False),
    Column("run", sa.Text),
    Column("payload", JsonText, nullable=False),
    Column("project_id", BigId),
    Index(None, "time"),
    sqlite_autoincrement=True,
)

blobs = Table(
    "blobs",
    metadata,
    Column("digest", sa.Text, primary_key=True),
    Column("size", BigId, nullable=False),
    Column("refs", BigId, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

run_files = Table(
    "run_files",
    metadata,
    Column("run_id", BigId, ForeignKey("runs.id"), primary_key=True),
    Column("path", sa.Text, primary_key=True),
    Column("digest", sa.Text, ForeignKey("blobs.digest"), nullable=False),
    Column("size", BigId, nullable=False),
    Column("md5", sa.Text, nullable=False),
    Column("media_type", sa.Text, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Index(None, "digest"),
)
