"""Filters as people type them.

    config.lr > 0.01 and (state = "running" or tags contains "a") and name ~ "^x"
    summary.acc exists and group in ["a", "b"] and not config."a b".c = null
    tags size 2 and history."val/loss" exists and history_lines > 1000

A field is a path of words; a word with other signs than letters, digits, ``_ - / : @`` stands in
double quotes. Values are numbers, texts in quotes, ``true``, ``false`` and ``null``. ``and``
binds stronger than ``or``, ``not`` stronger than both.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NoReturn, cast

import msgspec

from kiseki_server.domain.filters.fields import kind_of
from kiseki_server.domain.filters.rules import Kinds, check
from kiseki_server.domain.filters.tree import (
    MAX_DEPTH,
    MAX_NODES,
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
    Scalar,
    Sized,
)
from kiseki_server.kit.errors import BadRequest

MAX_LENGTH = 100_000
KEYWORDS = frozenset({"and", "or", "not", "in", "contains", "exists", "true", "false", "null"})
WORD = re.compile(r"[\w\-/:@]+")

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>-?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|Infinity)(?![\w\-/:@.])|NaN(?![\w\-/:@.]))
    | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<sign><=|>=|!=|!~|==|=|<|>|~|\(|\)|\[|\]|,|\.)
    | (?P<word>[\w\-/:@]+)
    | (?P<end>\Z)
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_COMPARISONS = {"=", "==", "!=", "<", "<=", ">", ">="}
_CONSTANTS: dict[str, Scalar] = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    start: int


def parse(text: str, kinds: Kinds = kind_of) -> Filter:
    """The tree that an expression, by default over runs, means.

    Raises:
        BadRequest: Says where the expression cannot be understood, and what was expected.
    """
    parser = _Parser(text)
    filter = parser.alternatives(1)
    parser.expect_end("`and`, `or` or the end")
    check(filter, kinds=kinds)
    return filter


def parse_path(text: str) -> Path:
    """The path that a field's name means, as in ``summary.train/loss`` or ``config."a b".c``.

    Raises:
        BadRequest: It is no name of a field.
    """
    parser = _Parser(text)
    field = parser.field()
    parser.expect_end("`.` or the end")
    return field.path


class _Parser:
    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            raise BadRequest(f"The filter is longer than {MAX_LENGTH} characters.")
        self._source = text
        self._at = 0
        self._nodes = 0
        self._token = self._next()

    def alternatives(self, depth: int) -> Filter:
        return self._joined("or", Or, self._conjunction, depth)

    def expect_end(self, wanted: str) -> None:
        if self._token.kind != "end":
            self._fail(wanted)

    def field(self) -> Field:
        path = [self._part("the name of a field")]
        while self._token.text == "." and self._token.kind == "sign":
            self._take(after_dot=True)
            path.append(self._part("the next part of the field's name"))
        return Field(tuple(path))

    def _conjunction(self, depth: int) -> Filter:
        return self._joined("and", And, self._negation, depth)

    def _joined(
        self,
        word: str,
        node: type[And | Or],
        operand: Callable[[int], Filter],
        depth: int,
    ) -> Filter:
        start = self._token.start
        items = [operand(depth)]
        while self._word(word):
            items.append(operand(depth + 1))
        return items[0] if len(items) == 1 else self._counted(node(tuple(items)), depth, start)

    def _negation(self, depth: int) -> Filter:
        start = self._token.start
        if self._word("not"):
            self._check_depth(depth, start)
            return self._counted(Not(self._negation(depth + 1)), depth, start)
        return self._condition(depth)

    def _condition(self, depth: int) -> Filter:
        start = self._token.start
        self._check_depth(depth, start)
        if self._sign("("):
            inner = self.alternatives(depth + 1)
            if not self._sign(")"):
                self._fail("`)`, `and` or `or`")
            return inner
        for constant, node in (("true", And(())), ("false", Or(()))):
            if self._token.kind == "word" and self._token.text == constant:
                self._take()
                return self._counted(node, depth, start)
        if self._token.kind == "word" and self._token.text in KEYWORDS:
            self._fail("a field, `not` or `(`")
        field = self.field()
        return self._counted(self._comparison(field), depth, start)

    def _comparison(self, field: Field) -> Filter:
        token = self._token
        if token.kind == "sign" and token.text in _COMPARISONS:
            self._take()
            operator = "=" if token.text == "==" else token.text
            return Compare(
                field,
                cast("Literal['=', '!=', '<', '<=', '>', '>=']", operator),
                self._value(),
            )
        if self._sign("~"):
            return Matches(field, self._text())
        if self._sign("!~"):
            return Not(Matches(field, self._text()))
        if self._word("contains"):
            return Contains(field, self._text())
        if self._word("exists"):
            return Exists(field)
        if self._word("in"):
            return In(field, self._values())
        if self._word("size"):
            return Sized(field, self._count())
        if self._word("not"):
            if self._word("in"):
                return Not(In(field, self._values()))
            if self._word("contains"):
                return Not(Contains(field, self._text()))
            if self._word("exists"):
                return Not(Exists(field))
            self._fail("`in`, `contains` or `exists`")
        return self._fail("a comparison: = != < <= > >= ~ !~ in contains exists size")

    def _count(self) -> int:
        value = _number(self._token.text) if self._token.kind == "number" else None
        if not isinstance(value, int) or value < 0:
            self._fail("a number of items")
        self._take()
        return value

    def _values(self) -> tuple[Scalar, ...]:
        if not self._sign("["):
            self._fail("a list such as [1, 2]")
        values: list[Scalar] = []
        while not self._sign("]"):
            if values and not self._sign(","):
                self._fail("`,` or `]`")
            values.append(self._value())
            self._nodes += 1
        return tuple(values)

    def _value(self) -> Scalar:
        token = self._token
        if token.kind == "number":
            self._take()
            return _number(token.text)
        if token.kind == "text":
            return self._text()
        if token.kind == "word" and token.text in _CONSTANTS:
            self._take()
            return _CONSTANTS[token.text]
        return self._fail("a number, a text in quotes, true, false or null")

    def _text(self) -> str:
        token = self._token
        if token.kind != "text":
            self._fail("a text in quotes")
        self._take()
        return _unquoted(token.text)

    def _part(self, wanted: str) -> str:
        token = self._token
        if token.kind not in ("text", "word"):
            self._fail(wanted)
        self._take(after_part=True)
        return _unquoted(token.text) if token.kind == "text" else token.text

    def _word(self, word: str) -> bool:
        if self._token.kind != "word" or self._token.text != word:
            return False
        self._take()
        return True

    def _sign(self, sign: str) -> bool:
        if self._token.kind != "sign" or self._token.text != sign:
            return False
        self._take()
        return True

    def _take(self, *, after_dot: bool = False, after_part: bool = False) -> None:
        self._token = self._next(after_dot=after_dot, after_part=after_part)

    def _next(self, *, after_dot: bool = False, after_part: bool = False) -> Token:
        if after_part and self._source.startswith(".", self._at):
            self._at += 1
            return Token("sign", ".", self._at - 1)
        # Behind a dot comes a part of a name, also where it looks like a number: `config.0`.
        if after_dot and (word := WORD.match(self._source, self._at)):
            self._at = word.end()
            return Token("word", word[0], word.start())
        match = _TOKEN.match(self._source, self._at)
        if match is None or match.lastgroup is None:
            start = (
                self._at + len(self._source[self._at :]) - len(self._source[self._at :].lstrip())
            )
            sign = self._source[start]
            what = "the quotes do not end" if sign in "\"'" else f"`{sign}` has no meaning here"
            raise BadRequest(f"The filter cannot be read at position {start + 1}: {what}.")
        self._at = match.end()
        kind = match.lastgroup
        return Token(kind, match[kind], match.start(kind))

    def _counted(self, filter: Filter, depth: int, start: int) -> Filter:
        self._check_depth(depth, start)
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise BadRequest(f"The filter has more than {MAX_NODES} conditions.")
        return filter

    def _check_depth(self, depth: int, start: int) -> None:
        if depth > MAX_DEPTH:
            raise BadRequest(
                f"The filter is nested deeper than {MAX_DEPTH} levels at position {start + 1}."
            )

    def _fail(self, wanted: str) -> NoReturn:
        token = self._token
        found = "it ends" if token.kind == "end" else f"there is `{token.text[:40]}`"
        hint = None
        if token.kind == "word" and "quotes" in wanted:
            hint = f"Texts stand in quotes: {msgspec.json.encode(token.text[:40]).decode()}."
        raise BadRequest(
            f"The filter cannot be read at position {token.start + 1}: "
            f"expected {wanted}, but {found}.",
            hint=hint,
        )


def _number(text: str) -> int | float:
    if text.lstrip("-").isdigit():
        if len(text) > 400:
            raise BadRequest(f"The number {text[:20]}… in the filter is too long.")
        return int(text)
    return float(text)


def _unquoted(text: str) -> str:
    def meaning(escape: re.Match[str]) -> str:
        sign = escape[1]
        return chr(int(sign[1:], 16)) if len(sign) > 1 else _ESCAPES.get(sign, sign)

    found = _ESCAPE.sub(meaning, text[1:-1])
    # Two escapes may name one sign beyond the first plane.
    return found.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
