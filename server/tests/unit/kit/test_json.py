"""JSON for answers and for storing."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiseki_server.kit import json
from kiseki_server.kit.errors import BadRequest

NAN, INF = float("nan"), float("inf")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


class Point(msgspec.Struct):
    value: float


def test_answers_name_what_json_lacks() -> None:
    value = {"a": [NAN, INF, {"b": (-INF, 1.5)}], "c": Point(NAN), "d": "NaN", "e": -0.0}
    assert json.encode(value) == (
        b'{"a":["NaN","Infinity",{"b":["-Infinity",1.5]}],"c":{"value":"NaN"},"d":"NaN","e":-0.0}'
    )


def test_large_integers_and_text_that_looks_like_nan_pass() -> None:
    looks = b"\xcb\x7f\xf0".decode("latin-1")
    assert json.encode([2**70, looks]) == f'[{2**70},"{looks}"]'.encode()


def named(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: named(item) for key, item in value.items()}
    return [named(item) for item in value] if isinstance(value, list) else value


def same(a: object, b: object) -> bool:
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a):
        return math.isnan(b)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


@given(ANYTHING)
def test_any_answer_is_json_with_named_numbers(value: object) -> None:
    # Beyond 64 bits msgspec reads integers as floats; that they are written in full is enough.
    import json as standard

    assert same(standard.loads(json.encode(value)), named(value))


@given(ANYTHING)
def test_stored_text_gives_the_value_back(value: object) -> None:
    assert same(json.from_text(json.to_text(value)), value)


@pytest.mark.parametrize("text", [b'{"a": }', b"", b'"\xff"', b"[" * 100_000, b"NaN"])
def test_malformed_json_is_told(text: bytes) -> None:
    with pytest.raises(BadRequest, match="Malformed JSON"):
        json.decode(text)


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x92\x01", b"\x91" * 100_000])
def test_malformed_msgpack_is_told(data: bytes) -> None:
    with pytest.raises(BadRequest, match="Malformed msgpack"):
        json.unpack(data)
