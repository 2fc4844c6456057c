"""Writes system metrics and slow facts into a journal of the uploader's own."""

from __future__ import annotations

import logging
import threading
import time
from typing import Protocol

import msgspec

from kiseki._transport import environment
from kiseki._transport.journal import JournalWriter
from kiseki._transport.run_directory import RunDirectory
from kiseki._transport.source import count_records
from kiseki.errors import JournalFullError
from kiseki.wire.records import Start, System

log = logging.getLogger("kiseki.uploader")

_SEGMENT_BYTES = 256 << 10


class _Metrics(Protocol):
    def sample(self) -> dict[str, float]: ...


class Sampler:
    """A thread that samples until it is told to stop."""

    def __init__(self, directory: RunDirectory, start: Start, pid: int, *, sample: bool) -> None:
        """Begin with the facts about the process ``pid``; ``sample``: go on with metrics."""
        self.journal = directory.new_system_journal()
        """Name of the journal that this sampler writes."""
        self._directory = directory
        self._start = start
        self._pid = pid
        self._sample_too = sample and directory.info.settings.system_metrics
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._guarded, name="sampler", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """No further sample is begun."""
        self._stop.set()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def _guarded(self) -> None:
        try:
            self._run()
        except Exception:
            log.exception("No more system metrics")

    def _run(self) -> None:
        settings = self._directory.info.settings
        encode = msgspec.msgpack.Encoder().encode
        facts = self._start.environment
        if settings.environment:
            facts = environment.complete(facts, self._pid)
        step = sum(
            count_records(self._directory.path / name)
            for name in self._directory.journals()
            if name not in {"journal", self.journal}
        )
        writer = JournalWriter(self._directory.path / self.journal, segment_bytes=_SEGMENT_BYTES)
        try:
            start = Start(
                version=self._start.version,
                time=self._start.time,
                display_name=None,
                group=None,
                job_type=None,
                tags=None,
                notes=None,
                label=self._start.label,
                environment=facts,
            )
            writer.append(encode(start))
            if not self._sample_too:
                return
            try:
                from kiseki._transport.system_metrics import SystemMetrics
            except ImportError as error:
                log.warning("No system metrics: %s", error)
                return
            metrics = SystemMetrics(self._pid, settings, self._start.label)
            try:
                self._sample(writer, metrics, step)
            finally:
                metrics.close()
        finally:
            writer.close()

    def _sample(self, writer: JournalWriter, metrics: _Metrics, step: int) -> None:
        interval = max(self._directory.info.settings.system_interval_s, 0.1)
        encode = msgspec.msgpack.Encoder().encode
        begin = due = time.monotonic()
        full = False
        while True:
            values = metrics.sample()
            if values:
                try:
                    writer.append(encode(System(step=step, time=time.time(), values=values)))
                    full = False
                except JournalFullError as error:
                    if not full:
                        log.error("System metrics are lost: %s", error)
                    full = True
                step += 1
            # Denser at first, so that a run of a few seconds has a curve, too.
            pause = min(interval, max(1.0, (due - begin) / 5))
            due = max(due + pause, time.monotonic())
            if self._stop.wait(due - time.monotonic()):
                return
