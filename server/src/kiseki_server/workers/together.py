"""Stores small files that arrive at the same time together.

One turn of the disk and two transactions are the same work for one file and for a hundred. A file
that finds the thread idle is stored at once; those that come meanwhile are stored next.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, InvalidStateError
from typing import Any

import structlog

from kiseki_server.domain.files.arrival import Keeper, Received
from kiseki_server.kit import metrics
from kiseki_server.kit.errors import KisekiError, Unavailable

log = structlog.get_logger(__name__)

MOST = 256
"""Files of one turn."""
WAITING_BYTES = 64 << 20
"""So many bytes may wait in memory."""


class Together:
    """`Keeping` with one thread that stores."""

    def __init__(
        self, keeper: Keeper, *, most: int = MOST, waiting_bytes: int = WAITING_BYTES
    ) -> None:
        self._keeper = keeper
        self._most = most
        self._waiting_bytes = waiting_bytes
        self._queue: deque[tuple[Received, Future[Any]]] = deque()
        self._bytes = 0
        self._closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="small-files", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Store what waits, refuse what comes later, and return when that is done."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def submit(self, received: Received) -> Future[Any]:
        future: Future[Any] = Future()
        size = received.blob.size
        with self._changed:
            if self._closing:
                refused = Unavailable("The server is shutting down")
            elif self._queue and self._bytes + size > self._waiting_bytes:
                refused = Unavailable(
                    f"{len(self._queue)} files wait to be stored, as many as the server holds",
                    hint="Send it again in a moment.",
                )
            else:
                refused = None
                self._queue.append((received, future))
                self._bytes += size
                self._changed.notify_all()
        if refused is not None:
            received.incoming.discard()
            future.set_exception(refused)
        return future

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._queue and not self._closing:
                    self._changed.wait()
                if not self._queue:
                    return
                count = min(len(self._queue), self._most)
                batch = [self._queue.popleft() for _ in range(count)]
            self._store(batch)
            with self._changed:
                self._bytes -= sum(received.blob.size for received, _ in batch)

    def _store(self, batch: Sequence[tuple[Received, Future[Any]]]) -> None:
        outcomes = self._outcomes([received for received, _ in batch])
        metrics.STORED_TOGETHER.observe(len(batch))
        for (received, future), outcome in zip(batch, outcomes, strict=True):
            received.incoming.discard()
            with contextlib.suppress(InvalidStateError):  # whoever waited has given up
                if isinstance(outcome, KisekiError):
                    future.set_exception(outcome)
                else:
                    future.set_result(outcome)

    def _outcomes(self, batch: Sequence[Received]) -> list[Any]:
        try:
            return self._keeper.keep(batch)
        except Unavailable as error:
            return [error] * len(batch)
        except Exception as error:
            if len(batch) > 1:  # one of them is to blame, the others shall not suffer for it
                return [outcome for one in batch for outcome in self._outcomes([one])]
            if not isinstance(error, KisekiError):
                log.exception("A file cannot be stored", digest=batch[0].blob.digest)
                error = KisekiError("The server failed to store this; its log says why")
            return [error]
