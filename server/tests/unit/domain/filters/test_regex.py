"""RE2's syntax, run by Python."""

from __future__ import annotations

import pytest

from kiseki_server.domain.filters.regex import compile_regex
from kiseki_server.kit.errors import BadRequest


@pytest.mark.parametrize(
    ("regex", "text", "found"),
    [
        ("a.c", "a\nc", True),
        ("c$", "abc\n", False),
        ("[$]", "$", True),
        (r"\$", "$", True),
        (r"\d", "٣", False),
        ("(?i)LOSS", "loss", True),
        ("(?P<name>a)", "a", True),
        ("(?:a|b){2}", "ab", True),
        ("日+", "日日", True),
        ("[]a]", "]", True),
    ],
)
def test_expressions(regex: str, text: str, found: bool) -> None:
    assert compile_regex(regex).search(text) is found


@pytest.mark.parametrize(
    "regex", ["(?=a)", "(?!a)", "(?<=a)b", "(?>a)", "a++", r"(a)\1", "(?P=x)", "(", "[", "a**"]
)
def test_what_the_engine_lacks_is_refused(regex: str) -> None:
    with pytest.raises(BadRequest, match=r"regular expression|not supported"):
        compile_regex(regex)


def test_no_expression_takes_for_ever() -> None:
    assert compile_regex("(a+)+$").search("a" * 100_000 + "!") is False


@pytest.mark.parametrize("regex", ["(" * 900, "((a{100}){100}){100}", "a" * 1001])
def test_expressions_are_bounded(regex: str) -> None:
    with pytest.raises(BadRequest):
        compile_regex(regex)
