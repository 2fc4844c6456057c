"""Rows of tables, and their order, in the columnar engine."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pyarrow as pa

from kiseki_server.domain.tables.types import Row, SortTerm
from kiseki_server.kit.ids import ProjectId
from kiseki_server.storage.columnar.engine import ClientPool
from kiseki_server.storage.columnar.together import Together

PAGE = """
SELECT position, any(row) AS row FROM table_places
WHERE project = {project:UInt64} AND table = {table:String}
  AND position >= {low:UInt32} AND position < {high:UInt32}
GROUP BY position ORDER BY position
"""
"""A stretch of a table in its order."""

ORDER = """
SELECT any(row) AS row FROM table_places
WHERE project = {project:UInt64} AND table = {table:String}
GROUP BY position ORDER BY position
"""
"""A whole table in its order."""

VALUES = """
SELECT digest, any(value) AS value FROM table_rows
WHERE project = {project:UInt64} AND digest IN {digests:Array(String)} GROUP BY digest
"""
"""Values by their digests."""

MEASURE = """
SELECT sum(size) AS size, countIf(known = 0) AS missing, groupArrayIf(10)(row, known = 0) AS some
FROM (
  SELECT row FROM table_places
  WHERE project = {project:UInt64} AND table = {table:String} LIMIT 1 BY position
) AS places
LEFT JOIN (
  SELECT digest, any(length(value)) AS size, 1 AS known FROM table_rows
  WHERE project = {project:UInt64} AND digest IN (
    SELECT row FROM table_places WHERE project = {project:UInt64} AND table = {table:String}
  ) GROUP BY digest
) AS stored ON stored.digest = places.row
"""
"""Bytes of a table, and rows that it names and that are not stored."""

JOINED = """
SELECT position, row, value FROM (
  SELECT position, row FROM table_places
  WHERE project = {project:UInt64} AND table = {table:String}
    AND ({all:UInt8} OR row IN {only:Array(String)})
  LIMIT 1 BY position
) AS places
INNER JOIN (
  SELECT digest, any(value) AS value FROM table_rows
  WHERE project = {project:UInt64} AND digest IN (
    SELECT row FROM table_places
    WHERE project = {project:UInt64} AND table = {table:String}
      AND ({all:UInt8} OR row IN {only:Array(String)})
  ) GROUP BY digest
) AS stored ON stored.digest = places.row
"""
"""Rows of a table with their values, in no order."""

FORGET = "DELETE FROM {table} WHERE project = {project:UInt64}"
"""Removes what belongs to a project."""

FREE = "ALTER TABLE {table} APPLY DELETED MASK SETTINGS mutations_sync = 0"
"""Rewrites what has deleted rows, so that their bytes are free; in the background."""

_AT_ONCE = 1000
"""Digests of one look-up."""
_MOST = 2**32 - 1


class ColumnarRowStore:
    """A `RowStore` in chDB or ClickHouse.

    Rows and places are written again when they are sent again; the engine drops the copies when
    it merges, and reads take one of them.
    """

    def __init__(self, pool: ClientPool) -> None:
        self._pool = pool
        self._rows = Together(lambda part: pool.insert("table_rows", part))
        self._places = Together(lambda part: pool.insert("table_places", part))

    def add_rows(self, project: ProjectId, rows: Mapping[str, str]) -> None:
        if rows:
            columns: dict[str, Any] = {
                "project": pa.array([project] * len(rows), pa.uint64()),
                "digest": pa.array(rows.keys(), pa.string()),
                "value": pa.array(rows.values(), pa.string()),
            }
            self._rows.insert(pa.table(columns))

    def add_order(self, project: ProjectId, table: str, rows: Sequence[str]) -> None:
        if rows:
            columns: dict[str, Any] = {
                "project": pa.array([project] * len(rows), pa.uint64()),
                "table": pa.array([table] * len(rows), pa.string()),
                "position": pa.array(range(len(rows)), pa.uint32()),
                "row": pa.array(rows, pa.string()),
            }
            self._places.insert(pa.table(columns))

    def measure(self, project: ProjectId, table: str) -> tuple[int, Sequence[str]]:
        ((size, _, some),) = self._pool.rows(MEASURE, {"project": project, "table": table})
        return int(size), list(some)

    def order(self, project: ProjectId, table: str) -> Sequence[str]:
        found = self._pool.table(ORDER, {"project": project, "table": table})
        rows: list[Any] = found.column("row").to_pylist() if found.num_columns else []
        return rows

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
        if offset > _MOST:
            return []
        if order or only is not None:
            return self._sorted(project, table, only, order, limit, offset)
        high = _MOST if limit is None else min(_MOST, offset + limit)
        place = {"project": project, "table": table, "low": offset, "high": high}
        places = self._pool.rows(PAGE, place)
        values = self.rows(project, {row for _, row in places})
        return [Row(position, row, values[row]) for position, row in places]

    def _sorted(
        self,
        project: ProjectId,
        table: str,
        only: Collection[str] | None,
        order: Sequence[SortTerm],
        limit: int | None,
        offset: int,
    ) -> Sequence[Row]:
        parameters: dict[str, Any] = {
            "project": project,
            "table": table,
            "all": int(only is None),
            "only": sorted(only or ()),
            "limit": _MOST if limit is None else limit,
            "offset": offset,
        }
        terms: list[str] = []
        for number, term in enumerate(order):
            text = _text(term.path, number, parameters)
            parsed = _number(text)
            way = "DESC" if term.descending else "ASC"
            # Text is null where the value is absent, the number where the text is none.
            terms += [
                f"isNull({text})",
                f"isNull({parsed})",
                f"{parsed} {way}",
                f"if(isNull({parsed}), {text}, '') {way}",
            ]
        terms.append("position")
        sql = (
            f"{JOINED} ORDER BY {', '.join(terms)} LIMIT {{limit:UInt64}} OFFSET {{offset:UInt64}}"
        )
        return [Row(*row) for row in self._pool.rows(sql, parameters)]

    def rows(self, project: ProjectId, digests: Collection[str]) -> Mapping[str, str]:
        wanted = sorted(set(digests))
        found: dict[str, str] = {}
        for start in range(0, len(wanted), _AT_ONCE):
            part = {"project": project, "digests": wanted[start : start + _AT_ONCE]}
            found.update(self._pool.rows(VALUES, part))
        return found

    def forget(self, project: ProjectId) -> None:
        for table in ("table_rows", "table_places"):
            self._pool.command(FORGET.replace("{table}", table), {"project": project})
            self._pool.command(FREE.replace("{table}", table))


def _text(path: Sequence[str], number: int, parameters: dict[str, Any]) -> str:
    """SQL for the text of a place in the value; null where there is none."""
    raw = "value"
    for step, part in enumerate(path):
        name = f"s{number}_{step}"
        parameters[name] = part
        by_key = f"JSONExtractRaw({raw}, {{{name}:String}})"
        if part.isascii() and part.isdigit():
            index = int(part[:9]) + 1
            raw = f"if(JSONType({raw}) = 'Array', JSONExtractRaw({raw}, {index}), {by_key})"
        else:
            raw = by_key
    text = f"if(JSONType({raw}) = 'String', JSONExtractString({raw}), {raw})"
    return f"if({raw} IN ('', 'null'), NULL, {text})"


def _number(text: str) -> str:
    plain = f"match({text}, '^[+-]?([0-9]+\\\\.?[0-9]*|\\\\.[0-9]+)([eE][+-]?[0-9]{{1,3}})?$')"
    return f"if(ifNull({plain}, 0), toFloat64OrNull({text}), NULL)"
