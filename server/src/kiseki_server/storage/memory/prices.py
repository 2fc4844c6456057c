"""Prices in memory, for tests."""

from __future__ import annotations

from collections.abc import Sequence

from kiseki_server.domain.costs.types import Price
from kiseki_server.kit.ids import ProjectId


class MemoryPriceStore:
    """A `PriceStore` in a dict."""

    def __init__(self) -> None:
        self._prices: dict[str, Price] = {}

    def add(self, prices: Sequence[Price]) -> None:
        self._prices |= {price.id: price for price in prices}

    def of(self, project: ProjectId) -> Sequence[Price]:
        own = [price for price in self._prices.values() if price.project == project]
        return sorted(own, key=lambda price: (price.created_at, price.id))

    def delete(self, project: ProjectId, ids: Sequence[str]) -> int:
        gone = [id for id in dict.fromkeys(ids) if id in self._prices]
        gone = [id for id in gone if self._prices[id].project == project]
        for id in gone:
            del self._prices[id]
        return len(gone)

    def forget(self, project: ProjectId) -> None:
        self._prices = {id: it for id, it in self._prices.items() if it.project != project}
