"""Keeps the search index level with the truth."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

from kiseki_server.domain.runs.index import RunIndex
from kiseki_server.domain.runs.store import RunStore
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
        self._left: OrderedDict[RunId, ProjectId] = OrderedDict()
        """The project that a run left last: who began to read before may still find it there."""

    def catch_up(self, project: ProjectId | None = None, *, most: int | None = None) -> int:
        """Put runs that changed into the index, all of them or about ``most``; how many."""
        total = 0
        after: RunId | None = None
        with self._lock:
            while most is None or total < most:
                found = self._runs.unindexed(project=project, after=after, limit=_CHUNK)
                if not found:
                    break
                after = found[-1][0]
                # Until `mark` has run, the store goes on to name what the index holds already.
                self._unmarked.update((id, self._held.get(id, 0)) for id, _ in found)
                fresh = {id: rev for id, rev in found if rev > self._held.get(id, 0)}
                if fresh:
                    runs = self._runs.get(list(fresh)).values()
                    here = [run for run in runs if self._left.get(run.id) != run.project]
                    self._index.put(here)
                    self._note({run.id: fresh[run.id] for run in here})
                    total += len(fresh)
        return total

    def _note(self, held: dict[RunId, int]) -> None:
        self._unmarked.update(held)
        self._held.update(held)
        for id in held:
            self._held.move_to_end(id)
        while len(self._held) > _REMEMBERED:
            self._held.popitem(last=False)

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

    def moved(self, runs: Sequence[RunId], source: ProjectId) -> None:
        """Take runs out of the project that they have left, once that is committed."""
        with self._lock:
            for run in runs:
                self._left[run] = source
                self._left.move_to_end(run)
            while len(self._left) > _REMEMBERED:
                self._left.popitem(last=False)
            self._index.remove(runs, project=source)

    def forget(self, runs: list[RunId]) -> None:
        """Take removed runs out of the index."""
        with self._lock:
            self._index.remove(runs)
            for run in runs:
                self._held.pop(run, None)
                self._unmarked.pop(run, None)
