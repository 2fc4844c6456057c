"""Which price holds, and what a call costs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kiseki_server.domain.costs.rules import PriceList, cost, costs, tokens_of
from kiseki_server.domain.costs.service import shipped
from kiseki_server.domain.costs.types import Price, Tokens
from kiseki_server.kit.ids import ProjectId

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def price(id: str, day: int = 0, *, own: bool = False, **more: Any) -> Price:
    values: dict[str, Any] = {"model": "m", "prompt": 1.0, "completion": 2.0, **more}
    return Price(
        id=id, project=ProjectId(1) if own else None, provider="p", effective_at=NOON + day * DAY,
        created_at=NOON, created_by="ada", **values,
    )  # fmt: skip


def test_what_is_in_force_comes_before_the_own_and_the_young() -> None:
    def chosen(*prices: Price) -> str | None:
        found = PriceList(prices).price("m", NOON)
        return found.id if found else None

    assert chosen() is None
    assert chosen(price("old", -2), price("new", -1)) == "new"
    assert chosen(price("shipped", -1), price("own", -2, own=True)) == "own"
    assert chosen(price("shipped", -1), price("own later", 1, own=True)) == "shipped"
    assert chosen(price("later", 1), price("much later", 2)) == "much later"


def test_models_are_found_without_provider_and_date() -> None:
    prices = PriceList([price("a", model="gpt-4o"), price("b", model="gpt-4o-2024-05-13")])
    for model, expected in {
        "gpt-4o": "a",
        "openai/gpt-4o": "a",
        "gpt-4o-2024-08-06": "a",
        "gpt-4o-2024-05-13": "b",
        "gpt-4o-20240806": "a",
    }.items():
        found = prices.price(model, NOON)
        assert found is not None
        assert found.id == expected
    assert prices.price("gpt-4o-mini", NOON) is None


def test_cached_tokens_have_their_price() -> None:
    known = price("x", cache_read=0.1, cache_creation=1.5)
    tokens = Tokens(prompt=100, completion=10, cache_read=40, cache_creation=20)
    found = cost(tokens, known)
    assert (found.prompt, found.completion) == (40.0, 20.0)
    assert (found.cache_read, found.cache_creation) == (4.0, 30.0)
    assert found.total == pytest.approx(94.0)
    # Counted apart from the prompt, as some providers do.
    assert cost(Tokens(prompt=5, cache_read=40), known).total == pytest.approx(9.0)
    # Without a price of their own they are tokens like any other: never free.
    assert cost(tokens, price("y")).total == pytest.approx(120.0)


def test_unknown_prices_are_no_zeros() -> None:
    found = costs({"unheard-of": {"prompt_tokens": 5}, "m": "nonsense"}, NOON, PriceList([]))
    assert list(found) == ["unheard-of"]
    assert (found["unheard-of"].price, found["unheard-of"].total) == (None, None)
    assert found["unheard-of"].tokens.prompt == 5


def test_counts_by_all_their_names() -> None:
    assert tokens_of(
        {"prompt_tokens": 3, "input_tokens": 4, "completion_tokens": 1, "output_tokens": 2,
         "requests": 2, "total_tokens": 10, "prompt_tokens_details": {"cached_tokens": 2}}
    ) == Tokens(requests=2, prompt=7, completion=3, cache_read=2, total=10)  # fmt: skip
    assert tokens_of({"prompt_tokens": -1, "completion_tokens": "x", "requests": True}) == Tokens()
    assert tokens_of({"input_tokens_details": None, "prompt_tokens": 1e300}) == Tokens()


def test_prices_that_come_with_the_server() -> None:
    prices = PriceList(shipped())
    known = prices.price("gpt-4o-mini", NOON)
    assert known is not None
    assert (known.prompt, known.cache_read) == (pytest.approx(0.15e-6), pytest.approx(0.075e-6))
    claude = prices.price("claude-sonnet-4-20250514", NOON)
    assert claude is not None
    assert claude.model == "claude-sonnet-4"
    assert all(0 <= one.prompt < 1e-4 and one.created_at.year > 2024 for one in shipped())
    assert len({one.id for one in shipped()}) == len(shipped())
    # Until somebody has compared them with the providers' pages.
    assert not any(one.verified for one in shipped())
