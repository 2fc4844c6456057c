"""Collections, versions and their places in memory, for tests."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Collection as Some
from dataclasses import dataclass, field, replace
from datetime import datetime

from kiseki_server.domain.artifacts.types import (
    ArtifactType,
    Collection,
    CollectionKind,
    Membership,
    Standing,
    Version,
    VersionState,
)
from kiseki_server.domain.files.incoming import DigestAlgorithm
from kiseki_server.kit.errors import Conflict
from kiseki_server.kit.ids import CollectionId, ProjectId, UserId, VersionId


@dataclass
class _Place:
    id: int
    collection: CollectionId
    version: VersionId
    index: int
    created_at: datetime
    aliases: set[str] = field(default_factory=set[str])


@dataclass
class ArtifactTables:
    """What the stores of artifacts share."""

    types: dict[tuple[ProjectId, str], ArtifactType] = field(
        default_factory=dict[tuple[ProjectId, str], ArtifactType]
    )
    protected: dict[ProjectId, frozenset[str]] = field(
        default_factory=dict[ProjectId, frozenset[str]]
    )
    collections: dict[CollectionId, Collection] = field(
        default_factory=dict[CollectionId, Collection]
    )
    versions: dict[VersionId, Version] = field(default_factory=dict[VersionId, Version])
    places: dict[int, _Place] = field(default_factory=dict[int, _Place])
    indexes: Counter[CollectionId] = field(default_factory=Counter[CollectionId])
    ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))


class MemoryCollectionStore:
    """`CollectionStore` in dicts."""

    def __init__(
        self, tables: ArtifactTables, living: Callable[[], Iterable[ProjectId]] | None = None
    ) -> None:
        self._tables = tables
        self._living = living

    def types(self, project: ProjectId) -> Sequence[ArtifactType]:
        found = [known for (at, _), known in self._tables.types.items() if at == project]
        return sorted(found, key=lambda known: known.name)

    def ensure_type(
        self, project: ProjectId, name: str, at: datetime, description: str | None = None
    ) -> ArtifactType:
        tables = self._tables
        made = ArtifactType(next(tables.ids), project, name, None, at)
        found = tables.types.setdefault((project, name), made)
        if description is not None:
            found = tables.types[project, name] = replace(found, description=description)
        return found

    def protected(self, project: ProjectId) -> frozenset[str]:
        return self._tables.protected.get(project, frozenset())

    def protect(self, project: ProjectId, aliases: Sequence[str]) -> None:
        self._tables.protected[project] = frozenset(aliases)

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
        if self.find(project, name) is not None:
            raise Conflict(f"The project has an artifact called `{name}` already")
        made = Collection(
            id=CollectionId(next(self._tables.ids)),
            project=project,
            kind=kind,
            type=type,
            name=name,
            description=None,
            tags=(),
            client_id=client_id,
            digest_algorithm=algorithm,
            user=user,
            created_at=at,
            updated_at=at,
        )
        self._tables.collections[made.id] = made
        return made

    def get(self, ids: Some[CollectionId]) -> Mapping[CollectionId, Collection]:
        wanted = set(ids)
        return {one.id: one for one in self._all() if one.id in wanted}

    def find(self, project: ProjectId, name: str) -> Collection | None:
        found = (one for one in self._all() if (one.project, one.name) == (project, name))
        return next(found, None)

    def by_client(self, client_id: str) -> Sequence[Collection]:
        return [one for one in self._all() if one.client_id == client_id]

    def of_project(self, project: ProjectId, type: str | None = None) -> Sequence[Collection]:
        found = [one for one in self._all() if one.project == project and type in (None, one.type)]
        return sorted(found, key=lambda known: known.name)

    def page(
        self,
        project: ProjectId,
        *,
        names: Some[str] | None = None,
        after: str | None = None,
        limit: int,
    ) -> Sequence[Collection]:
        found = [
            one
            for one in self.of_project(project)
            if (after is None or one.name > after) and (names is None or one.name in names)
        ]
        return found[:limit]

    def count(self, projects: Some[ProjectId]) -> int:
        return sum(one.project in projects for one in self._all())

    def orphaned(self, limit: int) -> Sequence[Collection]:
        living = None if self._living is None else set(self._living())
        return [one for one in self._all() if living is not None and one.project not in living][
            :limit
        ]

    def update(self, collection: Collection) -> None:
        found = self.find(collection.project, collection.name)
        if found is not None and found.id != collection.id:
            raise Conflict(f"The project has an artifact called `{collection.name}` already")
        self._tables.collections[collection.id] = collection

    def delete(self, collection: CollectionId, at: datetime) -> None:
        found = self._tables.collections[collection]
        self._tables.collections[collection] = replace(found, deleted_at=at)

    def next_index(self, collection: CollectionId) -> int:
        self._tables.indexes[collection] += 1
        return self._tables.indexes[collection] - 1

    def _all(self) -> Iterable[Collection]:
        return [one for one in self._tables.collections.values() if one.deleted_at is None]


class MemoryVersionStore:
    """`VersionStore` in dicts."""

    def __init__(self, tables: ArtifactTables) -> None:
        self._tables = tables

    def add(self, draft: Version) -> Version:
        made = replace(draft, id=VersionId(next(self._tables.ids)))
        self._tables.versions[made.id] = made
        return made

    def get(self, ids: Some[VersionId], *, lock: bool = False) -> Mapping[VersionId, Version]:
        known = self._tables.versions
        return {id: known[id] for id in ids if id in known}

    def newest(self, collection: CollectionId) -> Version | None:
        found = [
            one for one in self.of_collection(collection) if one.state is VersionState.COMMITTED
        ]
        return max(found, key=lambda one: one.index or 0, default=None)

    def pending(
        self,
        collection: CollectionId,
        *,
        digest: str,
        client_id: str | None,
        distributed_id: str | None,
    ) -> Version | None:
        for one in self.of_collection(collection):
            if distributed_id is not None:
                if one.distributed_id == distributed_id:
                    return one
            elif one.state is VersionState.PENDING and (
                (one.digest == digest and one.distributed_id is None)
                or (client_id is not None and one.client_id == client_id)
            ):
                return one
        return None

    def is_coming(self, collection: CollectionId, since: datetime) -> bool:
        return any(
            one.state is VersionState.PENDING and one.updated_at >= since
            for one in self.of_collection(collection)
        )

    def by_client(self, client_id: str) -> Sequence[Version]:
        return [one for one in self._all() if one.client_id == client_id]

    def of_collection(self, collection: CollectionId) -> Sequence[Version]:
        return [one for one in self._all() if one.collection == collection]

    def update(self, version: Version) -> None:
        self._tables.versions[version.id] = version

    def stale(self, before: datetime, limit: int) -> Sequence[Version]:
        return [
            one
            for one in self._all()
            if one.state is VersionState.PENDING and one.updated_at < before
        ][:limit]

    def expired(self, at: datetime, limit: int) -> Sequence[Version]:
        return [
            one
            for one in self._all()
            if one.state is VersionState.COMMITTED
            and one.expires_at is not None
            and one.expires_at < at
        ][:limit]

    def _all(self) -> Sequence[Version]:
        known = self._tables.versions.values()
        return [one for one in known if one.state is not VersionState.DELETED]


class MemoryMembershipStore:
    """`MembershipStore` in dicts."""

    def __init__(self, tables: ArtifactTables) -> None:
        self._tables = tables

    def join(
        self,
        collection: CollectionId,
        version: VersionId,
        index: int,
        *,
        user: UserId,
        at: datetime,
    ) -> Membership:
        id = next(self._tables.ids)
        self._tables.places[id] = _Place(id, collection, version, index, at)
        return self.get([id])[id]

    def get(self, ids: Some[int]) -> Mapping[int, Membership]:
        known = self._tables.places
        found = (self._read(known[id]) for id in ids if id in known)
        return {one.id: one for one in found if one is not None}

    def find(
        self,
        collection: CollectionId,
        *,
        version: VersionId | None = None,
        index: int | None = None,
        alias: str | None = None,
        digest: str | None = None,
    ) -> Membership | None:
        if version is not None:
            everything = self.of_versions([version])
            return next((one for one in everything if one.collection.id == collection), None)
        for one in self.page(collection, limit=1 << 40):
            if (index is not None and one.index == index) or alias in one.aliases:
                return one
            if index is None and alias is None and one.version.digest == digest:
                return one
        return None

    def page(
        self,
        collection: CollectionId,
        *,
        newest_first: bool = True,
        after: int | None = None,
        limit: int,
    ) -> Sequence[Membership]:
        found = sorted(self._shown(collection), key=lambda one: one.index, reverse=newest_first)
        return [
            one
            for one in found
            if after is None or (one.index < after if newest_first else one.index > after)
        ][:limit]

    def of_versions(self, versions: Some[VersionId]) -> Sequence[Membership]:
        places = [place for place in self._tables.places.values() if place.version in versions]
        return [one for place in places if (one := self._read(place)) is not None]

    def newest(self, collections: Some[CollectionId]) -> Mapping[CollectionId, Membership]:
        found = {id: self.page(id, limit=1) for id in collections}
        return {id: page[0] for id, page in found.items() if page}

    def standings(self, collections: Some[CollectionId]) -> Mapping[CollectionId, Standing]:
        found = {id: [one.index for one in self._shown(id)] for id in collections}
        return {
            id: Standing(len(indexes), max(indexes, default=None)) for id, indexes in found.items()
        }

    def aliases(self, collection: CollectionId) -> Sequence[str]:
        return sorted({alias for one in self._shown(collection) for alias in one.aliases})

    def leave(self, memberships: Some[int]) -> None:
        for id in memberships:
            self._tables.places.pop(id, None)

    def put_aliases(self, membership: Membership, aliases: Some[str]) -> None:
        for place in self._tables.places.values():
            if place.collection == membership.collection.id:
                place.aliases.difference_update(aliases)
        self._tables.places[membership.id].aliases.update(aliases)

    def drop_aliases(self, membership: int, aliases: Some[str]) -> None:
        self._tables.places[membership].aliases.difference_update(aliases)

    def _shown(self, collection: CollectionId) -> Sequence[Membership]:
        places = [p for p in self._tables.places.values() if p.collection == collection]
        found = [one for place in places if (one := self._read(place)) is not None]
        return [one for one in found if one.version.state is VersionState.COMMITTED]

    def _read(self, place: _Place) -> Membership | None:
        collection = self._tables.collections[place.collection]
        if collection.deleted_at is not None:
            return None
        return Membership(
            id=place.id,
            collection=collection,
            version=self._tables.versions[place.version],
            index=place.index,
            aliases=tuple(sorted(place.aliases)),
            created_at=place.created_at,
        )
