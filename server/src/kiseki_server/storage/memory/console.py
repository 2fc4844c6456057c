"""Console lines in dictionaries."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence

from kiseki_server.domain.console.types import Cursor, Line, LinePage
from kiseki_server.domain.filters.regex import compile_regex
from kiseki_server.domain.history.types import RunRef


class MemoryConsoleStore:
    """A `ConsoleStore` that lives as long as its process."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._lines: defaultdict[RunRef, dict[tuple[str, int], Line]] = defaultdict(dict)

    def append(self, lines: Mapping[RunRef, Sequence[Line]]) -> None:
        with self._lock:
            for run, written in lines.items():
                self._lines[run].update({(line.writer, line.number): line for line in written})

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
        pattern = None if regex is None else compile_regex(regex)
        with self._lock:
            lines = sorted(self._lines.get(run, {}).values(), key=_place)
        lines = [
            line
            for line in lines
            if (pattern is None or pattern.search(line.text))
            and level in (None, line.level)
            and label in (None, line.label)
            and writer in (None, line.writer)
        ]
        inside = [
            line
            for line in lines
            if (after is None or _place(line) > (after.time, after.writer, after.number))
            and (before is None or _place(line) < (before.time, before.writer, before.number))
        ]
        from_end = before is not None and after is None
        chosen = inside[max(0, len(inside) - limit) :] if from_end else inside[:limit]
        return LinePage(tuple(chosen), len(lines))

    def count(self, run: RunRef, writer: str | None = None) -> int:
        with self._lock:
            lines = self._lines.get(run, {})
            return sum(writer in (None, line.writer) for line in lines.values())

    def duplicate(self, source: RunRef, target: RunRef) -> None:
        with self._lock:
            self._lines[target] = dict(self._lines.get(source, {}))

    def delete(self, runs: Sequence[RunRef]) -> None:
        with self._lock:
            for run in runs:
                self._lines.pop(run, None)


def _place(line: Line) -> tuple[int, str, int]:
    return (line.time, line.writer, line.number)
