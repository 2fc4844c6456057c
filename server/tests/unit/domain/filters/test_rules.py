"""Limits of trees, and what fields are."""

from __future__ import annotations

import pytest

from kiseki_server.domain.filters.fields import branches, flatten, time_of
from kiseki_server.domain.filters.rules import check
from kiseki_server.domain.filters.tree import Compare, Exists, Field, Filter, In, Not, Or, SortKey
from kiseki_server.kit.errors import BadRequest

NAME = Field(("name",))


def test_trees_have_limits() -> None:
    deep: Filter = Exists(NAME)
    for _ in range(49):
        deep = Not(deep)
    check(deep)
    with pytest.raises(BadRequest, match="deeper than 50"):
        check(Not(deep))
    check(Or((Exists(NAME),) * 999))
    with pytest.raises(BadRequest, match="more than 1000"):
        check(Or((Exists(NAME),) * 1000))
    with pytest.raises(BadRequest, match="more than 1000"):
        check(In(NAME, ("a",) * 1001))


@pytest.mark.parametrize("path", [(), ("colour",), ("config",), ("name", "x"), ("Config", "a")])
def test_unknown_fields_are_refused(path: tuple[str, ...]) -> None:
    for use in (lambda: check(Exists(Field(path))), lambda: check(None, [SortKey(Field(path))])):
        with pytest.raises(BadRequest):
            use()


def test_times_are_text_or_seconds() -> None:
    assert time_of("1970-01-01T00:00:01.5Z") == time_of(1.5) == 1_500_000
    assert time_of("1970-01-01T09:00:00+09:00") == time_of("1970-01-01") == 0
    for bad in ("noon", None, True, float("nan")):
        with pytest.raises(BadRequest, match="no time"):
            time_of(bad)
    with pytest.raises(BadRequest, match="no time"):
        check(Compare(Field(("created_at",)), "<", "soon"))


def test_nested_keys_and_keys_with_dots_are_the_same() -> None:
    document = {"a": {"b": 1, "c": {"d": None, "e": [1]}}, "a.b": 2, "f": {}, "g.h": "x"}
    leaves = flatten(document)
    assert leaves == {"a.b": 2.0, "a.c.e": [1], "g.h": "x"}
    assert branches(leaves) == {"a", "a.c", "g"}
