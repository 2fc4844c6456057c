"""Artifacts, registries, branches of runs, alerts and exported histories."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from kiseki_server.storage.sql.types import BigId, JsonText, UtcTime

revision = "0005_artifacts"
down_revision = "0004_project_activity_index"


def upgrade() -> None:
    op.create_table(
        "invites",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("entity_id", BigId, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("invited_by", BigId, nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["entity_id"], ["entities.id"], name=op.f("fk_invites_entity_id")),
        sa.ForeignKeyConstraint(["invited_by"], ["users.id"], name=op.f("fk_invites_invited_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invites")),
        sa.UniqueConstraint("entity_id", "email", name=op.f("uq_invites_entity_id_email")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "team_members",
        sa.Column("entity_id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["entities.id"], name=op.f("fk_team_members_entity_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_team_members_user_id")),
        sa.PrimaryKeyConstraint("entity_id", "user_id", name=op.f("pk_team_members")),
    )
    with op.batch_alter_table("team_members", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_team_members_user_id"), ["user_id"], unique=False)

    op.create_table(
        "artifact_types",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("project_id", BigId, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_artifact_types_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_artifact_types")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_artifact_types_project_id_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "project_members",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("project_id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=True),
        sa.Column("team_id", BigId, nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.CheckConstraint(
            "(user_id IS NULL) <> (team_id IS NULL)", name=op.f("ck_project_members_one_member")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_project_members_project_id")
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["entities.id"], name=op.f("fk_project_members_team_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_project_members_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_members")),
        sa.UniqueConstraint(
            "project_id", "team_id", name=op.f("uq_project_members_project_id_team_id")
        ),
        sa.UniqueConstraint(
            "project_id", "user_id", name=op.f("uq_project_members_project_id_user_id")
        ),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("project_members", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_project_members_team_id"), ["team_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_project_members_user_id"), ["user_id"], unique=False)

    op.create_table(
        "protected_aliases",
        sa.Column("project_id", BigId, nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_protected_aliases_project_id")
        ),
        sa.PrimaryKeyConstraint("project_id", "alias", name=op.f("pk_protected_aliases")),
    )
    op.create_table(
        "alerts",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("run_id", BigId, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_alerts_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_alerts_run_id_alerts_at"), ["run_id", "at"], unique=False
        )

    op.create_table(
        "artifact_collections",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("project_id", BigId, nullable=False),
        sa.Column("type_id", BigId, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("tags", JsonText(), server_default="[]", nullable=False),
        sa.Column("client_id", sa.Text(), nullable=True),
        sa.Column("digest_algorithm", sa.Text(), nullable=False),
        sa.Column("next_index", BigId, server_default="0", nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.Column("deleted_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_artifact_collections_project_id")
        ),
        sa.ForeignKeyConstraint(
            ["type_id"], ["artifact_types.id"], name=op.f("fk_artifact_collections_type_id")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_artifact_collections_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_artifact_collections")),
        sa.UniqueConstraint(
            "project_id", "name_key", name=op.f("uq_artifact_collections_project_id_name_key")
        ),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("artifact_collections", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_artifact_collections_client_id"), ["client_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_artifact_collections_type_id"), ["type_id"], unique=False
        )

    op.create_table(
        "history_exports",
        sa.Column("run_id", BigId, nullable=False),
        sa.Column("first_step", BigId, nullable=False),
        sa.Column("last_step", BigId, nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("blob", sa.Text(), nullable=False),
        sa.Column("size", BigId, nullable=False),
        sa.Column("rows", BigId, nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["blob"], ["blobs.digest"], name=op.f("fk_history_exports_blob")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_history_exports_run_id")),
        sa.PrimaryKeyConstraint("run_id", "first_step", name=op.f("pk_history_exports")),
    )
    with op.batch_alter_table("history_exports", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_history_exports_blob"), ["blob"], unique=False)

    op.create_table(
        "artifact_versions",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("collection_id", BigId, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version_index", BigId, nullable=True),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("digest_algorithm", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=True),
        sa.Column("distributed_id", sa.Text(), nullable=True),
        sa.Column("base_id", BigId, nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("metadata", JsonText(), server_default="{}", nullable=False),
        sa.Column("tags", JsonText(), server_default="[]", nullable=False),
        sa.Column("wanted_aliases", JsonText(), server_default="[]", nullable=False),
        sa.Column("ttl", BigId, server_default="-1", nullable=False),
        sa.Column("size", BigId, server_default="0", nullable=False),
        sa.Column("file_count", BigId, server_default="0", nullable=False),
        sa.Column("manifest", sa.Text(), nullable=True),
        sa.Column("history_step", BigId, nullable=True),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.Column("committed_at", UtcTime(), nullable=True),
        sa.Column("expires_at", UtcTime(), nullable=True),
        sa.Column("deleted_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["base_id"], ["artifact_versions.id"], name=op.f("fk_artifact_versions_base_id")
        ),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["artifact_collections.id"],
            name=op.f("fk_artifact_versions_collection_id"),
        ),
        sa.ForeignKeyConstraint(
            ["manifest"], ["blobs.digest"], name=op.f("fk_artifact_versions_manifest")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_artifact_versions_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_artifact_versions")),
        sa.UniqueConstraint(
            "collection_id",
            "version_index",
            name=op.f("uq_artifact_versions_collection_id_version_index"),
        ),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("artifact_versions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_artifact_versions_base_id"), ["base_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_artifact_versions_client_id"), ["client_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_artifact_versions_collection_id_artifact_versions_digest"),
            ["collection_id", "digest"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_artifact_versions_distributed_id"), ["distributed_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_artifact_versions_expires_at"), ["expires_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_artifact_versions_manifest"), ["manifest"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_artifact_versions_state_artifact_versions_created_at"),
            ["state", "created_at"],
            unique=False,
        )

    op.create_table(
        "artifact_actions",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("user_id", BigId, nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("project_id", BigId, nullable=False),
        sa.Column("collection_id", BigId, nullable=True),
        sa.Column("version_id", BigId, nullable=True),
        sa.Column("details", JsonText(), server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["artifact_collections.id"],
            name=op.f("fk_artifact_actions_collection_id"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_artifact_actions_project_id")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_artifact_actions_user_id")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["artifact_versions.id"], name=op.f("fk_artifact_actions_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_artifact_actions")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("artifact_actions", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_artifact_actions_collection_id_artifact_actions_id"),
            ["collection_id", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_artifact_actions_project_id_artifact_actions_id"),
            ["project_id", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_artifact_actions_version_id_artifact_actions_id"),
            ["version_id", "id"],
            unique=False,
        )

    op.create_table(
        "artifact_contents",
        sa.Column("entity_id", BigId, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("blob", sa.Text(), nullable=False),
        sa.Column("size", BigId, nullable=False),
        sa.Column("birth_id", BigId, nullable=False),
        sa.ForeignKeyConstraint(
            ["birth_id"], ["artifact_versions.id"], name=op.f("fk_artifact_contents_birth_id")
        ),
        sa.ForeignKeyConstraint(["blob"], ["blobs.digest"], name=op.f("fk_artifact_contents_blob")),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["entities.id"], name=op.f("fk_artifact_contents_entity_id")
        ),
        sa.PrimaryKeyConstraint("entity_id", "digest", name=op.f("pk_artifact_contents")),
    )
    with op.batch_alter_table("artifact_contents", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_artifact_contents_blob"), ["blob"], unique=False)

    op.create_table(
        "artifact_inputs",
        sa.Column("run_id", BigId, nullable=False),
        sa.Column("version_id", BigId, nullable=False),
        sa.Column("collection_id", BigId, nullable=True),
        sa.Column("used_as", sa.Text(), nullable=True),
        sa.Column("at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["artifact_collections.id"],
            name=op.f("fk_artifact_inputs_collection_id"),
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_artifact_inputs_run_id")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["artifact_versions.id"], name=op.f("fk_artifact_inputs_version_id")
        ),
        sa.PrimaryKeyConstraint("run_id", "version_id", name=op.f("pk_artifact_inputs")),
    )
    with op.batch_alter_table("artifact_inputs", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_artifact_inputs_version_id"), ["version_id"], unique=False
        )

    op.create_table(
        "artifact_manifests",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("version_id", BigId, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("base_id", BigId, nullable=True),
        sa.Column("blob", sa.Text(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["base_id"], ["artifact_versions.id"], name=op.f("fk_artifact_manifests_base_id")
        ),
        sa.ForeignKeyConstraint(
            ["blob"], ["blobs.digest"], name=op.f("fk_artifact_manifests_blob")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["artifact_versions.id"], name=op.f("fk_artifact_manifests_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_artifact_manifests")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("artifact_manifests", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_artifact_manifests_blob"), ["blob"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_artifact_manifests_version_id"), ["version_id"], unique=False
        )

    op.create_table(
        "artifact_memberships",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("collection_id", BigId, nullable=False),
        sa.Column("version_id", BigId, nullable=False),
        sa.Column("version_index", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["artifact_collections.id"],
            name=op.f("fk_artifact_memberships_collection_id"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_artifact_memberships_user_id")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["artifact_versions.id"],
            name=op.f("fk_artifact_memberships_version_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_artifact_memberships")),
        sa.UniqueConstraint(
            "collection_id",
            "version_id",
            name=op.f("uq_artifact_memberships_collection_id_version_id"),
        ),
        sa.UniqueConstraint(
            "collection_id",
            "version_index",
            name=op.f("uq_artifact_memberships_collection_id_version_index"),
        ),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("artifact_memberships", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_artifact_memberships_version_id"), ["version_id"], unique=False
        )

    op.create_table(
        "artifact_outputs",
        sa.Column("run_id", BigId, nullable=False),
        sa.Column("version_id", BigId, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_artifact_outputs_run_id")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["artifact_versions.id"], name=op.f("fk_artifact_outputs_version_id")
        ),
        sa.PrimaryKeyConstraint("run_id", "version_id", name=op.f("pk_artifact_outputs")),
    )
    with op.batch_alter_table("artifact_outputs", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_artifact_outputs_version_id"), ["version_id"], unique=False
        )

    op.create_table(
        "artifact_uploads",
        sa.Column("version_id", BigId, nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("blob", sa.Text(), nullable=True),
        sa.Column("size", BigId, nullable=True),
        sa.ForeignKeyConstraint(["blob"], ["blobs.digest"], name=op.f("fk_artifact_uploads_blob")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["artifact_versions.id"], name=op.f("fk_artifact_uploads_version_id")
        ),
        sa.PrimaryKeyConstraint("version_id", "path", name=op.f("pk_artifact_uploads")),
    )
    with op.batch_alter_table("artifact_uploads", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_artifact_uploads_blob"), ["blob"], unique=False)

    op.create_table(
        "multipart_uploads",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version_id", BigId, nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("parts", JsonText(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["artifact_versions.id"], name=op.f("fk_multipart_uploads_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_multipart_uploads")),
    )
    with op.batch_alter_table("multipart_uploads", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_multipart_uploads_created_at"), ["created_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_multipart_uploads_version_id"), ["version_id"], unique=False
        )

    op.create_table(
        "artifact_aliases",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("collection_id", BigId, nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("membership_id", BigId, nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["artifact_collections.id"],
            name=op.f("fk_artifact_aliases_collection_id"),
        ),
        sa.ForeignKeyConstraint(
            ["membership_id"],
            ["artifact_memberships.id"],
            name=op.f("fk_artifact_aliases_membership_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_artifact_aliases")),
        sa.UniqueConstraint(
            "collection_id", "alias", name=op.f("uq_artifact_aliases_collection_id_alias")
        ),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("artifact_aliases", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_artifact_aliases_membership_id"), ["membership_id"], unique=False
        )

    op.create_table(
        "multipart_parts",
        sa.Column("upload_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("blob", sa.Text(), nullable=False),
        sa.Column("size", BigId, nullable=False),
        sa.Column("md5", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["blob"], ["blobs.digest"], name=op.f("fk_multipart_parts_blob")),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["multipart_uploads.id"], name=op.f("fk_multipart_parts_upload_id")
        ),
        sa.PrimaryKeyConstraint("upload_id", "number", name=op.f("pk_multipart_parts")),
    )
    with op.batch_alter_table("multipart_parts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_multipart_parts_blob"), ["blob"], unique=False)

    with op.batch_alter_table("projects", schema=None) as batch_op:
        batch_op.add_column(sa.Column("kind", sa.Text(), server_default="project", nullable=False))
        batch_op.add_column(sa.Column("any_type", sa.Boolean(), server_default="1", nullable=False))

    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("branch", JsonText(), nullable=True))
        batch_op.add_column(sa.Column("archived_of", BigId, nullable=True))

    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.add_column(sa.Column("service_of", BigId, nullable=True))
        batch_op.add_column(sa.Column("default_entity_id", BigId, nullable=True))
