"""Which runs made and used versions of artifacts, and who did what to them, in SQL."""

from __future__ import annotations

from collections.abc import Collection as Some
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from kiseki_server.domain.artifacts.types import ArtifactAction, Json, RunEdge
from kiseki_server.kit.ids import CollectionId, ProjectId, RunId, UserId, VersionId
from kiseki_server.storage.sql.chunks import chunks
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.schema import (
    artifact_actions,
    artifact_inputs,
    artifact_outputs,
    runs,
)


class SqlEdgeStore:
    """`EdgeStore` on SQLite and PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert: Any = sqlite.insert if database.dialect == "sqlite" else postgresql.insert

    def add(self, edges: Sequence[RunEdge]) -> None:
        connection = self._database.current()
        for edge in edges:
            key: dict[str, Any] = {"run_id": edge.run, "version_id": edge.version}
            if edge.direction == "output":
                insert = self._insert(artifact_outputs).values(at=edge.at, **key)
                connection.execute(insert.on_conflict_do_nothing())
                continue
            insert = self._insert(artifact_inputs).values(
                at=edge.at, used_as=edge.used_as, collection_id=edge.collection, **key
            )
            if edge.used_as is None:
                connection.execute(insert.on_conflict_do_nothing())
            else:
                connection.execute(
                    insert.on_conflict_do_update(
                        index_elements=list(key), set_={"used_as": edge.used_as}
                    )
                )

    def of_runs(self, runs: Some[RunId]) -> Sequence[RunEdge]:
        return self._read("run_id", runs)

    def of_versions(self, versions: Some[VersionId]) -> Sequence[RunEdge]:
        return self._read("version_id", versions)

    def remove_runs(self, runs: Some[RunId]) -> None:
        for table in (artifact_inputs, artifact_outputs):
            for chunk in chunks(sorted(set(runs))):
                gone = sa.delete(table).where(table.c.run_id.in_(chunk))
                self._database.current().execute(gone)

    def _read(self, column: str, ids: Some[int]) -> list[RunEdge]:
        found: list[RunEdge] = []
        for chunk in chunks(sorted(set(ids))):
            for table in (artifact_outputs, artifact_inputs):
                query: Any = (
                    sa.select(table)
                    .join_from(table, runs, runs.c.id == table.c.run_id)
                    .where(table.c[column].in_(chunk), runs.c.deleted_at.is_(None))
                )
                if column == "version_id":
                    query = query.where(runs.c.archived_of.is_(None))
                found.extend(map(_edge, self._database.current().execute(query)))
        return sorted(found, key=lambda edge: (edge.at, edge.run, edge.version))


def _edge(row: Any) -> RunEdge:
    output = not hasattr(row, "used_as")
    return RunEdge(
        run=RunId(row.run_id),
        version=VersionId(row.version_id),
        direction="output" if output else "input",
        used_as=None if output else row.used_as,
        at=row.at,
        collection=None if output else row.collection_id,
    )


class SqlActionLog:
    """`ActionLog` on SQLite and PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(
        self,
        project: ProjectId,
        action: str,
        *,
        user: UserId | None,
        at: datetime,
        details: Mapping[str, Json],
        collection: CollectionId | None = None,
        version: VersionId | None = None,
    ) -> None:
        self._database.current().execute(
            sa.insert(artifact_actions).values(
                at=at,
                user_id=user,
                action=action,
                project_id=project,
                collection_id=collection,
                version_id=version,
                details=dict(details),
            )
        )

    def actions(
        self,
        of: Literal["project", "collection", "version"],
        ids: Some[int],
        *,
        limit: int,
        before: int | None = None,
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
            .where(columns[f"{of}_id"].in_(sorted(ids)))
            .order_by(columns.id.desc())
            .limit(limit)
        )
        if before is not None:
            query = query.where(columns.id < before)
        return [ArtifactAction(*row) for row in self._database.current().execute(query)]
