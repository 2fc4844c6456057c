"""Objects and their versions, in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from kiseki_server.domain.files.store import BlobNames
from kiseki_server.domain.objects.types import (
    LATEST,
    Draft,
    Kind,
    ObjectFilter,
    ObjectVersion,
    Order,
)
from kiseki_server.kit.ids import ProjectId
from kiseki_server.storage.sql.chunks import chunks
from kiseki_server.storage.sql.conflicts import insert_new, upsert
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.schema import (
    object_aliases,
    object_names,
    object_tags,
    object_versions,
)

_names = object_names.c
_versions = object_versions.c
_LATEST = _names.latest_id == _versions.id
_COLUMNS = (
    _versions.id,
    _names.project_id,
    _names.kind,
    _names.name,
    _versions.digest,
    _versions.version_index,
    _versions.base_class,
    _versions.leaf_class,
    _versions.blob,
    _versions.size,
    _versions.user_name,
    _versions.created_at,
    _versions.deleted_at,
    sa.func.coalesce(_LATEST, sa.false()).label("latest"),
)


class SqlObjectStore:
    """`ObjectStore` on SQLite and PostgreSQL."""

    def __init__(self, database: Database, names: BlobNames) -> None:
        self._database = database
        self._blob_names = names
        # Names compare by their bytes, whatever the database's locale.
        self._collation = "BINARY" if database.dialect == "sqlite" else "C"

    def put(self, draft: Draft) -> ObjectVersion:
        connection = self._database.current()
        name, index = self._name(draft)
        content: dict[str, Any] = {
            "base_class": draft.base_class,
            "leaf_class": draft.leaf_class,
            "value": draft.text,
            "blob": draft.blob,
            "size": draft.size,
            "user_name": draft.user,
            "created_at": draft.at,
        }
        query = sa.select(_versions.id, _versions.deleted_at).where(
            _versions.name_id == name, _versions.digest == draft.digest
        )
        known = connection.execute(query).one_or_none()
        if known is None:
            insert = sa.insert(object_versions).values(
                name_id=name, digest=draft.digest, version_index=index, **content
            )
            id = connection.execute(insert.returning(_versions.id)).scalar_one()
            index += 1
        else:
            id = known.id
            if known.deleted_at is not None:
                connection.execute(
                    sa.update(object_versions)
                    .where(_versions.id == id)
                    .values(deleted_at=None, **content)
                )
        if draft.blob is not None and (known is None or known.deleted_at is not None):
            self._blob_names.add([draft.blob])
        connection.execute(
            sa.update(object_names).where(_names.id == name).values(latest_id=id, next_index=index)
        )
        (stored,) = self._read(_versions.id == id, values=False)
        return replace(stored, text=draft.text)

    def _name(self, draft: Draft) -> tuple[int, int]:
        """The number of the name, and the index of its next version; locked until the end."""
        connection = self._database.current()
        key = {"project_id": draft.project, "kind": draft.kind.value, "name": draft.name}
        id = insert_new(connection, object_names, {**key, "next_index": 0}, _names.id)
        if id is not None:
            return id, 0
        query = sa.select(_names.id, _names.next_index).where(
            *(_names[column] == value for column, value in key.items())
        )
        row = connection.execute(query.with_for_update()).one()
        return row.id, row.next_index

    def find(
        self,
        project: ProjectId,
        filter: ObjectFilter,
        *,
        order: Sequence[Order] = (),
        limit: int | None = None,
        offset: int = 0,
        values: bool = True,
    ) -> Sequence[ObjectVersion]:
        columns = {"name": _names.name.collate(self._collation), "created_at": _versions.created_at}
        terms = [
            columns[term.field].desc() if term.descending else columns[term.field].asc()
            for term in order
        ]
        return self._read(
            _names.project_id == project,
            *_conditions(filter),
            order=(*terms, _versions.created_at, _versions.version_index, _versions.id),
            limit=limit,
            offset=offset,
            values=values,
        )

    def _read(
        self,
        *conditions: sa.ColumnElement[bool],
        order: Sequence[Any] = (),
        limit: int | None = None,
        offset: int = 0,
        values: bool,
    ) -> list[ObjectVersion]:
        value = _versions.value if values else sa.literal(None, sa.Text).label("value")
        query = (
            sa.select(*_COLUMNS, value)
            .join_from(object_versions, object_names, _names.id == _versions.name_id)
            .where(*conditions)
            .order_by(*order)
            .offset(offset or None)
            .limit(limit)
        )
        return [_version(row) for row in self._database.current().execute(query)]

    def census(
        self, project: ProjectId, filter: ObjectFilter
    ) -> Mapping[tuple[Kind, str | None], int]:
        query = (
            sa.select(_names.kind, _versions.base_class, sa.func.count())
            .join_from(object_versions, object_names, _names.id == _versions.name_id)
            .where(_names.project_id == project, *_conditions(filter))
            .group_by(_names.kind, _versions.base_class)
        )
        rows = self._database.current().execute(query)
        return {(Kind(kind), base): count for kind, base, count in rows}

    def counts(self, project: ProjectId, names: Collection[str]) -> Mapping[tuple[Kind, str], int]:
        found: dict[tuple[Kind, str], int] = {}
        for chunk in chunks(sorted(set(names))):
            query = (
                sa.select(_names.kind, _names.name, sa.func.count())
                .join_from(object_versions, object_names, _names.id == _versions.name_id)
                .where(
                    _names.project_id == project,
                    _names.name.in_(chunk),
                    _versions.deleted_at.is_(None),
                )
                .group_by(_names.kind, _names.name)
            )
            for kind, name, count in self._database.current().execute(query):
                found[Kind(kind), name] = count
        return found

    def delete(self, versions: Sequence[ObjectVersion], at: datetime) -> None:
        connection = self._database.current()
        for chunk in chunks(sorted(one.id for one in versions)):
            living = (_versions.id.in_(chunk), _versions.deleted_at.is_(None))
            blobs = sa.select(_versions.blob).where(*living, _versions.blob.is_not(None))
            self._blob_names.drop(list(connection.execute(blobs).scalars()))
            connection.execute(
                sa.update(object_versions)
                .where(*living)
                .values(deleted_at=at, value=None, blob=None)
            )
            for table in (object_tags, object_aliases):
                connection.execute(sa.delete(table).where(table.c.version_id.in_(chunk)))
            newest = (
                sa.select(_versions.id)
                .where(_versions.name_id == _names.id, _versions.deleted_at.is_(None))
                .order_by(_versions.created_at.desc(), _versions.version_index.desc())
                .limit(1)
                .scalar_subquery()
            )
            connection.execute(
                sa.update(object_names).where(_names.latest_id.in_(chunk)).values(latest_id=newest)
            )

    def tags(self, versions: Collection[int]) -> Mapping[int, Sequence[str]]:
        return self._words(object_tags, object_tags.c.tag, versions)

    def aliases(self, versions: Collection[int]) -> Mapping[int, Sequence[str]]:
        return self._words(object_aliases, object_aliases.c.alias, versions)

    def _words(
        self, table: sa.Table, column: sa.Column[str], versions: Collection[int]
    ) -> Mapping[int, Sequence[str]]:
        found: dict[int, list[str]] = {}
        for chunk in chunks(sorted(versions)):
            query = sa.select(table.c.version_id, column).where(table.c.version_id.in_(chunk))
            for id, word in self._database.current().execute(query):
                found.setdefault(id, []).append(word)
        return {id: sorted(words) for id, words in found.items()}

    def add_tags(self, version: int, tags: Sequence[str]) -> None:
        for tag in tags:
            insert_new(
                self._database.current(),
                object_tags,
                {"version_id": version, "tag": tag},
                object_tags.c.version_id,
            )

    def remove_tags(self, version: int, tags: Sequence[str]) -> None:
        for chunk in chunks(tags):
            self._database.current().execute(
                sa.delete(object_tags).where(
                    object_tags.c.version_id == version, object_tags.c.tag.in_(chunk)
                )
            )

    def set_aliases(self, version: ObjectVersion, aliases: Sequence[str]) -> None:
        connection = self._database.current()
        query = sa.select(_versions.name_id).where(_versions.id == version.id)
        name = connection.execute(query).scalar_one()
        for alias in aliases:
            key = {"name_id": name, "alias": alias}
            upsert(connection, object_aliases, key, {"version_id": version.id})

    def remove_aliases(self, project: ProjectId, name: str, aliases: Sequence[str]) -> None:
        own = sa.select(_names.id).where(_names.project_id == project, _names.name == name)
        for chunk in chunks(aliases):
            self._database.current().execute(
                sa.delete(object_aliases).where(
                    object_aliases.c.name_id.in_(own), object_aliases.c.alias.in_(chunk)
                )
            )

    def all_tags(self, project: ProjectId) -> Sequence[str]:
        query = (
            sa.select(object_tags.c.tag)
            .distinct()
            .join(object_versions, _versions.id == object_tags.c.version_id)
            .join(object_names, _names.id == _versions.name_id)
            .where(_names.project_id == project)
        )
        return sorted(self._database.current().execute(query).scalars())

    def all_aliases(self, project: ProjectId) -> Sequence[str]:
        query = (
            sa.select(object_aliases.c.alias)
            .distinct()
            .join(object_names, _names.id == object_aliases.c.name_id)
            .where(_names.project_id == project)
        )
        return sorted(self._database.current().execute(query).scalars())

    def size(self, project: ProjectId) -> int:
        query = (
            sa.select(sa.func.coalesce(sa.func.sum(_versions.size), 0))
            .join_from(object_versions, object_names, _names.id == _versions.name_id)
            .where(_names.project_id == project, _versions.deleted_at.is_(None))
        )
        return int(self._database.current().execute(query).scalar_one())

    def forget(self, project: ProjectId) -> None:
        connection = self._database.current()
        names = sa.select(_names.id).where(_names.project_id == project)
        versions = sa.select(_versions.id).where(_versions.name_id.in_(names))
        blobs = sa.select(_versions.blob).where(
            _versions.name_id.in_(names), _versions.blob.is_not(None)
        )
        self._blob_names.drop(list(connection.execute(blobs).scalars()))
        for table in (object_tags, object_aliases):
            connection.execute(sa.delete(table).where(table.c.version_id.in_(versions)))
        connection.execute(sa.delete(object_versions).where(_versions.name_id.in_(names)))
        connection.execute(sa.delete(object_names).where(_names.project_id == project))


def _conditions(filter: ObjectFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if not filter.deleted:
        found.append(_versions.deleted_at.is_(None))
    if filter.kind is not None:
        found.append(_names.kind == filter.kind.value)
    if filter.latest:
        found.append(_LATEST)
    if filter.search is not None:
        found.append(_names.name.icontains(filter.search, autoescape=True))
    if filter.without_base_classes is not None:
        other = _versions.base_class.not_in(filter.without_base_classes)
        found.append(sa.or_(_versions.base_class.is_(None), other))
    lists: tuple[tuple[Sequence[Any] | None, Any], ...] = (
        (filter.names, _names.name),
        (filter.digests, _versions.digest),
        (filter.indexes, _versions.version_index),
        (filter.base_classes, _versions.base_class),
        (filter.leaf_classes, _versions.leaf_class),
    )
    found += [column.in_(wanted) for wanted, column in lists if wanted is not None]
    if filter.tags is not None:
        tagged = sa.select(object_tags.c.version_id).where(object_tags.c.tag.in_(filter.tags))
        found.append(_versions.id.in_(tagged))
    if filter.aliases is not None:
        pointed = sa.select(object_aliases.c.version_id).where(
            object_aliases.c.alias.in_(filter.aliases), object_aliases.c.name_id == _names.id
        )
        meant = _versions.id.in_(pointed)
        found.append(sa.or_(meant, _LATEST) if LATEST in filter.aliases else meant)
    return found


def _version(row: Any) -> ObjectVersion:
    return ObjectVersion(
        id=row.id,
        project=ProjectId(row.project_id),
        kind=Kind(row.kind),
        name=row.name,
        digest=row.digest,
        index=row.version_index,
        base_class=row.base_class,
        leaf_class=row.leaf_class,
        text=row.value,
        blob=row.blob,
        size=row.size,
        user=row.user_name,
        created_at=row.created_at,
        deleted_at=row.deleted_at,
        latest=bool(row.latest),
    )
