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
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import structlog

from kiseki_server.domain.calls.ingest import CallBatch
from kiseki_server.domain.history.ingest import Arrival
from kiseki_server.domain.history.trimming import weigh
from kiseki_server.kit import metrics
from kiseki_server.kit.errors import KisekiError, Unavailable

log = structlog.get_logger(__name__)

A = TypeVar("A")
R = TypeVar("R")
A_contra = TypeVar("A_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How arrivals are grouped, and how many may wait."""

    interval: float = 0.1
    """Seconds from one commit to the next, unless much waits."""
    points: int = 100_000
    """So many waiting points, or calls, are stored without waiting longer."""
    commit_points: int = 400_000
    """Most points of one commit (a single larger arrival excepted)."""
    commit_arrivals: int = 2_000
    waiting_points: int = 4_000_000
    waiting_bytes: int = 192 << 20


@dataclass(frozen=True, slots=True)
class Kind(Generic[A]):
    """What is collected: how to weigh it, what it is called, where it is counted."""

    points: str
    """What an arrival consists of, in the plural, for messages."""
    weigh: Callable[[A], tuple[int, int]]
    """Points and bytes of an arrival."""
    describe: Callable[[A], dict[str, object]]
    """What the log says of an arrival that cannot be stored."""
    meters: metrics.GroupCommits


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[A, R]):
    arrival: A
    future: Future[R]
    points: int
    bytes: int


class Commits(Protocol[A_contra, R_co]):
    """What stores a group of arrivals, such as `kiseki_server.workers.commit.Committer`."""

    def commit(self, arrivals: Sequence[A_contra]) -> Sequence[R_co | KisekiError]: ...


def _weigh_history(arrival: Arrival) -> tuple[int, int]:
    points, size = weigh(arrival.appends)
    return points, size + sum(200 + len(line.text) for line in arrival.console)


HISTORY: Kind[Arrival] = Kind(
    points="points",
    weigh=_weigh_history,
    describe=lambda arrival: {"run": arrival.run.run, "writer": arrival.writer},
    meters=metrics.HISTORY_COMMITS,
)
CALLS: Kind[CallBatch] = Kind(
    points="calls",
    weigh=lambda batch: (len(batch.items), batch.bytes),
    describe=lambda batch: {"calls": len(batch.items)},
    meters=metrics.CALL_COMMITS,
)


class GroupCommit(Generic[A, R]):
    """`Ingest`, or `CallIngest`, with one thread that writes."""

    def __init__(
        self, kind: Kind[A], committer: Commits[A, R], bounds: Bounds | None = None
    ) -> None:
        self._kind = kind
        self._committer = committer
        self._bounds = bounds or Bounds()
        self._queue: deque[_Waiting[A, R]] = deque()
        self._points = 0
        self._bytes = 0
        self._closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(
            target=self._run, name=f"group-commit-{kind.points}", daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Store what waits, refuse what comes later, and return when that is done."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def submit(self, arrival: A) -> Future[R]:
        future: Future[R] = Future()
        points, size = self._kind.weigh(arrival)
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
                        f"{self._points} {self._kind.points} wait to be stored, "
                        "as many as the server keeps",
                        hint="Send it again in a moment.",
                    )
                )
                return future
            self._queue.append(_Waiting(arrival, future, points, size))
            self._points += points
            self._bytes += size
            self._kind.meters.queued.set(len(self._queue))
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

    def _next(self, earliest: float) -> list[_Waiting[A, R]]:
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
            batch: list[_Waiting[A, R]] = []
            points = 0
            while self._queue and len(batch) < self._bounds.commit_arrivals:
                if batch and points + self._queue[0].points > self._bounds.commit_points:
                    break
                waiting = self._queue.popleft()
                points += waiting.points
                batch.append(waiting)
            return batch

    def _commit(self, batch: Sequence[_Waiting[A, R]]) -> None:
        began = time.perf_counter()
        points = sum(waiting.points for waiting in batch)
        try:
            for waiting, outcome in zip(batch, self._outcomes(batch), strict=True):
                _settle(waiting.future, outcome)
        finally:
            with self._changed:
                self._points -= points
                self._bytes -= sum(waiting.bytes for waiting in batch)
                self._kind.meters.queued.set(len(self._queue))
        meters = self._kind.meters
        meters.seconds.observe(time.perf_counter() - began)
        meters.arrivals.observe(len(batch))
        meters.points.observe(points)

    def _outcomes(self, batch: Sequence[_Waiting[A, R]]) -> list[R | KisekiError]:
        arrivals = [waiting.arrival for waiting in batch]
        try:
            outcomes = self._committer.commit(arrivals)
            self._kind.meters.stored.inc(sum(waiting.points for waiting in batch))
            return list(outcomes)
        except Unavailable as error:
            return [error for _ in arrivals]
        except Exception as error:
            if len(batch) > 1:  # one of them is to blame, the others shall not suffer for it
                return [outcome for waiting in batch for outcome in self._outcomes([waiting])]
            if isinstance(error, KisekiError):
                return [error]
            log.exception("An arrival cannot be stored", **self._kind.describe(arrivals[0]))
            return [KisekiError("The server failed to store this; its log says why")]


def _settle(future: Future[R], outcome: R | KisekiError) -> None:
    with contextlib.suppress(InvalidStateError):  # whoever waited has given up
        if isinstance(outcome, KisekiError):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
