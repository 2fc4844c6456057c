"""Places of versions in collections, with their aliases, in SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection as Some
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from kiseki_server.domain.artifacts.store import CollectionStore, VersionStore
from kiseki_server.domain.artifacts.types import Membership, Standing
from kiseki_server.kit.ids import CollectionId, UserId, VersionId
from kiseki_server.storage.sql.chunks import chunks
from kiseki_server.storage.sql.conflicts import upsert
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.schema import (
    artifact_aliases,
    artifact_memberships,
    artifact_versions,
)

_columns = artifact_memberships.c
_IN_ORDER = _columns.version_index
_SHOWN = artifact_versions.c.state == "committed"


class SqlMembershipStore:
    """`MembershipStore` on SQLite and PostgreSQL."""

    def __init__(
        self, database: Database, collections: CollectionStore, versions: VersionStore
    ) -> None:
        self._database = database
        self._collections = collections
        self._versions = versions

    def join(
        self,
        collection: CollectionId,
        version: VersionId,
        index: int,
        *,
        user: UserId,
        at: datetime,
    ) -> Membership:
        insert = sa.insert(artifact_memberships).values(
            collection_id=collection,
            version_id=version,
            version_index=index,
            user_id=user,
            created_at=at,
        )
        id = self._database.current().execute(insert.returning(_columns.id)).scalar_one()
        return self.get([id])[id]

    def get(self, ids: Some[int]) -> Mapping[int, Membership]:
        found: dict[int, Membership] = {}
        for chunk in chunks(sorted(set(ids))):
            found.update((one.id, one) for one in self._read(_query(_columns.id.in_(chunk))))
        return found

    def find(
        self,
        collection: CollectionId,
        *,
        version: VersionId | None = None,
        index: int | None = None,
        alias: str | None = None,
        digest: str | None = None,
    ) -> Membership | None:
        here = _columns.collection_id == collection
        if version is not None:
            query = _query(here, _columns.version_id == version)
        elif index is not None:
            query = _query(here, _columns.version_index == index, _SHOWN)
        elif alias is not None:
            named = sa.select(artifact_aliases.c.membership_id).where(
                artifact_aliases.c.collection_id == collection, artifact_aliases.c.alias == alias
            )
            query = _query(here, _columns.id.in_(named), _SHOWN)
        else:
            query = _query(here, artifact_versions.c.digest == digest, _SHOWN)
        found = self._read(query.order_by(_IN_ORDER.desc()).limit(1))
        return found[0] if found else None

    def page(
        self,
        collection: CollectionId,
        *,
        newest_first: bool = True,
        after: int | None = None,
        limit: int,
    ) -> Sequence[Membership]:
        query = _query(_columns.collection_id == collection, _SHOWN)
        if after is not None:
            query = query.where(after > _IN_ORDER if newest_first else after < _IN_ORDER)
        order = _IN_ORDER.desc() if newest_first else _IN_ORDER.asc()
        return self._read(query.order_by(order).limit(limit))

    def of_versions(self, versions: Some[VersionId]) -> Sequence[Membership]:
        found: list[Membership] = []
        for chunk in chunks(sorted(set(versions))):
            query = _query(_columns.version_id.in_(chunk)).order_by(_columns.id)
            found.extend(self._read(query))
        return found

    def newest(self, collections: Some[CollectionId]) -> Mapping[CollectionId, Membership]:
        standings = self.standings(collections)
        ends = [(id, one.newest) for id, one in standings.items() if one.newest is not None]
        found: dict[CollectionId, Membership] = {}
        for chunk in chunks(ends, 200):
            place = sa.tuple_(_columns.collection_id, _columns.version_index)
            for one in self._read(_query(place.in_(chunk))):
                found[one.collection.id] = one
        return found

    def standings(self, collections: Some[CollectionId]) -> Mapping[CollectionId, Standing]:
        found = {id: Standing(0, None) for id in collections}
        for chunk in chunks(sorted(set(collections))):
            query = (
                sa.select(
                    _columns.collection_id,
                    sa.func.count().label("versions"),
                    sa.func.max(_columns.version_index).label("newest"),
                )
                .join_from(
                    artifact_memberships,
                    artifact_versions,
                    artifact_versions.c.id == _columns.version_id,
                )
                .where(_columns.collection_id.in_(chunk), _SHOWN)
                .group_by(_columns.collection_id)
            )
            for row in self._database.current().execute(query):
                found[CollectionId(row.collection_id)] = Standing(row.versions, row.newest)
        return found

    def aliases(self, collection: CollectionId) -> Sequence[str]:
        query = (
            sa.select(artifact_aliases.c.alias)
            .join_from(
                artifact_aliases,
                artifact_memberships,
                _columns.id == artifact_aliases.c.membership_id,
            )
            .join(artifact_versions, artifact_versions.c.id == _columns.version_id)
            .where(artifact_aliases.c.collection_id == collection, _SHOWN)
        )
        return sorted(self._database.current().execute(query).scalars())

    def leave(self, memberships: Some[int]) -> None:
        connection = self._database.current()
        for chunk in chunks(sorted(set(memberships))):
            named = artifact_aliases.c.membership_id.in_(chunk)
            connection.execute(sa.delete(artifact_aliases).where(named))
            connection.execute(sa.delete(artifact_memberships).where(_columns.id.in_(chunk)))

    def put_aliases(self, membership: Membership, aliases: Some[str]) -> None:
        for alias in sorted(set(aliases)):
            upsert(
                self._database.current(),
                artifact_aliases,
                {"collection_id": membership.collection.id, "alias": alias},
                {"membership_id": membership.id},
            )

    def drop_aliases(self, membership: int, aliases: Some[str]) -> None:
        self._database.current().execute(
            sa.delete(artifact_aliases).where(
                artifact_aliases.c.membership_id == membership,
                artifact_aliases.c.alias.in_(sorted(aliases)),
            )
        )

    def _read(self, query: Any) -> list[Membership]:
        rows = self._database.current().execute(query).all()
        collections = self._collections.get({CollectionId(row.collection_id) for row in rows})
        versions = self._versions.get({VersionId(row.version_id) for row in rows})
        aliases = self._aliases([row.id for row in rows])
        return [
            Membership(
                id=row.id,
                collection=collections[row.collection_id],
                version=versions[row.version_id],
                index=row.version_index,
                aliases=tuple(sorted(aliases[row.id])),
                created_at=row.created_at,
            )
            for row in rows
            if row.collection_id in collections
        ]

    def _aliases(self, memberships: Sequence[int]) -> Mapping[int, Sequence[str]]:
        found: dict[int, list[str]] = defaultdict(list)
        for chunk in chunks(memberships):
            query = sa.select(artifact_aliases.c.membership_id, artifact_aliases.c.alias)
            query = query.where(artifact_aliases.c.membership_id.in_(chunk))
            for row in self._database.current().execute(query):
                found[row.membership_id].append(row.alias)
        return found


def _query(*conditions: sa.ColumnElement[bool]) -> Any:
    return (
        sa.select(
            _columns.id,
            _columns.collection_id,
            _columns.version_id,
            _columns.version_index,
            _columns.created_at,
        )
        .join_from(
            artifact_memberships, artifact_versions, artifact_versions.c.id == _columns.version_id
        )
        .where(*conditions)
    )
