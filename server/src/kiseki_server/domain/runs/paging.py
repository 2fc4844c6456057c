"""Cursors: the place of the last hit of a page, as opaque text."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from kiseki_server.domain.filters.tree import SortKey
from kiseki_server.kit.errors import BadRequest

Rank = tuple[int, float, str]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run stands in an order: its values of the sort keys, then creation and id."""

    keys: tuple[Rank, ...]
    created_at: int
    """Microseconds since 1970."""
    run: int


class _Cursor(msgspec.Struct, array_like=True):
    sort: list[tuple[list[str], bool]]
    keys: list[tuple[int, float, str]]
    created_at: int
    run: int


def write_cursor(place: Place, sort: Sequence[SortKey]) -> str:
    """Text that `read_cursor` understands, for the same order."""
    order = [(list(key.field.path), key.descending) for key in sort]
    cursor = _Cursor(order, list(place.keys), place.created_at, place.run)
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(cursor)).decode().rstrip("=")


def read_cursor(text: str, sort: Sequence[SortKey]) -> Place:
    """The place that a cursor names.

    Raises:
        BadRequest: It is no cursor of ours, or of another order.
    """
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        cursor = msgspec.msgpack.decode(raw, type=_Cursor)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise BadRequest(f"`{text[:100]}` is no cursor of this server.") from None
    if cursor.sort != [(list(key.field.path), key.descending) for key in sort]:
        raise BadRequest("The cursor belongs to another sort order.")
    if len(cursor.keys) != len(sort):
        raise BadRequest(f"`{text[:100]}` is no cursor of this server.")
    return Place(tuple(cursor.keys), cursor.created_at, cursor.run)
