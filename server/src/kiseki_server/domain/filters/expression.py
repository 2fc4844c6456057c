"""Filters as people type them.

    config.lr > 0.01 and (state = "running" or tags contains "baseline")
    name ~ "^resnet" and summary.val/acc exists and group in ["a", "b"] and not config.debug = true

Comparisons are ``= != < <= > >=``, ``in [..]``, ``contains "text"``, ``~ "regex"`` and
``exists``; ``not in``, ``not contains`` and ``!~`` turn them round. Conditions are joined by
``and``, ``or``, ``not`` and parentheses. A field is written as it is, with quotes around parts
that hold other signs: ``summary."top-1 (%)"``. Texts stand in double or single quotes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, cast

from kiseki_server.domain.filters.rules import check
from kiseki_server.domain.filters.tree import (
    MAX_DEPTH,
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
)
from kiseki_server.kit.errors import BadRequest

MAX_LENGTH = 50_000

_Operator = Literal["=", "!=", "<", "<=", ">", ">="]
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w/]))
    | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<word>[^\W\d][\w/@-]*|[\w/@-]+)
    | (?P<sign>==|!=|<=|>=|!~|=~|[=<>~()\[\],.])
    | (?P<end>$)
    )""",
    re.VERBOSE | re.DOTALL,
)
_WORDS = frozenset({"and", "or", "not", "in", "contains", "exists"})
_CONSTANTS: dict[str, Scalar] = {"true": True, "false": False, "null": None}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'", "/": "/"}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int


def parse(text: str) -> Filter:
    """The filter that the text says.

    Raises:
        BadRequest: It says none; the message tells where it stops making sense.
    """
    parser = _Parser(text)
    found = parser.either()
    parser.finish()
    check(found)
    return found


def parse_path(text: str) -> Path:
    """The field that the text names.

    Raises:
        BadRequest: It names none.
    """
    parser = _Parser(text)
    found = parser.path()
    parser.finish()
    return found


class _Parser:
    """Goes through the text once, a method for each rule of the grammar."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            raise BadRequest(f"The filter is longer than {MAX_LENGTH} characters")
        self._text = text
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0

    def either(self) -> Filter:
        items = [self._both()]
        while self._take_word("or"):
            items.append(self._both())
        return items[0] if len(items) == 1 else Or(tuple(items))

    def path(self) -> Path:
        parts = [self._part()]
        while self._peek().text == ".":
            self._at += 1
            parts.append(self._part())
        return tuple(parts)

    def finish(self) -> None:
        if self._peek().kind != "end":
            raise self._unexpected("`and`, `or` or the end")

    def _both(self) -> Filter:
        items = [self._one()]
        while self._take_word("and"):
            items.append(self._one())
        return items[0] if len(items) == 1 else And(tuple(items))

    def _one(self) -> Filter:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise BadRequest(f"The filter is nested deeper than {MAX_DEPTH} levels")
        try:
            if self._take_word("not"):
                return Not(self._one())
            if self._take_sign("("):
                found = self.either()
                if not self._take_sign(")"):
                    raise self._unexpected("`)`")
                return found
            return self._condition()
        finally:
            self._depth -= 1

    def _condition(self) -> Filter:
        field = Field(self.path())
        if self._take_word("exists"):
            return Exists(field)
        if self._take_word("not"):
            if self._take_word("in"):
                return Not(In(field, self._list()))
            if self._take_word("contains"):
                return Not(Contains(field, self._quoted()))
            if self._take_word("exists"):
                return Not(Exists(field))
            raise self._unexpected("`in`, `contains` or `exists`")
        if self._take_word("in"):
            return In(field, self._list())
        if self._take_word("contains"):
            return Contains(field, self._quoted())
        if self._take_sign("~", "=~"):
            return Matches(field, self._quoted())
        if self._take_sign("!~"):
            return Not(Matches(field, self._quoted()))
        sign = self._peek()
        if not self._take_sign("=", "==", "!=", "<", "<=", ">", ">="):
            raise self._unexpected("a comparison such as `=`, `<`, `in`, `contains` or `exists`")
        operator = cast("_Operator", "=" if sign.text == "==" else sign.text)
        return Compare(field, operator, self._value())

    def _list(self) -> tuple[Scalar, ...]:
        if not self._take_sign("["):
            raise self._unexpected("a list such as `[1, 2]`")
        values: list[Scalar] = []
        while not self._take_sign("]"):
            if values and not self._take_sign(","):
                raise self._unexpected("`,` or `]`")
            values.append(self._value())
        return tuple(values)

    def _value(self) -> Scalar:
        token = self._peek()
        if token.kind == "text":
            return self._quoted()
        if token.kind == "number":
            self._at += 1
            whole = re.fullmatch(r"[-+]?\d{1,400}", token.text)
            return int(token.text) if whole else float(token.text)
        if token.kind == "word" and token.text.lower() in _CONSTANTS:
            self._at += 1
            return _CONSTANTS[token.text.lower()]
        raise self._unexpected("a number, a text in quotes, true, false or null")

    def _quoted(self) -> str:
        token = self._peek()
        if token.kind != "text":
            raise self._unexpected("a text in quotes")
        self._at += 1
        return _unquoted(token.text)

    def _part(self) -> str:
        token = self._peek()
        if token.kind == "text":
            return self._quoted()
        named = token.kind == "word" and not (self._at == 0 and token.text.lower() in _WORDS)
        if not named and not (token.kind == "number" and self._after_dot()):
            raise self._unexpected("a field such as `config.lr` or `state`")
        self._at += 1
        return token.text

    def _after_dot(self) -> bool:
        return self._at > 0 and self._tokens[self._at - 1].text == "."

    def _peek(self) -> _Token:
        return self._tokens[self._at]

    def _take_word(self, word: str) -> bool:
        token = self._peek()
        if token.kind != "word" or token.text.lower() != word:
            return False
        self._at += 1
        return True

    def _take_sign(self, *signs: str) -> bool:
        token = self._peek()
        if token.kind != "sign" or token.text not in signs:
            return False
        self._at += 1
        return True

    def _unexpected(self, wanted: str) -> BadRequest:
        token = self._peek()
        seen = f"`{token.text[:40]}`" if token.kind != "end" else "the end"
        return BadRequest(
            f"The filter makes no sense at character {token.start + 1}: {seen} stands where "
            f"{wanted} is expected",
            hint='For example: config.lr > 0.01 and (state = "running" or tags contains "a")',
        )


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while True:
        found = _TOKEN.match(text, at)
        if found is None:
            rest = text[at:].lstrip()
            place = len(text) - len(rest)
            what = "a text without its closing quote" if rest[0] in "\"'" else f"`{rest[0]}`"
            raise BadRequest(f"The filter makes no sense at character {place + 1}: {what}")
        kind = found.lastgroup or "end"
        tokens.append(_Token(kind, found[kind], found.start(kind), found.end(kind)))
        if kind == "end":
            return tokens
        at = found.end()


def _unquoted(text: str) -> str:
    def replace(found: re.Match[str]) -> str:
        escape = found[1]
        if len(escape) == 5:
            return chr(int(escape[1:], 16))
        # What is no escape of ours stays, so that a regular expression reads as it is typed.
        return _ESCAPED.get(escape, found[0])

    inner = _ESCAPE.sub(replace, text[1:-1])
    # Pairs of escaped surrogates are one character; half of one is none.
    return inner.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
