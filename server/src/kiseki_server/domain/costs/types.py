"""Prices of models, and costs of calls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from kiseki_server.kit.ids import ProjectId

Level = Literal["project", "default"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one token of a model costs from some day on."""

    id: str
    project: ProjectId | None
    """``None`` for those that come with the server."""
    model: str
    provider: str
    effective_at: datetime
    prompt: float
    completion: float
    cache_read: float | None = None
    """``None``: as any other token of a prompt."""
    cache_creation: float | None = None
    prompt_unit: str = "USD"
    completion_unit: str = "USD"
    created_at: datetime
    created_by: str
    verified: bool = True
    """Somebody has set it, or has compared it with what the provider asks."""

    @property
    def level(self) -> Level:
        return "default" if self.project is None else "project"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a call has used of a model."""

    requests: int = 0
    prompt: int = 0
    """Those that a cache has served or taken included, where the provider counts them in."""
    completion: int = 0
    """Those of the model's reasoning included."""
    cache_read: int = 0
    cache_creation: int = 0
    total: int | None = None
    """As the provider has reported it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a call's use of a model costs. Without a price it is unknown, which is not nothing."""

    tokens: Tokens
    price: Price | None
    prompt: float | None = None
    completion: float | None = None
    cache_read: float | None = None
    cache_creation: float | None = None

    @property
    def total(self) -> float | None:
        """The sum; ``None`` when there is no price."""
        if self.price is None:
            return None
        parts = (self.prompt, self.completion, self.cache_read, self.cache_creation)
        return sum(part or 0.0 for part in parts)
