"""A search index over runs in a dictionary."""

from __future__ import annotations

import math
import statistics
import threading
from collections.abc import Sequence
from functools import cmp_to_key

from kiseki_server.domain.filters.fields import DOCUMENTS, HISTORY, Value, dotted, microseconds
from kiseki_server.domain.filters.regex import compile_regex
from kiseki_server.domain.filters.rules import check, leaves, matches, order
from kiseki_server.domain.filters.tree import Field, Filter, Matches, Path, SortKey
from kiseki_server.domain.history.store import HistoryStore
from kiseki_server.domain.history.types import RunRef, Stream
from kiseki_server.domain.runs.fields import RunFields
from kiseki_server.domain.runs.index import Measure, RunGroup, RunGroups, RunHits
from kiseki_server.domain.runs.paging import Place, read_cursor, write_cursor
from kiseki_server.domain.runs.types import Run
from kiseki_server.kit.errors import BadRequest
from kiseki_server.kit.ids import ProjectId, RunId


class _Fields(RunFields):
    """The fields of a run with those that its history tells."""

    def __init__(self, run: Run, histories: HistoryStore | None) -> None:
        super().__init__(run)
        self._ref = RunRef(run.project, run.id)
        self._histories = histories

    def __call__(self, path: Path) -> Value:
        match path, self._histories:
            case (("history_lines",), None):
                return 0
            case (("history_lines",), store) if store is not None:
                return max(store.next_positions(self._ref, Stream.HISTORY).values(), default=0)
            case ((root, _, *_), store) if root == HISTORY and store is not None:
                logged = store.last_steps(self._ref, Stream.HISTORY)
                return True if dotted(path) in logged else None
            case _:
                return super().__call__(path)


class MemoryRunIndex:
    """A `RunIndex` that lives as long as its process."""

    def __init__(self, histories: HistoryStore | None = None) -> None:
        self._histories = histories
        self._lock = threading.RLock()
        self._runs: dict[RunId, tuple[Run, RunFields]] = {}

    def put(self, runs: Sequence[Run]) -> None:
        with self._lock:
            self._runs.update({run.id: (run, _Fields(run, self._histories)) for run in runs})

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
        for condition in leaves(filter):
            if isinstance(condition, Matches):
                compile_regex(condition.regex)
        start = None if cursor is None else read_cursor(cursor, sort)
        with self._lock:
            held = [held for held in self._runs.values() if held[0].project == project]
        places = [
            Place(
                tuple(order(fields(key.field.path)) for key in sort),
                microseconds(run.created_at),
                run.id,
            )
            for run, fields in held
            if (deleted or run.deleted_at is None)
            and (archived or run.archived_of is None)
            and (filter is None or matches(filter, fields))
        ]
        total = len(places)

        def compare(left: Place, right: Place) -> int:
            return _compare(left, right, sort)

        places.sort(key=cmp_to_key(compare))
        if start is not None:
            places = [place for place in places if compare(start, place) < 0]
        page = places[:limit]
        more = len(places) > len(page) and page
        return RunHits(
            ids=tuple(RunId(place.run) for place in page),
            cursor=write_cursor(page[-1], sort) if more else None,
            total=total,
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
        check(filter, [SortKey(field) for field in (*by, *measures)])
        for condition in leaves(filter):
            if isinstance(condition, Matches):
                compile_regex(condition.regex)
        with self._lock:
            held = [held for held in self._runs.values() if held[0].project == project]
        found: dict[tuple[tuple[int, float, str, bool], ...], list[RunFields]] = {}
        for run, fields in held:
            if run.deleted_at is None and (filter is None or matches(filter, fields)):
                values = [fields(field.path) for field in by]
                key = tuple((*order(value), isinstance(value, bool)) for value in values)
                found.setdefault(key, []).append(fields)
        ordered = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
        groups = [
            RunGroup(
                values=tuple(
                    bool(number) if truth else (number, text, None)[rank]
                    for rank, number, text, truth in key
                ),
                count=len(members),
                measures=tuple(_measure(members, field) for field in measures),
            )
            for key, members in ordered[:limit]
        ]
        return RunGroups(tuple(groups), len(found))

    def fields(
        self, project: ProjectId, root: str, *, prefix: str = "", limit: int = 1000
    ) -> Sequence[str]:
        if root not in DOCUMENTS:
            raise BadRequest(f"Fields lie below {' and '.join(DOCUMENTS)}, not `{root}`.")
        with self._lock:
            found = {
                path
                for run, fields in self._runs.values()
                if run.project == project
                for path in fields.documents[root]
                if path.startswith(prefix)
            }
        return sorted(found)[:limit]

    def remove(self, runs: Sequence[RunId], *, project: ProjectId | None = None) -> None:
        with self._lock:
            for run in runs:
                held = self._runs.get(run)
                if held is not None and project in (None, held[0].project):
                    del self._runs[run]


def _measure(members: Sequence[RunFields], field: Field) -> Measure:
    values = [fields(field.path) for fields in members]
    numbers = [
        float(value)
        for value in values
        if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    ]
    if not numbers:
        return Measure(0, None, None, None, None)
    return Measure(
        count=len(numbers),
        mean=statistics.fmean(numbers),
        low=min(numbers),
        high=max(numbers),
        deviation=statistics.stdev(numbers) if len(numbers) > 1 else None,
    )


def _compare(left: Place, right: Place, sort: Sequence[SortKey]) -> int:
    for a, b, key in zip(left.keys, right.keys, sort, strict=True):
        if (a[0] == 2) != (b[0] == 2):
            return 1 if a[0] == 2 else -1
        if a != b:
            return -1 if (a < b) != key.descending else 1
    a, b = (-left.created_at, -left.run), (-right.created_at, -right.run)
    return (a > b) - (a < b)
