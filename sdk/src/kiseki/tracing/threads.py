"""Threads and pools whose work belongs to the call that started it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent import futures
from concurrent.futures import Future
from contextvars import copy_context
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class ThreadPoolExecutor(futures.ThreadPoolExecutor):
    """`concurrent.futures.ThreadPoolExecutor` whose tasks run in the context of ``submit``."""

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        return super().submit(copy_context().run, fn, *args, **kwargs)


class Thread(threading.Thread):
    """`threading.Thread` that runs in the context of whoever made it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._context = copy_context()

    def run(self) -> None:
        self._context.run(super().run)
