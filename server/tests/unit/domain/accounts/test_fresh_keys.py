"""Keys that were just made, for whoever made them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kiseki_server.domain.accounts.fresh_keys import LIFETIME, FreshKeys
from kiseki_server.domain.accounts.types import ApiKey
from kiseki_server.kit.ids import UserId

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
ADA, BOB, MACHINE = UserId(1), UserId(2), UserId(3)


@dataclass
class Watch:
    time: datetime = NOON

    def now(self) -> datetime:
        return self.time


def record(number: int) -> ApiKey:
    return ApiKey(number, MACHINE, "ci", "abcd", NOON, None)


def test_a_key_is_told_to_its_maker_for_a_few_minutes() -> None:
    watch = Watch()
    fresh = FreshKeys(watch)
    fresh.remember(ADA, record(7), "the-key")
    assert fresh.recall(ADA, record(7)) == "the-key"
    assert fresh.recall(BOB, record(7)) is None
    assert fresh.recall(MACHINE, record(7)) is None
    assert fresh.recall(ADA, record(8)) is None
    watch.time += LIFETIME - timedelta(seconds=1)
    assert fresh.recall(ADA, record(7)) == "the-key"
    watch.time += timedelta(seconds=1)
    assert fresh.recall(ADA, record(7)) is None


def test_what_is_remembered_is_bounded() -> None:
    fresh = FreshKeys(Watch())
    for number in range(1500):
        fresh.remember(ADA, record(number), str(number))
    assert fresh.recall(ADA, record(0)) is None
    assert fresh.recall(ADA, record(1499)) == "1499"
