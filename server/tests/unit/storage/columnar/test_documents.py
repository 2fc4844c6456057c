"""How documents stand in JSON columns."""

from __future__ import annotations

import math
import re

from hypothesis import given
from hypothesis import strategies as st

from kiseki_server.storage.columnar.documents import (
    branch_path,
    column_path,
    encoded,
    key_of,
    line,
)

keys = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(keys)
def test_a_key_becomes_a_plain_name_and_comes_back(key: str) -> None:
    for path in (column_path(key), branch_path(key)):
        assert re.fullmatch("[A-Za-z0-9_]+", path)
    assert key_of(column_path(key)) == key
    assert key_of(branch_path(key)) is None


@given(st.lists(keys, unique=True))
def test_keys_never_share_a_path(names: list[str]) -> None:
    paths = [*map(column_path, names), *map(branch_path, names)]
    assert len(set(paths)) == len(paths)


def test_values_keep_their_kind() -> None:
    leaves = {
        "n": 1.0,
        "inf": math.inf,
        "nan": math.nan,
        "s": "1",
        "l": [1, "a", None],
        "x.y": True,
    }
    assert encoded(leaves) == {
        "kn": 1.0,
        "kinf": 1,
        "knan": 0,
        "ks": "1",
        "kl": ["l", "n1.0", "sa", "z"],
        "kxZ2ey": True,
        "kxZo": True,
    }
    assert line(encoded({"n": 1.0})) == '{"kn": 1.0}'
