"""Console lines in the columnar engine."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from kiseki_server.domain.console.types import Cursor, Line, LinePage
from kiseki_server.domain.history.types import RunRef
from kiseki_server.storage.columnar.engine import ClientPool
from kiseki_server.storage.columnar.history import (
    check_regex,
    delete_runs,
    duplicate_run,
)

VERSIONS = """
SELECT run, max(version) AS version FROM lines
WHERE project IN {projects:Array(UInt64)} AND run IN {runs:Array(UInt64)} GROUP BY run
"""
"""The highest version by run."""

MATCHING = """
FROM lines FINAL
WHERE project = {project:UInt64} AND run = {run:UInt64}
  AND ({any_writer:UInt8} OR writer = {writer:String})
  AND ({any_level:UInt8} OR level = {level:String})
  AND ({any_label:UInt8} OR lines.label = {label:String})
"""
"""The lines of a run that match."""

COUNT = "SELECT count() AS total " + MATCHING
"""How many lines match."""

PAGE = (
    "SELECT time, toString(writer) AS writer, number, toString(level) AS level, text, "
    "CAST(label, 'Nullable(String)') AS label " + MATCHING + " {place} "
    "ORDER BY lines.time {direction}, lines.writer {direction}, lines.number {direction} "
    "LIMIT {limit:UInt64}"
)
"""Lines in reading order, or backwards."""

AFTER = (
    "AND (lines.time, toString(lines.writer), lines.number) "
    "> ({time:Int64}, {from_writer:String}, {number:Int64})"
)
BEFORE = (
    "AND (lines.time, toString(lines.writer), lines.number) "
    "< ({time:Int64}, {from_writer:String}, {number:Int64})"
)

_REMEMBERED = 20_000


class ColumnarConsoleStore:
    """A `ConsoleStore` in chDB or ClickHouse."""

    def __init__(self, pool: ClientPool) -> None:
        self._pool = pool
        self._lock = threading.Lock()
        self._seen: OrderedDict[RunRef, None] = OrderedDict()
        self._version = 0

    def append(self, lines: Mapping[RunRef, Sequence[Line]]) -> None:
        written = [(run, line) for run, some in lines.items() for line in some]
        if not written:
            return
        with self._lock:
            first = max(time.time_ns() // 1000, self._version, self._stored(list(lines)))
            self._version = first + len(written)
            self._pool.insert("lines", _table(written, first))

    def _stored(self, runs: Sequence[RunRef]) -> int:
        """A version above those of lines that another process, or an earlier one, has stored."""
        unseen = [run for run in runs if run not in self._seen]
        highest = 0
        if unseen:
            highest = max((v for _, v in self._pool.rows(VERSIONS, _places(unseen))), default=0) + 1
            self._seen.update(dict.fromkeys(unseen))
            while len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
        return highest

    def page(
        self,
        run: RunRef,
        *,
        after: Cursor | None = None,
        before: Cursor | None = None,
        limit: int = 1000,
        regex: str | None = None,
        level: str | None = None,
        label: str | None = None,
        writer: str | None = None,
    ) -> LinePage:
        parameters = _filter(run, writer, level, label) | {"limit": limit}
        search = ""
        if regex is not None:
            check_regex(self._pool, regex)
            search = "AND match(text, {regex:String})"
            parameters["regex"] = regex
        ((total,),) = self._pool.rows(COUNT + search, parameters)
        # Backwards from the end when only the end is given.
        backwards = before is not None and after is None
        place = search
        for cursor, condition, mark in ((after, AFTER, "a"), (before, BEFORE, "b")):
            if cursor is None:
                continue
            for name in ("time", "from_writer", "number"):
                condition = condition.replace(f"{{{name}:", f"{{{mark}_{name}:")
            place += " " + condition
            parameters |= {
                f"{mark}_time": cursor.time,
                f"{mark}_from_writer": cursor.writer,
                f"{mark}_number": cursor.number,
            }
        sql = PAGE.replace("{place}", place)
        sql = sql.replace("{direction}", "DESC" if backwards else "ASC")
        rows = self._pool.rows(sql, parameters) if total and limit > 0 else []
        lines = [
            Line(writer=writer, number=number, time=time, level=level, text=text, label=label)
            for time, writer, number, level, text, label in rows
        ]
        return LinePage(tuple(reversed(lines)) if backwards else tuple(lines), total)

    def count(self, run: RunRef, writer: str | None = None) -> int:
        ((total,),) = self._pool.rows(COUNT, _filter(run, writer))
        return total

    def duplicate(self, source: RunRef, target: RunRef) -> None:
        with self._lock:
            self._seen.pop(target, None)
            duplicate_run(self._pool, ("lines",), source, target)

    def delete(self, runs: Sequence[RunRef]) -> None:
        if runs:
            with self._lock:
                for run in runs:
                    self._seen.pop(run, None)
                delete_runs(self._pool, ("lines",), runs)


def _table(written: Sequence[tuple[RunRef, Line]], first: int) -> pa.Table:
    columns: dict[str, Any] = {
        "project": np.array([run.project for run, _ in written], np.uint64),
        "run": np.array([run.run for run, _ in written], np.uint64),
        "writer": pa.array([line.writer for _, line in written], pa.string()),
        "number": np.array([line.number for _, line in written], np.int64),
        "time": np.array([line.time for _, line in written], np.int64),
        "level": pa.array([line.level for _, line in written], pa.string()),
        "text": pa.array([line.text for _, line in written], pa.string()),
        "label": pa.array([line.label for _, line in written], pa.string()),
        "version": np.arange(first, first + len(written), dtype=np.uint64),
    }
    return pa.table(columns)


def _filter(
    run: RunRef, writer: str | None, level: str | None = None, label: str | None = None
) -> dict[str, Any]:
    return {
        "project": run.project,
        "run": run.run,
        "any_writer": int(writer is None),
        "writer": writer or "",
        "any_level": int(level is None),
        "level": level or "",
        "any_label": int(label is None),
        "label": label or "",
    }


def _places(runs: Sequence[RunRef]) -> dict[str, Any]:
    return {
        "projects": sorted({run.project for run in runs}),
        "runs": sorted({run.run for run in runs}),
    }
