"""Work that is done again and again in the background."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from kiseki_server.kit.errors import Unavailable

log = structlog.get_logger(__name__)


class Periodic:
    """Calls a job in a thread of its own, with a pause between two calls.

    A job that fails is logged and tried again after the next pause.
    """

    def __init__(self, name: str, seconds: float, job: Callable[[], object]) -> None:
        self._name = name
        self._seconds = seconds
        self._job = job
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Do not wait for the end of the pause; from whatever thread this is called."""
        self._wake.set()

    def stop(self) -> None:
        """Return when the job is over, if it runs."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(self._seconds)
            self._wake.clear()
            if self._stop.is_set():
                return
            try:
                self._job()
            except Unavailable as error:
                log.warning("a background job has to wait", job=self._name, reason=error.message)
            except Exception:
                log.exception("a background job failed", job=self._name)
