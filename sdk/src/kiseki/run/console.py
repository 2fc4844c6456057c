"""Keeps the lines that a program writes to standard output and error.

The ``write`` of the stream object itself is wrapped, so whoever holds the stream, such as a
logging handler made earlier, is heard, too. What goes around Python's stream objects (a C
library's output) is not.
"""

from __future__ import annotations

import itertools
import os
import re
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

MOST_CHARACTERS = 8192
"""What is longer is cut."""
REWRITE_SECONDS = 1.0
"""A line that changes, such as a progress bar, is written again at most this often."""
_WINDOW = 64
"""Lines above the last one that cursor movements can still reach."""

_CONTROL = re.compile(r"(\r|\n|\x1b\[\d*[ABK])")


class Line(NamedTuple):
    """A line, or its new state when the number was there before."""

    number: int
    time: float
    error: bool
    text: str


class _Row:
    __slots__ = ("emitted", "emitted_at", "number", "text")

    def __init__(self, number: int, now: float) -> None:
        self.number = number
        self.text = ""
        self.emitted: str | None = None
        self.emitted_at = now


class Screen:
    """What a terminal would show of a stream: carriage returns and cursor movements resolved."""

    def __init__(self, error: bool, numbers: Iterator[int]) -> None:
        self._error = error
        self._numbers = numbers
        self._rows: dict[int, _Row] = {}
        self._row: int = 0
        self._bottom: int = 0
        self._fresh = True
        self._dirty: dict[_Row, None] = {}

    def feed(self, text: str, now: float) -> list[Line]:
        """Take in what was written; gives the lines that are new or due again."""
        lines: list[Line] = []
        if "\r" not in text and "\x1b[" not in text:
            first = True
            for part in text.split("\n"):
                if not first:
                    self._newline(now, lines)
                if part:
                    self._put(part, now)
                first = False
        else:
            for part in _CONTROL.split(text):
                if part == "\n":
                    self._newline(now, lines)
                elif part == "\r":
                    self._fresh = True
                elif part[:2] == "\x1b[" and part[-1] in "ABK" and _CONTROL.fullmatch(part):
                    self._control(part)
                elif part:
                    self._put(part, now)
        self._emit_due(now, lines)
        return lines

    def finish(self, now: float) -> list[Line]:
        """The last state of everything that has not been given yet."""
        lines: list[Line] = []
        for row in list(self._dirty):
            self._emit(row, now, lines)
        return lines

    def _put(self, text: str, now: float) -> None:
        row = self._rows.get(self._row)
        if row is None:
            row = self._rows[self._row] = _Row(next(self._numbers), now)
        if self._fresh:
            row.text = text[: MOST_CHARACTERS + 1]
            self._fresh = False
        elif len(row.text) <= MOST_CHARACTERS:
            row.text += text[: MOST_CHARACTERS + 1 - len(row.text)]
        self._dirty[row] = None

    def _newline(self, now: float, lines: list[Line]) -> None:
        row = self._rows.get(self._row)
        if row is None:
            row = self._rows[self._row] = _Row(next(self._numbers), now)
        if row.emitted is None or self._row == self._bottom:
            self._emit(row, now, lines)
        self._row += 1
        self._fresh = True
        if self._row > self._bottom:
            self._bottom = self._row
            leaving = self._rows.pop(self._row - _WINDOW, None)
            if leaving is not None:
                self._emit(leaving, now, lines)

    def _control(self, code: str) -> None:
        count = int(code[2:-1] or 1)
        if code[-1] == "A":
            self._row = max(self._row - count, self._bottom - _WINDOW + 1, 0)
        elif code[-1] == "B":
            self._row = min(self._row + count, self._bottom)
        elif self._fresh and (row := self._rows.get(self._row)) is not None:
            row.text = ""
            self._dirty[row] = None

    def _emit_due(self, now: float, lines: list[Line]) -> None:
        for row in [r for r in self._dirty if now - r.emitted_at >= REWRITE_SECONDS]:
            self._emit(row, now, lines)

    def _emit(self, row: _Row, now: float, lines: list[Line]) -> None:
        self._dirty.pop(row, None)
        if row.text == row.emitted:
            return
        row.emitted, row.emitted_at = row.text, now
        text = row.text
        if len(text) > MOST_CHARACTERS:
            text = text[:MOST_CHARACTERS] + "…"
        lines.append(Line(row.number, now, self._error, text))


Sink = Callable[[Line], None]


class Console:
    """Captures standard output and error for one run, from ``start`` to ``stop``."""

    def __init__(self, sink: Sink, *, clock: Callable[[], float] = time.time) -> None:
        self._sink = sink
        self._clock = clock
        self._numbers = itertools.count()
        self._queue: deque[tuple[Screen, float, str]] = deque()
        self._draining = threading.Lock()
        self._screens: list[Screen] = []
        self._restores: list[Callable[[], None]] = []
        self._active = False
        self._failed = False

    def start(self) -> None:
        self._active = True
        _consoles.append(self)
        for stream, error in ((sys.stdout, False), (sys.stderr, True)):
            screen = Screen(error, self._numbers)
            self._screens.append(screen)
            if (restore := _tap(stream, self._hearer(screen))) is not None:
                self._restores.append(restore)

    def stop(self) -> None:
        """Give the last states and let go of the streams. Harmless twice."""
        if not self._active:
            return
        for restore in self._restores:
            restore()
        self._active = False
        self._drain()
        # Another thread may be at it; but it may also be this one, interrupted in the middle.
        if self._draining.acquire(timeout=1.0):
            self._draining.release()
        now = self._clock()
        for screen in self._screens:
            for line in screen.finish(now):
                self._give(line)
        _consoles.remove(self)

    def _hearer(self, screen: Screen) -> Callable[[str], None]:
        def hear(text: str) -> None:
            if self._active:
                self._queue.append((screen, self._clock(), text))
                self._drain()

        return hear

    def _drain(self) -> None:
        """Work through what was written. One thread does it; a write from within waits in line."""
        while self._queue and self._draining.acquire(blocking=False):
            try:
                while self._queue:
                    screen, now, text = self._queue.popleft()
                    for line in screen.feed(text, now):
                        self._give(line)
            finally:
                self._draining.release()

    def _give(self, line: Line) -> None:
        try:
            self._sink(line)
        except Exception as error:  # noqa: BLE001
            # A print must not fail because the disk is full.
            if not self._failed and self._active:
                self._failed = True
                os.write(2, f"kiseki: console output is no longer kept: {error}\n".encode())

    def abandon(self) -> None:
        """In a forked child: only let the streams be."""
        self._active = False
        self._queue.clear()


_consoles: list[Console] = []


def _abandon_all() -> None:
    for console in _consoles:
        console.abandon()
    _consoles.clear()


os.register_at_fork(after_in_child=_abandon_all)


def _tap(stream: Any, hear: Callable[[str], None]) -> Callable[[], None] | None:
    """Let ``hear`` know what is written to a stream; gives the way back."""
    try:
        original = stream.write
    except AttributeError:  # pythonw and some services have no streams
        return None

    def write(text: Any) -> Any:
        written = original(text)
        if isinstance(text, str):
            hear(text)
        return written

    own = getattr(stream, "__dict__", {}).get("write")
    try:
        stream.write = write
    except AttributeError:
        return None

    def restore() -> None:
        # If somebody else has wrapped the stream after us, our link of the chain stays and is idle.
        if getattr(stream, "__dict__", {}).get("write") is write:
            if own is None:
                del stream.write
            else:
                stream.write = own

    return restore
