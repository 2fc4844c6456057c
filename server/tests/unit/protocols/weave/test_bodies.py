"""JSON in and out."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiseki_server.kit.errors import Malformed
from kiseki_server.protocols.weave.bodies import answer, lines, read, with_whole_characters


class Body(msgspec.Struct):
    value: Any


VALUES: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES)
def test_values_stay_what_they_were(value: Any) -> None:
    sent = json.dumps({"value": value}).encode()
    known = read(sent, Body).value
    assert repr(known) == repr(value)
    assert repr(json.loads(answer(known).content)) == repr(value)


def test_numbers_keep_their_kind() -> None:
    text = b'{"value": [1, 1.0, -0.0, 123456789012345678901234567890, 1e22]}'
    assert repr(read(text, Body).value) == "[1, 1.0, -0.0, 123456789012345678901234567890, 1e+22]"
    with pytest.raises(Malformed):
        read(b'{"value": 1e999}', Body)


@given(st.text(st.characters(exclude_categories=[])))
def test_text_with_halves_of_characters_is_read(text: str) -> None:
    mended = with_whole_characters(json.dumps({"value": text}).encode())
    whole = text.encode("utf-8", "ignore").decode()
    assert read(mended, Body).value.replace("\ufffd", "") == whole.replace("\ufffd", "")


def test_names_of_the_language_are_names_like_any_other() -> None:
    value = {"__proto__": {"a": 1}, "constructor": None, "": 2, "a.b/c\"'": 3, "🙂": "\0"}
    assert read(json.dumps({"value": value}).encode(), Body).value == value


def test_the_first_line_goes_out_at_once() -> None:
    taken: list[int] = []

    def items() -> Any:
        for number in range(3):
            taken.append(number)
            yield {"number": number}

    answer = lines(items())
    assert (answer.status_code, answer.media_type) == (200, "application/jsonl")
    pieces = iter(answer.iterator)  # pyright: ignore[reportArgumentType]
    assert next(pieces) == b'{"number":0}\n'
    assert taken == [0]
    assert b"".join(pieces) == b'{"number":1}\n{"number":2}\n'
