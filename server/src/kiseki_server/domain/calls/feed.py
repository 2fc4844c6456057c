"""Finished calls, handed to whoever works on each of them: scorers, for instance.

The calls themselves are the queue: a consumer has a place in the order in which calls were
stored, so that storing a call costs nothing more and waits for nobody. Every call is handed out at
least once, also across a crash of the server or of a worker; one that is sent again with other
content is handed out again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol
from uuid import uuid4

from kiseki_server.domain.calls.store import CallStore
from kiseki_server.domain.calls.types import Call
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import BadRequest
from kiseki_server.kit.ids import ProjectId
from kiseki_server.kit.transactions import UnitOfWork

LEASE = timedelta(minutes=5)
MAX_BATCH = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Some calls that one worker has until a time; then another may have them."""

    id: str
    project: ProjectId
    consumer: str
    after: int
    """The calls lie behind this place, ..."""
    through: int
    """... and up to this one."""
    until: datetime
    attempts: int
    """How often these calls have been handed out, this time included."""


@dataclass(frozen=True, slots=True)
class Handed:
    """A lease with its calls; large bodies have their short form."""

    lease: Lease
    calls: Sequence[Call]


class LeaseStore(Protocol):
    """Places and leases of consumers, inside the caller's transaction."""

    def place(self, project: ProjectId, consumer: str) -> int | None:
        """How far calls have been handed out; none where the consumer is not known. Nobody else
        can move the place until the transaction ends."""
        ...

    def move(self, project: ProjectId, consumer: str, place: int) -> None:
        """Set the place; of a new consumer, too."""
        ...

    def put(self, lease: Lease) -> None:
        """Add a lease, or change the one that has its id."""
        ...

    def expired(self, project: ProjectId, consumer: str, now: datetime) -> Lease | None:
        """The oldest lease whose time is over."""
        ...

    def end(self, id: str) -> bool:
        """Remove a lease; false where there is none."""
        ...

    def remove(self, project: ProjectId, consumer: str) -> None:
        """Forget a consumer with its leases."""
        ...

    def forget(self, project: ProjectId) -> None:
        """Remove everything of a project."""
        ...


class CallFeed:
    """Hands finished calls out. Methods open transactions of their own."""

    def __init__(
        self, calls: CallStore, leases: LeaseStore, database: UnitOfWork, clock: Clock
    ) -> None:
        self._calls = calls
        self._leases = leases
        self._database = database
        self._clock = clock

    def subscribe(self, project: ProjectId, consumer: str, *, from_start: bool = False) -> None:
        """Hand calls to this consumer from now on, or all that there are; a known one goes on
        where it is."""
        newest = 0 if from_start else self._calls.newest(project)
        with self._database.transaction(write=True):
            if self._leases.place(project, consumer) is None:
                self._leases.move(project, consumer, newest)

    def unsubscribe(self, project: ProjectId, consumer: str) -> None:
        """Stop; harmless where there is no such consumer."""
        with self._database.transaction(write=True):
            self._leases.remove(project, consumer)

    def take(
        self, project: ProjectId, consumer: str, *, limit: int = 100, lease: timedelta = LEASE
    ) -> Handed | None:
        """The next calls, for one worker; ``None`` when there are none at the moment.

        What a worker had and did not finish in time comes before what is new.

        Raises:
            BadRequest: The consumer is not subscribed, or the limit makes no sense.
        """
        if not 1 <= limit <= MAX_BATCH:
            raise BadRequest(f"`limit` lies between 1 and {MAX_BATCH}, not at {limit}")
        now = self._clock.now()
        with self._database.transaction(write=True):
            place = self._leases.place(project, consumer)
            if place is None:
                raise BadRequest(f"There is no consumer `{consumer[:100]}` in this project")
            mine = self._leases.expired(project, consumer, now)
            if mine is not None:
                # A new id: the worker that was too late cannot end what is another's now.
                self._leases.end(mine.id)
                mine = replace(mine, id=str(uuid4()), until=now + lease, attempts=mine.attempts + 1)
            else:
                found = self._calls.stored_after(project, place, limit)
                if not found:
                    return None
                mine = Lease(
                    id=str(uuid4()),
                    project=project,
                    consumer=consumer,
                    after=place,
                    through=found[-1][0],
                    until=now + lease,
                    attempts=1,
                )
                self._leases.move(project, consumer, mine.through)
            self._leases.put(mine)
        calls = self._calls.stored_after(project, mine.after, MAX_BATCH, through=mine.through)
        return Handed(mine, [call for _, call in calls])

    def done(self, lease: Lease) -> bool:
        """The worker has done its work; false when it was too late and another has the calls."""
        with self._database.transaction(write=True):
            return self._leases.end(lease.id)
