"""Long lists of parameters in pieces that every database takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

_Item = TypeVar("_Item")


def chunks(items: Sequence[_Item], size: int = 500) -> Iterator[Sequence[_Item]]:
    """The items, so many at a time."""
    return (items[at : at + size] for at in range(0, len(items), size))
