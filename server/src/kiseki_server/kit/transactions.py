"""One request or job is one transaction, opened at the edge."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable


@runtime_checkable
class UnitOfWork(Protocol):
    """Opens transactions over the stores of truth.

    A transaction commits when its block ends and rolls back when the block raises. A block
    inside another one joins it. Stores may only be used inside a block.
    """

    def transaction(self, *, write: bool = False) -> AbstractContextManager[None]:
        """Begin; ``write`` takes the right to write at once, so that it cannot fail later."""
        ...

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Call back after the current transaction is committed; never if it rolls back."""
        ...
