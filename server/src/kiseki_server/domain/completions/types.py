"""Models that answer through the server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """An endpoint that speaks OpenAI's chat completions."""

    name: str
    base_url: str
    """Without `/chat/completions`."""
    models: tuple[str, ...] = ()
    """What it may be asked for; empty: anything, named ``provider/model``."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    key: bytes | None = None
    """Its API key, sealed."""
    updated_by: str = ""
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where one request goes."""

    provider: str
    url: str
    model: str
    headers: Mapping[str, str]
    """With the key."""


class ModelError(Exception):
    """The model's side refused, failed or said what is no answer.

    Args:
        message: For whoever asked.
        status: What the other side answered with; ``None`` where it did not answer.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
