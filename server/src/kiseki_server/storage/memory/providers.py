"""Providers of models in memory, for tests."""

from __future__ import annotations

from collections.abc import Sequence

from kiseki_server.domain.completions.types import Provider


class MemoryProviderStore:
    """A `ProviderStore` in a dict."""

    def __init__(self) -> None:
        self._providers: dict[str, Provider] = {}

    def all(self) -> Sequence[Provider]:
        return [self._providers[name] for name in sorted(self._providers)]

    def put(self, provider: Provider) -> None:
        self._providers[provider.name] = provider

    def delete(self, name: str) -> bool:
        return self._providers.pop(name, None) is not None
