"""What a search index over runs promises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from kiseki_server.domain.filters.tree import Field, Filter, Scalar, SortKey
from kiseki_server.domain.runs.types import Run
from kiseki_server.kit.ids import ProjectId, RunId


@dataclass(frozen=True, slots=True)
class RunHits:
    """Ids in order, with how many match in all."""

    ids: tuple[RunId, ...]
    cursor: str | None
    total: int


@dataclass(frozen=True, slots=True)
class Measure:
    """What the finite numbers of a field come to over the runs of a group."""

    count: int
    mean: float | None
    low: float | None
    high: float | None
    deviation: float | None
    """Of a sample; ``None`` for fewer than two numbers."""


@dataclass(frozen=True, slots=True)
class RunGroup:
    """Runs that are equal in some fields."""

    values: tuple[Scalar, ...]
    """``None`` where the field is missing or holds no single value."""
    count: int
    measures: tuple[Measure, ...]


@dataclass(frozen=True, slots=True)
class RunGroups:
    """Groups, the largest first, with how many there are in all."""

    groups: tuple[RunGroup, ...]
    total: int


class RunIndex(Protocol):
    """Finds runs by anything in them; the metadata store stays the truth.

    `put` replaces what the index knows of a run and is visible when it returns. Deleted runs
    (``deleted_at`` set) and those put aside (``archived_of`` set) match too when asked for, and
    never otherwise. The order is total: after
    the sort keys, newest first by creation, then by falling id; a cursor goes on behind the last
    hit of its page, also when runs came or changed since.
    """

    def put(self, runs: Sequence[Run]) -> None: ...

    def search(
        self,
        project: ProjectId,
        *,
        filter: Filter | None = None,
        sort: Sequence[SortKey] = (),
        limit: int = 100,
        cursor: str | None = None,
        deleted: bool = False,
        archived: bool = False,
    ) -> RunHits:
        """Find runs.

        Raises:
            BadRequest: Unknown field root, bad regular expression or bad cursor.
        """
        ...

    def groups(
        self,
        project: ProjectId,
        by: Sequence[Field],
        *,
        filter: Filter | None = None,
        measures: Sequence[Field] = (),
        limit: int = 100,
    ) -> RunGroups:
        """The runs that match, put together by the values of fields.

        Equal in size, groups follow each other by their values: numbers, texts, nothing.

        Raises:
            BadRequest: Unknown field root or bad regular expression.
        """
        ...

    def fields(
        self, project: ProjectId, root: str, *, prefix: str = "", limit: int = 1000
    ) -> Sequence[str]:
        """Dotted paths that occur below ``config`` or ``summary``, for completion and columns."""
        ...

    def remove(self, runs: Sequence[RunId], *, project: ProjectId | None = None) -> None:
        """Forget the runs; with a project, that they were ever in it."""
        ...
