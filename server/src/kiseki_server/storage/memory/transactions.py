"""Transactions over stores in memory: one at a time, and never rolled back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class MemoryTransactions:
    """`UnitOfWork` for tests. A block that raises leaves behind what it wrote."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._callbacks: list[Callable[[], None]] = []

    @contextmanager
    def transaction(self, *, write: bool = False) -> Iterator[None]:
        with self._lock:
            self._depth += 1
            try:
                yield
            except BaseException:
                self._callbacks.clear()
                raise
            finally:
                self._depth -= 1
            callbacks: list[Callable[[], None]] = []
            if self._depth == 0:
                callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def on_commit(self, callback: Callable[[], None]) -> None:
        if self._depth == 0:
            raise RuntimeError("there is no transaction to wait for")
        self._callbacks.append(callback)
