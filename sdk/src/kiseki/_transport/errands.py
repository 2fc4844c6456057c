"""Errands: what records ask for beside batches, such as to bring a file to the server.

Each is brought by requests of its own, several at a time, and repeated until it is done: after a
kill it begins anew, which does no harm. Errands of one subject (the same file, say) keep their
order. What the server will not have goes to ``rejected.jsonl``, and all others go on.
"""

from __future__ import annotations

import contextlib
import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import msgspec

from kiseki._transport.batches import is_errand, read_errand
from kiseki._transport.client import Client, FileChangedError, SendError
from kiseki._transport.journal import JournalReader
from kiseki._transport.run_directory import RunDirectory, State
from kiseki._transport.source import Source
from kiseki.errors import JournalCorruptError
from kiseki.wire.records import Errand, File

log = logging.getLogger("kiseki.uploader")

_AT_A_TIME = 6
_READ_RECORDS = 10_000
_FIRST_BACKOFF_S = 0.25
_MOST_BACKOFF_S = 30.0
_REFUSED = frozenset({401, 402, 407, 511})
"""Somebody has to act, and then this errand is as good as any."""


class ErrandFailed(Exception):
    """No repetition will do it; the message says why."""


@dataclass(frozen=True, slots=True)
class Place:
    """The run that errands are for, as the server knows it."""

    folder: Path
    entity: str
    project: str
    run: str

    @property
    def project_path(self) -> str:
        """Below ``/api/v1``."""
        return f"/projects/{quote(self.entity, '')}/{quote(self.project, '')}"

    @property
    def run_path(self) -> str:
        """Below ``/api/v1``."""
        return f"{self.project_path}/runs/{quote(self.run, '')}"


@dataclass(slots=True)
class _Task:
    position: int
    errand: Errand
    payload: bytes | None
    failures: int = 0
    not_before: float = 0.0
    running: bool = False


Perform = Callable[[Errand, Place, Client, Callable[[int], None]], None]
"""Does an errand, or raises; tells of bytes that were sent."""

SubjectOf = Callable[[Errand], str]


class Errands:
    """Does the errands of one journal. `offer` and `turn` belong to the uploader's main thread."""

    def __init__(
        self,
        directory: RunDirectory,
        state: State,
        new_client: Callable[[], Client],
        perform: Perform,
        subject_of: SubjectOf,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._directory = directory
        self._state = state
        self._new_client = new_client
        self._perform = perform
        self._subject_of = subject_of
        self._clock = clock
        self._lock = threading.Lock()
        self._tasks: dict[int, _Task] = {}
        self._subjects: set[str] = set()
        self._workers = 0
        self._idle: list[Client] = []
        self._busy: set[Client] = set()
        self._place: Place | None = None
        self._refused: list[tuple[_Task, str]] = []
        self._extra = 0
        self._not_before = 0.0
        self._unreachable = 0
        self._read_to = state.errands_done
        self._stopped = False
        self.followed: Callable[[File], bool] = lambda file: True
        """Asked for each file whether it is to be sent now."""
        self.message: str | None = None
        """Why the last try failed, until one works."""
        self.sent_bytes = 0
        self.done = 0

    @property
    def waiting(self) -> int:
        """How many are to be done."""
        with self._lock:
            return len(self._tasks)

    @property
    def open(self) -> bool:
        """The server knows the run, so that errands can be done."""
        return self._place is not None

    def catch_up(self, position: int) -> None:
        """Take up what an earlier uploader has left before ``position``."""
        try:
            with JournalReader(self._directory.main, self._state.errands_done) as reader:
                while (at := reader.position) < position and (
                    records := reader.read(max_records=min(position - at, _READ_RECORDS))
                ):
                    for number, payload in enumerate(records, at):
                        self._offer(number, payload)
        except JournalCorruptError as error:
            log.warning("Errands behind a damaged place are passed over: %s", error)
        self._read_to = max(self._read_to, position)
        self._note()

    def take(self, source: Source) -> None:
        """Take up what has been read."""
        found, source.errands = source.errands, []
        for position, payload in found:
            self._offer(position, payload)
        self._read_to = max(self._read_to, source.position + len(source.pending))
        if found:
            self._note()

    def add(self, errand: Errand) -> None:
        """An errand that stands in no journal; it is forgotten with this process."""
        with self._lock:
            self._extra -= 1
            self._tasks[self._extra] = _Task(self._extra, errand, None)
        self._note()

    def again(self) -> None:
        """The server has lost the run: everything is to be brought once more."""
        self._state.errands_done = 0
        self.catch_up(self._read_to)

    def turn(
        self, entity: str | None, project: str, run: str
    ) -> list[tuple[int, str, bytes | None]]:
        """Go on; gives those that nobody will have, by position, with the reason.

        Call it only once the server knows the run.
        """
        if entity is not None and self._place is None:
            self._place = Place(self._directory.path, entity, project, run)
        self._start_workers()
        with self._lock:
            refused, self._refused = self._refused, []
        self._note()
        return [(task.position, reason, task.payload) for task, reason in refused]

    def hurry(self) -> None:
        """Try everything at once, whatever failed before."""
        with self._lock:
            self._not_before = 0.0
            for task in self._tasks.values():
                task.not_before = 0.0

    def new_key(self, key: str | None) -> None:
        """From now on the server is asked with another key."""
        with self._lock:
            for client in (*self._idle, *self._busy):
                client.api_key = key
        self.hurry()

    def stop(self) -> None:
        """Break off what is under way; any thread may call this."""
        self._stopped = True
        with self._lock:
            busy = list(self._busy)
        for client in busy:
            client.abort()

    def _offer(self, position: int, payload: bytes) -> None:
        if position < self._state.errands_done or not is_errand(payload):
            return
        try:
            errand = read_errand(payload)
        except msgspec.MsgspecError:
            return  # the batch that passes it over has told
        if isinstance(errand, File) and not self.followed(errand):
            return
        with self._lock:
            if position not in self._tasks:
                self._tasks[position] = _Task(position, errand, payload)

    def _note(self) -> None:
        with self._lock:
            numbered = [position for position in self._tasks if position >= 0]
            left = len(self._tasks) + len(self._refused)
            numbered += [task.position for task, _ in self._refused]
        self._state.errands = left
        self._state.errands_done = min(numbered, default=self._read_to)

    def _start_workers(self) -> None:
        while True:
            with self._lock:
                if self._stopped or self._place is None or self._workers >= _AT_A_TIME:
                    return
                task = self._next()
                if task is None:
                    return
                self._workers += 1
            threading.Thread(target=self._work, args=(task, self._place), daemon=True).start()

    def _next(self) -> _Task | None:
        """Something to do now, and mark it as begun."""
        now = self._clock()
        if now < self._not_before:
            return None
        blocked = set(self._subjects)
        for task in self._tasks.values():
            subject = self._subject_of(task.errand)
            if task.running or subject in blocked:
                continue
            if task.not_before > now:
                blocked.add(subject)  # the next of the subject waits for it
                continue
            task.running = True
            self._subjects.add(subject)
            return task
        return None

    def _work(self, task: _Task | None, place: Place) -> None:
        while task is not None:
            client = self._client()
            try:
                self._do(task, place, client)
            finally:
                with self._lock:
                    self._busy.discard(client)
                    self._idle.append(client)
                    task.running = False
                    self._subjects.discard(self._subject_of(task.errand))
            with self._lock:
                task = None if self._stopped else self._next()
                if task is None:
                    self._workers -= 1

    def _client(self) -> Client:
        with self._lock:
            client = self._idle.pop() if self._idle else self._new_client()
            self._busy.add(client)
            return client

    def _do(self, task: _Task, place: Place, client: Client) -> None:
        try:
            self._perform(task.errand, place, client, self._sent)
        except SendError as error:
            if error.status is None or error.status == 503:
                self._pause(error)
            elif error.cause == "retry" or error.problem.error == "unknown_run":
                self._failed(task, error.said, error.retry_after)
            elif error.status in _REFUSED:
                self._failed(task, error.said, _MOST_BACKOFF_S)
            else:
                self._refuse(task, error.said)
        except ErrandFailed as error:
            self._refuse(task, str(error))
        except FileNotFoundError as error:
            self._refuse(task, f"there is no file {error.filename}")
        except (OSError, FileChangedError) as error:
            self._failed(task, str(error), None)
        except Exception as error:
            log.exception("An errand failed")
            self._failed(task, f"{type(error).__name__}: {error}", _MOST_BACKOFF_S)
        else:
            with self._lock:
                self.message = None
                self._unreachable = 0
                self.done += 1
                if self._tasks.get(task.position) is task:
                    del self._tasks[task.position]

    def _pause(self, error: SendError) -> None:
        """There is no server now: nothing else is tried either."""
        with self._lock:
            rest = max(error.retry_after or 0.0, _backoff(self._unreachable))
            self._unreachable += 1
            self._not_before = self._clock() + rest
            self.message = error.said

    def _failed(self, task: _Task, message: str, wait: float | None) -> None:
        rest = max(wait or 0.0, _backoff(task.failures))
        with self._lock:
            task.failures += 1
            task.not_before = self._clock() + rest
            self.message = message

    def _refuse(self, task: _Task, reason: str) -> None:
        with self._lock:
            if self._tasks.get(task.position) is task:
                del self._tasks[task.position]
            self._refused.append((task, reason))

    def _sent(self, count: int) -> None:
        with self._lock:
            self.sent_bytes += count

    def close(self) -> None:
        """Close the connections that nobody uses."""
        with self._lock, contextlib.suppress(OSError):
            for client in self._idle:
                client.close()


def _backoff(failures: int) -> float:
    most = min(_MOST_BACKOFF_S, _FIRST_BACKOFF_S * 2 ** min(failures, 20))
    return random.uniform(most / 2, most)  # noqa: S311
