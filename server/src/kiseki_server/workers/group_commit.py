"""Collects what all requests bring and stores it together.

Columnar engines like few large inserts, clients like a quick answer. An arrival that finds the
server idle is stored at once; while a commit runs, or within the interval after one, arrivals
wait and are stored together.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass
from typing import Protocol

import structlog

from kiseki_server.domain.history.ingest import Accepted, Arrival
from kiseki_server.domain.history.trimming import weigh
from kiseki_server.kit import metrics
from kiseki_server.kit.errors import KisekiError, Unavailable
from kiseki_server.workers.commit import Outcome

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How arrivals are grouped, and how many may wait."""

    interval: float = 0.1
    """Seconds from one commit to the next, unless many points wait."""
    points: int = 100_000
    """So many waiting points are stored without waiting longer."""
    commit_points: int = 400_000
    """Most points of one commit (a single larger arrival excepted)."""
    commit_arrivals: int = 2_000
    waiting_points: int = 4_000_000
    waiting_bytes: int = 192 << 20


@dataclass(frozen=True, slots=True)
class _Waiting:
    arrival: Arrival
    future: Future[Accepted]
    points: int
    bytes: int


class Commits(Protocol):
    """What stores a group of arrivals: `kiseki_server.workers.commit.Committer`."""

    def commit(self, arrivals: Sequence[Arrival]) -> list[Outcome]: ...


class GroupCommit:
    """`Ingest` with one thread that writes."""

    def __init__(self, committer: Commits, bounds: Bounds | None = None) -> None:
        self._committer = committer
        self._bounds = bounds or Bounds()
        self._queue: deque[_Waiting] = deque()
        self._points = 0
        self._bytes = 0
        self._closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="group-commit", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Store what waits, refuse what comes later, and return when that is done."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def submit(self, arrival: Arrival) -> Future[Accepted]:
        future: Future[Accepted] = Future()
        points, size = weigh(arrival.appends)
        size += sum(200 + len(line.text) for line in arrival.console)
        with self._changed:
            if self._closing:
                future.set_exception(Unavailable("The server is shutting down"))
                return future
            bounds = self._bounds
            full = (
                self._points + points > bounds.waiting_points
                or self._bytes + size > bounds.waiting_bytes
            )
            if full and self._queue:
                future.set_exception(
                    Unavailable(
                        f"{self._points} points wait to be stored, as many as the server keeps",
                        hint="Send it again in a moment.",
                    )
                )
                return future
            self._queue.append(_Waiting(arrival, future, points, size))
            self._points += points
            self._bytes += size
            metrics.QUEUED_ARRIVALS.set(len(self._queue))
            self._changed.notify_all()
        return future

    def _run(self) -> None:
        last = float("-inf")
        while True:
            batch = self._next(last + self._bounds.interval)
            if not batch:
                return
            last = time.monotonic()
            self._commit(batch)

    def _next(self, earliest: float) -> list[_Waiting]:
        """Wait for arrivals, until ``earliest`` unless there are many; empty at the end."""
        with self._changed:
            while not self._queue:
                if self._closing:
                    return []
                self._changed.wait()
            while not self._closing and self._points < self._bounds.points:
                rest = earliest - time.monotonic()
                if rest <= 0:
                    break
                self._changed.wait(rest)
            batch: list[_Waiting] = []
            points = 0
            while self._queue and len(batch) < self._bounds.commit_arrivals:
                if batch and points + self._queue[0].points > self._bounds.commit_points:
                    break
                waiting = self._queue.popleft()
                points += waiting.points
                batch.append(waiting)
            return batch

    def _commit(self, batch: Sequence[_Waiting]) -> None:
        began = time.perf_counter()
        points = sum(waiting.points for waiting in batch)
        try:
            for waiting, outcome in zip(batch, self._outcomes(batch), strict=True):
                _settle(waiting.future, outcome)
        finally:
            with self._changed:
                self._points -= points
                self._bytes -= sum(waiting.bytes for waiting in batch)
                metrics.QUEUED_ARRIVALS.set(len(self._queue))
        metrics.COMMIT_SECONDS.observe(time.perf_counter() - began)
        metrics.COMMIT_ARRIVALS.observe(len(batch))
        metrics.COMMIT_POINTS.observe(points)

    def _outcomes(self, batch: Sequence[_Waiting]) -> list[Outcome]:
        arrivals = [waiting.arrival for waiting in batch]
        try:
            outcomes = self._committer.commit(arrivals)
            metrics.INGESTED_POINTS.inc(sum(waiting.points for waiting in batch))
            return outcomes
        except Unavailable as error:
            return [error] * len(arrivals)
        except Exception as error:
            if len(batch) > 1:  # one of them is to blame, the others shall not suffer for it
                return [outcome for waiting in batch for outcome in self._outcomes([waiting])]
            if isinstance(error, KisekiError):
                return [error]
            arrival = arrivals[0]
            log.exception("An arrival cannot be stored", run=arrival.run.run, writer=arrival.writer)
            return [KisekiError("The server failed to store this; its log says why")]


def _settle(future: Future[Accepted], outcome: Outcome) -> None:
    with contextlib.suppress(InvalidStateError):  # whoever waited has given up
        if isinstance(outcome, KisekiError):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
