"""Keys that were just made, for whoever made them."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from kiseki_server.domain.accounts.types import ApiKey
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.ids import UserId

LIFETIME = timedelta(minutes=5)
_MOST = 1000


class FreshKeys:
    """Remembers for a few minutes what was made, so that its maker's next question can still be
    answered with it. In this process' memory alone: the store has hashes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: dict[int, tuple[UserId, str, datetime]] = {}

    def remember(self, maker: UserId, record: ApiKey, key: str) -> None:
        """Keep a key for the user who made it."""
        now = self._clock.now()
        with self._lock:
            self._forget(now)
            while len(self._keys) >= _MOST:
                del self._keys[next(iter(self._keys))]
            self._keys[record.id] = (maker, key, now + LIFETIME)

    def recall(self, maker: UserId, record: ApiKey) -> str | None:
        """The key, for its maker and while it is fresh."""
        with self._lock:
            self._forget(self._clock.now())
            owner, key, _ = self._keys.get(record.id, (None, None, None))
        return key if owner == maker else None

    def _forget(self, now: datetime) -> None:
        self._keys = {id: kept for id, kept in self._keys.items() if kept[2] > now}
