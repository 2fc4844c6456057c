"""Calls in the columnar engine."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from kiseki_server.domain.calls.query import TIMES, Field
from kiseki_server.domain.calls.store import (
    Bucket,
    CallFilter,
    CallQuery,
    Facet,
    ThreadRow,
    UsageBucket,
    Writes,
)
from kiseki_server.domain.calls.types import Call, CallKey, End
from kiseki_server.kit.ids import ProjectId
from kiseki_server.storage.columnar import call_rows
from kiseki_server.storage.columnar.call_conditions import CallConditions, Kind
from kiseki_server.storage.columnar.call_leaves import parts_of
from kiseki_server.storage.columnar.engine import ClientPool

HIGHEST = """
SELECT max(v) AS version FROM (
  SELECT max(version) AS v FROM calls UNION ALL SELECT max(version) AS v FROM open_calls
)
"""
"""The highest version that any row has."""

HALVES = "SELECT project, id, half FROM open_calls FINAL WHERE half > 0"
"""What is open, in all projects."""

STALE = """
SELECT project, id FROM calls
WHERE (project, id) IN (SELECT project, id FROM open_calls FINAL WHERE half > 0)
"""
"""Calls that are finished and still open: a crash came between the two writes."""

PENDING = """
SELECT * EXCEPT (leaves, version, failed, size, models, requests, prompt_tokens,
  completion_tokens, total_tokens, cache_read_tokens, cache_write_tokens)
FROM open_calls FINAL
WHERE project = {project:UInt64} AND id IN {ids:Array(String)} AND half > 0
"""
"""Halves under some ids."""

STORED = """
SELECT id, started_at, argMax(hash, version) AS hash FROM calls
WHERE project = {project:UInt64} AND started_at BETWEEN {first:Int64} AND {last:Int64}
  AND id IN {ids:Array(String)}
GROUP BY id, started_at
"""
"""What is stored already of some calls."""

DELETED = """
SELECT id FROM deleted_calls WHERE project = {project:UInt64} AND id IN {ids:Array(String)}
"""
"""Those of some ids that stay deleted."""

REMOVE = """
DELETE FROM calls WHERE project = {project:UInt64}
  AND started_at BETWEEN {first:Int64} AND {last:Int64} AND id IN {ids:Array(String)}
"""
"""Removes calls for good."""

THREADS = """
SELECT thread_id AS thread, count() AS turns, min(started_at) AS start,
  max(ifNull(ended_at, started_at)) AS last, argMin(id, (started_at, id)) AS first_turn,
  argMax(id, (started_at, id)) AS last_turn,
  quantilesExactInclusive(0.5, 0.99)((ended_at - started_at) / 1000) AS spread,
  count(ended_at) AS ended
FROM ({source}) WHERE turn_id = id AND isNotNull(thread_id)
GROUP BY thread ORDER BY last DESC, thread {page}
"""
"""Threads by last update."""

TIMELINE = """
SELECT {start:Int64} + intDiv(started_at - {start:Int64}, {step:Int64}) * {step:Int64} AS at,
  count() AS calls, countIf(isNotNull(exception)) AS errors, count(ended_at) AS ended,
  sum(ifNull(ms, 0)) AS total, min(ms) AS least, max(ms) AS most,
  quantilesExactInclusive({levels})(ms) AS spread
FROM (SELECT *, (ended_at - started_at) / 1000 AS ms FROM ({source})) GROUP BY at ORDER BY at
"""
"""Calls by step of time."""

USAGE = """
SELECT {start:Int64} + intDiv(started_at - {start:Int64}, {step:Int64}) * {step:Int64} AS at,
  model, toUInt32(arrayCount(date -> date <= started_at, {dates:Array(Int64)})) AS period,
  count() AS calls, sum(r), sum(p), sum(c), sum(t), sum(cr), sum(cw)
FROM ({source})
ARRAY JOIN models AS model, requests AS r, prompt_tokens AS p, completion_tokens AS c,
  total_tokens AS t, cache_read_tokens AS cr, cache_write_tokens AS cw
GROUP BY at, model, period ORDER BY at, model, period
"""
"""Tokens by step of time and model."""

COUNT = "SELECT count() AS n FROM (SELECT 1 FROM ({source}){limit})"
"""How many calls match."""

SIZES = """
SELECT trace_id, sum(size) AS bytes FROM ({everything})
WHERE trace_id IN (SELECT trace_id FROM ({source})) GROUP BY trace_id
"""
"""Bytes of the traces in which calls match."""

FACETS = """
SELECT assumeNotNull(v) AS value, count() AS calls FROM ({source})
WHERE isNotNull(v) AND v != '' GROUP BY value ORDER BY calls DESC, value LIMIT {limit:UInt64}
"""
"""The commonest values."""

FIELDS = """
SELECT DISTINCT arrayJoin(mapKeys(mapFilter(
  (path, type) -> type IN ('String', 'Float64'), JSONAllPathsWithTypes(leaves)
))) AS path
FROM (SELECT leaves FROM ({source}) ORDER BY started_at DESC, id DESC LIMIT {sample:UInt64})
"""
"""Paths that occur among the newest calls."""

SELECT = "{with} SELECT {columns} FROM {table} WHERE {where}"
"""Calls of one table."""

UNION = "SELECT {columns} FROM ({branches})"
"""Calls of both tables."""

FORGET = "DELETE FROM {table} WHERE project = {project:UInt64}"
"""Removes what belongs to a project."""

_DAY = 86_400_000_000
_AT_ONCE = 10_000
_SAMPLE = 500
_USAGE_COLUMNS = (
    "started_at, models, requests, prompt_tokens, completion_tokens, total_tokens, "
    "cache_read_tokens, cache_write_tokens"
)
_MOST_TOMBSTONES = 50_000
_Row = dict[str, Any]


@dataclass(slots=True)
class _Marks:
    """What is remembered of the small tables, so that most queries need not read them."""

    halves: dict[ProjectId, dict[str, int]] = field(default_factory=dict)
    """Open ids with the half that has come."""
    repeats: set[ProjectId] = field(default_factory=set)
    deletions: set[ProjectId] = field(default_factory=set)
    names: dict[ProjectId, dict[str, str]] = field(default_factory=dict)


class ColumnarCallStore:
    """A `CallStore` in chDB or ClickHouse."""

    def __init__(self, pool: ClientPool) -> None:
        self._pool = pool
        self._lock = threading.Lock()
        self._version: int | None = None
        self._known: _Marks | None = None

    # Writing.

    def pending(
        self, keys: Collection[CallKey]
    ) -> tuple[Mapping[CallKey, Call], Mapping[CallKey, End]]:
        marks = self._marks()
        wanted: dict[ProjectId, list[str]] = defaultdict(list)
        for project, id in keys:
            if id in marks.halves.get(project, ()):
                wanted[project].append(id)
        opened: dict[CallKey, Call] = {}
        waiting: dict[CallKey, End] = {}
        for project, ids in wanted.items():
            for some in _cut(ids):
                for row in self._rows(PENDING, {"project": project, "ids": some}):
                    if row.pop("half") == call_rows.START:
                        opened[(project, row["id"])] = call_rows.call_of(project, row)
                    else:
                        waiting[(project, row["id"])] = call_rows.end_of(project, row)
        return opened, waiting

    def write(self, writes: Writes) -> None:
        finished = self._alive(writes.finished)
        opened, waiting = self._alive(writes.opened), self._alive(writes.waiting)
        self._insert_finished(finished)
        closed = list(writes.closed)
        if opened or waiting or closed:
            first = self._versions(len(opened) + len(waiting) + len(closed))
            self._pool.insert("open_calls", call_rows.open_table(opened, waiting, closed, first))
        with self._lock:
            if self._known is None:
                return
            for items, half in ((opened, call_rows.START), (waiting, call_rows.END)):
                for item in items:
                    self._known.halves.setdefault(item.project, {})[item.id] = half
            for project, id in closed:
                self._known.halves.get(project, {}).pop(id, None)

    def _insert_finished(self, calls: Sequence[Call]) -> None:
        digests = [call_rows.digest(call) for call in calls]
        stored = self._stored(calls)
        places = [(call.project, call.id, call.started_at) for call in calls]
        new = [index for index, place in enumerate(places) if stored.get(place) != digests[index]]
        again = {calls[index].project for index in new if places[index] in stored}
        marks = self._marks()
        for project in again - marks.repeats:
            # Before the rows: a mark without a repeat costs a little, the other way is wrong.
            self._pool.insert("call_repeats", pa.table({"project": pa.array([project], "uint64")}))
            marks.repeats.add(project)
        for some in _cut(new):
            batch = [calls[index] for index in some]
            first = self._versions(len(batch))
            table = call_rows.table(batch, first, [digests[index] for index in some])
            self._pool.insert("calls", table)

    def _stored(self, calls: Sequence[Call]) -> dict[tuple[ProjectId, str, int], int]:
        """Digests of what is there of these calls."""
        by_project: dict[ProjectId, list[Call]] = defaultdict(list)
        for call in calls:
            by_project[call.project].append(call)
        found: dict[tuple[ProjectId, str, int], int] = {}
        for project, some in by_project.items():
            starts = [call.started_at for call in some]
            parameters = {
                "project": project,
                "first": min(starts),
                "last": max(starts),
                "ids": [_text(call.id) for call in some],
            }
            for id, started_at, digest in self._pool.rows(STORED, parameters):
                found[(project, id, started_at)] = digest
        return found

    def _alive(self, items: Sequence[Any]) -> list[Any]:
        """Without those that were deleted before they came, or came again."""
        marks = self._marks()
        ids: dict[ProjectId, list[str]] = defaultdict(list)
        for item in items:
            if item.project in marks.deletions:
                ids[item.project].append(_text(item.id))
        gone = {
            (project, id)
            for project, some in ids.items()
            for (id,) in self._pool.rows(DELETED, {"project": project, "ids": some})
        }
        return [item for item in items if item.key not in gone]

    def delete(self, project: ProjectId, ids: Collection[str]) -> int:
        found = self._bare(project, ids)
        marks = self._marks()
        self._record_deletions(project, list(ids))
        marks.deletions.add(project)
        starts = [call.started_at for call in found.values() if call.ended_at is not None]
        finished = [call.id for call in found.values() if call.ended_at is not None]
        for some in _cut(finished):
            parameters = {
                "project": project,
                "first": min(starts),
                "last": max(starts),
                "ids": some,
            }
            self._pool.command(REMOVE, parameters)
        halves = marks.halves.get(project, {})
        closed = [(project, id) for id in ids if id in halves]
        if closed:
            table = call_rows.open_table([], [], closed, self._versions(len(closed)))
            self._pool.insert("open_calls", table)
            for _, id in closed:
                halves.pop(id, None)
        return len(found)

    def _record_deletions(self, project: ProjectId, ids: Sequence[str]) -> None:
        columns = {
            "project": pa.array([project] * len(ids), pa.uint64()),
            "id": pa.array([_text(id) for id in ids], pa.string()),
        }
        if ids:
            self._pool.insert("deleted_calls", pa.table(columns))

    def rename(self, project: ProjectId, id: str, name: str | None) -> None:
        version = self._versions(1)
        columns = {
            "project": pa.array([project], pa.uint64()),
            "id": pa.array([id], pa.string()),
            "version": pa.array([version], pa.uint64()),
            "name": pa.array([_text(name or "")], pa.string()),
        }
        self._pool.insert("call_names", pa.table(columns))
        self._marks().names.setdefault(project, {})[id] = name or ""

    def forget(self, project: ProjectId) -> None:
        for table in ("calls", "open_calls", "call_repeats", "deleted_calls", "call_names"):
            self._pool.command(FORGET.replace("{table}", table), {"project": project})
        with self._lock:
            self._known = None

    def expire(self, now: int) -> None:
        self._pool.command(
            "DELETE FROM calls WHERE isNotNull(expires_at) AND expires_at <= {now:Int64}",
            {"now": now},
        )
        rows = self._pool.rows(
            "SELECT project, id FROM open_calls FINAL WHERE "
            "(half = 2 AND started_at <= {day:Int64}) "
            "OR (half = 1 AND isNotNull(expires_at) AND expires_at <= {now:Int64})",
            {"day": now - _DAY, "now": now},
        )
        closed = [(ProjectId(project), id) for project, id in rows]
        if closed:
            table = call_rows.open_table([], [], closed, self._versions(len(closed)))
            self._pool.insert("open_calls", table)
            for project, id in closed:
                self._marks().halves.get(project, {}).pop(id, None)
        ((tombstones,),) = self._pool.rows("SELECT countIf(half = 0) AS n FROM open_calls")
        if tombstones > _MOST_TOMBSTONES:
            self._pool.command("OPTIMIZE TABLE open_calls FINAL")
            self._pool.command("DELETE FROM open_calls WHERE half = 0")

    def _versions(self, count: int) -> int:
        """The first of so many versions, above all that were given before."""
        with self._lock:
            if self._version is None:
                ((highest,),) = self._pool.rows(HIGHEST)
                self._version = int(highest) + 1
            first = max(time.time_ns() // 1000, self._version)
            self._version = first + count
            return first

    def _marks(self) -> _Marks:
        with self._lock:
            if self._known is not None:
                return self._known
            marks = self._read_marks()
            if self._pool.alone:
                self._known = marks
            return marks

    def _read_marks(self) -> _Marks:
        marks = _Marks()
        stale = {(project, id) for project, id in self._pool.rows(STALE)}
        if stale and self._pool.alone:
            closed = [(ProjectId(project), id) for project, id in stale]
            first = max(time.time_ns() // 1000, int(self._pool.rows(HIGHEST)[0][0]) + 1)
            self._pool.insert("open_calls", call_rows.open_table([], [], closed, first))
        for project, id, half in self._pool.rows(HALVES):
            if (project, id) not in stale:
                marks.halves.setdefault(ProjectId(project), {})[id] = half
        marks.repeats = {
            ProjectId(project)
            for (project,) in self._pool.rows("SELECT DISTINCT project FROM call_repeats")
        }
        marks.deletions = {
            ProjectId(project)
            for (project,) in self._pool.rows("SELECT DISTINCT project FROM deleted_calls")
        }
        for project, id, name in self._pool.rows("SELECT project, id, name FROM call_names FINAL"):
            marks.names.setdefault(ProjectId(project), {})[id] = name
        return marks

    # Reading.

    def find(
        self,
        project: ProjectId,
        ids: Collection[str],
        started: tuple[int, int] | None = None,
    ) -> Mapping[str, Call]:
        first, last = started or (None, None)
        found: dict[str, Call] = {}
        for some in _cut(list(ids)):
            filter = CallFilter(
                ids=tuple(some), since=first, until=None if last is None else last + 1
            )
            query = CallQuery(project=project, filter=filter, limit=len(some))
            found.update((call.id, call) for call in self.page(query))
        return found

    def page(self, query: CallQuery) -> Sequence[Call]:
        columns = [*call_rows.PLAIN, *(body for body in call_rows.BODIES if body in query.bodies)]
        select = _Select(query, self._marks())
        names = self._marks().names.get(query.project, {})
        rows = self._rows(select.ordered(columns), select.parameters)
        return [_named(call_rows.call_of(query.project, row), names) for row in rows]

    def places(self, query: CallQuery) -> Sequence[tuple[int, str]]:
        select = _Select(query, self._marks())
        found = self._pool.table(select.ordered(["started_at", "id"]), select.parameters)
        columns: list[list[Any]] = [found.column(name).to_pylist() for name in found.column_names]
        return list(zip(*columns, strict=True))

    def at(
        self, project: ProjectId, places: Sequence[tuple[int, str]], bodies: frozenset[str]
    ) -> Sequence[Call]:
        if not places:
            return []
        starts = [start for start, _ in places]
        filter = CallFilter(
            ids=tuple(id for _, id in places), since=min(starts), until=max(starts) + 1
        )
        query = CallQuery(project=project, filter=filter, limit=2 * len(places), bodies=bodies)
        found = {call.id: call for call in self.page(query)}
        return [found[id] for _, id in places if id in found]

    def count(self, query: CallQuery) -> int:
        select = _Select(replace(query, sort=(), offset=0), self._marks())
        sql = COUNT.replace("{source}", select.source("id"))
        sql = sql.replace("{limit}", _limit(query.limit, 0))
        ((count,),) = self._pool.rows(sql, select.parameters)
        return count

    def sizes(self, query: CallQuery) -> Mapping[str, int]:
        select = _Select(replace(query, sort=(), limit=None, offset=0), self._marks())
        everything = _Select(CallQuery(project=query.project), self._marks())
        sql = SIZES.replace("{everything}", everything.source("trace_id, size"))
        sql = sql.replace("{source}", select.source("trace_id"))
        return dict(self._pool.rows(sql, {**everything.parameters, **select.parameters}))

    def family(self, project: ProjectId, trace_ids: Collection[str]) -> Sequence[Call]:
        calls: list[Call] = []
        for some in _cut(list(trace_ids)):
            query = CallQuery(
                project=project,
                filter=CallFilter(trace_ids=tuple(some)),
                bodies=frozenset({"summary"}),
            )
            calls += self.page(query)
        return sorted(calls, key=lambda call: (call.started_at, call.id))

    def timeline(
        self, query: CallQuery, start: int, end: int, step: int, levels: Sequence[float]
    ) -> Sequence[Bucket]:
        select = self._between(query, start, end)
        sql = TIMELINE.replace("{source}", select.source("started_at, ended_at, exception"))
        sql = sql.replace("{levels}", ", ".join(f"{level:.6f}" for level in levels or (0.5,)))
        parameters = {**select.parameters, "start": start, "step": step}
        return [
            Bucket(
                start=at,
                calls=calls,
                errors=errors,
                latencies=ended,
                latency_sum=total,
                latency_min=least,
                latency_max=most,
                quantiles=tuple(spread[: len(levels)]) if ended else (),
            )
            for at, calls, errors, ended, total, least, most, spread in self._pool.rows(
                sql, parameters
            )
        ]

    def usage(
        self, query: CallQuery, start: int, end: int, step: int, dates: Sequence[int]
    ) -> Sequence[UsageBucket]:
        select = self._between(query, start, end)
        sql = USAGE.replace("{source}", select.source(_USAGE_COLUMNS))
        parameters = {**select.parameters, "start": start, "step": step, "dates": list(dates)}
        return [UsageBucket(*row) for row in self._pool.rows(sql, parameters)]

    def threads(self, query: CallQuery) -> Sequence[ThreadRow]:
        select = _Select(replace(query, sort=(), limit=None, offset=0), self._marks())
        limit = "" if query.limit is None else f"LIMIT {query.limit:d} OFFSET {query.offset:d}"
        sql = THREADS.replace(
            "{source}", select.source("id, thread_id, turn_id, started_at, ended_at")
        )
        rows = self._pool.rows(sql.replace("{page}", limit), select.parameters)
        return [
            ThreadRow(
                id=thread,
                turns=turns,
                started_at=start,
                last_updated=last,
                first_turn=first_turn,
                last_turn=last_turn,
                p50_ms=spread[0] if ended else None,
                p99_ms=spread[1] if ended else None,
            )
            for thread, turns, start, last, first_turn, last_turn, spread, ended in rows
        ]

    def facets(self, query: CallQuery, field: Field, limit: int) -> Sequence[Facet]:
        if field.path[0] in TIMES:
            return []
        select = _Select(replace(query, sort=(), limit=None, offset=0), self._marks())
        value = select.conditions.field(field.path)
        text = value.text if value.kind is Kind.TEXT else f"toString({value.text})"
        sql = FACETS.replace("{source}", select.source(f"CAST({text}, {_NULLABLE}) AS v"))
        parameters = {**select.parameters, "limit": limit}
        return [Facet(value, calls) for value, calls in self._pool.rows(sql, parameters)]

    def fields(self, query: CallQuery, limit: int) -> Sequence[tuple[str, ...]]:
        newest = replace(query, sort=(), limit=None, offset=0)
        select = _Select(newest, self._marks())
        sql = FIELDS.replace("{source}", select.source("leaves, started_at, id"))
        parameters = {**select.parameters, "sample": _SAMPLE}
        paths = {parts_of(path) for (path,) in self._pool.rows(sql, parameters)}
        return sorted(path for path in paths if not any(part.isdigit() for part in path))[:limit]

    def _between(self, query: CallQuery, start: int, end: int) -> _Select:
        since = max(start, query.filter.since or start)
        until = min(end, query.filter.until or end)
        filter = replace(query.filter, since=since, until=until)
        return _Select(replace(query, filter=filter, sort=(), limit=None, offset=0), self._marks())

    def _bare(self, project: ProjectId, ids: Collection[str]) -> dict[str, Call]:
        found: dict[str, Call] = {}
        for some in _cut(list(ids)):
            query = CallQuery(
                project=project,
                filter=CallFilter(ids=tuple(some)),
                limit=len(some),
                bodies=frozenset(),
            )
            found.update((call.id, call) for call in self.page(query))
        return found

    def _rows(self, sql: str, parameters: Mapping[str, Any]) -> list[_Row]:
        return self._pool.table(sql, parameters).to_pylist()


_NULLABLE = "'Nullable(String)'"


class _Select:
    """Builds the statements of one query."""

    def __init__(self, query: CallQuery, marks: _Marks) -> None:
        self._query = query
        self.conditions = CallConditions(marks.names.get(query.project, {}))
        parts = ["project = {project:UInt64}"]
        parts.append(self.conditions.filter(query.filter))
        if query.condition is not None:
            parts.append(self.conditions.condition(query.condition))
        if query.after is not None:
            backwards = bool(query.sort) and query.sort[-1].descending
            time, id = query.after
            parts.append(
                f"(started_at, id) {'<' if backwards else '>'} "
                f"({self.conditions.bind(time, 'Int64')}, {self.conditions.bind(id, 'String')})"
            )
        self._where = " AND ".join(parts)
        self._order = self.conditions.order(query.sort)
        final = " FINAL" if query.project in marks.repeats else ""
        self._tables = [(f"calls{final}", "")]
        if call_rows.START in marks.halves.get(query.project, {}).values():
            self._tables.append(("open_calls FINAL", f" AND half = {call_rows.START}"))

    @property
    def parameters(self) -> dict[str, Any]:
        """What the statements have bound."""
        return {"project": self._query.project, **self.conditions.parameters}

    @property
    def is_union(self) -> bool:
        """Whether some calls are open."""
        return len(self._tables) > 1

    def source(self, columns: str) -> str:
        """The calls that match, in no order."""
        return " UNION ALL ".join(self._branches(columns))

    def _branches(self, columns: str) -> list[str]:
        return [
            SELECT.replace("{with}", self.conditions.preamble)
            .replace("{columns}", columns)
            .replace("{table}", table)
            .replace("{where}", self._where + more)
            for table, more in self._tables
        ]

    def ordered(self, columns: Sequence[str]) -> str:
        """The calls that match, in order, a page of them."""
        query = self._query
        chosen = ", ".join(columns)
        if not self.is_union:
            order = ", ".join(_direction(sql, down) for sql, down in self._order)
            return f"{self.source(chosen)} ORDER BY {order}{_limit(query.limit, query.offset)}"
        keys = ", ".join(f"{sql} AS k{n}" for n, (sql, _) in enumerate(self._order))
        inner = ", ".join(_direction(sql, down) for sql, down in self._order)
        outer = ", ".join(_direction(f"k{n}", down) for n, (_, down) in enumerate(self._order))
        most = None if query.limit is None else query.limit + query.offset
        branches = " UNION ALL ".join(
            f"({UNION.replace('{columns}', '*').replace('{branches}', branch)})"
            for branch in (
                f"{select} ORDER BY {inner}{_limit(most, 0)}"
                for select in self._branches(f"{chosen}, {keys}")
            )
        )
        both = UNION.replace("{columns}", chosen).replace("{branches}", branches)
        return f"{both} ORDER BY {outer}{_limit(query.limit, query.offset)}"


def _direction(sql: str, descending: bool) -> str:
    return f"{sql} {'DESC' if descending else 'ASC'}"


def _limit(limit: int | None, offset: int) -> str:
    if limit is None:
        return f" OFFSET {offset:d}" if offset else ""
    return f" LIMIT {limit:d} OFFSET {offset:d}"


def _named(call: Call, names: Mapping[str, str]) -> Call:
    if call.id not in names:
        return call
    return replace(call, display_name=names[call.id] or None)


def _text(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _cut(values: Sequence[Any]) -> list[list[Any]]:
    return [list(values[start : start + _AT_ONCE]) for start in range(0, len(values), _AT_ONCE)]
