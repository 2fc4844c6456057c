"""Bytes on their way in, and how they get a name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, Self, TypeVar

from kiseki_server.domain.files.incoming import Announced, Incoming
from kiseki_server.domain.files.store import BlobNames, BlobStore
from kiseki_server.domain.files.types import Blob
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.transactions import UnitOfWork

_Named = TypeVar("_Named")


class Receiver:
    """Takes bytes in. It opens transactions of its own: bytes must not travel inside of one."""

    def __init__(
        self,
        names: BlobNames,
        blobs: BlobStore,
        database: UnitOfWork,
        clock: Clock,
        *,
        max_bytes: int,
    ) -> None:
        self._names = names
        self._blobs = blobs
        self._database = database
        self._clock = clock
        self.max_bytes = max_bytes

    def begin(self, what: str, name: Callable[[Blob], _Named]) -> Arrival[_Named]:
        """Begin to receive ``what``; ``name`` gives the stored bytes a name, in a transaction."""
        incoming = Incoming(self._blobs.writer(), what, max_bytes=self.max_bytes)
        return Arrival(self, incoming, name)

    def receive(self, what: str, pieces: Iterable[bytes], name: Callable[[Blob], _Named]) -> _Named:
        """Store bytes that are here already."""
        with self.begin(what, name) as arrival:
            for piece in pieces:
                arrival.write(piece)
            return arrival.finish()

    def adopt(self, incoming: Incoming, name: Callable[[Blob], _Named]) -> _Named:
        """Store received bytes and name them.

        The order matters: a reserved blob is not collected, so the bytes are there when the name
        becomes visible, whatever happens in between.
        """
        blob = incoming.finish()
        with self._database.transaction(write=True):
            self._names.reserve(blob, self._clock.now())
        incoming.store()
        with self._database.transaction(write=True):
            return name(blob)


class Arrival(Generic[_Named]):
    """One thing on its way in. A context manager: what was not finished leaves nothing behind."""

    def __init__(
        self, receiver: Receiver, incoming: Incoming, name: Callable[[Blob], _Named]
    ) -> None:
        self._receiver = receiver
        self._incoming = incoming
        self._name = name

    def announce(self, said: Announced) -> Self:
        """See `Incoming.announce`."""
        self._incoming.announce(said)
        return self

    def write(self, data: bytes) -> None:
        """See `Incoming.write`."""
        self._incoming.write(data)

    def finish(self) -> _Named:
        """Make the bytes visible; they are durable when this returns.

        Raises:
            BadRequest: The bytes are not those that were announced.
        """
        return self._receiver.adopt(self._incoming, self._name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()

    def discard(self) -> None:
        """Forget what was not finished; harmless when all was."""
        self._incoming.discard()
