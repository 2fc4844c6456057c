"""Types and collections of artifacts, in SQL."""

from __future__ import annotations

from collections.abc import Collection as Some
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from kiseki_server.domain.artifacts.types import (
    ArtifactType,
    Collection,
    CollectionKind,
)
from kiseki_server.domain.files.incoming import DigestAlgorithm
from kiseki_server.kit.errors import Conflict
from kiseki_server.kit.ids import CollectionId, ProjectId, UserId
from kiseki_server.storage.sql.chunks import chunks
from kiseki_server.storage.sql.conflicts import insert_new
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.schema import (
    artifact_collections,
    artifact_types,
    projects,
    protected_aliases,
)

_columns = artifact_collections.c
_ALIVE = _columns.deleted_at.is_(None)
_AS_COLLECTION = (
    _columns.id,
    _columns.project_id,
    _columns.kind,
    artifact_types.c.name.label("type"),
    _columns.name,
    _columns.description,
    _columns.tags,
    _columns.client_id,
    _columns.digest_algorithm,
    _columns.user_id,
    _columns.created_at,
    _columns.updated_at,
    _columns.deleted_at,
)


class SqlCollectionStore:
    """`CollectionStore` on SQLite and PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # Names compare by their bytes, whatever the database's locale.
        self._name = _columns.name_key.collate("BINARY" if database.dialect == "sqlite" else "C")

    def types(self, project: ProjectId) -> Sequence[ArtifactType]:
        query = sa.select(artifact_types).where(artifact_types.c.project_id == project)
        found = [_type(row) for row in self._database.current().execute(query)]
        return sorted(found, key=lambda known: known.name)

    def ensure_type(
        self, project: ProjectId, name: str, at: datetime, description: str | None = None
    ) -> ArtifactType:
        connection = self._database.current()
        values: dict[str, Any] = {"project_id": project, "name": name, "created_at": at}
        insert_new(connection, artifact_types, values, artifact_types.c.id)
        this = sa.and_(artifact_types.c.project_id == project, artifact_types.c.name == name)
        if description is not None:
            connection.execute(
                sa.update(artifact_types).where(this).values(description=description)
            )
        return _type(connection.execute(sa.select(artifact_types).where(this)).one())

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

    def add(
        self,
        project: ProjectId,
        kind: CollectionKind,
        type: str,
        name: str,
        *,
        client_id: str | None = None,
        algorithm: DigestAlgorithm = "md5",
        user: UserId,
        at: datetime,
    ) -> Collection:
        values: dict[str, Any] = {
            "project_id": project,
            "type_id": self._type_id(project, type),
            "kind": kind.value,
            "name": name,
            "name_key": name,
            "tags": [],
            "client_id": client_id,
            "digest_algorithm": algorithm,
            "user_id": user,
            "created_at": at,
            "updated_at": at,
        }
        id = insert_new(self._database.current(), artifact_collections, values, _columns.id)
        if id is None:
            raise _taken(name)
        return self.get([CollectionId(id)])[CollectionId(id)]

    def get(self, ids: Some[CollectionId]) -> Mapping[CollectionId, Collection]:
        found: dict[CollectionId, Collection] = {}
        for chunk in chunks(sorted(set(ids))):
            found.update((one.id, one) for one in self._select(_columns.id.in_(chunk)))
        return found

    def find(self, project: ProjectId, name: str) -> Collection | None:
        found = self._select(_columns.project_id == project, _columns.name_key == name)
        return found[0] if found else None

    def by_client(self, client_id: str) -> Sequence[Collection]:
        return self._select(_columns.client_id == client_id)

    def of_project(self, project: ProjectId, type: str | None = None) -> Sequence[Collection]:
        conditions = [_columns.project_id == project]
        if type is not None:
            conditions.append(artifact_types.c.name == type)
        return sorted(self._select(*conditions), key=lambda known: known.name)

    def page(
        self,
        project: ProjectId,
        *,
        names: Some[str] | None = None,
        after: str | None = None,
        limit: int,
    ) -> Sequence[Collection]:
        conditions = [_columns.project_id == project]
        if after is not None:
            conditions.append(self._name > after)
        if names is not None:
            conditions.append(_columns.name_key.in_(sorted(set(names))))
        return self._select(*conditions, order=self._name, limit=limit)

    def count(self, projects: Some[ProjectId]) -> int:
        query = sa.select(sa.func.count()).select_from(artifact_collections)
        connection = self._database.current()
        return sum(
            connection.execute(query.where(_columns.project_id.in_(chunk), _ALIVE)).scalar_one()
            for chunk in chunks(sorted(set(projects)))
        )

    def orphaned(self, limit: int) -> Sequence[Collection]:
        gone = sa.select(projects.c.id).where(projects.c.deleted_at.is_not(None))
        return self._select(_columns.project_id.in_(gone), limit=limit)

    def update(self, collection: Collection) -> None:
        connection = self._database.current()
        taken = sa.select(_columns.id).where(
            _columns.project_id == collection.project,
            _columns.name_key == collection.name,
            _columns.id != collection.id,
        )
        if connection.execute(taken).first() is not None:
            raise _taken(collection.name)
        connection.execute(
            sa.update(artifact_collections)
            .where(_columns.id == collection.id)
            .values(
                name=collection.name,
                name_key=collection.name,
                type_id=self._type_id(collection.project, collection.type),
                description=collection.description,
                tags=list(collection.tags),
                updated_at=collection.updated_at,
            )
        )

    def delete(self, collection: CollectionId, at: datetime) -> None:
        key = _columns.name.concat("#").concat(sa.cast(_columns.id, sa.Text))
        self._database.current().execute(
            sa.update(artifact_collections)
            .where(_columns.id == collection, _ALIVE)
            .values(name_key=key, deleted_at=at)
        )

    def next_index(self, collection: CollectionId) -> int:
        change = (
            sa.update(artifact_collections)
            .where(_columns.id == collection)
            .values(next_index=_columns.next_index + 1)
        )
        found = self._database.current().execute(change.returning(_columns.next_index))
        return found.scalar_one() - 1

    def _type_id(self, project: ProjectId, name: str) -> int:
        columns = artifact_types.c
        query = sa.select(columns.id).where(columns.project_id == project, columns.name == name)
        return self._database.current().execute(query).scalar_one()

    def _select(
        self,
        *conditions: sa.ColumnElement[bool],
        order: sa.ColumnElement[Any] = _columns.id,
        limit: int | None = None,
    ) -> list[Collection]:
        query: Any = (
            sa.select(*_AS_COLLECTION)
            .join_from(
                artifact_collections, artifact_types, artifact_types.c.id == _columns.type_id
            )
            .where(*conditions, _ALIVE)
            .order_by(order)
            .limit(limit)
        )
        return [_collection(row) for row in self._database.current().execute(query)]


def _taken(name: str) -> Conflict:
    return Conflict(
        f"The project has an artifact called `{name}` already", hint="choose another name"
    )


def _type(row: Any) -> ArtifactType:
    return ArtifactType(
        id=row.id,
        project=ProjectId(row.project_id),
        name=row.name,
        description=row.description,
        created_at=row.created_at,
    )


def _collection(row: Any) -> Collection:
    return Collection(
        id=CollectionId(row.id),
        project=ProjectId(row.project_id),
        kind=CollectionKind(row.kind),
        type=row.type,
        name=row.name,
        description=row.description,
        tags=tuple(row.tags),
        client_id=row.client_id,
        digest_algorithm=row.digest_algorithm,
        user=UserId(row.user_id),
        created_at=row.created_at,
        updated_at=row.updated_at,
        deleted_at=row.deleted_at,
    )
