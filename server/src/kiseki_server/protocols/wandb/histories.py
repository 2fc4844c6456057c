"""Histories of the runs of a page, told together.

The client asks each run of a page for the same things. What the store says of one run costs
nearly as much as what it says of them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from kiseki_server.domain.history.store import HistoryStore
from kiseki_server.domain.history.types import KeyKind, KeyStats, RunRef, Stream


class Histories:
    """What one request asks about histories; runs that stand on no page are asked about alone."""

    def __init__(self, store: HistoryStore) -> None:
        self._store = store
        self._pages: dict[RunRef, Sequence[RunRef]] = {}
        self._ahead: set[tuple[RunRef, Stream]] = set()
        self._stats: dict[tuple[RunRef, Stream], Sequence[KeyStats]] = {}
        self._kinds: dict[RunRef, Sequence[KeyKind]] = {}

    def page(self, runs: Iterable[RunRef]) -> None:
        """These runs stand on one page."""
        together = list(runs)
        self._pages.update(dict.fromkeys(together, together))

    def positions(self, run: RunRef, stream: Stream) -> Mapping[str, int]:
        self._read_ahead(run, stream)
        return self._store.next_positions(run, stream)

    def last_steps(self, run: RunRef) -> Mapping[str, int]:
        self._read_ahead(run, Stream.HISTORY)
        return self._store.last_steps(run, Stream.HISTORY)

    def stats(self, run: RunRef, stream: Stream) -> Sequence[KeyStats]:
        if run not in self._pages:
            return self._store.stats(run, stream)
        if (run, stream) not in self._stats:
            found = self._store.stats_of(self._pages[run], stream)
            self._stats.update({(one, stream): stats for one, stats in found.items()})
        return self._stats[run, stream]

    def kinds(self, run: RunRef) -> Sequence[KeyKind]:
        if run not in self._pages:
            return self._store.kinds([run], Stream.HISTORY)[run]
        if run not in self._kinds:
            self._kinds.update(self._store.kinds(self._pages[run], Stream.HISTORY))
        return self._kinds[run]

    def _read_ahead(self, run: RunRef, stream: Stream) -> None:
        page = self._pages.get(run)
        if page is not None and (run, stream) not in self._ahead:
            self._store.read_ahead(page, stream)
            self._ahead.update((one, stream) for one in page)
