"""Steps of rows that come without one."""

from __future__ import annotations

import threading
from collections import OrderedDict

from kiseki_server.domain.history.store import HistoryStore
from kiseki_server.domain.history.types import RunRef, Stream

_REMEMBERED = 10_000


class ArrivalSteps:
    """Gives out the steps behind those that a run has, in the order of arrival.

    Several processes may write one run at the same time, and what one of them has sent may not
    be stored yet when the next one asks; so what was given out is remembered.
    """

    def __init__(self, history: HistoryStore) -> None:
        self._history = history
        self._lock = threading.Lock()
        self._given: OrderedDict[RunRef, int] = OrderedDict()

    def take(self, run: RunRef, count: int) -> int:
        """The first of ``count`` consecutive steps that nobody else gets."""
        stored = max(self._history.last_steps(run, Stream.HISTORY).values(), default=-1) + 1
        with self._lock:
            first = max(stored, self._given.pop(run, 0))
            self._given[run] = first + count
            while len(self._given) > _REMEMBERED:
                self._given.popitem(last=False)
        return first
