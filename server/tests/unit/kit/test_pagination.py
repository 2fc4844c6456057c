"""Cursors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiseki_server.kit.errors import BadRequest
from kiseki_server.kit.pagination import checked_limit, decode_cursor, encode_cursor


@given(st.integers(-(2**63), 2**63), st.text())
def test_a_cursor_gives_its_place_back(number: int, text: str) -> None:
    cursor = encode_cursor(number, text)
    assert decode_cursor(cursor, int, str) == (number, text)
    assert cursor.isascii()
    assert not set(cursor) & set("+/=&?")


@pytest.mark.parametrize("cursor", ["", "x", "äöü", "!!!!", encode_cursor("a"), encode_cursor(1)])
def test_anything_else_is_refused(cursor: str) -> None:
    with pytest.raises(BadRequest, match="is no cursor of this list"):
        decode_cursor(cursor, int, str)


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_limit_is_bounded(limit: int) -> None:
    with pytest.raises(BadRequest, match=f"between 1 and 1000, not {limit}"):
        checked_limit(limit)
