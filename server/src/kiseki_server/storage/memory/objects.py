"""Objects in memory, for tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

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

_NOWHERE = ProjectId(-1)


class MemoryObjectStore:
    """An `ObjectStore` in lists."""

    def __init__(self, names: BlobNames) -> None:
        self._names = names
        self._versions: list[ObjectVersion] = []
        self._tags: dict[int, set[str]] = {}
        self._aliases: dict[int, set[str]] = {}

    def put(self, draft: Draft) -> ObjectVersion:
        alike = [one for one in self._versions if _key(one) == _key(draft)]
        known = next((one for one in alike if one.digest == draft.digest), None)
        if known is None:
            id = len(self._versions)
            known = ObjectVersion(
                id=id,
                project=draft.project,
                kind=draft.kind,
                name=draft.name,
                digest=draft.digest,
                index=len(alike),
                base_class=draft.base_class,
                leaf_class=draft.leaf_class,
                text=draft.text,
                blob=draft.blob,
                size=draft.size,
                user=draft.user,
                created_at=draft.at,
                deleted_at=None,
                latest=False,
            )
            self._versions.append(known)
            self._count(draft)
        elif known.deleted_at is not None:
            self._count(draft)
            self._versions[known.id] = replace(
                known,
                base_class=draft.base_class,
                leaf_class=draft.leaf_class,
                text=draft.text,
                blob=draft.blob,
                size=draft.size,
                user=draft.user,
                created_at=draft.at,
                deleted_at=None,
            )
        for one in alike:
            self._versions[one.id] = replace(self._versions[one.id], latest=False)
        self._versions[known.id] = replace(self._versions[known.id], latest=True)
        return self._versions[known.id]

    def _count(self, draft: Draft) -> None:
        if draft.blob is not None:
            self._names.add([draft.blob])

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
        found = [
            one for one in self._versions if one.project == project and self._meets(one, filter)
        ]
        found.sort(key=lambda one: (one.created_at, one.index, one.id))
        for term in reversed(order):
            found.sort(key=lambda one: getattr(one, term.field), reverse=term.descending)
        end = None if limit is None else offset + limit
        return [one if values else replace(one, text=None) for one in found[offset:end]]

    def census(
        self, project: ProjectId, filter: ObjectFilter
    ) -> Mapping[tuple[Kind, str | None], int]:
        return Counter((one.kind, one.base_class) for one in self.find(project, filter))

    def counts(self, project: ProjectId, names: Collection[str]) -> Mapping[tuple[Kind, str], int]:
        found = self.find(project, ObjectFilter(names=tuple(names)))
        return Counter((one.kind, one.name) for one in found)

    def _meets(self, one: ObjectVersion, filter: ObjectFilter) -> bool:
        aliases = {*self._aliases.get(one.id, ()), *([LATEST] if one.latest else [])}
        checks = (
            (filter.names, {one.name}),
            (filter.digests, {one.digest}),
            (filter.indexes, {one.index}),
            (filter.aliases, aliases),
            (filter.tags, self._tags.get(one.id, set[str]())),
            (filter.base_classes, {one.base_class}),
            (filter.leaf_classes, {one.leaf_class}),
        )
        return (
            (filter.deleted or one.deleted_at is None)
            and (filter.kind is None or one.kind is filter.kind)
            and (one.latest or not filter.latest)
            and (filter.search is None or filter.search.lower() in one.name.lower())
            and (
                filter.without_base_classes is None
                or one.base_class not in filter.without_base_classes
            )
            and all(wanted is None or bool({*wanted} & has) for wanted, has in checks)
        )

    def delete(self, versions: Sequence[ObjectVersion], at: datetime) -> None:
        for one in versions:
            known = self._versions[one.id]
            if known.deleted_at is not None:
                continue
            if known.blob is not None:
                self._names.drop([known.blob])
            self._tags.pop(one.id, None)
            self._aliases.pop(one.id, None)
            self._versions[one.id] = replace(
                known, text=None, blob=None, deleted_at=at, latest=False
            )
        for key in {_key(one) for one in versions}:
            alike = [one for one in self._versions if _key(one) == key and not one.deleted_at]
            if alike and not any(one.latest for one in alike):
                newest = max(alike, key=lambda one: (one.created_at, one.index))
                self._versions[newest.id] = replace(newest, latest=True)

    def tags(self, versions: Collection[int]) -> Mapping[int, Sequence[str]]:
        return {id: sorted(self._tags[id]) for id in versions if self._tags.get(id)}

    def aliases(self, versions: Collection[int]) -> Mapping[int, Sequence[str]]:
        return {id: sorted(self._aliases[id]) for id in versions if self._aliases.get(id)}

    def add_tags(self, version: int, tags: Sequence[str]) -> None:
        self._tags.setdefault(version, set()).update(tags)

    def remove_tags(self, version: int, tags: Sequence[str]) -> None:
        self._tags.get(version, set()).difference_update(tags)

    def set_aliases(self, version: ObjectVersion, aliases: Sequence[str]) -> None:
        for one in self._versions:
            if _key(one) == _key(version):
                self._aliases.get(one.id, set()).difference_update(aliases)
        self._aliases.setdefault(version.id, set()).update(aliases)

    def remove_aliases(self, project: ProjectId, name: str, aliases: Sequence[str]) -> None:
        for one in self._versions:
            if (one.project, one.name) == (project, name):
                self._aliases.get(one.id, set()).difference_update(aliases)

    def all_tags(self, project: ProjectId) -> Sequence[str]:
        return self._all(project, self._tags)

    def all_aliases(self, project: ProjectId) -> Sequence[str]:
        return self._all(project, self._aliases)

    def _all(self, project: ProjectId, names: Mapping[int, set[str]]) -> Sequence[str]:
        own = (one.id for one in self._versions if one.project == project)
        return sorted({name for id in own for name in names.get(id, ())})

    def size(self, project: ProjectId) -> int:
        own = (one for one in self._versions if one.project == project)
        return sum(one.size for one in own if one.deleted_at is None)

    def forget(self, project: ProjectId) -> None:
        for one in self._versions:
            if one.project == project:
                if one.blob is not None:
                    self._names.drop([one.blob])
                self._tags.pop(one.id, None)
                self._aliases.pop(one.id, None)
                # Its place in the list is its number, and stays.
                self._versions[one.id] = replace(one, project=_NOWHERE, text=None, blob=None)


def _key(one: Draft | ObjectVersion) -> tuple[object, ...]:
    return (one.project, one.kind, one.name)
