"""Brings the journals of a run directory to the server.

Positions decide everything: whatever happens, the sender goes on from where the server stands,
and the server drops what it has. So no failure needs a rule of its own, only a place to go on.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from dataclasses import replace

from kiseki._transport.batches import Limits, empty, encode, is_start
from kiseki._transport.client import Client, SendError
from kiseki._transport.errand_work import perform, subject_of
from kiseki._transport.errands import Errands
from kiseki._transport.followed import Followed
from kiseki._transport.rejected import Rejected
from kiseki._transport.run_directory import RunDirectory, State, Status
from kiseki._transport.source import Source
from kiseki.errors import JournalCorruptError
from kiseki.wire.batch import Acknowledgement, Batch, Problem, RunEnd

log = logging.getLogger("kiseki.uploader")

_FIRST_BACKOFF_S = 0.25
_MOST_BACKOFF_S = 30.0
_REFUSED_BACKOFF_S = 30.0
_ERRAND_TIMEOUT_S = 600.0
"""A server that takes a large file reads it through once more."""
_SMALLEST_BATCH_BYTES = 4096
_LOUD_FAILURES = 3
"""One after the other, before the log tells: a retry that works is no news."""


class Sender:
    """Sends batches one after the other, each from where the last acknowledgement stands."""

    def __init__(
        self,
        directory: RunDirectory,
        client: Client,
        *,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.directory = directory
        self.state: State = directory.load_state()
        if self.state.server != client.base_url:
            if self.state.server is not None:
                # What one server has acknowledged says nothing about another.
                self.state.positions, self.state.end_told = {}, []
                self.state.url = self.state.entity = None
                self.state.errands_done, self.state.followed = 0, {}
            self.state.server = client.base_url
        self.not_before = 0.0
        """On the monotonic clock: there is no point in a try before."""
        self.last_sent = -1e9
        self.sent_bytes = 0
        self._client = client
        self._clock = clock
        self._limits = limits or Limits()
        self._most_records = self._limits.records
        self._failures = 0
        self._gaps = 0
        self._restarts = 0
        self._save_failed = False
        self._damaged: dict[str, str] = {}
        self._rejected = Rejected(directory.path)
        self.state.rejected = len(self._rejected)
        self.sources: list[Source] = []
        self.look_for_journals()
        self.errands = Errands(directory, self.state, self._another_client, perform, subject_of)
        self._followed = Followed(directory, self.state, self.errands)
        self._trouble: str | None = None
        self.errands.catch_up(self.main.position)

    @property
    def main(self) -> Source:
        return self.sources[0]

    def look_for_journals(self) -> None:
        """Take up journals that have come into being."""
        known = {source.name for source in self.sources}
        for name in self.directory.journals():
            if name not in known:
                self.sources.append(
                    Source(
                        self.directory.path / name,
                        self.directory.origin(name),
                        self.state.positions.get(name, 0),
                    )
                )

    def poll(self) -> bool:
        """Read what is new in the journals; tells whether there was anything."""
        new = False
        for source in self.sources:
            try:
                new = source.poll() or new
            except JournalCorruptError as error:
                new = self._pass_damage(source, error) or new
        self.errands.take(self.main)
        return new

    def turn_errands(self, *, over: bool) -> None:
        """Go on with files and the like; ``over``: the program writes none any more."""
        if self.main.position == 0:
            return
        before = self.state.errands, self.state.errands_done, self.state.rejected
        if over:
            self._followed.end()
        self._followed.turn(self._clock())
        origin = self.main.origin
        for position, reason, payload in self.errands.turn(
            self.state.entity, origin.project, origin.run
        ):
            self._set_aside(self.main, position, reason, payload, errand=True)
        if self.errands.message != self._trouble:
            self._trouble = self.errands.message
            if self._trouble is not None:
                self.say("retrying", self._trouble)
            elif not self._failures and self.state.status == "retrying":
                self.say("connected", self._rejections)
        if before != (self.state.errands, self.state.errands_done, self.state.rejected):
            self.save()

    def new_key(self, key: str | None) -> None:
        """From now on the server is asked with another key."""
        self._client.api_key = key
        self.errands.new_key(key)

    def abort(self) -> None:
        """Break off what is under way; any thread may call this."""
        self._client.abort()
        self.errands.stop()

    def _another_client(self) -> Client:
        client = self._client
        return Client(client.base_url, client.api_key, answer_timeout_s=_ERRAND_TIMEOUT_S)

    @property
    def full(self) -> bool:
        """More waits than fits into one batch."""
        return any(
            len(source.pending) >= self._limits.records
            or source.pending_bytes >= self._limits.bytes
            for source in self.sources
        )

    @property
    def waiting(self) -> bool:
        """There is something to send."""
        return self._choose() is not None

    @property
    def complete(self) -> bool:
        """All that has been read is on the server, and so is the end if there is one."""
        return not self.state.errands and not any(
            source.pending or self._owes_end(source) for source in self.sources
        )

    @property
    def damage(self) -> str | None:
        """What keeps a journal from being read any further."""
        return "; ".join(self._damaged.values()) or None

    def tell_end(self, end: RunEnd) -> None:
        """Set how the run ended, where no `Exit` record does."""
        if self.state.end is None:
            self.state.end = end
            self.save()

    def send(self) -> bool:
        """Send one batch; ``False`` if that brought nothing further.

        Nothing is raised for what a server or a network does: the state tells.
        """
        source = self._choose()
        if source is None:
            return False
        try:
            return self._send_from(source)
        except SendError as error:
            self._failed(source, error)
            return False

    def heartbeat(self) -> bool:
        """Tell the server that the run lives, or how it ended; ``False`` if that failed."""
        source = self.main
        if source.position == 0:
            return False
        try:
            batch = empty(source.origin, source.position, end=self.state.end)
            self._acknowledged(source, self._exchange(batch))
        except SendError as error:
            self._failed(source, error)
            return False
        return True

    def say(self, status: Status, message: str | None = None) -> None:
        """Set the status that trainer and user see."""
        if (status, message) != (self.state.status, self.state.message):
            self.state.status, self.state.message = status, message
            self.save()

    def save(self) -> None:
        """Save the state; the upload goes on where that fails, since the server knows it too."""
        self.state.positions = {source.name: source.position for source in self.sources}
        try:
            self.directory.save_state(self.state)
            self._save_failed = False
        except OSError as error:
            if not self._save_failed:
                log.warning("Cannot save the state of the upload: %s", error)
            self._save_failed = True

    def close(self) -> None:
        self._client.close()
        self.errands.stop()
        self.errands.close()
        for source in self.sources:
            source.close()

    def _choose(self) -> Source | None:
        # The trainer's journal first: it creates the run.
        for source in self.sources:
            if source is not self.main and self.main.position == 0:
                return None
            if source.pending or self._owes_end(source):
                return source
        return None

    def _owes_end(self, source: Source) -> bool:
        return (
            self.state.end is not None
            and source.name not in self.state.end_told
            and (source.position > 0 or bool(source.pending))
        )

    def _send_from(self, source: Source) -> bool:
        built = source.build(replace(self._limits, records=self._most_records))
        batch = built.batch
        for oddity in built.oddities:
            if oddity.kind is not None:
                log.warning(
                    "Record %d of %s passed over: %s; a newer kiseki can send it",
                    oddity.position,
                    source.name,
                    oddity.message,
                )
            else:
                payload = source.pending[oddity.position - source.position]
                self._set_aside(source, oddity.position, oddity.message, payload)
        end = batch.end or self.state.end
        batch.end = end
        try:
            answer = self._exchange(batch)
        except SendError as error:
            if error.cause != "content":
                raise
            return self._narrow(source, built.taken, error)
        if answer.next <= batch.first < batch.next:
            raise SendError(
                "retry",
                Problem(
                    error="no_progress",
                    message=f"the server acknowledged {answer.next} of a batch that "
                    f"begins at {batch.first}",
                ),
            )
        whole = answer.next >= batch.next and built.taken == len(source.pending)
        self.state.end = end
        if end is not None and whole and source.name not in self.state.end_told:
            self.state.end_told.append(source.name)
        self._most_records = min(self._limits.records, self._most_records * 2)
        self._acknowledged(source, answer)
        return True

    def _exchange(self, batch: Batch) -> Acknowledgement:
        # Whose default entity it was at first: it may be another's by now.
        batch.entity = batch.entity or self.state.entity
        body = encode(batch)
        self.last_sent = self._clock()
        answer = self._client.ingest(body)
        self.sent_bytes += len(body)
        return answer

    def _acknowledged(self, source: Source, answer: Acknowledgement) -> None:
        source.advance(answer.next)
        if self._failures >= _LOUD_FAILURES:
            log.info("Connected to %s", self.directory.info.base_url)
        self._failures = self._gaps = 0
        self.not_before = 0.0
        state = self.state
        state.status = "connected"
        state.message = self._rejections
        state.entity = answer.entity
        state.url = self._client.base_url + answer.url
        state.stop = state.stop or answer.stop
        self.save()

    @property
    def _rejections(self) -> str | None:
        count = self.state.rejected
        if not count:
            return None
        return f"{count} records could not be sent; they are in {self._rejected.path}"

    def _failed(self, source: Source, error: SendError) -> None:
        """Decide where and when to go on."""
        problem = error.problem
        self._failures += 1
        if error.cause == "gap" and problem.next is not None and self._gaps < 3:
            log.warning(
                "The server stands at record %d of %s; going on from there",
                problem.next,
                source.name,
            )
            self._gaps += 1
            self._go_back(source, problem.next)
        elif error.cause == "unknown_run" and any(source.position for source in self.sources):
            log.warning("The server does not know the run; sending it from the start")
            self.not_before = self._clock() + _backoff(self._restarts)
            self._restarts += 1
            self.state.entity = None
            for each in self.sources:
                self._go_back(each, 0)
            self.errands.again()
        elif error.cause in {"unknown_run", "content", "refused"}:
            self.not_before = self._clock() + _REFUSED_BACKOFF_S
            if self.state.status != "refused" or self.state.message != error.said:
                log.error("Refused: %s", error.said)
            self.say("refused", error.said)
        else:
            wait = _backoff(self._failures - 1)
            if error.retry_after is not None:
                wait = max(error.retry_after, _FIRST_BACKOFF_S)
            self.not_before = self._clock() + wait
            if self._failures > 1 or self.state.status != "connected":
                self.say("retrying", error.said)
            if self._failures == _LOUD_FAILURES:
                log.warning("%s; trying again until it works", error.said)

    def _go_back(self, source: Source, position: int) -> None:
        if position < source.position and source.is_empty:
            self._damaged[source.name] = (
                f"the server has only {position} of {source.position} records of {source.name}, "
                "and the journal was removed when it had all"
            )
        source.rewind(max(position, 0))
        if source.name in self.state.end_told:
            self.state.end_told.remove(source.name)
        self.save()

    def _narrow(self, source: Source, taken: int, error: SendError) -> bool:
        """Find the records that the server will not have, and go on without them."""
        if taken > 1:
            self._most_records = max(1, taken // 2)
            if error.status == 413:
                size = sum(map(len, source.pending[:taken]))
                smaller = max(_SMALLEST_BATCH_BYTES, min(size, self._limits.bytes) // 2)
                self._limits = replace(self._limits, bytes=smaller)
            return True
        if taken == 0 or is_start(source.pending[0]):
            raise SendError("refused", error.problem, status=error.status)
        position, payload = source.position, source.pending[0]
        try:
            self._exchange(empty(source.origin, position))
        except SendError as second:
            # Not the record is at fault but all that we say.
            cause = "refused" if second.cause == "content" else second.cause
            raise SendError(
                cause, second.problem, status=second.status, retry_after=second.retry_after
            ) from second
        self._set_aside(source, position, error.said, payload)
        self._acknowledged(source, self._exchange(empty(source.origin, position, position + 1)))
        return True

    def _set_aside(
        self,
        source: Source,
        position: int,
        reason: str,
        payload: bytes | None,
        *,
        errand: bool = False,
    ) -> None:
        if self._rejected.add(source.name, position, reason, payload):
            self.state.rejected_errands += errand
            log.error(
                "DATA NOT SENT: record %d of %s: %s. It is kept in %s",
                position,
                source.name,
                reason,
                self._rejected.path,
            )
        self.state.rejected = len(self._rejected)

    def _pass_damage(self, source: Source, error: JournalCorruptError) -> bool:
        """Go on behind a damaged place; ``False`` if nothing readable follows yet."""
        if source.name not in self._damaged:
            self._damaged[source.name] = error.message
            log.error("DATA LOST: %s", error)
        hidden = source.damage()
        if hidden is None:
            return False
        first, next = hidden
        if source.pending or self._clock() < self.not_before:
            return False
        try:
            answer = self._exchange(empty(source.origin, first, next))
        except SendError as failure:
            self._failed(source, failure)
            return False
        self._set_aside(source, first, f"{error.message} (records {first} to {next - 1})", None)
        self._acknowledged(source, answer)
        source.rewind(max(next, answer.next))
        del self._damaged[source.name]
        return True


def _backoff(failures: int) -> float:
    most = min(_MOST_BACKOFF_S, _FIRST_BACKOFF_S * 2 ** min(failures, 20))
    return random.uniform(most / 2, most)  # noqa: S311
