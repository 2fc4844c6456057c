"""Calls in the columnar engine."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from kiseki_server.domain.calls import rules
from kiseki_server.domain.calls.evaluation import paths_of
from kiseki_server.domain.calls.query import TIMES, Field
from kiseki_server.domain.calls.store import (
    STARTED,
    Bucket,
    CallFilter,
    CallQuery,
    Facet,
    Rates,
    Sort,
    Spread,
    ThreadRow,
    UsageBucket,
    UsageSpread,
    Writes,
)
from kiseki_server.domain.calls.types import Call, CallKey, End
from kiseki_server.kit.ids import ProjectId
from kiseki_server.kit.json import from_text
from kiseki_server.storage.columnar import call_rows
from kiseki_server.storage.columnar import call_statements as statements
from kiseki_server.storage.columnar.call_conditions import Kind
from kiseki_server.storage.columnar.call_leaves import IN_JSON, parts_of
from kiseki_server.storage.columnar.call_select import Bodies, CallSelect, Marks, limited
from kiseki_server.storage.columnar.engine import ClientPool
from kiseki_server.storage.columnar.known_ids import KnownIds, hashes

_DAY = 86_400_000_000
_AT_ONCE = 10_000
_SAMPLE = 500
_SUMMARY = frozenset({"summary"})
_USAGE_COLUMNS = (
    "started_at, models, requests, prompt_tokens, completion_tokens, total_tokens, "
    "cache_read_tokens, cache_write_tokens"
)
_MOST_TOMBSTONES = 50_000
_NULLABLE = "'Nullable(String)'"


class ColumnarCallStore:
    """A `CallStore` in chDB or ClickHouse."""

    def __init__(self, pool: ClientPool) -> None:
        self._pool = pool
        self._order = threading.Lock()
        """Nothing is deleted between the look whether it was and its writing."""
        self._lock = threading.Lock()
        self._version: int | None = None
        self._known: Marks | None = None
        self._ids: KnownIds | None = None

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
                rows = self._pool.table(statements.PENDING, {"project": project, "ids": some})
                calls = call_rows.calls_of(project, rows)
                for call, half in zip(calls, _column(rows, "half"), strict=True):
                    if half == call_rows.START:
                        opened[call.key] = call
                    else:
                        waiting[call.key] = call_rows.end_of(call)
        return opened, waiting

    def write(self, writes: Writes) -> None:
        with self._order:
            self._write(writes)

    def _write(self, writes: Writes) -> None:
        gone = self._gone([*writes.finished, *writes.opened], writes.waiting)
        finished = [call for call in writes.finished if call.key not in gone]
        opened = [call for call in writes.opened if call.key not in gone]
        waiting = [end for end in writes.waiting if end.key not in gone]
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
        for call in self._perhaps_stored(calls):
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
            for id, started_at, digest in self._pool.rows(statements.STORED, parameters):
                found[(project, id, started_at)] = digest
        return found

    def _perhaps_stored(self, calls: Sequence[Call]) -> Sequence[Call]:
        """Those that may be there; from now on all of them are."""
        if not self._pool.alone:
            return calls
        if self._ids is None:
            self._ids = KnownIds()
            stored = self._pool.table(statements.IDS)
            if stored.num_columns:
                self._ids.add(stored.column("hash").to_numpy())
        found = hashes([(call.project, _text(call.id)) for call in calls])
        perhaps = self._ids.may_hold(found)
        self._ids.add(found[~perhaps])
        return [calls[index] for index in np.flatnonzero(perhaps).tolist()]

    def _gone(self, calls: Sequence[Call], ends: Sequence[End]) -> set[CallKey]:
        """Those that were deleted before they came, or came again, and calls below them."""
        deletions = self._marks().deletions
        ids: dict[ProjectId, set[str]] = defaultdict(set)
        for item in (*calls, *ends):
            if item.project in deletions:
                ids[item.project].add(_text(item.id))
        for call in calls:
            if call.project in deletions and call.parent_id is not None:
                ids[call.project].add(_text(call.parent_id))
        gone = {
            (project, id)
            for project, some in ids.items()
            for (id,) in self._pool.rows(statements.DELETED, {"project": project, "ids": [*some]})
        }
        for project, below in rules.below(calls, gone).items():
            self._record_deletions(project, below)
            gone |= {(project, id) for id in below}
        return gone

    def delete(self, project: ProjectId, ids: Collection[str]) -> int:
        with self._order:
            return self._delete(project, ids)

    def _delete(self, project: ProjectId, ids: Collection[str]) -> int:
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
            self._pool.command(statements.REMOVE, parameters)
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
            self._pool.command(statements.FORGET.replace("{table}", table), {"project": project})
            self._pool.command(statements.FREE.replace("{table}", table))
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
                ((highest,),) = self._pool.rows(statements.HIGHEST)
                self._version = int(highest) + 1
            first = max(time.time_ns() // 1000, self._version)
            self._version = first + count
            return first

    def _marks(self) -> Marks:
        with self._lock:
            if self._known is not None:
                return self._known
            marks = self._read_marks()
            if self._pool.alone:
                self._known = marks
            return marks

    def _read_marks(self) -> Marks:
        marks = Marks()
        stale = {(project, id) for project, id in self._pool.rows(statements.STALE)}
        if stale and self._pool.alone:
            closed = [(ProjectId(project), id) for project, id in stale]
            first = max(time.time_ns() // 1000, int(self._pool.rows(statements.HIGHEST)[0][0]) + 1)
            self._pool.insert("open_calls", call_rows.open_table([], [], closed, first))
        for project, id, half in self._pool.rows(statements.HALVES):
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
        select = self._select(query)
        names = self._marks().names.get(query.project, {})
        rows = self._pool.table(select.ordered(columns), select.parameters)
        return call_rows.calls_of(query.project, rows, names)

    def places(self, query: CallQuery) -> Sequence[tuple[int, str]]:
        select = self._select(query)
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
        select = self._select(replace(query, sort=(), offset=0))
        sql = statements.COUNT.replace("{source}", select.source("id"))
        sql = sql.replace("{limit}", limited(query.limit, 0))
        ((count,),) = self._pool.rows(sql, select.parameters)
        return count

    def sizes(self, query: CallQuery) -> Mapping[str, int]:
        select = self._select(replace(query, sort=(), limit=None, offset=0))
        everything = self._select(CallQuery(project=query.project))
        sql = statements.SIZES.replace("{everything}", everything.source("trace_id, size"))
        sql = sql.replace("{source}", select.source("trace_id"))
        return dict(self._pool.rows(sql, {**everything.parameters, **select.parameters}))

    def stored(self, project: ProjectId) -> int:
        select = self._select(CallQuery(project=project))
        sql = statements.STORED_BYTES.replace("{source}", select.source("size"))
        ((size,),) = self._pool.rows(sql, select.parameters)
        return int(size)

    def newest(self, project: ProjectId) -> int:
        ((place,),) = self._pool.rows(statements.NEWEST, {"project": project})
        return int(place)

    def stored_after(
        self, project: ProjectId, place: int, limit: int, *, through: int | None = None
    ) -> Sequence[tuple[int, Call]]:
        columns = ", ".join((*call_rows.PLAIN, *call_rows.BODIES))
        parameters = {
            "project": project,
            "place": place,
            "through": 2**63 if through is None else through,
            "limit": limit,
        }
        names = self._marks().names.get(project, {})
        sql = statements.STORED_AFTER.replace("{columns}", columns)
        rows = self._pool.table(sql, parameters)
        calls = call_rows.calls_of(project, rows, names)
        return list(zip(_column(rows, "version"), calls, strict=True))

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
        sql = statements.TIMELINE.replace(
            "{source}", select.source("started_at, ended_at, exception")
        )
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
        sql = statements.USAGE.replace("{source}", select.source(_USAGE_COLUMNS))
        parameters = {**select.parameters, "start": start, "step": step, "dates": list(dates)}
        return [UsageBucket(*row) for row in self._pool.rows(sql, parameters)]

    def usage_spread(
        self,
        query: CallQuery,
        start: int,
        end: int,
        step: int,
        names: Sequence[str],
        levels: Sequence[float],
        dates: Sequence[int],
        rates: Mapping[tuple[str, int], Rates],
    ) -> Sequence[UsageSpread]:
        select = self._between(query, start, end)
        shown = ", ".join(f"{level:.6f}" for level in levels or (0.5,))
        spreads = ", ".join(
            statements.SPREAD_OF.replace("{name}", name).replace("{levels}", shown)
            for name in names
        )
        sql = statements.SPREAD.replace("{source}", select.source(_USAGE_COLUMNS))
        parameters = {
            **select.parameters,
            "start": start,
            "step": step,
            "dates": list(dates),
            "keys": [f"{period}|{model}" for model, period in rates],
            **{
                name: [float(getattr(rate, name)) for rate in rates.values()]
                for name in ("prompt", "completion", "cache_read", "cache_write")
            },
        }
        return [
            UsageSpread(at, model, dict(zip(names, _spreads(values, len(levels)), strict=True)))
            for at, model, *values in self._pool.rows(sql.replace("{spreads}", spreads), parameters)
        ]

    def read(
        self, sql: str, query: CallQuery, columns: Sequence[str], parameters: Mapping[str, Any]
    ) -> pa.Table:
        """A statement over columns of the calls that match, as its ``{source}``, in no order."""
        select = self._select(replace(query, sort=()))
        sql = sql.replace("{source}", select.source(", ".join(columns)))
        return self._pool.table(sql, {**select.parameters, **parameters})

    def threads(self, query: CallQuery) -> Sequence[ThreadRow]:
        select = self._select(replace(query, sort=(), limit=None, offset=0))
        limit = "" if query.limit is None else f"LIMIT {query.limit:d} OFFSET {query.offset:d}"
        sql = statements.THREADS.replace(
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
        select = self._select(replace(query, sort=(), limit=None, offset=0), field)
        value = select.conditions.field(field.path)
        text = value.text if value.kind is Kind.TEXT else f"toString({value.text})"
        sql = statements.FACETS.replace(
            "{source}", select.source(f"CAST({text}, {_NULLABLE}) AS v")
        )
        parameters = {**select.parameters, "limit": limit}
        return [Facet(value, calls) for value, calls in self._pool.rows(sql, parameters)]

    def fields(self, query: CallQuery, limit: int) -> Sequence[tuple[str, ...]]:
        newest = replace(query, sort=(), limit=None, offset=0)
        select = self._select(newest)
        sql = statements.FIELDS.replace("{source}", select.source("leaves, started_at, id"))
        parameters = {**select.parameters, "sample": _SAMPLE}
        paths = {parts_of(path) for (path,) in self._pool.rows(sql, parameters)}
        newest = replace(newest, sort=(Sort(STARTED, True),), limit=_SAMPLE, bodies=_SUMMARY)
        for call in self.page(newest):
            found = paths_of(("summary",), from_text(call.summary))
            paths.update(path for path in found if path[1:2] and path[1] in IN_JSON)
        return sorted(path for path in paths if not any(part.isdigit() for part in path))[:limit]

    def _between(self, query: CallQuery, start: int, end: int) -> CallSelect:
        since = max(start, query.filter.since or start)
        until = min(end, query.filter.until or end)
        filter = replace(query.filter, since=since, until=until)
        return self._select(replace(query, filter=filter, sort=(), limit=None, offset=0))

    def _select(self, query: CallQuery, *more: Field) -> CallSelect:
        """The statements of a query that also reads these fields."""
        select = CallSelect(query, self._marks())
        for field in more:
            select.conditions.field(field.path)
        if probe := select.probe:
            ((some,),) = self._pool.rows(probe, select.parameters)
            select.bodies = Bodies.SOME if some else Bodies.NONE
        return select

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


def _column(rows: pa.Table, name: str) -> list[Any]:
    return rows.column(name).to_pylist() if rows.num_columns else []


def _spreads(values: Sequence[Any], levels: int) -> Iterator[Spread]:
    for place in range(0, len(values), 5):
        count, total, least, most, spread = values[place : place + 5]
        yield Spread(count, total, least, most, tuple(spread[:levels]) if count else ())


def _text(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _cut(values: Sequence[Any]) -> list[list[Any]]:
    return [list(values[start : start + _AT_ONCE]) for start in range(0, len(values), _AT_ONCE)]
