"""Digests, to the byte as clients compute them."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kiseki_server.domain.objects import digests

VALUES: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def test_digests_seen_from_the_real_client() -> None:
    op = {
        "_type": "CustomWeaveType",
        "weave_type": {"type": "Op"},
        "files": {"obj.py": "nrfGmLoSasPJnUaP7hco7F0wxRlEhrLn1uaEHfIeg7A"},
    }
    assert digests.value_digest(op) == "inIVFt4iV2Oaw0AsAuKAjdJIJ1BFYTKJYWYFOiqf6P4"
    rows = [digests.value_digest(row) for row in ({"x": 1, "t": 2}, {"x": 2, "t": 5})]
    assert rows == [
        "GpSmuNp4s2m26VMRmwdXWZo6xZw08buWDYPXJNJXu8M",
        "W9SKrGCCPZDw1YQ40l8pYW0DHDi4R4OTdRymBQpyte8",
    ]
    assert (
        digests.table_digest(rows)
        == "18e364362ac5b61ec3bc90b28556153b714b67a85fa17d9cda077ee44a254aaa"
    )


def test_the_empty_table() -> None:
    assert digests.table_digest([]) == (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )


@given(VALUES)
def test_what_is_stored_and_read_has_the_same_digest(value: Any) -> None:
    from kiseki_server.kit.json import from_text, to_text

    assert digests.canonical(from_text(to_text(value))) == json.dumps(value, sort_keys=True)


def test_kinds_of_numbers_differ() -> None:
    assert len({digests.value_digest(value) for value in (1, 1.0, True, "1")}) == 4


def test_what_is_written_like_a_digest() -> None:
    assert digests.is_digest(digests.bytes_digest(b""))
    assert digests.is_digest(digests.table_digest([]))
    assert not any(map(digests.is_digest, ("latest", "v3", "", "a" * 42, "_" * 43)))
