"""Files of tables as columns."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiseki_server.domain.media.sheets import read_sheet, rows_of, rows_of_parts
from kiseki_server.kit.errors import BadRequest

cells = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(st.characters(exclude_categories=("Cs",)), max_size=5),
    st.lists(st.integers(0, 3), max_size=2),
    st.dictionaries(st.sampled_from("ab"), st.integers(0, 3), max_size=2),
)


def content(columns: list[Any], data: list[list[Any]]) -> bytes:
    return json.dumps({"_type": "table", "columns": columns, "data": data}).encode()


def test_columns_keep_their_type() -> None:
    sheet = read_sheet(
        content(
            ["n", "x", "text", "flag", "mixed", "none", "image"],
            [
                [1, 1, "a", True, 1, None, {"_type": "image-file", "path": "a.png"}],
                [2, 1.5, None, False, "b", None, None],
            ],
        )
    )
    rows = rows_of(sheet, 0, 10)
    assert rows.kinds == ("number", "number", "text", "boolean", "json", "empty", "json")
    assert rows.rows == (
        (1, 1.0, "a", True, 1, None, {"_type": "image-file", "path": "a.png"}),
        (2, 1.5, None, False, "b", None, None),
    )
    assert (rows.first, rows.total) == (0, 2)


def test_rows_are_read_in_pages() -> None:
    sheet = read_sheet(content(["i"], [[i] for i in range(50_000)]))
    assert rows_of(sheet, 49_998, 10).rows == ((49_998,), (49_999,))
    assert rows_of(sheet, 60_000, 10).rows == ()


def test_equal_names_are_told_apart() -> None:
    rows = rows_of(read_sheet(content(["a", "a", 1], [[1, 2, 3]])), 0, 1)
    assert rows.columns == ("a", "a (2)", "1")


@given(st.lists(st.tuples(cells, cells), max_size=8))
def test_every_value_comes_back(data: list[tuple[Any, Any]]) -> None:
    rows = rows_of(read_sheet(content(["a", "b"], [list(row) for row in data])), 0, 100)
    assert len(rows.rows) == len(data)
    for found, row in zip(rows.rows, data, strict=True):
        for value, logged in zip(found, row, strict=True):
            same = value == logged or (value != value and logged != logged)  # NaN
            # Beside a float a whole number is one, and those beyond 64 bits are rounded.
            assert same or value == pytest.approx(logged), (value, logged)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "no table"),
        (b"[]", "no table"),
        (b'{"columns": ["a"]}', "data"),
        (b'{"columns": ["a"], "data": [[1, 2]]}', "row 0 has 2 values for 1 columns"),
        (b'{"columns": ["a"], "data": [3]}', "no table"),
        (b'{"columns": 3, "data": []}', "no table"),
        (b"\xff\xfe", "no table"),
    ],
)
def test_what_is_no_table_is_refused(text: bytes, why: str) -> None:
    with pytest.raises(BadRequest, match=why):
        read_sheet(text)


def test_a_table_in_pieces_is_read_as_one() -> None:
    pieces = [
        read_sheet(content(["n", "t"], [[1, None], [2, None]])),
        read_sheet(content(["n", "t"], [])),
        read_sheet(content(["n", "t"], [[3, "a"]])),
        read_sheet(content(["n", "t"], [[[4], "b"], [5, "c"]])),
    ]
    whole = rows_of_parts(pieces, 0, 10)
    assert whole.rows == ((1, None), (2, None), (3, "a"), ([4], "b"), (5, "c"))
    assert (whole.columns, whole.kinds, whole.total) == (("n", "t"), ("json", "text"), 5)
    for first in range(6):
        for limit in range(1, 6):
            part = rows_of_parts(pieces, first, limit)
            assert (part.rows, part.total) == (whole.rows[first : first + limit], 5)
    with pytest.raises(BadRequest, match="different columns"):
        rows_of_parts([*pieces, read_sheet(content(["n"], []))], 0, 1)
