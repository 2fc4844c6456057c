"""Which histories may hold a (key, step) more than once."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from kiseki_server.domain.history.types import RunRef, Stream
from kiseki_server.storage.columnar.engine import ClientPool
from kiseki_server.storage.columnar.standings import History

EVERY = "SELECT DISTINCT project, run, stream FROM repeats"
"""All marks."""

SOME = """
SELECT DISTINCT project, run, stream FROM repeats
WHERE project IN {projects:Array(UInt64)} AND run IN {runs:Array(UInt64)}
  AND stream = {stream:UInt8}
"""
"""The marks of some runs."""


class Repeats:
    """The marks, remembered where nobody else can write them."""

    def __init__(self, pool: ClientPool) -> None:
        self._pool = pool
        self._lock = threading.Lock()
        self._known: set[tuple[int, int, int]] | None = None

    def among(self, runs: Sequence[RunRef], stream: Stream) -> set[int]:
        """Those of the runs whose history has repeats."""
        if not self._pool.alone:
            places = {
                "projects": sorted({run.project for run in runs}),
                "runs": sorted({run.run for run in runs}),
                "stream": int(stream),
            }
            return {run for _, run, _ in self._pool.rows(SOME, places)}
        with self._lock:
            if self._known is None:
                self._known = set(self._pool.rows(EVERY))
            return {run.run for run in runs if (run.project, run.run, int(stream)) in self._known}

    def add(self, histories: Sequence[History]) -> None:
        """Remember marks that were stored."""
        with self._lock:
            if self._known is not None:
                self._known.update((ref.project, ref.run, int(stream)) for ref, stream in histories)
