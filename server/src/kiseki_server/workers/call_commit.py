"""One group commit of calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from kiseki_server.domain.calls.bodies import CallBodies
from kiseki_server.domain.calls.ingest import CallBatch, Item, Merge
from kiseki_server.domain.calls.store import CallStore
from kiseki_server.domain.calls.types import Call, CallKey, End
from kiseki_server.domain.runs.events import CallsChanged, LiveEvents
from kiseki_server.kit.errors import KisekiError
from kiseki_server.kit.ids import ProjectId


class CallCommitter:
    """Stores batches of calls; used by one thread.

    A crash at any point is harmless: the store writes finished calls before it closes what was
    open, and whoever was not answered sends the batch again.
    """

    def __init__(self, calls: CallStore, bodies: CallBodies, live: LiveEvents) -> None:
        self._calls = calls
        self._bodies = bodies
        self._live = live

    def commit(self, arrivals: Sequence[CallBatch]) -> list[KisekiError | None]:
        """Make the batches durable.

        Raises:
            KisekiError: The store failed; nothing is acknowledged, a repeat is harmless.
        """
        items = self._bodies.shortened([item for batch in arrivals for item in batch.items])
        opened, waiting = self._calls.pending({item.key for item in items})
        halves = [item for item in items if _is_half(item) and item.key not in opened]
        merge = Merge(opened, waiting, self._finished(halves))
        for item in items:
            merge.add(item)
        self._calls.write(merge.writes())
        self._live.publish([CallsChanged(project) for project in {item.project for item in items}])
        return [None for _ in arrivals]

    def _finished(self, halves: Sequence[Item]) -> Mapping[CallKey, Call]:
        """Calls that have ended before, for halves that come again."""
        starts: dict[ProjectId, dict[str, int]] = defaultdict(dict)
        ends: dict[ProjectId, set[str]] = defaultdict(set)
        for half in halves:
            if isinstance(half, Call):
                starts[half.project][half.id] = half.started_at
        for half in halves:
            if isinstance(half, End) and half.id not in starts[half.project]:
                ends[half.project].add(half.id)
        found: list[Call] = []
        for project, times in starts.items():
            if times:
                between = (min(times.values()), max(times.values()))
                found += self._calls.find(project, times, between).values()
        for project, ids in ends.items():
            found += self._calls.find(project, ids).values()
        return {call.key: call for call in found if call.ended_at is not None}


def _is_half(item: Item) -> bool:
    return isinstance(item, End) or item.ended_at is None
