"""One at a time for each of many things."""

from __future__ import annotations

import threading
from collections.abc import Generator, Hashable
from contextlib import contextmanager


class Turns:
    """Who works at a thing lets others wait that would work at the same."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._busy: set[Hashable] = set()

    @contextmanager
    def of(self, thing: Hashable) -> Generator[None]:
        with self._changed:
            self._changed.wait_for(lambda: thing not in self._busy)
            self._busy.add(thing)
        try:
            yield
        finally:
            with self._changed:
                self._busy.discard(thing)
                self._changed.notify_all()
