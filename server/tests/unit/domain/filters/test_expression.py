"""The typed expression: what it means, what it refuses, and that it reads what is rendered."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from server.tests.filters import filters, plain_paths

from kiseki_server.domain.filters.expression import parse, parse_path
from kiseki_server.domain.filters.render import render, render_path
from kiseki_server.domain.filters.tree import (
    And,
    Compare,
    Contains,
    Exists,
    Field,
    Filter,
    In,
    Matches,
    Not,
    Or,
    Path,
)
from kiseki_server.kit.errors import BadRequest


def config(*keys: str) -> Field:
    return Field(("config", *keys))


STATE, NAME, TAGS, GROUP = (Field((name,)) for name in ("state", "name", "tags", "group"))


def test_the_example_of_the_documentation() -> None:
    text = (
        'config.lr > 0.01 and (state = "running" or tags contains "a") and name ~ "^x" '
        'and summary.acc exists and group in ["a","b"] and not config."a b".c = null'
    )
    assert parse(text) == And(
        (
            Compare(config("lr"), ">", 0.01),
            Or((Compare(STATE, "=", "running"), Contains(TAGS, "a"))),
            Matches(NAME, "^x"),
            Exists(Field(("summary", "acc"))),
            In(GROUP, ("a", "b")),
            Not(Compare(config("a b", "c"), "=", None)),
        )
    )


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("config.a = 1", Compare(config("a"), "=", 1)),
        ("config.a == -1.5e-3", Compare(config("a"), "=", -0.0015)),
        ("config.a>=.5", Compare(config("a"), ">=", 0.5)),
        ("config.a != true", Compare(config("a"), "!=", True)),
        ("config.a < Infinity", Compare(config("a"), "<", math.inf)),
        ("config.a > -Infinity", Compare(config("a"), ">", -math.inf)),
        ("config.layers.0 = 3", Compare(config("layers", "0"), "=", 3)),
        ("summary.train/loss-ema < 1", Compare(Field(("summary", "train/loss-ema")), "<", 1)),
        ("config.in exists", Exists(config("in"))),
        ("config.x not in []", Not(In(config("x"), ()))),
        ("config.x not exists", Not(Exists(config("x")))),
        ("name !~ 'a'", Not(Matches(NAME, "a"))),
        (r'name = "a\"b\\\n\u00e9\ud83d\ude00"', Compare(NAME, "=", 'a"b\\\né😀')),
        ("not not config.a exists", Not(Not(Exists(config("a"))))),
        ("true", And(())),
        ("false or true", Or((Or(()), And(())))),
        (
            "config.a = 1 or config.b = 2 and config.c = 3",
            Or(
                (
                    Compare(config("a"), "=", 1),
                    And((Compare(config("b"), "=", 2), Compare(config("c"), "=", 3))),
                )
            ),
        ),
    ],
)
def test_expressions_and_their_trees(text: str, tree: Filter) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "position 1: expected the name of a field, but it ends"),
        ("config.lr", "position 10: expected a comparison"),
        ("config.lr >", "position 12: expected a number, a text in quotes"),
        ("state = running", "position 9: expected a number, a text in quotes"),
        ("state = 'running", "position 9: the quotes do not end"),
        ("(config.a = 1", "position 14: expected `)`"),
        ("config.a = 1)", "position 13: expected `and`, `or` or the end"),
        ("config.a = 1 & config.b = 2", "position 14: `&` has no meaning"),
        ("config.a in 1", "position 13: expected a list"),
        ("config.a in [1 2]", "position 16: expected `,` or `]`"),
        ("name ~ 3", "position 8: expected a text in quotes"),
        ("config. = 1", "position 9: expected the next part"),
        ("and config.a = 1", "position 1: expected a field"),
        ("colour = 1", "There is no field `colour`"),
        ("config = 1", "`config` alone is no field"),
        ("tags.x = 1", "There is no field `tags.x`"),
        ("(" * 60 + "config.a = 1" + ")" * 60, "deeper than 50"),
        ("not " * 60 + "config.a = 1", "deeper than 50"),
        (" or ".join(["config.a = 1"] * 1001), "more than 1000"),
        (f"config.a in [{', '.join(['1'] * 1001)}]", "more than 1000"),
        ("config.a = " + "9" * 500, "too long"),
    ],
)
def test_a_bad_expression_says_where_and_what(text: str, message: str) -> None:
    with pytest.raises(BadRequest) as error:
        parse(text)
    assert message in error.value.message


def test_a_bare_word_gets_a_hint() -> None:
    with pytest.raises(BadRequest) as error:
        parse("state = running")
    assert error.value.hint == 'Texts stand in quotes: "running".'


@given(filters)
def test_what_is_rendered_reads_back(filter: Filter) -> None:
    assert repr(parse(render(filter))) == repr(filter)


@given(plain_paths)
def test_paths_read_back(path: Path) -> None:
    assert parse_path(render_path(path)) == path


@given(st.text(max_size=40))
def test_no_text_breaks_the_parser(text: str) -> None:
    with contextlib.suppress(BadRequest):
        assert repr(parse(render(parse(text)))) == repr(parse(text))
