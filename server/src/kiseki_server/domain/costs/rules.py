"""How a price is chosen, and what a call costs. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, cast

from kiseki_server.domain.costs.types import Cost, Price, Tokens

_DATE = re.compile(r"[-@](\d{4}-?\d{2}-?\d{2}|\d{4})$")
_MOST = 2**53


class PriceList:
    """Prices by model."""

    def __init__(self, prices: Iterable[Price]) -> None:
        self._by_model: dict[str, list[Price]] = {}
        for price in prices:
            self._by_model.setdefault(price.model, []).append(price)

    @property
    def dates(self) -> list[datetime]:
        """When a price comes into force, in order."""
        return sorted({each.effective_at for known in self._by_model.values() for each in known})

    def price(self, model: str, at: datetime) -> Price | None:
        """The price of a model at a time.

        Prices that are in force come first, then the project's own, then the youngest. A model
        without a price of its own has that of its name without provider and date.
        """
        for name in _names(model):
            known = self._by_model.get(name)
            if known:
                return max(
                    known, key=lambda it: (it.effective_at <= at, it.level, it.effective_at, it.id)
                )
        return None


def costs(usage: Mapping[str, Any], started_at: datetime, prices: PriceList) -> dict[str, Cost]:
    """The cost of each model in a call's usage."""
    found: dict[str, Cost] = {}
    for model, counts in usage.items():
        if isinstance(counts, Mapping):
            tokens = tokens_of(cast("Mapping[str, Any]", counts))
            found[model] = cost(tokens, prices.price(model, started_at))
    return found


def cost(tokens: Tokens, price: Price | None) -> Cost:
    """What tokens cost at a price."""
    if price is None:
        return Cost(tokens=tokens, price=None)
    cached = tokens.cache_read + tokens.cache_creation
    # Some providers count what a cache has served apart from the rest of the prompt.
    plain = tokens.prompt - cached if tokens.prompt >= cached else tokens.prompt
    read = price.prompt if price.cache_read is None else price.cache_read
    creation = price.prompt if price.cache_creation is None else price.cache_creation
    return Cost(
        tokens=tokens,
        price=price,
        prompt=plain * price.prompt,
        completion=tokens.completion * price.completion,
        cache_read=tokens.cache_read * read,
        cache_creation=tokens.cache_creation * creation,
    )


def tokens_of(counts: Mapping[str, Any]) -> Tokens:
    """Counts as the providers name them."""
    details = (
        _count(counts, "prompt_tokens_details", "cached_tokens"),
        _count(counts, "input_tokens_details", "cached_tokens"),
    )
    return Tokens(
        requests=_count(counts, "requests"),
        prompt=_count(counts, "prompt_tokens") + _count(counts, "input_tokens"),
        completion=_count(counts, "completion_tokens") + _count(counts, "output_tokens"),
        cache_read=_count(counts, "cache_read_input_tokens") or max(details),
        cache_creation=_count(counts, "cache_creation_input_tokens"),
        total=_count(counts, "total_tokens") if "total_tokens" in counts else None,
    )


def _count(counts: Mapping[str, Any], *path: str) -> int:
    value: Any = counts
    for key in path:
        value = cast("Mapping[str, Any]", value).get(key) if isinstance(value, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return int(value) if 0 <= value < _MOST else 0


def _names(model: str) -> Iterator[str]:
    yield model
    bare = model.rpartition("/")[2]
    if bare != model:
        yield bare
    undated = _DATE.sub("", bare)
    if undated != bare:
        yield undated
