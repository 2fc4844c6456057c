"""The search index over runs, in the columnar engine."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

from kiseki_server.domain.filters.fields import DOCUMENTS, microseconds
from kiseki_server.domain.filters.rules import check, leaves
from kiseki_server.domain.filters.tree import Field, Filter, Scalar, SortKey
from kiseki_server.domain.runs.fields import RunFields
from kiseki_server.domain.runs.index import Measure, RunGroup, RunGroups, RunHits
from kiseki_server.domain.runs.paging import Place, read_cursor, write_cursor
from kiseki_server.domain.runs.types import Run
from kiseki_server.kit.errors import BadRequest
from kiseki_server.kit.ids import ProjectId, RunId
from kiseki_server.storage.columnar.conditions import (
    Conditions,
    measure_columns,
    sort_columns,
    sort_order,
    truth_columns,
)
from kiseki_server.storage.columnar.documents import encoded, key_of, line
from kiseki_server.storage.columnar.engine import ClientPool

MATCHING = """
FROM {source}
WHERE project = {project:UInt64} AND ({deleted:UInt8} OR NOT deleted)
  AND ({archived:UInt8} OR NOT archived) AND {condition}
"""
"""The runs that match."""

SOURCE = "runs FINAL"

WITH_LINES = """
(SELECT * FROM runs FINAL WHERE project = {project:UInt64}) AS runs ANY LEFT JOIN (
  SELECT run, max(position) + 1 AS history_lines FROM (
    SELECT run, max(position) AS position FROM points
    WHERE project = {project:UInt64} AND stream = 0 GROUP BY run, writer
    UNION ALL
    SELECT run, max(position) AS position FROM others
    WHERE project = {project:UInt64} AND stream = 0 GROUP BY run, writer
  ) GROUP BY run
) AS histories USING (run)
"""
"""The runs, and how many lines their histories have."""

PAGE = """
SELECT * FROM (SELECT run, created_at{sort}, count() OVER () AS total {matching})
WHERE {behind} ORDER BY {order} LIMIT {limit:UInt64}
"""
"""A page of runs, with how many match in all."""

COUNT = "SELECT count() AS total {matching}"
"""How many runs match."""

GROUPS = """
SELECT *, count() OVER () AS groups FROM (
  SELECT {keys}, count() AS total{totals} FROM (SELECT run{columns} {matching}) GROUP BY {keys}
) ORDER BY total DESC, {keys} LIMIT {limit:UInt64}
"""
"""Runs by the values of fields, with what numbers come to in each group."""

PATHS = """
SELECT arrayJoin(distinctJSONPaths({root})) AS path FROM runs FINAL
WHERE project = {project:UInt64}
"""
"""Paths that occur in a document."""

REMOVE = """
DELETE FROM runs WHERE run IN {runs:Array(UInt64)}
  AND ({anywhere:UInt8} OR project = {project:UInt64})
"""
HIGHEST = "SELECT max(version) AS version FROM runs"

_AT_ONCE = 500
_TOTALS = (
    ", count(measure{0}), avg(measure{0}), min(measure{0}), max(measure{0}), "
    "if(count(measure{0}) > 1, stddevSampStable(measure{0}), NULL)"
)


class ColumnarRunIndex:
    """A `RunIndex` in chDB or ClickHouse."""

    def __init__(self, pool: ClientPool) -> None:
        self._pool = pool
        self._lock = threading.Lock()
        self._version: int | None = None

    def put(self, runs: Sequence[Run]) -> None:
        for start in range(0, len(runs), _AT_ONCE):
            some = runs[start : start + _AT_ONCE]
            first = self._versions(len(some))
            lines = [line(_row(run, first + number)) for number, run in enumerate(some)]
            body = "\n".join(lines).encode("utf-8", "replace")
            self._pool.insert_json("runs", list(_row(some[0], 0)), body)

    def _versions(self, count: int) -> int:
        with self._lock:
            if self._version is None:
                ((highest,),) = self._pool.rows(HIGHEST)
                self._version = int(highest) + 1
            first = max(time.time_ns() // 1000, self._version)
            self._version = first + count
            return first

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
        check(filter, sort)
        start = None if cursor is None else read_cursor(cursor, sort)
        conditions = Conditions(
            {
                "project": project,
                "deleted": int(deleted),
                "archived": int(archived),
                "limit": limit + 1,
            }
        )
        condition = "1" if filter is None else conditions.condition(filter)
        if conditions.expressions:
            self._check_expressions(conditions.expressions)
        counted = dict(conditions.parameters)
        behind = "1" if start is None else conditions.behind(start, sort)
        matching = _matching(condition, filter, [key.field for key in sort])
        sql = PAGE.replace("{matching}", matching).replace("{behind}", behind)
        sql = sql.replace("{sort}", sort_columns(sort)).replace("{order}", sort_order(sort))
        rows = self._pool.rows(sql, conditions.parameters)
        if not rows:
            if start is None:
                return RunHits((), None, 0)
            ((total,),) = self._pool.rows(COUNT.replace("{matching}", matching), counted)
            return RunHits((), None, total)
        page = rows[:limit]
        last = _place(page[-1], len(sort)) if len(rows) > limit and page else None
        return RunHits(
            ids=tuple(RunId(row[0]) for row in page),
            cursor=None if last is None else write_cursor(last, sort),
            total=rows[0][-1],
        )

    def groups(
        self,
        project: ProjectId,
        by: Sequence[Field],
        *,
        filter: Filter | None = None,
        measures: Sequence[Field] = (),
        limit: int = 100,
    ) -> RunGroups:
        keys = [SortKey(field) for field in by]
        check(filter, [*keys, *(SortKey(field) for field in measures)])
        conditions = Conditions({"project": project, "deleted": 0, "archived": 0, "limit": limit})
        condition = "1" if filter is None else conditions.condition(filter)
        if conditions.expressions:
            self._check_expressions(conditions.expressions)
        parts = ("rank", "number", "text", "truth")
        names = ", ".join(f"{part}{n}" for n in range(len(by)) for part in parts)
        columns = sort_columns(keys) + truth_columns(by) + measure_columns(measures)
        matching = _matching(condition, filter, [*by, *measures])
        sql = GROUPS.replace("{matching}", matching)
        sql = sql.replace("{columns}", columns).replace("{keys}", names)
        sql = sql.replace("{totals}", "".join(_TOTALS.format(n) for n in range(len(measures))))
        rows = self._pool.rows(sql, conditions.parameters)
        found = tuple(_group(row, len(by), len(measures)) for row in rows)
        return RunGroups(found, int(rows[0][-1]) if rows else 0)

    def _check_expressions(self, expressions: Sequence[str]) -> None:
        for expression in dict.fromkeys(expressions):
            self._pool.rows("SELECT match(materialize(''), {regex:String})", {"regex": expression})

    def fields(
        self, project: ProjectId, root: str, *, prefix: str = "", limit: int = 1000
    ) -> Sequence[str]:
        if root not in DOCUMENTS:
            raise BadRequest(f"Fields lie below {' and '.join(DOCUMENTS)}, not `{root}`.")
        rows = self._pool.rows(PATHS.replace("{root}", root), {"project": project})
        keys = {key for (path,) in rows if (key := key_of(path)) is not None}
        return sorted(key for key in keys if key.startswith(prefix))[:limit]

    def remove(self, runs: Sequence[RunId], *, project: ProjectId | None = None) -> None:
        where = {"anywhere": int(project is None), "project": project or 0}
        for start in range(0, len(runs), _AT_ONCE):
            self._pool.command(REMOVE, {"runs": list(runs[start : start + _AT_ONCE]), **where})


def _matching(condition: str, filter: Filter | None, fields: Sequence[Field]) -> str:
    """SQL for the runs that match; histories are looked at only where one of the fields or a
    condition needs them."""
    used = {field.path for field in fields} | {node.field.path for node in leaves(filter)}
    source = WITH_LINES if ("history_lines",) in used else SOURCE
    return MATCHING.replace("{source}", source).replace("{condition}", condition)


def _row(run: Run, version: int) -> dict[str, Any]:
    fields = RunFields(run)
    return {
        **fields.attributes,
        "project": run.project,
        "run": run.id,
        "version": version,
        "deleted": int(run.deleted_at is not None),
        "archived": int(run.archived_of is not None),
        "tags": list(run.tags),
        "created_at": microseconds(run.created_at),
        "config": encoded(fields.documents["config"]),
        "summary": encoded(fields.documents["summary"]),
    }


def _place(row: tuple[Any, ...], keys: int) -> Place:
    run, created_at, *values = row
    ranks = tuple(tuple(values[3 * index : 3 * index + 3]) for index in range(keys))
    return Place(ranks, created_at, run)  # type: ignore[arg-type]


def _group(row: tuple[Any, ...], keys: int, measures: int) -> RunGroup:
    values: list[Scalar] = []
    for index in range(keys):
        rank, number, text, truth = row[4 * index : 4 * index + 4]
        values.append(bool(number) if truth else (number, text, None)[rank])
    numbers = row[4 * keys + 1 : -1]
    return RunGroup(
        values=tuple(values),
        count=int(row[4 * keys]),
        measures=tuple(Measure(*numbers[5 * n : 5 * n + 5]) for n in range(measures)),
    )
