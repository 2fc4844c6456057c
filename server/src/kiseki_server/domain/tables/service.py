"""Tables: make them, change them into new ones, read them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from kiseki_server.domain.objects import digests
from kiseki_server.domain.objects.service import check_digest
from kiseki_server.domain.projects.types import Project
from kiseki_server.domain.tables.store import RowStore, TableBook
from kiseki_server.domain.tables.types import Edits, Insert, Pop, Row, SortTerm, Table, Update
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import BadRequest, NotFound
from kiseki_server.kit.ids import ProjectId
from kiseki_server.kit.json import to_text
from kiseki_server.kit.transactions import UnitOfWork


class TableService:
    """Use-cases of tables. Callers have authorized the project, and references in rows have their
    stored form. Methods open transactions of their own: rows do not travel inside of one."""

    def __init__(self, rows: RowStore, book: TableBook, database: UnitOfWork, clock: Clock) -> None:
        self._rows = rows
        self._book = book
        self._database = database
        self._clock = clock

    def create(
        self, at: Project, rows: Sequence[Any], *, expected_digest: str | None = None
    ) -> tuple[str, Sequence[str]]:
        """Store a table; its digest and those of its rows.

        Raises:
            BadRequest: A row is no map.
            Conflict: The table has another digest than the caller expects.
        """
        known = [_checked(row, f"row {index}") for index, row in enumerate(rows)]
        order = [digests.value_digest(row) for row in known]
        texts = dict(zip(order, map(to_text, known), strict=True))
        table = digests.table_digest(order)
        check_digest(table, expected_digest)
        self._store(at, table, order, texts)
        return table, order

    def join(self, at: Project, rows: Sequence[str], *, expected_digest: str | None = None) -> str:
        """Store a table of rows that have been sent before, in whatever table; its digest.

        Raises:
            NotFound: Some have not.
            Conflict: As in `create`.
        """
        for row in rows:
            if not digests.is_digest(row):
                raise BadRequest(f"`{row[:100]}` is no digest of a row")
        table = digests.table_digest(rows)
        check_digest(table, expected_digest)
        self._store(at, table, rows, {})
        return table

    def update(
        self, at: Project, base: str, updates: Sequence[Update]
    ) -> tuple[str, Sequence[str]]:
        """Store what updates make of a table; its digest, and the row of each update.

        Raises:
            NotFound: There is no such table.
            BadRequest: An index is outside of the table, or a row is no map.
        """
        self.need(at, base)
        order = list(self._rows.order(at.id, base))
        texts: dict[str, str] = {}
        changed: list[str] = []
        for number, update in enumerate(updates):
            if isinstance(update, Pop):
                if not 0 <= update.index < len(order):
                    raise _outside(update.index, len(order))
                changed.append(order.pop(update.index))
                continue
            row = _checked(update.row, f"the row of update {number}")
            digest = digests.value_digest(row)
            texts[digest] = to_text(row)
            changed.append(digest)
            if isinstance(update, Insert):
                if not 0 <= update.index <= len(order):
                    raise _outside(update.index, len(order))
                order.insert(update.index, digest)
            else:
                order.append(digest)
        table = digests.table_digest(order)
        self._store(at, table, order, texts)
        return table, changed

    def edit(self, at: Project, base: str | None, edits: Edits) -> str:
        """Store what edits make of a table, or of none; its digest.

        Raises:
            NotFound: There is no such table.
            BadRequest: An index is outside of the table, or a row is no map.
        """
        if base is not None:
            self.need(at, base)
        order = [] if base is None else list(self._rows.order(at.id, base))
        texts: dict[str, str] = {}

        def stored(row: Any, what: str) -> str:
            known = _checked(row, what)
            digest = digests.value_digest(known)
            texts[digest] = to_text(known)
            return digest

        for index in (*edits.replaced, *edits.removed):
            if not 0 <= index < len(order):
                raise _outside(index, len(order))
        for index, row in edits.replaced.items():
            order[index] = stored(row, f"row {index}")
        gone = set(edits.removed)
        order = [row for index, row in enumerate(order) if index not in gone]
        order += [stored(row, f"new row {index}") for index, row in enumerate(edits.added)]
        table = digests.table_digest(order)
        self._store(at, table, order, texts)
        return table

    def _store(
        self, at: Project, table: str, order: Sequence[str], texts: Mapping[str, str]
    ) -> None:
        if texts:
            # Even where the table is known: its rows may be used in others from now on.
            self._rows.add_rows(at.id, texts)
        if self.known(at.id, [table]):
            return
        size = 0
        if order:
            self._rows.add_order(at.id, table, order)
            size, missing = self._rows.measure(at.id, table)
            if missing:
                raise NotFound(
                    f"Rows that the table names have never been sent, the first is {missing[0]}"
                )
        with self._database.transaction(write=True):
            self._book.add(Table(at.id, table, len(order), size, self._clock.now()))

    def known(self, project: ProjectId, tables: Collection[str]) -> Mapping[str, Table]:
        """Those of the tables that there are."""
        with self._database.transaction():
            return self._book.get(project, tables)

    def need(self, at: Project, table: str) -> Table:
        """A table.

        Raises:
            NotFound: There is none of this digest.
        """
        known = self.known(at.id, [table]).get(table)
        if known is None:
            raise NotFound(f"There is no table {table[:100]} in {at.entity_name}/{at.name}")
        return known

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
        """Rows of a table; none when there is no such table. See `RowStore.page`."""
        if not self.known(project, [table]):
            return ()
        return self._rows.page(project, table, only=only, order=order, limit=limit, offset=offset)

    def order(self, project: ProjectId, table: str) -> Sequence[str]:
        """Digests of all rows of a table, in its order; none when there is no such table."""
        return self._rows.order(project, table) if self.known(project, [table]) else ()

    def rows(self, project: ProjectId, wanted: Collection[str]) -> Mapping[str, str]:
        """Those of the rows that are stored, as JSON by their digests."""
        return self._rows.rows(project, wanted) if wanted else {}

    def size(self, at: Project) -> int:
        """Bytes of the rows of all tables."""
        with self._database.transaction():
            return self._book.size(at.id)


def _checked(row: Any, what: str) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise BadRequest(f"A table's row must be a map, and {what} is none")
    return row  # pyright: ignore[reportUnknownVariableType]


def _outside(index: int, rows: int) -> BadRequest:
    return BadRequest(f"The index {index} is outside of the table, which has {rows} rows there")
