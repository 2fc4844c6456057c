"""What a store of objects promises."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from kiseki_server.domain.objects.types import Draft, Kind, ObjectFilter, ObjectVersion, Order
from kiseki_server.kit.ids import ProjectId


class ObjectStore(Protocol):
    """Versions of objects by project, kind, name and digest.

    Every method works inside the caller's transaction. The store counts the names of blobs that
    it writes down and removes.
    """

    def put(self, draft: Draft) -> ObjectVersion:
        """Add a version, or find the live one of this digest, or revive a deleted one, which gets
        the new value and keeps its index. In every case it becomes the latest."""
        ...

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
        """Versions in the order; ties, and all without an order, by time of creation, then index.

        ``values=False`` leaves their text out.
        """
        ...

    def census(
        self, project: ProjectId, filter: ObjectFilter
    ) -> Mapping[tuple[Kind, str | None], int]:
        """How many versions match, by kind and base class."""
        ...

    def counts(self, project: ProjectId, names: Collection[str]) -> Mapping[tuple[Kind, str], int]:
        """How many live versions there are under each of the names that have any."""
        ...

    def delete(self, versions: Sequence[ObjectVersion], at: datetime) -> None:
        """Delete live versions: their values, tags and aliases go. The newest survivor of a name
        and kind, by time of creation, becomes its latest, if the latest is among them."""
        ...

    def tags(self, versions: Collection[int]) -> Mapping[int, Sequence[str]]:
        """Tags of those that have any, in the order of their letters."""
        ...

    def aliases(self, versions: Collection[int]) -> Mapping[int, Sequence[str]]:
        """Aliases of those that have any, in the order of their letters; `LATEST` is not there."""
        ...

    def add_tags(self, version: int, tags: Sequence[str]) -> None: ...

    def remove_tags(self, version: int, tags: Sequence[str]) -> None: ...

    def set_aliases(self, version: ObjectVersion, aliases: Sequence[str]) -> None:
        """Point the aliases of its name at a version, wherever they pointed before."""
        ...

    def remove_aliases(self, project: ProjectId, name: str, aliases: Sequence[str]) -> None:
        """Remove aliases of a name, of both kinds."""
        ...

    def all_tags(self, project: ProjectId) -> Sequence[str]:
        """The different tags in the project, in the order of their letters."""
        ...

    def all_aliases(self, project: ProjectId) -> Sequence[str]:
        """The different aliases in the project, in the order of their letters."""
        ...

    def size(self, project: ProjectId) -> int:
        """Bytes of all live values."""
        ...

    def forget(self, project: ProjectId) -> None:
        """Remove everything of a project."""
        ...
