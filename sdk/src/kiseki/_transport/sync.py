"""Sends a run directory in the foreground: what ``kiseki sync`` does for each."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from kiseki._transport.client import Client
from kiseki._transport.run_directory import Lock, RunDirectory
from kiseki._transport.sender import Sender
from kiseki._transport.source import count_records
from kiseki._transport.trainer import Trainer
from kiseki.errors import JournalCorruptError

_TAKE_OVER_S = 15.0
_NAP_S = 0.05
_STILL_WRITTEN_S = 300.0

Result = Literal["complete", "running", "incomplete", "refused", "busy"]


class Progress(msgspec.Struct, kw_only=True):
    """How far one run has come."""

    records: int
    acknowledged: int
    sent_bytes: int
    files: int
    """Files and the like that are still to be sent."""
    message: str | None


class Outcome(msgspec.Struct, kw_only=True):
    """What became of one run directory."""

    directory: str
    project: str
    run: str
    result: Result
    """``running``: the run goes on, and the server has all there is of it so far."""
    records: int
    acknowledged: int
    rejected: int
    url: str | None
    message: str | None

    @property
    def everything(self) -> bool:
        """The server has every record that is there."""
        return self.result in {"complete", "running"} and not self.rejected


def sync(
    path: Path,
    *,
    find_key: Callable[[str], str | None],
    base_url: str | None = None,
    patience_s: float = 60.0,
    report: Callable[[Progress], None] = lambda progress: None,
) -> Outcome:
    """Send what a run directory holds. Harmless to repeat and to interrupt.

    Args:
        path: The run directory.
        find_key: Gives the API key for a server's address.
        base_url: Send to this server instead of the run's own.
        patience_s: Give up after this long without an acknowledgement.
        report: Called after each step.

    Raises:
        ValueError: This is no run directory, or the address makes no sense.
    """
    directory = RunDirectory(path)
    url = base_url or directory.info.base_url
    trainer = Trainer(directory)
    lock = Lock(directory)
    if not lock.take() and (trainer.alive or not _take_over(lock)):
        return _busy(directory, running=trainer.alive)
    try:
        sender = Sender(directory, Client(url, find_key(url)))
        try:
            return _Work(directory, sender, trainer, patience_s, report).run()
        finally:
            sender.close()
            trainer.close()
    finally:
        lock.release()


class _Work:
    def __init__(
        self,
        directory: RunDirectory,
        sender: Sender,
        trainer: Trainer,
        patience_s: float,
        report: Callable[[Progress], None],
    ) -> None:
        self._directory = directory
        self._sender = sender
        self._trainer = trainer
        self._patience_s = patience_s
        self._report = report
        self._records = 0

    def run(self) -> Outcome:
        sender = self._sender
        sender.state.pid = os.getpid()
        running = self._still_running()
        self._records = _count(self._directory)
        try:
            complete = self._send_all(running)
        except KeyboardInterrupt:
            sender.say("gave_up", "interrupted; sync again to go on")
            raise
        running = running and sender.state.end is None
        if complete:
            sender.say("connected" if running else "done", sender.state.message)
            return self._outcome("running" if running else "complete")
        if sender.state.status == "refused":
            return self._outcome("refused")
        message = sender.state.message or "not everything was acknowledged"
        sender.say("gave_up", message)
        return self._outcome("incomplete")

    def _send_all(self, running: bool) -> bool:
        sender = self._sender
        asked = False
        last = time.monotonic()
        errands = (0, 0)
        while True:
            new = sender.poll()
            over = not running and not new and not sender.waiting
            sender.turn_errands(over=over or sender.main.exit_seen)
            self._tell()
            if errands != (errands := (sender.errands.done, sender.errands.sent_bytes)):
                last = time.monotonic()
            now = time.monotonic()
            if sender.waiting:
                if now < sender.not_before:
                    if now - last > self._patience_s or sender.state.status == "refused":
                        return False
                    time.sleep(_NAP_S)
                elif sender.send():
                    asked, last = True, time.monotonic()
                continue
            if new:
                continue
            if sender.damage is not None:
                sender.state.message = sender.damage
                return False
            if not running and sender.state.end is None and not sender.main.exit_seen:
                sender.tell_end(self._trainer.crash())
                continue
            if sender.state.errands:
                if now - last > self._patience_s:
                    return False
                time.sleep(_NAP_S)
                continue
            if asked or sender.main.position == 0:
                return True
            # Everything was acknowledged before; ask whether the server still has it.
            if now >= sender.not_before:
                asked = sender.heartbeat()
            elif now - last > self._patience_s or sender.state.status == "refused":
                return False
            else:
                time.sleep(_NAP_S)

    def _still_running(self) -> bool:
        """Whether the trainer may still write. From another machine nobody can see it."""
        start = self._trainer.start()
        host = start.environment.host if start is not None else None
        if host is None or host == socket.gethostname():
            return self._trainer.alive
        return time.time() - self._trainer.last_written() < _STILL_WRITTEN_S

    def _tell(self) -> None:
        state = self._sender.state
        self._report(
            Progress(
                records=self._records,
                acknowledged=sum(source.position for source in self._sender.sources),
                sent_bytes=self._sender.sent_bytes + self._sender.errands.sent_bytes,
                files=state.errands,
                message=state.message if state.status in {"retrying", "refused"} else None,
            )
        )

    def _outcome(self, result: Result) -> Outcome:
        state, info = self._sender.state, self._directory.info
        acknowledged = sum(source.position for source in self._sender.sources)
        return Outcome(
            directory=str(self._directory.path),
            project=info.project,
            run=info.run,
            result=result,
            records=max(self._records, acknowledged),
            acknowledged=acknowledged,
            rejected=state.rejected,
            url=state.url,
            message=state.message,
        )


def find_run_directories(path: Path) -> list[Path]:
    """The run directories at or in ``path``, oldest first."""
    if (path / "run.json").is_file():
        return [path]
    for folder in (path, path / "kiseki-runs"):
        if folder.is_dir():
            found = sorted(entry for entry in folder.iterdir() if (entry / "run.json").is_file())
            if found:
                return found
    return []


def _count(directory: RunDirectory) -> int:
    total = 0
    for name in directory.journals():
        try:
            total += count_records(directory.path / name)
        except JournalCorruptError:
            continue
    return total


def _take_over(lock: Lock) -> bool:
    """Ask the uploader that waits for better times to leave, and take its place."""
    deadline = time.monotonic() + _TAKE_OVER_S
    holder = lock.holder()
    if holder is not None and holder != os.getpid():
        try:
            os.kill(holder, signal.SIGTERM)
        except OSError:
            return lock.take()
    while not lock.take():
        if time.monotonic() > deadline:
            return False
        time.sleep(_NAP_S)
    return True


def _busy(directory: RunDirectory, *, running: bool) -> Outcome:
    state, info = directory.load_state(), directory.info
    why = "another process is sending it"
    if running and info.mode == "offline":
        why = "the run goes on, offline; sync again when it has ended"
    elif running:
        why = "the run goes on, and its own uploader is at work"
    return Outcome(
        directory=str(directory.path),
        project=info.project,
        run=info.run,
        result="busy",
        records=_count(directory),
        acknowledged=state.acknowledged + state.system_acknowledged,
        rejected=state.rejected,
        url=state.url,
        message=why,
    )
