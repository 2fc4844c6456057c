"""What a store of prices promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from kiseki_server.domain.costs.types import Price
from kiseki_server.kit.ids import ProjectId


class PriceStore(Protocol):
    """Prices that projects set for themselves, inside the caller's transaction."""

    def add(self, prices: Sequence[Price]) -> None: ...

    def of(self, project: ProjectId) -> Sequence[Price]:
        """A project's prices by time of creation, then id."""
        ...

    def delete(self, project: ProjectId, ids: Sequence[str]) -> int:
        """Remove prices; how many there were."""
        ...

    def forget(self, project: ProjectId) -> None:
        """Remove everything of a project."""
        ...
