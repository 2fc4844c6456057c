"""What the stores of tables promise: one for rows and their order, one for the list of tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from kiseki_server.domain.tables.types import Row, SortTerm, Table
from kiseki_server.kit.ids import ProjectId


class RowStore(Protocol):
    """Rows by project and digest, and which of them a table has in which order.

    What is stored is durable and visible when a method returns. Repeats are harmless: what stands
    behind a digest never changes.
    """

    def add_rows(self, project: ProjectId, rows: Mapping[str, str]) -> None:
        """Store rows as JSON by their digests."""
        ...

    def add_order(self, project: ProjectId, table: str, rows: Sequence[str]) -> None:
        """Store which rows a table has."""
        ...

    def measure(self, project: ProjectId, table: str) -> tuple[int, Sequence[str]]:
        """Bytes of the table's rows, and the first few digests whose rows are not stored."""
        ...

    def order(self, project: ProjectId, table: str) -> Sequence[str]:
        """The digests of all rows of a table, in its order."""
        ...

    def page(
        self,
        project: ProjectId,
        table: str,
        *,
        only: Collection[str] | None = None,
        order: Sequence[SortTerm] = (),
        limit: int | None = None,
        offset: int = 0,
    ) -> Sequence[Row]:
        """Rows of a table in its order, or sorted; ``only`` these digests.

        By a term: present before absent, numbers (and text that is one) in their order before all
        else, then text in its order; ties keep the table's order. Reading a page of an unsorted
        table does not read the whole of it.
        """
        ...

    def rows(self, project: ProjectId, digests: Collection[str]) -> Mapping[str, str]:
        """Those of the rows that are stored, as JSON by their digests."""
        ...

    def forget(self, project: ProjectId) -> None:
        """Remove everything of a project."""
        ...


class TableBook(Protocol):
    """The list of tables, inside the caller's transaction."""

    def add(self, table: Table) -> None:
        """Note a table; one that is there stays as it is."""
        ...

    def get(self, project: ProjectId, digests: Collection[str]) -> Mapping[str, Table]:
        """Those of the tables that there are."""
        ...

    def size(self, project: ProjectId) -> int:
        """Bytes of the rows of all tables, counted once for each table."""
        ...

    def forget(self, project: ProjectId) -> None:
        """Remove everything of a project."""
        ...
