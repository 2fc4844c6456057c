"""How far an evaluation has come, for people."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an evaluation has come."""

    done: int
    failed: int
    total: int
    seconds: float
    """Since it began, or went on."""
    computed: int
    """Of those that are done, how many this process has computed."""

    @property
    def left_s(self) -> float | None:
        """Seconds that it will still take, as far as one can tell."""
        if not self.computed or self.seconds <= 0:
            return None
        return (self.total - self.done) * self.seconds / self.computed

    def __str__(self) -> str:
        parts = [f"{self.done}/{self.total} rows"]
        if self.failed:
            parts.append(f"{self.failed} failed")
        if self.computed and self.seconds > 0:
            parts.append(f"{self.computed / self.seconds:.1f} a second")
        if (left := self.left_s) is not None and self.done < self.total:
            parts.append(f"{left:.0f} s left")
        return ", ".join(parts)


class Reporter:
    """Tells the progress: a line that changes in a terminal, a line for each tenth elsewhere."""

    def __init__(
        self,
        name: str,
        total: int,
        before: int,
        *,
        silent: bool,
        listener: Callable[[Progress], None] | None,
    ) -> None:
        self._name = name
        self._total = total
        self._before = before
        self._done = before
        self._failed = 0
        self._silent = silent
        self._listener = listener
        self._begun = time.monotonic()
        self._told = -1

    def step(self, *, failed: bool) -> None:
        """One more trial is over."""
        self._done += 1
        self._failed += failed
        progress = Progress(
            done=self._done,
            failed=self._failed,
            total=self._total,
            seconds=time.monotonic() - self._begun,
            computed=self._done - self._before,
        )
        if self._listener is not None:
            self._listener(progress)
        if self._silent:
            return
        terminal = sys.stderr.isatty()
        tenth = 10 * self._done // max(self._total, 1)
        last = self._done == self._total
        if terminal:
            end = "\n" if last else ""
            print(f"\rkiseki: {self._name}: {progress}\033[K", end=end, file=sys.stderr, flush=True)
        elif tenth > self._told or last:
            self._told = tenth
            print(f"kiseki: {self._name}: {progress}", file=sys.stderr)
