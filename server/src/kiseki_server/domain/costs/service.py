"""Prices and costs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any

from kiseki_server.domain.calls.query import Node
from kiseki_server.domain.costs.rules import PriceList, costs
from kiseki_server.domain.costs.store import PriceStore
from kiseki_server.domain.costs.types import Cost, Price
from kiseki_server.domain.feedback import conditions
from kiseki_server.domain.projects.types import Project
from kiseki_server.kit.errors import BadRequest
from kiseki_server.kit.ids import ProjectId
from kiseki_server.kit.json import from_text

MAX_NAME = 256


class CostService:
    """Use-cases of prices. Callers have authorized the project; all methods work in the caller's
    transaction."""

    def __init__(self, prices: PriceStore) -> None:
        self._prices = prices

    def add(self, prices: Sequence[Price]) -> None:
        """Set prices of a project.

        Raises:
            BadRequest: One cannot be a price.
        """
        for price in prices:
            _check(price)
        self._prices.add(prices)

    def find(self, at: Project, condition: Node | None = None) -> Sequence[Price]:
        """The project's own prices for which the condition is true."""
        found = self._prices.of(at.id)
        if condition is None:
            return found
        return [price for price in found if conditions.holds(condition, price)]

    def purge(self, at: Project, condition: Node) -> int:
        """Remove the prices with the ids that a condition consists of.

        Raises:
            BadRequest: It asks for anything else than ids.
        """
        return self._prices.delete(at.id, conditions.ids_of(condition))

    def list_of(self, project: ProjectId) -> PriceList:
        """The prices that hold in a project: its own, and those that come with the server."""
        return PriceList([*self._prices.of(project), *shipped()])

    def of(
        self, usage: Mapping[str, Any], started_at: int, project: ProjectId
    ) -> Mapping[str, Cost]:
        """What a call's usage costs by model; for many calls take `list_of` once.

        ``started_at`` is in microseconds since 1970.
        """
        start = datetime.fromtimestamp(started_at / 1_000_000, UTC)
        return costs(usage, start, self.list_of(project))


@cache
def shipped() -> tuple[Price, ...]:
    """The prices that come with the server, as `prices.json` says: of public models, in US
    dollars for a million tokens, with the month as of which they are meant. Nobody has compared
    them with the providers' pages yet, and each of them says so."""
    text = resources.files("kiseki_server.domain.costs").joinpath("prices.json").read_text("utf-8")
    table = from_text(text)
    as_of = datetime.strptime(table["as_of"], "%Y-%m").replace(tzinfo=UTC)
    found: list[Price] = []
    for provider, models in table["models"].items():
        for model, numbers in models.items():
            prompt, completion, read, creation = (
                None if number is None else number / 1_000_000
                for number in (*numbers, None, None)[:4]
            )
            found.append(
                Price(
                    id=f"{provider}/{model}",
                    project=None,
                    model=model,
                    provider=provider,
                    # In force for as long as anybody asks: the table knows no earlier ones.
                    effective_at=datetime(1970, 1, 1, tzinfo=UTC),
                    prompt=prompt or 0.0,
                    completion=completion or 0.0,
                    cache_read=read,
                    cache_creation=creation,
                    created_at=as_of,
                    created_by="system",
                    verified=table["verified"],
                )
            )
    return tuple(found)


def _check(price: Price) -> None:
    for text in (price.model, price.provider, price.prompt_unit, price.completion_unit):
        if not 1 <= len(text) <= MAX_NAME or "\0" in text:
            raise BadRequest(
                f"Names of models, providers and units have 1 to {MAX_NAME} characters"
            )
    for number in (price.prompt, price.completion, price.cache_read, price.cache_creation):
        if number is not None and not (math.isfinite(number) and number >= 0):
            raise BadRequest(f"{number} is no price of a token")
