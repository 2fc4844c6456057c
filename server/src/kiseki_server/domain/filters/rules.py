"""What filters and sort orders mean, in Python.

Numbers compare as 64-bit floats, texts by code point. An adapter that compiles filters for an
engine gives the same answers; the tests compare it with these functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from kiseki_server.domain.filters.fields import (
    Branch,
    Kind,
    Value,
    kind_of,
    number_of,
    time_of,
)
from kiseki_server.domain.filters.regex import compile_regex
from kiseki_server.domain.filters.tree import (
    MAX_DEPTH,
    MAX_NODES,
    And,
    Compare,
    Contains,
    Exists,
    Filter,
    In,
    Matches,
    Not,
    Or,
    Path,
    Scalar,
    Sized,
    SortKey,
)
from kiseki_server.kit.errors import BadRequest

Condition = Compare | In | Contains | Matches | Exists | Sized
Lookup = Callable[[Path], Value]
"""Gives the value of a field of one thing."""
Kinds = Callable[[Path], Kind]
"""Says what a field holds; raises `BadRequest` when there is no such field."""


def check(filter: Filter | None, sort: Sequence[SortKey] = (), kinds: Kinds = kind_of) -> None:
    """Refuse trees that are too large or name fields that do not exist.

    Raises:
        BadRequest: Says which.
    """
    for key in sort:
        if kinds(key.field.path) is Kind.PRESENCE:
            raise _only_presence(key.field.path)
    for node in leaves(filter):
        if kinds(node.field.path) is Kind.PRESENCE and not _asks_presence(node):
            raise _only_presence(node.field.path)
        match node:
            case Compare(field, _, value):
                operand(field.path, value, kinds)
            case Sized(_, count) if count < 0:
                raise BadRequest(f"No list has {count} items.")
            case In(field, values):
                for value in values:
                    operand(field.path, value, kinds)
            case _:
                pass


def _asks_presence(node: Condition) -> bool:
    return isinstance(node, Exists) or (
        isinstance(node, Compare) and node.operator in ("=", "!=") and node.value is None
    )


def _only_presence(path: Path) -> BadRequest:
    name = ".".join(path)[:80]
    return BadRequest(
        f"Of `{name}` one can only ask whether it exists.",
        hint="The last value of a key stands in the summary.",
    )


def leaves(filter: Filter | None) -> Iterator[Condition]:
    """The conditions of a tree that is not too large.

    Raises:
        BadRequest: It is.
    """
    stack: list[tuple[Filter, int]] = [] if filter is None else [(filter, 1)]
    nodes = 0
    while stack:
        node, depth = stack.pop()
        nodes += 1
        if depth > MAX_DEPTH:
            raise BadRequest(f"The filter is nested deeper than {MAX_DEPTH} levels.")
        match node:
            case And(items) | Or(items):
                stack.extend((item, depth + 1) for item in items)
            case Not(item):
                stack.append((item, depth + 1))
            case _:
                nodes += len(node.values) if isinstance(node, In) else 0
                yield node
        if nodes > MAX_NODES:
            raise BadRequest(f"The filter has more than {MAX_NODES} conditions.")


def matches(filter: Filter, lookup: Lookup, kinds: Kinds = kind_of) -> bool:
    """Whether the thing, by default a run, matches."""
    match filter:
        case And(items):
            return all(matches(item, lookup, kinds) for item in items)
        case Or(items):
            return any(matches(item, lookup, kinds) for item in items)
        case Not(item):
            return not matches(item, lookup, kinds)
        case Exists(field):
            return lookup(field.path) is not None
        case Compare(field, operator, value):
            return _compare(operator, lookup(field.path), operand(field.path, value, kinds))
        case In(field, values):
            found = lookup(field.path)
            wanted = [operand(field.path, value, kinds) for value in values]
            items = found if isinstance(found, list) else [found]
            return any(_equal(_element(item), value) for item in items for value in wanted)
        case Contains(field, value):
            found = lookup(field.path)
            if isinstance(found, list):
                return any(_equal(_element(item), value) for item in found)
            return isinstance(found, str) and fold(value) in fold(found)
        case Sized(field, count):
            found = lookup(field.path)
            if found is None and kinds(field.path) is Kind.LIST:
                return count == 0
            return isinstance(found, list) and len(found) == count
        case Matches(field, regex):
            pattern = compile_regex(regex)
            found = lookup(field.path)
            items = found if isinstance(found, list) else [found]
            return any(isinstance(item, str) and pattern.search(item) for item in items)


def operand(path: Path, value: Scalar, kinds: Kinds = kind_of) -> Scalar:
    """The value that a field is compared with, times in microseconds.

    Raises:
        BadRequest: The field is a time, and the value is none.
    """
    if value is None or isinstance(value, bool) or kinds(path) is not Kind.TIME:
        return value
    return time_of(value)


def fold(text: str) -> str:
    """Lower case, one character for one."""
    return "".join(lower if len(lower := sign.lower()) == 1 else sign for sign in text)


def order(value: Value) -> tuple[int, float, str]:
    """Where a value stands in an ascending order: rank, number, text.

    Numbers (and false and true, as 0 and 1) come before texts; rank 2 is what cannot be ordered,
    which comes last whatever the direction: missing, lists, NaN.
    """
    if isinstance(value, str):
        return (1, 0.0, value)
    if isinstance(value, int | float) and not math.isnan(number := number_of(value)):
        return (0, number, "")
    return (2, 0.0, "")


def _compare(operator: str, found: Value, value: Scalar) -> bool:
    if operator == "=":
        return _equal(found, value)
    if operator == "!=":
        return not _equal(found, value)
    if _is_number(found) and _is_number(value):
        left, right = number_of(cast("float", found)), number_of(cast("float", value))
    elif isinstance(found, str) and isinstance(value, str):
        left, right = found, value
    else:
        return False
    return {
        "<": left < right,  # type: ignore[operator]
        "<=": left <= right,  # type: ignore[operator]
        ">": left > right,  # type: ignore[operator]
        ">=": left >= right,  # type: ignore[operator]
    }[operator]


def _equal(found: Value, value: Scalar) -> bool:
    if isinstance(found, Branch | list):
        return False
    if found is None or value is None:
        return found is value
    if isinstance(found, bool) or isinstance(value, bool):
        return isinstance(found, bool) and isinstance(value, bool) and found == value
    if isinstance(found, str) or isinstance(value, str):
        return isinstance(found, str) and isinstance(value, str) and found == value
    return number_of(found) == number_of(value)


def _element(item: Any) -> Value:
    """An item of a list; lists and objects in it equal nothing."""
    return item if item is None or isinstance(item, str | bool | int | float) else Branch.BRANCH


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
