"""The uploader: ``python -m kiseki._transport.uploader RUN_DIR``.

A process beside the trainer. It sends what the trainer's journal holds, samples system metrics,
and stays after the trainer's end until the server has everything or the deadline is over.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType

from kiseki._transport.client import Client
from kiseki._transport.run_directory import MAIN, Lock, RunDirectory
from kiseki._transport.sampler import Sampler
from kiseki._transport.segment import segment_numbers, segment_path
from kiseki._transport.sender import Sender
from kiseki._transport.trainer import Trainer
from kiseki.settings import api_key

log = logging.getLogger("kiseki.uploader")

_SEND_EVERY_S = 0.25
_SHORTEST_NAP_S = 0.005
_NAP_S = 0.05
_LONG_NAP_S = 0.1
_IDLE_AFTER_S = 10.0
_OFFLINE_NAP_S = 1.0
_GRACE_S = 5.0
_MOST_PAUSE_S = 30.0
_FRESH_S = 60.0


class Uploader:
    """One run directory's upload, from now to its end."""

    def __init__(self, directory: RunDirectory) -> None:
        """Raises `ValueError` if the server's address makes no sense."""
        self._directory = directory
        self._client = Client(directory.info.base_url, api_key(directory.info.base_url))
        self._sender = Sender(directory, self._client)
        self._trainer = Trainer(directory)
        self._offline = directory.info.mode == "offline"
        self._sampler: Sampler | None = None
        self._wake = threading.Event()
        self._nap = _SHORTEST_NAP_S
        self._last_new = time.monotonic()
        self._over_since: float | None = None
        self._tried_after_end = False
        self._stop_at: float | None = None

    def run(self) -> None:
        """Work until there is nothing left to do. No exception of ours ends it."""
        state = self._sender.state
        state.pid = os.getpid()
        self._sender.say("offline" if self._offline else "starting")
        self._sender.save()
        pause = 1.0
        while True:
            try:
                nap = self._turn()
            except Exception as error:
                log.exception("Going on after an error")
                if not self._directory.path.is_dir():
                    log.error("%s is gone", self._directory.path)
                    break
                self._sender.say("retrying", f"{type(error).__name__}: {error}")
                nap, pause = pause, min(pause * 2, _MOST_PAUSE_S)
                if self._stop_at is not None:
                    break
            if nap is None:
                break
            if nap:
                self._wake.wait(nap)
        self._sender.close()

    def stop(self) -> None:
        """Send what can be sent within a few seconds, then end. Safe in a signal handler."""
        if self._stop_at is None:
            self._stop_at = time.monotonic() + _GRACE_S
            timer = threading.Timer(_GRACE_S, self._sender.abort)
            timer.daemon = True
            timer.start()
            self._wake.set()

    def _turn(self) -> float | None:
        """Do what is due; returns for how long to rest, ``None`` for ever."""
        sender, now = self._sender, time.monotonic()
        # A signal that comes during this turn has to wait for a look at what was written before.
        stop_at = self._stop_at
        # First the look at the trainer: what it wrote before it died is then in the journal.
        self._watch(now)
        sender.look_for_journals()
        new = False if self._offline else sender.poll()
        if sender.main.exit_seen:
            self._is_over(now)
        if self._sampler is not None and self._sampler.running and self._ending:
            self._sampler.stop()
        if self._offline:
            return self._offline_turn()
        if self._over_since is not None and not new:
            if not sender.main.pending and not sender.main.exit_seen and sender.state.end is None:
                sender.tell_end(self._trainer.crash())
            sender.turn_errands(over=True)
            if self._finished(now):
                return None
        else:
            sender.turn_errands(over=False)
        if stop_at is not None and (now >= stop_at or not self._promising):
            # While the trainer lives, it may start another uploader.
            over = self._over_since is not None
            sender.say("gave_up" if over else "retrying", f"stopped by a signal; {self._goes_on}")
            return None
        if sender.waiting and now >= sender.not_before:
            due = sender.last_sent + _SEND_EVERY_S
            if sender.full or self._ending or now >= due:
                self._tried_after_end = self._over_since is not None
                sender.send()
                self._look_for_key()
                self._nap = _SHORTEST_NAP_S
                return 0.0
            self._nap = min(self._rest(now, new=new), due - now)
            return self._nap
        if now - sender.last_sent >= self._directory.info.settings.heartbeat_s and (
            now >= sender.not_before
        ):
            sender.heartbeat()
            self._look_for_key()
        return self._rest(now, new=new)

    def _look_for_key(self) -> None:
        """After a refusal: there may be a key by now, since a server that starts makes one."""
        if self._sender.state.status == "refused":
            key = api_key(self._directory.info.base_url)
            if key != self._client.api_key:
                self._sender.new_key(key)
                self._sender.not_before = 0.0
                self._tried_after_end = False

    @property
    def _ending(self) -> bool:
        return self._over_since is not None or self._stop_at is not None

    @property
    def _promising(self) -> bool:
        """Something waits, and the server took what was sent last."""
        sender = self._sender
        waiting = sender.waiting or bool(sender.state.errands)
        return waiting and sender.state.status in {"starting", "connected"}

    def _finished(self, now: float) -> bool:
        """Whether nothing is left to do after the trainer's end."""
        sender, info = self._sender, self._directory.info
        sampling = self._sampler is not None and self._sampler.running
        stuck = sender.damage is not None and not sender.waiting and not sender.state.errands
        if (sender.complete or stuck) and not sampling:
            sender.look_for_journals()
            if sender.poll():
                return False
            if sender.damage:
                sender.say("gave_up", sender.damage)
                return True
            sender.say("done", sender.state.message)
            if not info.settings.keep_journal and not sender.state.rejected:
                self._drop_journals()
            return True
        if sender.state.status == "refused" and self._tried_after_end:
            log.error("Gave up: %s; %s", sender.state.message, self._goes_on)
            return True
        over_since = now if self._over_since is None else self._over_since
        if now - over_since > info.upload_deadline_s:
            message = sender.state.message or "the deadline for the upload is over"
            log.error("Gave up: %s; %s", message, self._goes_on)
            sender.say("gave_up", f"{message}; {self._goes_on}")
            return True
        return False

    @property
    def _goes_on(self) -> str:
        return f"`kiseki sync {self._directory.path}` sends the rest"

    def _offline_turn(self) -> float | None:
        if self._over_since is None and self._stop_at is None:
            return _OFFLINE_NAP_S
        if self._sampler is not None and self._sampler.running:
            return _NAP_S
        self._sender.say("offline", f"nothing was sent; {self._goes_on}")
        return None

    def _watch(self, now: float) -> None:
        """See whether the trainer is at its end, and begin to sample when it has begun."""
        if self._over_since is None and (
            self._sender.state.end is not None or self._trainer.over(now, look=self._blind)
        ):
            self._is_over(now)
        pid, settings = self._trainer.pid, self._directory.info.settings
        if pid is None or not (settings.system_metrics or settings.environment):
            return
        if self._sampler is None and (not self._ending or self._late):
            start = self._trainer.start()
            if start is not None:
                self._sampler = Sampler(self._directory, start, pid, sample=not self._ending)

    @property
    def _late(self) -> bool:
        """The run was over before this uploader was there, and nobody has found its facts yet."""
        return (
            self._stop_at is None
            and self._directory.journals() == [MAIN]
            and abs(time.time() - self._trainer.last_written()) < _FRESH_S
        )

    def _is_over(self, now: float) -> None:
        if self._over_since is None:
            self._over_since = now
            # One try at once: the trainer may be waiting for it.
            self._sender.not_before = now
            self._sender.errands.hurry()

    @property
    def _blind(self) -> bool:
        """The sender does not read to the journal's end, where an `Exit` record would be."""
        return self._offline or self._sender.full

    def _rest(self, now: float, *, new: bool) -> float:
        if new:
            self._last_new = now
            self._nap = _SHORTEST_NAP_S
        else:
            idle = now - self._last_new > _IDLE_AFTER_S
            self._nap = min(self._nap * 1.5, _LONG_NAP_S if idle else _NAP_S)
        return self._nap

    def _drop_journals(self) -> None:
        for name in self._directory.journals():
            journal = self._directory.path / name
            for number in segment_numbers(journal):
                with contextlib.suppress(OSError):
                    segment_path(journal, number).unlink()


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m kiseki._transport.uploader RUN_DIR", file=sys.stderr)
        return 2
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s"
    )
    try:
        directory = RunDirectory(Path(arguments[0]).resolve())
        lock = Lock(directory)
        if not lock.take():
            log.info("Another uploader is at work")
            return 0
    except (ValueError, OSError) as error:
        log.error("%s", error)
        return 2
    try:
        uploader = Uploader(directory)
    except ValueError as error:
        log.error("%s", error)
        state = directory.load_state()
        state.pid, state.status, state.message = os.getpid(), "refused", str(error)
        directory.save_state(state)
        return 2
    with contextlib.suppress(OSError):
        os.nice(5)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        uploader.stop()

    signal.signal(signal.SIGTERM, stop)
    uploader.run()
    lock.release()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
