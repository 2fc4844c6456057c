"""Accepted types, protected aliases and the history of registries, in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from kiseki_server.domain.artifacts.types import ArtifactAction, ArtifactType, Json
from kiseki_server.kit.ids import ProjectId, UserId
from kiseki_server.storage.sql.conflicts import insert_new
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.schema import artifact_actions, artifact_types, protected_aliases


class SqlRegistryStore:
    """`RegistryStore` on SQLite and PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def types(self, project: ProjectId) -> Sequence[ArtifactType]:
        columns = artifact_types.c
        query = sa.select(
            columns.id, columns.project_id, columns.name, columns.description, columns.created_at
        ).where(columns.project_id == project)
        found = [ArtifactType(*row) for row in self._database.current().execute(query)]
        return sorted(found, key=lambda known: known.name)

    def ensure_type(self, project: ProjectId, name: str, at: datetime) -> None:
        values = {"project_id": project, "name": name, "created_at": at}
        insert_new(self._database.current(), artifact_types, values, artifact_types.c.id)

    def protected(self, project: ProjectId) -> frozenset[str]:
        columns = protected_aliases.c
        query = sa.select(columns.alias).where(columns.project_id == project)
        return frozenset(self._database.current().execute(query).scalars())

    def protect(self, project: ProjectId, aliases: Sequence[str]) -> None:
        connection = self._database.current()
        connection.execute(
            sa.delete(protected_aliases).where(protected_aliases.c.project_id == project)
        )
        rows = [{"project_id": project, "alias": alias} for alias in sorted(set(aliases))]
        if rows:
            connection.execute(sa.insert(protected_aliases), rows)

    def append(
        self,
        project: ProjectId,
        action: str,
        *,
        user: UserId,
        at: datetime,
        details: Mapping[str, Json],
    ) -> None:
        self._database.current().execute(
            sa.insert(artifact_actions).values(
                at=at, user_id=user, action=action, project_id=project, details=dict(details)
            )
        )

    def actions(
        self, projects: Sequence[ProjectId], *, limit: int, before: int | None = None
    ) -> Sequence[ArtifactAction]:
        columns = artifact_actions.c
        query = (
            sa.select(
                columns.id,
                columns.at,
                columns.user_id,
                columns.action,
                columns.project_id,
                columns.collection_id,
                columns.version_id,
                columns.details,
            )
            .where(columns.project_id.in_(projects))
            .order_by(columns.id.desc())
            .limit(limit)
        )
        if before is not None:
            query = query.where(columns.id < before)
        return [ArtifactAction(*row) for row in self._database.current().execute(query)]
