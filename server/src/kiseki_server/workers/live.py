"""Passes live events on to open streams."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import replace

from kiseki_server.domain.runs.events import (
    ArtifactsChanged,
    CallsChanged,
    HistoryAppended,
    LiveEvent,
    Missed,
    ProjectChanged,
)
from kiseki_server.kit import metrics
from kiseki_server.kit.errors import Unavailable
from kiseki_server.kit.ids import ProjectId

MAX_SUBSCRIBERS = 2_000
MAX_PENDING = 5_000
INTERVAL = 0.25
"""Seconds between two deliveries to one subscriber."""
MAX_RECENT = 4_096
"""So many events are kept for subscribers who ask for what happened before they came."""

_OF_PROJECTS = (ProjectChanged, CallsChanged, ArtifactsChanged)

_Key = tuple[type, int, str, str]


class LiveHub:
    """`LiveEvents` and `LiveSource` within one process.

    A slow subscriber costs a bounded map of merged events and delays nobody.
    """

    def __init__(self, interval: float = INTERVAL) -> None:
        self._interval = interval
        self._lock = threading.Lock()
        self._subscribers: set[_Subscriber] = set()
        self._recent: deque[tuple[float, LiveEvent]] = deque(maxlen=MAX_RECENT)
        self._closed = False

    def publish(self, events: Sequence[LiveEvent]) -> None:
        now = time.monotonic()
        with self._lock:
            self._recent.extend((now, event) for event in events)
            subscribers = tuple(self._subscribers)
        for subscriber in subscribers:
            subscriber.offer(events)

    def subscribe(
        self,
        project: ProjectId | None = None,
        runs: Collection[str] | None = None,
        *,
        recent: float = 0.0,
    ) -> _Subscriber:
        subscriber = _Subscriber(self, self._interval, project, runs)
        with self._lock:
            if self._closed or len(self._subscribers) >= MAX_SUBSCRIBERS:
                raise Unavailable("The server cannot take another listener to live events")
            self._replay(subscriber, time.monotonic() - recent)
            self._subscribers.add(subscriber)
            metrics.LIVE_STREAMS.set(len(self._subscribers))
        return subscriber

    def _replay(self, subscriber: _Subscriber, since: float) -> None:
        """Offer what happened since then. Called with the lock held: nothing falls between."""
        if len(self._recent) == MAX_RECENT and self._recent[0][0] >= since:
            subscriber.miss()  # some of that time is no longer kept
        subscriber.offer([event for at, event in self._recent if at >= since])

    def drop(self, subscriber: _Subscriber) -> None:
        with self._lock:
            self._subscribers.discard(subscriber)
            metrics.LIVE_STREAMS.set(len(self._subscribers))

    def close(self) -> None:
        """End all streams; the server stops."""
        with self._lock:
            self._closed = True
            subscribers = tuple(self._subscribers)
        for subscriber in subscribers:
            subscriber.end()


class _Subscriber:
    """`Subscription`; made and awaited in an event loop, fed from any thread."""

    def __init__(
        self,
        hub: LiveHub,
        interval: float,
        project: ProjectId | None,
        runs: Collection[str] | None,
    ) -> None:
        self._hub = hub
        self._interval = interval
        self._project = project
        self._runs = None if runs is None else frozenset(runs)
        self._loop = asyncio.get_running_loop()
        self._awake = asyncio.Event()
        self._lock = threading.Lock()
        self._pending: dict[_Key, LiveEvent] = {}
        self._missed = False
        self._ended = False
        self._delivered = float("-inf")

    def offer(self, events: Sequence[LiveEvent]) -> None:
        with self._lock:
            was_empty = not self._pending and not self._missed
            for event in events:
                if self._wants(event):
                    key = _key(event)
                    self._pending[key] = _merge(self._pending.get(key), event)
            if len(self._pending) > MAX_PENDING:
                self._pending.clear()
                self._missed = True
            wake = was_empty and bool(self._pending or self._missed)
        if wake:
            self._wake()

    def miss(self) -> None:
        with self._lock:
            self._missed = True
        self._wake()

    def end(self) -> None:
        self._ended = True
        self._wake()

    def close(self) -> None:
        self._hub.drop(self)

    async def next(self, timeout: float) -> Sequence[LiveEvent | Missed] | None:
        try:
            await asyncio.wait_for(self._awake.wait(), timeout)
            early = self._delivered + self._interval - self._loop.time()
            if early > 0 and not self._ended:
                await asyncio.sleep(early)
        except TimeoutError:
            return []
        if self._ended:
            return None
        with self._lock:
            self._awake.clear()
            events: list[LiveEvent | Missed] = [Missed()] if self._missed else []
            events += self._pending.values()
            self._pending = {}
            self._missed = False
        self._delivered = self._loop.time()
        return events

    def _wants(self, event: LiveEvent) -> bool:
        if self._project is not None and event.project != self._project:
            return False
        if self._runs is None or isinstance(event, _OF_PROJECTS):
            return True
        return event.run in self._runs

    def _wake(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._awake.set)
        except RuntimeError:  # the loop is closed, and with it the stream
            self._hub.drop(self)


def _key(event: LiveEvent) -> _Key:
    run = "" if isinstance(event, _OF_PROJECTS) else event.run
    stream = event.stream if isinstance(event, HistoryAppended) else ""
    return type(event), event.project, run, stream


def _merge(before: LiveEvent | None, event: LiveEvent) -> LiveEvent:
    if isinstance(before, HistoryAppended) and isinstance(event, HistoryAppended):
        return replace(
            event,
            last_step=max(before.last_step, event.last_step),
            keys_added=before.keys_added or event.keys_added,
        )
    return event
