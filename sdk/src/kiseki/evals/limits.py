"""How fast an evaluation may go, and how much it may use."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping

from kiseki.errors import UsageError
from kiseki.tracing.call import Call

Prices = Mapping[str, tuple[float, float]]
"""Dollars for a million tokens by model: of the prompt, and of the completion."""


class LimitReached(UsageError):
    """A limit of the evaluation is reached."""


class Limits:
    """Caps of one evaluation."""

    def __init__(
        self,
        *,
        max_per_minute: float | None = None,
        max_tokens: int | None = None,
        max_cost: float | None = None,
        prices: Prices | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if max_cost is not None and not prices:
            raise UsageError(
                "max_cost needs the prices of the models",
                hint='prices={"gpt-4o": (2.5, 10.0)}: dollars for a million tokens, of prompt '
                "and completion",
            )
        if max_per_minute is not None and max_per_minute <= 0:
            raise UsageError(f"max_per_minute must be more than 0, not {max_per_minute}")
        self._per_minute = max_per_minute
        self._most_tokens = max_tokens
        self._most_cost = max_cost
        self._prices = prices or {}
        self._clock = clock
        self._begun: deque[float] = deque()
        self.tokens = 0
        self.cost = 0.0

    def check(self) -> None:
        """Raises `LimitReached` when nothing more may be begun."""
        if self._most_tokens is not None and self.tokens >= self._most_tokens:
            raise LimitReached(f"{self.tokens} tokens are used; max_tokens is {self._most_tokens}")
        if self._most_cost is not None and self.cost >= self._most_cost:
            raise LimitReached(f"${self.cost:.4f} are spent; max_cost is {self._most_cost}")

    async def turn(self) -> None:
        """Wait until another prediction may begin."""
        if self._per_minute is None:
            return
        import asyncio

        while True:
            now = self._clock()
            while self._begun and now - self._begun[0] >= 60.0:
                self._begun.popleft()
            if len(self._begun) < self._per_minute:
                self._begun.append(now)
                return
            await asyncio.sleep(60.0 - (now - self._begun[0]))

    def count(self, call: Call) -> None:
        """Add what a call used.

        Raises:
            UsageError: There is a cap on the cost, and its model has no price.
        """
        for model, usage in (call.usage or {}).items():
            prompt = usage.get("prompt_tokens", 0) + usage.get("input_tokens", 0)
            completion = usage.get("completion_tokens", 0) + usage.get("output_tokens", 0)
            self.tokens += usage.get("total_tokens") or prompt + completion
            if self._most_cost is None:
                continue
            if (price := self._prices.get(model)) is None:
                raise UsageError(f"max_cost is set, and there is no price for {model!r}")
            self.cost += (prompt * price[0] + completion * price[1]) / 1e6
