"""Does several things at a time, on threads that no ending process waits for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
Work = TypeVar("Work")


def in_parallel(
    items: Iterable[T], new_worker: Callable[[], Work], do: Callable[[Work, T], None], most: int
) -> None:
    """Do something with each item; the first exception ends it and is raised here.

    Args:
        items: What is to be done.
        new_worker: Makes what each thread keeps for itself, such as a connection.
        do: Does it.
        most: How many threads there are.
    """
    waiting: Iterator[T] = iter(items)
    lock = threading.Lock()
    failures: list[BaseException] = []

    def work() -> None:
        worker = new_worker()
        try:
            while not failures:
                with lock:
                    try:
                        item = next(waiting)
                    except StopIteration:
                        return
                do(worker, item)
        except BaseException as error:  # noqa: BLE001 - it is raised where the work was asked for
            failures.append(error)
        finally:
            if callable(close := getattr(worker, "close", None)):
                close()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(most)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
