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
    # The team whose machines sign in as this user; NULL for people.
    Column("service_of", BigId),
    # The entity of projects whose owner is not named; NULL: the user's own.
    Column("default_entity_id", BigId),
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

# Users who reach one team and not the whole of its organisation.
team_members = Table(
    "team_members",
    metadata,
    Column("entity_id", BigId, ForeignKey("entities.id"), primary_key=True),
    Column("user_id", BigId, ForeignKey("users.id"), primary_key=True),
    Column("role", sa.Text, nullable=False),
    Index(None, "user_id"),
)

invites = Table(
    "invites",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("entity_id", BigId, ForeignKey("entities.id"), nullable=False),
    Column("email", sa.Text, nullable=False),
    Column("role", sa.Text, nullable=False),
    Column("invited_by", BigId, ForeignKey("users.id"), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("entity_id", "email"),
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
    # "project", or "registry": a project of an organisation's own entity that holds links.
    Column("kind", sa.Text, nullable=False, server_default="project"),
    # Whether a registry takes artifacts of any type, or those of its own types alone.
    Column("any_type", sa.Boolean, nullable=False, server_default="1"),
    # For so many days calls are kept; NULL for ever.
    Column("call_days", sa.Integer),
    # When everything of a deleted project was removed from all stores.
    Column("purged_at", UtcTime),
    # The user who made it; NULL where that is not known.
    Column("owner_id", BigId),
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
    # {"run": name, "step": number} of the run that this one was forked from or rewound to.
    Column("branch", JsonText),
    # The other run's number, which is in ``branch`` too: for looking up forks.
    Column("forked_from", BigId),
    # The run whose earlier form this is: kept aside when that run was rewound.
    Column("archived_of", BigId),
    # Counts changes; the search index lags behind where the second number is smaller.
    Column("revision", BigId, nullable=False, server_default="1"),
    Column("indexed_revision", BigId, nullable=False, server_default="0"),
    UniqueConstraint("project_id", "name"),
    Index(None, "project_id", "created_at"),
    # Covers the counts of the project list: a run's documents make its row long.
    Index("ix_runs_counts", "project_id", "deleted_at", "archived_of", "state", "created_at"),
    Index(None, "state", "heartbeat_at"),
    Index(
        "ix_runs_unindexed",
        "project_id",
        "id",
        sqlite_where=sa.text("indexed_revision < revision"),
        postgresql_where=sa.text("indexed_revision < revision"),
    ),
    Index(
        "ix_runs_forked_from",
        "forked_from",
        sqlite_where=sa.text("forked_from IS NOT NULL"),
        postgresql_where=sa.text("forked_from IS NOT NULL"),
    ),
    Index(
        "ix_runs_archived_of",
        "archived_of",
        sqlite_where=sa.text("archived_of IS NOT NULL"),
        postgresql_where=sa.text("archived_of IS NOT NULL"),
    ),
    Index(
        "ix_runs_deleted_at",
        "deleted_at",
        sqlite_where=sa.text("deleted_at IS NOT NULL"),
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    ),
    sqlite_autoincrement=True,
)

# Histories that are still to be copied into the run, up to a step.
history_copies = Table(
    "history_copies",
    metadata,
    Column("run_id", BigId, ForeignKey("runs.id"), primary_key=True),
    Column("source_id", BigId, nullable=False),
    Column("through", BigId, nullable=False),
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

project_members = Table(
    "project_members",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("project_id", BigId, ForeignKey("projects.id"), nullable=False),
    Column("user_id", BigId, ForeignKey("users.id")),
    Column("team_id", BigId, ForeignKey("entities.id")),
    Column("role", sa.Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    CheckConstraint("(user_id IS NULL) <> (team_id IS NULL)", name="one_member"),
    UniqueConstraint("project_id", "user_id"),
    UniqueConstraint("project_id", "team_id"),
    Index(None, "user_id"),
    Index(None, "team_id"),
    sqlite_autoincrement=True,
)

protected_aliases = Table(
    "protected_aliases",
    metadata,
    Column("project_id", BigId, ForeignKey("projects.id"), primary_key=True),
    Column("alias", sa.Text, primary_key=True),
)

artifact_types = Table(
    "artifact_types",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("project_id", BigId, ForeignKey("projects.id"), nullable=False),
    Column("name", sa.Text, nullable=False),
    Column("description", sa.Text),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("project_id", "name"),
    sqlite_autoincrement=True,
)

artifact_collections = Table(
    "artifact_collections",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("project_id", BigId, ForeignKey("projects.id"), nullable=False),
    Column("type_id", BigId, ForeignKey("artifact_types.id"), nullable=False),
    # "sequence": versions are born in it; "portfolio": it holds links to versions from anywhere.
    Column("kind", sa.Text, nullable=False),
    Column("name", sa.Text, nullable=False),
    Column("name_key", sa.Text, nullable=False),
    Column("description", sa.Text),
    Column("tags", JsonText, nullable=False, server_default="[]"),
    Column("client_id", sa.Text),
    Column("digest_algorithm", sa.Text, nullable=False),
    # The index of the next version; never goes back.
    Column("next_index", BigId, nullable=False, server_default="0"),
    Column("user_id", BigId, ForeignKey("users.id"), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("deleted_at", UtcTime),
    UniqueConstraint("project_id", "name_key"),
    Index(None, "type_id"),
    Index(None, "client_id"),
    sqlite_autoincrement=True,
)

artifact_versions = Table(
    "artifact_versions",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    # The sequence in which it was born.
    Column("collection_id", BigId, ForeignKey("artifact_collections.id"), nullable=False),
    Column("state", sa.Text, nullable=False),
    Column("version_index", BigId),
    Column("digest", sa.Text, nullable=False),
    Column("digest_algorithm", sa.Text, nullable=False),
    Column("client_id", sa.Text),
    Column("distributed_id", sa.Text),
    Column("base_id", BigId, ForeignKey("artifact_versions.id")),
    Column("description", sa.Text),
    Column("metadata", JsonText, nullable=False, server_default="{}"),
    Column("tags", JsonText, nullable=False, server_default="[]"),
    # Aliases to be given when the version is committed.
    Column("wanted_aliases", JsonText, nullable=False, server_default="[]"),
    # Seconds to live from the commit on; -1: as the project says; -2: for ever.
    Column("ttl", BigId, nullable=False, server_default="-1"),
    Column("size", BigId, nullable=False, server_default="0"),
    Column("file_count", BigId, nullable=False, server_default="0"),
    # SHA-256 of the blob that lists the files; NULL until the commit.
    Column("manifest", sa.Text, ForeignKey("blobs.digest")),
    Column("history_step", BigId),
    Column("user_id", BigId, ForeignKey("users.id"), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("committed_at", UtcTime),
    Column("expires_at", UtcTime),
    Column("deleted_at", UtcTime),
    UniqueConstraint("collection_id", "version_index"),
    Index(None, "collection_id", "digest"),
    Index(None, "client_id"),
    Index(None, "distributed_id"),
    Index(None, "base_id"),
    Index(None, "manifest"),
    Index(None, "state", "created_at"),
    Index(None, "expires_at"),
    sqlite_autoincrement=True,
)

artifact_memberships = Table(
    "artifact_memberships",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("collection_id", BigId, ForeignKey("artifact_collections.id"), nullable=False),
    Column("version_id", BigId, ForeignKey("artifact_versions.id"), nullable=False),
    Column("version_index", BigId, nullable=False),
    Column("user_id", BigId, ForeignKey("users.id"), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("collection_id", "version_id"),
    UniqueConstraint("collection_id", "version_index"),
    Index(None, "version_id"),
    sqlite_autoincrement=True,
)

artifact_aliases = Table(
    "artifact_aliases",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("collection_id", BigId, ForeignKey("artifact_collections.id"), nullable=False),
    Column("alias", sa.Text, nullable=False),
    Column("membership_id", BigId, ForeignKey("artifact_memberships.id"), nullable=False),
    UniqueConstraint("collection_id", "alias"),
    Index(None, "membership_id"),
    sqlite_autoincrement=True,
)

# What a version that is not committed yet has of its files; each row is a name of its blob.
artifact_uploads = Table(
    "artifact_uploads",
    metadata,
    Column("version_id", BigId, ForeignKey("artifact_versions.id"), primary_key=True),
    Column("path", sa.Text, primary_key=True),
    Column("digest", sa.Text, nullable=False),
    # NULL: the bytes have been announced and are not here.
    Column("blob", sa.Text, ForeignKey("blobs.digest")),
    Column("size", BigId),
    Index(None, "blob"),
)

# Lists of files handed in before the commit: the whole, an increment or a patch.
artifact_manifests = Table(
    "artifact_manifests",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("version_id", BigId, ForeignKey("artifact_versions.id"), nullable=False),
    Column("kind", sa.Text, nullable=False),
    Column("digest", sa.Text, nullable=False),
    Column("base_id", BigId, ForeignKey("artifact_versions.id")),
    # NULL until it has been uploaded; a name of the blob.
    Column("blob", sa.Text, ForeignKey("blobs.digest")),
    Column("created_at", UtcTime, nullable=False),
    Index(None, "version_id"),
    Index(None, "blob"),
    sqlite_autoincrement=True,
)

# Which blob holds the bytes that an entity's artifacts call by a digest; no name of the blob.
artifact_contents = Table(
    "artifact_contents",
    metadata,
    Column("entity_id", BigId, ForeignKey("entities.id"), primary_key=True),
    # With the algorithm before it: "md5:…" or "xxh128:…", in base64.
    Column("digest", sa.Text, primary_key=True),
    Column("blob", sa.Text, ForeignKey("blobs.digest"), nullable=False),
    Column("size", BigId, nullable=False),
    # The version with which the bytes came first.
    Column("birth_id", BigId, ForeignKey("artifact_versions.id"), nullable=False),
    Index(None, "blob"),
)

# Uploads in parts; the parts are names of their blobs until they have become one.
multipart_uploads = Table(
    "multipart_uploads",
    metadata,
    Column("id", sa.Text, primary_key=True),
    Column("version_id", BigId, ForeignKey("artifact_versions.id"), nullable=False),
    Column("path", sa.Text, nullable=False),
    Column("digest", sa.Text, nullable=False),
    # [{"number", "md5"}] as announced.
    Column("parts", JsonText, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Index(None, "version_id"),
    Index(None, "created_at"),
)

multipart_parts = Table(
    "multipart_parts",
    metadata,
    Column("upload_id", sa.Text, ForeignKey("multipart_uploads.id"), primary_key=True),
    Column("number", sa.Integer, primary_key=True),
    Column("blob", sa.Text, ForeignKey("blobs.digest"), nullable=False),
    Column("size", BigId, nullable=False),
    Column("md5", sa.Text, nullable=False),
    Index(None, "blob"),
)

artifact_inputs = Table(
    "artifact_inputs",
    metadata,
    Column("run_id", BigId, ForeignKey("runs.id"), primary_key=True),
    Column("version_id", BigId, ForeignKey("artifact_versions.id"), primary_key=True),
    # The collection by which the run found it, which may be a link's.
    Column("collection_id", BigId, ForeignKey("artifact_collections.id")),
    Column("used_as", sa.Text),
    Column("at", UtcTime, nullable=False),
    Index(None, "version_id"),
)

artifact_outputs = Table(
    "artifact_outputs",
    metadata,
    Column("run_id", BigId, ForeignKey("runs.id"), primary_key=True),
    Column("version_id", BigId, ForeignKey("artifact_versions.id"), primary_key=True),
    Column("at", UtcTime, nullable=False),
    Index(None, "version_id"),
)

# Who did what to collections and versions; never trimmed, unlike the events.
artifact_actions = Table(
    "artifact_actions",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("at", UtcTime, nullable=False),
    Column("user_id", BigId, ForeignKey("users.id")),
    Column("action", sa.Text, nullable=False),
    Column("project_id", BigId, ForeignKey("projects.id"), nullable=False),
    Column("collection_id", BigId, ForeignKey("artifact_collections.id")),
    Column("version_id", BigId, ForeignKey("artifact_versions.id")),
    Column("details", JsonText, nullable=False, server_default="{}"),
    Index(None, "project_id", "id"),
    Index(None, "collection_id", "id"),
    Index(None, "version_id", "id"),
    sqlite_autoincrement=True,
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("run_id", BigId, ForeignKey("runs.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("title", sa.Text, nullable=False),
    Column("text", sa.Text, nullable=False),
    Column("level", sa.Text, nullable=False),
    Index(None, "run_id", "at"),
    sqlite_autoincrement=True,
)

# Histories written as Parquet; a row is a name of its blob.
history_exports = Table(
    "history_exports",
    metadata,
    Column("run_id", BigId, ForeignKey("runs.id"), primary_key=True),
    Column("first_step", BigId, primary_key=True),
    Column("last_step", BigId, nullable=False),
    # What the run held when it was written, so that a later arrival makes it stale.
    Column("standing", sa.Text, nullable=False),
    Column("blob", sa.Text, ForeignKey("blobs.digest"), nullable=False),
    Column("size", BigId, nullable=False),
    Column("rows", BigId, nullable=False),
    # Whoever reads the file finds neither more nor less than in the history.
    Column("faithful", sa.Boolean, nullable=False, server_default="0"),
    Column("created_at", UtcTime, nullable=False),
    Index(None, "blob"),
)

# How people look at a project's runs; a row is its owner's alone until it is shared.
saved_views = Table(
    "saved_views",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("project_id", BigId, ForeignKey("projects.id"), nullable=False),
    Column("kind", sa.Text, nullable=False),
    Column("name", sa.Text, nullable=False),
    Column("owner_id", BigId, ForeignKey("users.id"), nullable=False),
    Column("shared", sa.Boolean, nullable=False),
    # What the page shows to those who have chosen nothing.
    Column("usual", sa.Boolean, nullable=False),
    Column("document", JsonText, nullable=False),
    Column("revision", BigId, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    # A name, for whoever meets the change.
    Column("updated_by", sa.Text, nullable=False),
    Index(None, "project_id", "kind"),
    Index(None, "owner_id"),
    sqlite_autoincrement=True,
)
# Names of objects: what their versions count by.
object_names = Table(
    "object_names",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("project_id", BigId, ForeignKey("projects.id"), nullable=False),
    # "object" or "op"; one name can be used for both.
    Column("kind", sa.Text, nullable=False),
    Column("name", sa.Text, nullable=False),
    # The index of the next version; never goes back.
    Column("next_index", BigId, nullable=False),
    # NULL when every version is deleted.
    Column("latest_id", BigId),
    UniqueConstraint("project_id", "name", "kind"),
    sqlite_autoincrement=True,
)

object_versions = Table(
    "object_versions",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("name_id", BigId, ForeignKey("object_names.id"), nullable=False),
    Column("digest", sa.Text, nullable=False),
    Column("version_index", BigId, nullable=False),
    Column("base_class", sa.Text),
    Column("leaf_class", sa.Text),
    # The value as JSON text, or the blob that holds it; neither once the version is deleted.
    Column("value", sa.Text),
    Column("blob", sa.Text, ForeignKey("blobs.digest")),
    Column("size", BigId, nullable=False),
    Column("user_name", sa.Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("deleted_at", UtcTime),
    UniqueConstraint("name_id", "digest"),
    UniqueConstraint("name_id", "version_index"),
    Index(None, "blob"),
    sqlite_autoincrement=True,
)

# Tables of rows; the rows and their order are in the columnar store.
object_tables = Table(
    "object_tables",
    metadata,
    Column("project_id", BigId, ForeignKey("projects.id"), primary_key=True),
    Column("digest", sa.Text, primary_key=True),
    Column("rows", BigId, nullable=False),
    Column("size", BigId, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

# Files that objects name by digest; a row is a name of its blob.
project_files = Table(
    "project_files",
    metadata,
    Column("project_id", BigId, ForeignKey("projects.id"), primary_key=True),
    Column("digest", sa.Text, primary_key=True),
    Column("blob", sa.Text, ForeignKey("blobs.digest"), nullable=False),
    Column("size", BigId, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Index(None, "blob"),
)

# Large bodies of calls; a row is a name of its blob.
call_bodies = Table(
    "call_bodies",
    metadata,
    Column("project_id", BigId, ForeignKey("projects.id"), primary_key=True),
    # Chosen by the client.
    Column("call_id", sa.Text, primary_key=True),
    Column("blob", sa.Text, ForeignKey("blobs.digest"), primary_key=True),
    Column("created_at", UtcTime, nullable=False),
    Index(None, "blob"),
)

# Who works on finished calls, and up to which of them they have been handed out.
call_consumers = Table(
    "call_consumers",
    metadata,
    Column("project_id", BigId, ForeignKey("projects.id"), primary_key=True),
    Column("name", sa.Text, primary_key=True),
    Column("place", BigId, nullable=False),
)

# Calls that a worker has, from behind one place through another.
call_leases = Table(
    "call_leases",
    metadata,
    Column("id", sa.Text, primary_key=True),
    Column("project_id", BigId, ForeignKey("projects.id"), nullable=False),
    Column("consumer", sa.Text, nullable=False),
    Column("after", BigId, nullable=False),
    Column("through", BigId, nullable=False),
    Column("until", UtcTime, nullable=False),
    Column("attempts", sa.Integer, nullable=False),
    Index(None, "project_id", "consumer", "until"),
)

# Calls that people are asked to judge.
annotation_queues = Table(
    "annotation_queues",
    metadata,
    Column("id", sa.Text, primary_key=True),
    Column("project_id", BigId, ForeignKey("projects.id"), nullable=False),
    Column("name", sa.Text, nullable=False),
    Column("description", sa.Text, nullable=False),
    # References of the annotations that are asked for.
    Column("scorers", JsonText, nullable=False),
    Column("created_by", sa.Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("deleted_at", UtcTime),
    Index(None, "project_id"),
)

annotation_items = Table(
    "annotation_items",
    metadata,
    # Counts in the order in which items are added.
    Column("number", BigId, primary_key=True, autoincrement=True),
    Column("id", sa.Text, nullable=False),
    Column("queue_id", sa.Text, ForeignKey("annotation_queues.id"), nullable=False),
    Column("call_id", sa.Text, nullable=False),
    Column("op", sa.Text, nullable=False),
    Column("trace_id", sa.Text, nullable=False),
    # Microseconds since 1970, as of the call.
    Column("started_at", BigId, nullable=False),
    Column("ended_at", BigId),
    Column("display_fields", JsonText, nullable=False),
    Column("added_by", sa.Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("id"),
    UniqueConstraint("queue_id", "call_id"),
    sqlite_autoincrement=True,
)

# How far each annotator is with each item; no row where they have not begun.
annotation_progress = Table(
    "annotation_progress",
    metadata,
    Column("item_id", sa.Text, ForeignKey("annotation_items.id"), primary_key=True),
    Column("user_name", sa.Text, primary_key=True),
    Column("state", sa.Text, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)

# What people and scorers say about calls and objects; references have their stored form.
feedback = Table(
    "feedback",
    metadata,
    Column("project_id", BigId, ForeignKey("projects.id"), primary_key=True),
    # Chosen by the client.
    Column("id", sa.Text, primary_key=True),
    Column("ref", sa.Text, nullable=False),
    Column("type", sa.Text, nullable=False),
    Column("payload", JsonText, nullable=False),
    Column("creator", sa.Text),
    Column("user_name", sa.Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("annotation_ref", sa.Text),
    Column("runnable_ref", sa.Text),
    Column("call_ref", sa.Text),
    Column("trigger_ref", sa.Text),
    Column("queue_id", sa.Text),
    # Tags and ratings of a scorer, and the agent's span; NULL when there are none.
    Column("scores", JsonText),
    Column("agent", JsonText),
    Index(None, "project_id", "ref"),
    Index(None, "project_id", "type"),
    Index(None, "project_id", "created_at"),
)

# Prices of models that a project sets for itself, for one token each.
prices = Table(
    "prices",
    metadata,
    Column("id", sa.Text, primary_key=True),
    Column("project_id", BigId, ForeignKey("projects.id"), nullable=False),
    Column("model", sa.Text, nullable=False),
    Column("provider", sa.Text, nullable=False),
    Column("effective_at", UtcTime, nullable=False),
    Column("prompt", sa.Double, nullable=False),
    Column("completion", sa.Double, nullable=False),
    # NULL: as any other token of a prompt.
    Column("cache_read", sa.Double),
    Column("cache_creation", sa.Double),
    Column("prompt_unit", sa.Text, nullable=False),
    Column("completion_unit", sa.Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("created_by", sa.Text, nullable=False),
    Index(None, "project_id", "model"),
)

object_tags = Table(
    "object_tags",
    metadata,
    Column("version_id", BigId, ForeignKey("object_versions.id"), primary_key=True),
    Column("tag", sa.Text, primary_key=True),
)

object_aliases = Table(
    "object_aliases",
    metadata,
    Column("name_id", BigId, ForeignKey("object_names.id"), primary_key=True),
    Column("alias", sa.Text, primary_key=True),
    Column("version_id", BigId, ForeignKey("object_versions.id"), nullable=False),
    Index(None, "version_id"),
)

# Endpoints that answer for language models; the key is sealed under the server's secret.
providers = Table(
    "providers",
    metadata,
    Column("name", sa.Text, primary_key=True),
    Column("base_url", sa.Text, nullable=False),
    Column("models", JsonText, nullable=False),
    Column("headers", JsonText, nullable=False),
    Column("key", sa.LargeBinary),
    Column("updated_by", sa.Text, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)
