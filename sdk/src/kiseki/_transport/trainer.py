"""The trainer, seen from outside."""

from __future__ import annotations

import time

from kiseki._transport import batches, processes
from kiseki._transport.journal import JournalReader
from kiseki._transport.run_directory import RunDirectory
from kiseki._transport.segment import segment_numbers, segment_path
from kiseki.errors import JournalCorruptError
from kiseki.wire.batch import RunEnd
from kiseki.wire.records import Start

_WATCH_EVERY_S = 1.0


class Trainer:
    """The process that writes a run directory's journal."""

    def __init__(self, directory: RunDirectory) -> None:
        info = directory.info
        self.pid = info.pid
        self._pid_started = info.pid_started
        self._main = directory.main
        self._looked = -1e9
        self._was_alive = False
        self._reader = JournalReader(self._main)
        self._exited = False

    @property
    def alive(self) -> bool:
        return self.pid is not None and processes.alive(self.pid, self._pid_started)

    def over(self, now: float, *, look: bool) -> bool:
        """Whether the run is at its end; ``look``: also for an `Exit` record in the journal."""
        if now - self._looked < _WATCH_EVERY_S:
            return False
        self._looked = now
        if look and self._look_for_exit():
            return True
        if self.pid is None or self.alive:
            self._was_alive = True
            return False
        return True

    def start(self) -> Start | None:
        """The journal's first record, once it is there."""
        with JournalReader(self._main) as reader:
            first = reader.read(max_records=1)
        return batches.read_start(first[0]) if first else None

    def close(self) -> None:
        self._reader.close()

    def crash(self) -> RunEnd:
        """The end of a run that nobody ended."""
        return RunEnd(
            state="crashed",
            time=time.time() if self._was_alive else self.last_written(),
            reason="the process ended without finishing the run",
        )

    def _look_for_exit(self) -> bool:
        try:
            while not self._exited and (payloads := self._reader.read()):
                self._exited = any(map(batches.is_exit, payloads))
        except JournalCorruptError:
            return False
        return self._exited

    def last_written(self) -> float:
        """Wall time of the last change of the journal, as far as the file system knows."""
        times = [
            segment_path(self._main, number).stat().st_mtime
            for number in segment_numbers(self._main)
        ]
        return max(times, default=time.time())
