"""Spans of time that statistics are asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from kiseki_server.kit.errors import BadRequest

MAX_RANGE = timedelta(days=31)


def granularity(span: timedelta) -> int:
    """Seconds of a bucket, where none are asked for."""
    hours = span.total_seconds() / 3600
    return 300 if hours <= 6 else 3600 if hours <= 72 else 86_400


def zone(name: str) -> ZoneInfo:
    """A time zone by its name.

    Raises:
        BadRequest: There is none.
    """
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise BadRequest(f"`{name[:100]}` is no time zone") from None


def zoned(time: datetime) -> datetime:
    """The time in UTC; one without a zone is in UTC already."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
