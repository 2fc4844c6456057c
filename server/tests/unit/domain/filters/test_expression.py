"""Filters as people type them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiseki_server.domain.filters.expression import MAX_LENGTH, parse, parse_path
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
)
from kiseki_server.kit.errors import BadRequest

STATE, TAGS = Field(("state",)), Field(("tags",))
LR = Field(("config", "lr"))


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("config.lr > 0.01", Compare(LR, ">", 0.01)),
        ("config.lr>=-1e-3", Compare(LR, ">=", -0.001)),
        ("config.lr == 3", Compare(LR, "=", 3)),
        ("state != 'done'", Compare(STATE, "!=", "done")),
        ("config.lr = null", Compare(LR, "=", None)),
        ("config.lr = TRUE", Compare(LR, "=", True)),
        ('tags contains "a"', Contains(TAGS, "a")),
        ('tags not contains "a"', Not(Contains(TAGS, "a"))),
        ("config.lr exists", Exists(LR)),
        ("config.lr not exists", Not(Exists(LR))),
        ('state in ["a", 1, null]', In(STATE, ("a", 1, None))),
        ("state not in []", Not(In(STATE, ()))),
        ('name ~ "^x"', Matches(Field(("name",)), "^x")),
        ('name !~ "^x"', Not(Matches(Field(("name",)), "^x"))),
        (r'name ~ "\d+\b\\."', Matches(Field(("name",)), r"\d+\b\.")),
        (r'name = "say \"hi\"\n"', Compare(Field(("name",)), "=", 'say "hi"\n')),
        (r'name = "\u65e5"', Compare(Field(("name",)), "=", "日")),
        ("not config.lr exists", Not(Exists(LR))),
        ("((config.lr exists))", Exists(LR)),
    ],
)
def test_conditions(text: str, meaning: Filter) -> None:
    assert parse(text) == meaning


def test_and_binds_closer_than_or() -> None:
    a, b, c = (Exists(Field(("config", name))) for name in "abc")
    assert parse("config.a exists or config.b exists AND config.c exists") == Or((a, And((b, c))))
    assert parse("(config.a exists or config.b exists) and config.c exists") == And((Or((a, b)), c))
    assert parse("not config.a exists and config.b exists") == And((Not(a), b))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("created_at", ("created_at",)),
        ("summary.loss.min", ("summary", "loss", "min")),
        ("summary.val/acc-1", ("summary", "val/acc-1")),
        ('summary."top-1 (%)".x', ("summary", "top-1 (%)", "x")),
        ("config.layers.0.size", ("config", "layers", "0", "size")),
        ("config.in", ("config", "in")),
        ("config.学習率", ("config", "学習率")),
    ],
)
def test_fields(text: str, path: tuple[str, ...]) -> None:
    assert parse_path(text) == path
    assert parse(f"{text} exists") == Exists(Field(path))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "character 1: the end"),
        ("config.lr >", "character 12: the end"),
        ('state = "x', "without its closing quote"),
        ("config.lr = abc", "`abc` stands where a number"),
        ("config.a config.b", "`config` stands where a comparison"),
        ('state = "x" and', "the end"),
        ('(state = "a"', "`)` is expected"),
        ("state = 1 § 2", "`§`"),
        ("state in [1 2]", "`,` or `]`"),
        ("state in 1", "a list"),
        ("tags contains 1", "a text in quotes"),
        ("foo = 1", "no field `foo`"),
        ("config = 1", "`config` alone"),
        ("not " * 60 + "state exists", "nested deeper than 50"),
        ("(" * 60 + "state exists" + ")" * 60, "nested deeper than 50"),
        (" or ".join(["state exists"] * 2000), "more than 1000"),
        ("x" * (MAX_LENGTH + 1), "longer than"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_place(text: str, message: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse(text)
    assert message in caught.value.message


@given(st.text(max_size=40))
def test_any_text_is_a_filter_or_a_bad_request(text: str) -> None:
    for read in (parse, parse_path):
        with contextlib.suppress(BadRequest):
            read(text)


@given(st.text(max_size=20).filter(lambda text: not any(0xD800 <= ord(c) < 0xE000 for c in text)))
def test_quoted_text_comes_back(text: str) -> None:
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    assert parse(f"state = {quoted}") == Compare(STATE, "=", text)
