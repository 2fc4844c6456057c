"""Writes exports in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import structlog

from kiseki_server.domain.exports.service import ExportService
from kiseki_server.domain.exports.types import Export
from kiseki_server.domain.runs.types import Run
from kiseki_server.kit.errors import Unavailable
from kiseki_server.kit.ids import RunId

log = structlog.get_logger(__name__)

MOST = 1_000
"""Runs that may wait."""


class ExportWorker:
    """`Exporter` with one thread."""

    def __init__(self, service: ExportService) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._asked: dict[RunId, Future[Sequence[Export]]] = {}
        self._pool = ThreadPoolExecutor(1, "exports")

    def start(self) -> None:
        """Nothing to do: the thread begins with the first run."""

    def stop(self) -> None:
        """Finish the run that is being written, and forget those that wait."""
        self._pool.shutdown(cancel_futures=True)

    def ask(self, run: Run) -> Future[Sequence[Export]]:
        with self._lock:
            asked = self._asked.get(run.id)
            if asked is not None:
                return asked
            if len(self._asked) >= MOST:
                raise Unavailable(f"{MOST} runs wait to be exported; ask again in a moment")
            future = self._pool.submit(self._service.write, run)
            self._asked[run.id] = future
        future.add_done_callback(lambda done: self._end(run, done))
        return future

    def _end(self, run: Run, future: Future[Sequence[Export]]) -> None:
        with self._lock:
            self._asked.pop(run.id, None)
        error = None if future.cancelled() else future.exception()
        if error is not None:
            log.error("A history cannot be exported", run=run.id, exc_info=error)
