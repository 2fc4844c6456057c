"""Inserts of many callers as few: what comes while one is under way goes together afterwards."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future

import pyarrow as pa


class Together:
    """Collects the rows of callers that wait anyway.

    The first one inserts its own rows at once; those of everybody who comes meanwhile become one
    block. Each caller returns when its rows are stored, or fails with what went wrong.
    """

    def __init__(self, insert: Callable[[pa.Table], None]) -> None:
        self._insert = insert
        self._turn = threading.Lock()
        self._lock = threading.Lock()
        self._waiting: list[tuple[pa.Table, Future[None]]] = []

    def insert(self, rows: pa.Table) -> None:
        """Store the rows."""
        mine: Future[None] = Future()
        with self._lock:
            self._waiting.append((rows, mine))
        with self._turn:
            if not mine.done():
                self._store()
        mine.result()

    def _store(self) -> None:
        with self._lock:
            taken, self._waiting = self._waiting, []
        try:
            self._insert(pa.concat_tables([rows for rows, _ in taken]))
        except BaseException as error:  # noqa: BLE001
            # Every caller raises it.
            for _, future in taken:
                future.set_exception(error)
        else:
            for _, future in taken:
                future.set_result(None)
