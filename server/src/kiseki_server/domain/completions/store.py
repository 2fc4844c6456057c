"""What completions need from outside."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Protocol

from kiseki_server.domain.completions.types import Endpoint, Provider


class ProviderStore(Protocol):
    """Providers of the server, inside the caller's transaction."""

    def all(self) -> Sequence[Provider]:
        """By name."""
        ...

    def put(self, provider: Provider) -> None:
        """Add a provider, or change the one of its name."""
        ...

    def delete(self, name: str) -> bool:
        """Remove one; whether there was one."""
        ...


class Models(Protocol):
    """Asks endpoints. Both raise `ModelError`, and `KisekiError` where an address is refused."""

    async def ask(self, endpoint: Endpoint, body: Mapping[str, Any]) -> dict[str, Any]:
        """One answer."""
        ...

    def stream(self, endpoint: Endpoint, body: Mapping[str, Any]) -> AsyncGenerator[dict[str, Any]]:
        """An answer in pieces, as they come; to close it ends the request."""
        ...
