"""Versions of artifacts, in SQL."""

from __future__ import annotations

from collections.abc import Collection as Some
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from kiseki_server.domain.artifacts.types import Version, VersionState
from kiseki_server.kit.ids import CollectionId, VersionId
from kiseki_server.storage.sql.chunks import chunks
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.schema import artifact_versions

_columns = artifact_versions.c
_OTHER_NAMES = {"collection": "collection_id", "index": "version_index", "base": "base_id"}
_OTHER_NAMES["user"] = "user_id"
_COLUMN = {
    field.name: _columns[_OTHER_NAMES.get(field.name, field.name)] for field in fields(Version)
}
_PENDING = _columns.state == VersionState.PENDING.value
_COMMITTED = _columns.state == VersionState.COMMITTED.value
_ALIVE = sa.or_(_PENDING, _COMMITTED)


class SqlVersionStore:
    """`VersionStore` on SQLite and PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, draft: Version) -> Version:
        values = _values(draft)
        del values["id"]
        insert = sa.insert(artifact_versions).values(values).returning(_columns.id)
        id = VersionId(self._database.current().execute(insert).scalar_one())
        return self.get([id])[id]

    def get(self, ids: Some[VersionId], *, lock: bool = False) -> Mapping[VersionId, Version]:
        found: dict[VersionId, Version] = {}
        for chunk in chunks(sorted(set(ids))):
            query = _query(_columns.id.in_(chunk)).order_by(_columns.id)
            if lock:  # without effect on SQLite, whose writers take turns
                query = query.with_for_update()
            found.update((one.id, one) for one in self._read(query))
        return found

    def newest(self, collection: CollectionId) -> Version | None:
        query = _query(_columns.collection_id == collection, _COMMITTED)
        return self._first(query.order_by(_columns.version_index.desc()))

    def pending(
        self,
        collection: CollectionId,
        *,
        digest: str,
        client_id: str | None,
        distributed_id: str | None,
    ) -> Version | None:
        here = _columns.collection_id == collection
        if distributed_id is not None:
            same = _columns.distributed_id == distributed_id
            return self._first(_query(here, same, _ALIVE).order_by(_columns.id))
        alike = sa.and_(_columns.digest == digest, _columns.distributed_id.is_(None))
        if client_id is not None:
            alike = sa.or_(alike, _columns.client_id == client_id)
        return self._first(_query(here, alike, _PENDING).order_by(_columns.id))

    def is_coming(self, collection: CollectionId, since: datetime) -> bool:
        query = _query(_columns.collection_id == collection, _PENDING, _columns.updated_at >= since)
        return self._first(query) is not None

    def by_client(self, client_id: str) -> Sequence[Version]:
        query = _query(_columns.client_id == client_id, _ALIVE)
        return self._read(query.order_by(_columns.id))

    def of_collection(self, collection: CollectionId) -> Sequence[Version]:
        query = _query(_columns.collection_id == collection, _ALIVE)
        return self._read(query.order_by(_columns.id))

    def update(self, version: Version) -> None:
        change = sa.update(artifact_versions).where(_columns.id == version.id)
        self._database.current().execute(change.values(_values(version)))

    def stale(self, before: datetime, limit: int) -> Sequence[Version]:
        query = _query(_PENDING, _columns.updated_at < before, _columns.created_at < before)
        return self._read(query.order_by(_columns.id).limit(limit))

    def expired(self, at: datetime, limit: int) -> Sequence[Version]:
        query = _query(_COMMITTED, _columns.expires_at < at)
        return self._read(query.order_by(_columns.expires_at).limit(limit))

    def _first(self, query: Any) -> Version | None:
        found = self._read(query.limit(1))
        return found[0] if found else None

    def _read(self, query: Any) -> list[Version]:
        return [_version(row) for row in self._database.current().execute(query)]


def _query(*conditions: sa.ColumnElement[bool]) -> Any:
    columns: list[Any] = [column.label(name) for name, column in _COLUMN.items()]
    return sa.select(*columns).where(*conditions)


def _values(version: Version) -> dict[str, Any]:
    values = {column.name: getattr(version, name) for name, column in _COLUMN.items()}
    values["state"] = version.state.value
    values["metadata"] = dict(version.metadata)
    values["tags"] = list(version.tags)
    values["wanted_aliases"] = list(version.wanted_aliases)
    return values


def _version(row: Any) -> Version:
    values: dict[str, Any] = row._asdict()
    values["state"] = VersionState(values["state"])
    values["tags"] = tuple(values["tags"])
    values["wanted_aliases"] = tuple(values["wanted_aliases"])
    return Version(**values)
