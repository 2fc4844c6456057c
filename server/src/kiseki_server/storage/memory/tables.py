"""Tables in memory, for tests."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

from kiseki_server.domain.tables.types import Row, SortTerm, Table
from kiseki_server.kit.ids import ProjectId
from kiseki_server.kit.json import from_text, to_text

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")


class MemoryRowStore:
    """A `RowStore` in dicts."""

    def __init__(self) -> None:
        self._values: dict[tuple[ProjectId, str], str] = {}
        self._orders: dict[tuple[ProjectId, str], list[str]] = {}

    def add_rows(self, project: ProjectId, rows: Mapping[str, str]) -> None:
        for digest, text in rows.items():
            self._values.setdefault((project, digest), text)

    def add_order(self, project: ProjectId, table: str, rows: Sequence[str]) -> None:
        self._orders[project, table] = list(rows)

    def measure(self, project: ProjectId, table: str) -> tuple[int, Sequence[str]]:
        order = self.order(project, table)
        missing = [row for row in order if (project, row) not in self._values]
        size = sum(len(self._values.get((project, row), "").encode()) for row in order)
        return size, missing[:10]

    def order(self, project: ProjectId, table: str) -> Sequence[str]:
        return list(self._orders.get((project, table), ()))

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
        rows = [
            Row(position, digest, self._values[project, digest])
            for position, digest in enumerate(self.order(project, table))
            if only is None or digest in only
        ]
        for term in reversed(order):
            rows = _sorted(rows, term)
        return rows[offset : None if limit is None else offset + limit]

    def rows(self, project: ProjectId, digests: Collection[str]) -> Mapping[str, str]:
        found = {digest: self._values.get((project, digest)) for digest in digests}
        return {digest: text for digest, text in found.items() if text is not None}

    def forget(self, project: ProjectId) -> None:
        for kept in (self._values, self._orders):
            for key in [key for key in kept if key[0] == project]:
                del kept[key]


class MemoryTableBook:
    """A `TableBook` in a dict."""

    def __init__(self) -> None:
        self._tables: dict[tuple[ProjectId, str], Table] = {}

    def add(self, table: Table) -> None:
        self._tables.setdefault((table.project, table.digest), table)

    def get(self, project: ProjectId, digests: Collection[str]) -> Mapping[str, Table]:
        found = {digest: self._tables.get((project, digest)) for digest in digests}
        return {digest: table for digest, table in found.items() if table is not None}

    def size(self, project: ProjectId) -> int:
        return sum(table.size for table in self._tables.values() if table.project == project)

    def forget(self, project: ProjectId) -> None:
        for key in [key for key in self._tables if key[0] == project]:
            del self._tables[key]


def _sorted(rows: Sequence[Row], term: SortTerm) -> list[Row]:
    texts = {row.position: _text(from_text(row.text), term.path) for row in rows}
    absent = [row for row in rows if texts[row.position] is None]
    numbers: list[tuple[float, Row]] = []
    words: list[tuple[bytes, Row]] = []
    for row in rows:
        text = texts[row.position]
        if text is None:
            continue
        if _NUMBER.fullmatch(text):
            numbers.append((float(text), row))
        else:
            words.append((text.encode(), row))
    numbers.sort(key=lambda item: item[0], reverse=term.descending)
    words.sort(key=lambda item: item[0], reverse=term.descending)
    return [*(row for _, row in numbers), *(row for _, row in words), *absent]


def _text(value: Any, path: Sequence[str]) -> str | None:
    for part in path:
        if isinstance(value, dict):
            value = cast("dict[str, Any]", value).get(part)
        elif isinstance(value, list) and part.isascii() and part.isdigit():
            items = cast("list[Any]", value)
            value = items[int(part[:9])] if int(part[:9]) < len(items) else None
        else:
            return None
    if value is None or isinstance(value, str):
        return value
    return to_text(value)
