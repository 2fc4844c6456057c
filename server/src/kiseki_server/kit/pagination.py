"""Cursors: opaque text that says where the next page begins."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec

from kiseki_server.kit.errors import BadRequest


def encode_cursor(*place: object) -> str:
    """Text for the place behind a page's last item: the values that the order goes by."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(place)).decode().rstrip("=")


def decode_cursor(cursor: str, *types: Any) -> tuple[Any, ...]:
    """The place that `encode_cursor` was given, checked against ``types``.

    Raises:
        BadRequest: The text is no cursor of this list.
    """
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return msgspec.msgpack.decode(data, type=tuple.__class_getitem__(types))
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise BadRequest(
            f"`{cursor[:80]}` is no cursor of this list",
            hint="pass the `cursor` of the page before, unchanged, or none for the first page",
        ) from None


def checked_limit(limit: int, *, most: int = 1000) -> int:
    """The number of items of a page.

    Raises:
        BadRequest: It is not between 1 and ``most``.
    """
    if not 1 <= limit <= most:
        raise BadRequest(f"`limit` must lie between 1 and {most}, not {limit}")
    return limit
