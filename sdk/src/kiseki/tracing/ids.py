"""Ids of calls: UUIDs of version 7, which sort by time."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import count
from time import time_ns

_LOW = (1 << 62) - 1
_ALL = (1 << 74) - 1


class _Numbers:
    next: Callable[[], int]

    def seed(self) -> None:
        # A stride from a random place never meets itself again in a process, and costs no system
        # call.
        start, stride = (int.from_bytes(os.urandom(10), "big") & _ALL for _ in range(2))
        self.next = count(start, stride | 1).__next__


_numbers = _Numbers()
_numbers.seed()
os.register_at_fork(after_in_child=_numbers.seed)


def new_id(now_ns: int | None = None) -> str:
    """A new id, made at ``now_ns`` nanoseconds since 1970."""
    bits = _numbers.next() & _ALL
    milliseconds = (time_ns() if now_ns is None else now_ns) // 1_000_000
    text = f"{milliseconds:012x}7{bits >> 62:03x}{(2 << 62) | (bits & _LOW):016x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
