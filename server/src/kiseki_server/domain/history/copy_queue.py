"""Histories that are still to be copied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from kiseki_server.kit.ids import RunId


@dataclass(frozen=True, slots=True)
class Copy:
    """``run`` is to get what ``source`` logged at steps up to ``through``."""

    run: RunId
    source: RunId
    through: int


class CopyQueue(Protocol):
    """What is to be copied, so that it is done even after a crash; at most one for each run.

    Works inside the caller's transaction; `RunStore.remove` takes away what a run waits for.
    """

    def add(self, copy: Copy) -> None: ...

    def get(self, run: RunId) -> Copy | None:
        """What the run waits for."""
        ...

    def waiting(self, *, limit: int = 100) -> Sequence[Copy]:
        """Some that are not done, by the number of their runs."""
        ...

    def done(self, run: RunId) -> None:
        """The run has it."""
        ...
