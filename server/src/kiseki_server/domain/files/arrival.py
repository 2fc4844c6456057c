"""Bytes on their way in, and how they get a name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Generic, Protocol, Self, TypeVar, cast

from kiseki_server.domain.files.incoming import Announced, Incoming
from kiseki_server.domain.files.store import BlobNames, BlobStore
from kiseki_server.domain.files.types import Blob
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import KisekiError
from kiseki_server.kit.transactions import UnitOfWork

_Thing = TypeVar("_Thing")
_Named = TypeVar("_Named")


@dataclass(frozen=True, slots=True)
class Naming(Generic[_Thing, _Named]):
    """Gives stored bytes a name, together with others of its kind."""

    thing: _Thing
    many: Callable[[Sequence[tuple[_Thing, Blob]]], Sequence[_Named]]
    """Names all of them, inside of a transaction; what comes out is in the same order."""

    def __call__(self, blob: Blob) -> _Named:
        """Name this one alone."""
        (named,) = self.many([(self.thing, blob)])
        return named


@dataclass(frozen=True, slots=True)
class Received:
    """Bytes that are here, compared with what was said about them, and not stored yet."""

    incoming: Incoming
    blob: Blob
    name: Callable[[Blob], Any]
    """In a transaction; a `Naming` does it for many at once."""


class Keeper:
    """Stores received bytes and names them."""

    def __init__(
        self, names: BlobNames, blobs: BlobStore, database: UnitOfWork, clock: Clock
    ) -> None:
        self._names = names
        self._blobs = blobs
        self._database = database
        self._clock = clock

    def keep(self, received: Sequence[Received]) -> list[Any]:
        """Make bytes durable and visible: for each what its name gives, or the `KisekiError` that
        says why its bytes could not be stored.

        The order matters: a reserved blob is not collected, so the bytes are there when the name
        becomes visible, whatever happens in between.

        Raises:
            Exception: That of the first that cannot be named; none of them has got its name.
        """
        with self._database.transaction(write=True):
            self._names.reserve([one.blob for one in received], self._clock.now())
        outcomes: list[Any] = list(self._blobs.store([one.incoming.writer for one in received]))
        stored = [place for place, failure in enumerate(outcomes) if failure is None]
        if stored:
            with self._database.transaction(write=True):
                named = _named([received[place] for place in stored])
            for place, outcome in zip(stored, named, strict=True):
                outcomes[place] = outcome
        return outcomes


class Keeping(Protocol):
    """Keeps small things together with others that arrive at the same time."""

    def submit(self, received: Received) -> Future[Any]:
        """What `Keeper.keep` gives or raises for this one, whatever becomes of the others. The
        bytes belong to this from now on."""
        ...


class Receiver:
    """Takes bytes in. It opens transactions of its own: bytes must not travel inside of one."""

    def __init__(
        self, keeper: Keeper, blobs: BlobStore, together: Keeping, *, max_bytes: int
    ) -> None:
        self.keeper = keeper
        self._blobs = blobs
        self.together = together
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


class Arrival(Generic[_Named]):
    """One thing on its way in. A context manager: what was not finished leaves nothing behind."""

    def __init__(
        self, receiver: Receiver, incoming: Incoming, name: Callable[[Blob], _Named]
    ) -> None:
        self._receiver = receiver
        self._incoming = incoming
        self._name = name
        self._mine = True

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
        (outcome,) = self._receiver.keeper.keep([self._received()])
        if isinstance(outcome, KisekiError):
            raise outcome
        return outcome

    def submit(self) -> Future[_Named]:
        """Like `finish`, together with others that arrive at the same time. For small things:
        large ones would keep the others waiting."""
        received = self._received()
        self._mine = False
        return self._receiver.together.submit(received)

    def _received(self) -> Received:
        return Received(self._incoming, self._incoming.finish(), self._name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()

    def discard(self) -> None:
        """Forget what was not finished; harmless when all was."""
        if self._mine:
            self._incoming.discard()


def _named(stored: Sequence[Received]) -> list[Any]:
    """Name all of them; those of a kind at once."""
    outcomes: list[Any] = [None] * len(stored)
    kinds: dict[Callable[..., Any], list[tuple[int, Naming[Any, Any]]]] = {}
    for place, one in enumerate(stored):
        name: Any = one.name
        if isinstance(name, Naming):
            naming = cast("Naming[Any, Any]", name)
            kinds.setdefault(naming.many, []).append((place, naming))
        else:
            outcomes[place] = name(one.blob)
    for many, members in kinds.items():
        named = many([(naming.thing, stored[place].blob) for place, naming in members])
        for (place, _), outcome in zip(members, named, strict=True):
            outcomes[place] = outcome
    return outcomes
