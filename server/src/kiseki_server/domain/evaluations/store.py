"""What evaluations need of calls, with nothing of the bodies but what they are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from kiseki_server.domain.calls.store import CallQuery
from kiseki_server.domain.calls.types import Usage


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the bodies of calls, as a path that begins with the body's name."""

    path: tuple[str, ...]
    longest: int
    """Bytes of its JSON; longer ones are left out."""
    entry: int = 0
    """Bytes of the entries that stand for a map that is too long itself; 0: none do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A call without its bodies, with what stands at some places in them."""

    id: str
    parent_id: str | None
    op: str
    op_name: str
    started_at: int
    ended_at: int | None
    exception: str | None
    failed: bool
    """The call, or one below it that its summary counts, ended with an exception."""
    input_refs: tuple[str, ...]
    usage: tuple[Usage, ...]
    texts: tuple[str, ...]
    """JSON in the order of the places; empty where there is none, or too much of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What is known about the calls below one call without reading them."""

    calls: int
    ended: int
    failed: int
    last: int
    """When one of them began or ended last; microseconds since 1970."""
    mark: int
    """Another number whenever any of the calls is another."""


class EvaluationStore(Protocol):
    """Reads calls; conditions are those of `CallQuery`, whose order and bodies do not matter."""

    def outlines(
        self, query: CallQuery, places: Sequence[Place], *, used: bool = False
    ) -> Sequence[Outline]:
        """Calls that match by (``started_at``, ``id``), at most ``query.limit`` of them, those
        behind ``query.after``; with ``used`` those alone that have used a language model."""
        ...

    def tallies(self, query: CallQuery) -> Mapping[str, Tally]:
        """The calls that match, counted by the id of the call above them."""
        ...
