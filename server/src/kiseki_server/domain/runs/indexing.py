"""Keeps the search index level with the truth."""

from __future__ import annotations

import threading
from collections import OrderedDict

from kiseki_server.domain.runs.index import RunIndex
from kiseki_server.domain.runs.store import Indexable, RunStore
from kiseki_server.kit.ids import ProjectId, RunId

_CHUNK = 500
_REMEMBERED = 200_000


class RunIndexer:
    """Brings to the index what it has not seen.

    The store knows by revision what is missing, so a crash between the two loses nothing. A
    search calls `catch_up` first and finds what was written before it, whatever the pace of the
    background job. Both methods work inside the caller's transaction.
    """

    def __init__(self, runs: RunStore, index: RunIndex) -> None:
        self._runs = runs
        self._index = index
        self._lock = threading.Lock()
        self._held: OrderedDict[RunId, int] = OrderedDict()
        self._unmarked: dict[RunId, int] = {}

    def catch_up(self, project: ProjectId | None = None) -> int:
        """Put every run that changed into the index; how many there were."""
        total = 0
        with self._lock:
            # Until `mark` runs, the store goes on to name runs that the index holds already.
            limit = _CHUNK + len(self._unmarked)
            while True:
                found = self._runs.indexable(project=project, limit=limit)
                fresh: list[Indexable] = []
                for item in found:
                    held = self._held.get(item.run.id, 0)
                    if item.revision > held:
                        fresh.append(item)
                    else:
                        self._unmarked[item.run.id] = held
                if not fresh:
                    return total
                self._index.put([item.run for item in fresh])
                for item in fresh:
                    self._held[item.run.id] = item.revision
                    self._held.move_to_end(item.run.id)
                    self._unmarked[item.run.id] = item.revision
                while len(self._held) > _REMEMBERED:
                    self._held.popitem(last=False)
                total += len(fresh)
                if len(found) < limit:
                    return total
                limit = len(found) + _CHUNK

    @property
    def behind(self) -> bool:
        """The store has yet to be told of something by `mark`."""
        return bool(self._unmarked)

    def mark(self) -> None:
        """Tell the store what the index holds; needs a transaction that writes."""
        with self._lock:
            marks, self._unmarked = self._unmarked, {}
        try:
            if marks:
                self._runs.mark_indexed(sorted(marks.items()))
        except BaseException:
            with self._lock:
                self._unmarked = {**marks, **self._unmarked}
            raise

    def forget(self, runs: list[RunId]) -> None:
        """Take removed runs out of the index."""
        with self._lock:
            self._index.remove(runs)
            for run in runs:
                self._held.pop(run, None)
                self._unmarked.pop(run, None)
