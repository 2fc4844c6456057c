"""What a condition on calls means, in Python.

Values inside of bodies are read as text: strings as they are, numbers in their shortest form
(``5.0`` is ``5``), maps and lists as compact JSON with such numbers, missing and null as empty
text; a whole body that is a map or a list is the text that was stored. Text beside a number or a
truth value is read as one, and is null where it is not written like one: ``inputs.x > 3`` holds
for 3.7 as it does for 4. A time beside a number is compared with seconds since 1970, beside text
with an ISO 8601 time. An adapter that compiles conditions for an engine gives the same answers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import ge, gt, le, lt
from typing import Any, cast

from kiseki_server.domain.calls import rules
from kiseki_server.domain.calls.query import (
    BODIES,
    TIMES,
    Among,
    And,
    Contains,
    Convert,
    Eq,
    Field,
    Gt,
    Gte,
    In,
    Literal,
    Lookup,
    Lt,
    Lte,
    Node,
    Not,
    Or,
    Size,
    Type,
)
from kiseki_server.domain.calls.types import Call
from kiseki_server.kit.json import from_text, to_text

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
_EXACT = 2**53
"""Up to here every whole float64 is one integer."""


@dataclass(frozen=True, slots=True, order=True)
class Instant:
    """A time in microseconds since 1970."""

    microseconds: int


Value = str | bool | int | float | Instant | None


def holds(query: Node, call: Call) -> bool:
    """Whether the condition is true; a null is not."""
    return _truth(evaluate(query, call)) is True


def evaluate(node: Node, call: Call) -> Value:
    """The value of a node for one call; conditions give true, false or null."""
    match node:
        case Literal(value):
            return value
        case Field(path):
            return _field(path, call)
        case Convert(operand, to):
            return _convert(evaluate(operand, call), to)
        case Size(operand):
            return _size(evaluate(operand, call))
        case And(conditions):
            return _all([_truth(evaluate(each, call)) for each in conditions])
        case Or(conditions):
            return _any([_truth(evaluate(each, call)) for each in conditions])
        case Not(condition):
            truth = _truth(evaluate(condition, call))
            return None if truth is None else not truth
        case Eq(left, right) if Literal(None) in (left, right):
            other = right if left == Literal(None) else left
            return evaluate(other, call) is None
        case Eq(left, right):
            return _equal(evaluate(left, call), evaluate(right, call))
        case Gt(left, right):
            return _ordered(gt, evaluate(left, call), evaluate(right, call))
        case Gte(left, right):
            return _ordered(ge, evaluate(left, call), evaluate(right, call))
        case Lt(left, right):
            return _ordered(lt, evaluate(left, call), evaluate(right, call))
        case Lte(left, right):
            return _ordered(le, evaluate(left, call), evaluate(right, call))
        case In(operand, values):
            value = evaluate(operand, call)
            return _any([_equal(value, evaluate(each, call)) for each in values])
        case Lookup(key, texts, otherwise):
            found = texts.get(_key(evaluate(key, call)))
            return evaluate(otherwise, call) if found is None else found
        case Among(field, texts):
            return _key(evaluate(field, call)) in texts
        case Contains(operand, part, ignore_case):
            return _contains(evaluate(operand, call), evaluate(part, call), ignore_case)


def text_of(value: object) -> str:
    """A JSON value as conditions read it."""
    if value is None:
        return ""
    return value if isinstance(value, str) else to_text(_shortest(value))


def paths_of(path: tuple[str, ...], value: object) -> Iterator[tuple[str, ...]]:
    """Fields below a path under which a JSON value has something that is no list."""
    if isinstance(value, Mapping) and value:
        for key, entry in cast("Mapping[str, object]", value).items():
            yield from paths_of((*path, key), entry)
    elif value not in (None, "", {}, []) and not isinstance(value, list):
        yield path


def number_of(text: str) -> float | None:
    """The finite number that a text is; none where it is no number."""
    number = _convert(text, Type.DOUBLE)
    return number if isinstance(number, float) else None


def _shortest(value: object) -> object:
    """The value with whole floats as integers, at any depth."""
    if isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT:
        return int(value)
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, object]", value)
        return {key: _shortest(entry) for key, entry in entries.items()}
    if isinstance(value, list):
        return [_shortest(entry) for entry in cast("list[object]", value)]
    return value


def _field(path: tuple[str, ...], call: Call) -> Value:
    root = path[0]
    if path[:2] == ("summary", "weave"):
        match path[2]:
            case "status":
                return rules.status(call).value
            case "latency_ms":
                return rules.latency_ms(call)
            case _:
                return rules.trace_name(call)
    if root in TIMES:
        time: int | None = getattr(call, root)
        return None if time is None else Instant(time)
    if root in BODIES:
        body: str = getattr(call, root)
        return body if path[1:] == () and body[:1] in {"{", "["} else _text_in(body, path[1:])
    return getattr(call, root)


def _key(value: Value) -> str:
    return value if isinstance(value, str) else ""


def _text_in(body: str, keys: Sequence[str]) -> str:
    return text_of(_at(from_text(body), keys))


def _at(value: object, keys: Sequence[str]) -> object:
    for key in keys:
        if isinstance(value, Mapping):
            value = cast("Mapping[str, Any]", value).get(key)
        elif isinstance(value, list) and key.isascii() and key.isdigit():
            entries = cast("list[object]", value)
            # More digits than any list has places need not be counted.
            position = int(key[:10])
            value = entries[position] if len(key) <= 10 and position < len(entries) else None
        else:
            return None
    return value


def _truth(value: Value) -> bool | None:
    return value if isinstance(value, bool) else None


def _all(truths: Sequence[bool | None]) -> bool | None:
    if False in truths:
        return False
    return None if None in truths else True


def _any(truths: Sequence[bool | None]) -> bool | None:
    if True in truths:
        return True
    return None if None in truths else False


def _equal(left: Value, right: Value) -> bool | None:
    left, right = _alike(left, right)
    return None if left is None or right is None else left == right


def _ordered(compare: Callable[[Any, Any], bool], left: Value, right: Value) -> bool | None:
    left, right = _alike(left, right)
    return None if left is None or right is None else compare(left, right)


def _alike(left: Value, right: Value) -> tuple[Value, Value]:
    """Both as one type; null where one cannot be read as the other's."""
    if isinstance(left, Instant) or isinstance(right, Instant):
        return instant(left), instant(right)
    if isinstance(left, str) and not isinstance(right, str):
        return _read_as(left, right), right
    if isinstance(right, str) and not isinstance(left, str):
        return left, _read_as(right, left)
    return left, right


def _read_as(text: str, other: bool | float | None) -> Value:
    if isinstance(other, bool):
        return _convert(text, Type.BOOL)
    whole = None if isinstance(other, float) else _convert(text, Type.INT)
    return _convert(text, Type.DOUBLE) if whole is None else whole


def _convert(value: Value, to: Type) -> Value:
    if to is Type.EXISTS:
        return value is not None
    if value is None:
        return None
    if isinstance(value, Instant):
        value = value.microseconds / 1_000_000
    match to:
        case Type.STRING:
            return text_of(value)
        case Type.BOOL:
            return (
                {"true": True, "false": False}.get(value) if isinstance(value, str) else value != 0
            )
        case Type.DOUBLE:
            number = (
                float(value) if not isinstance(value, str) or _NUMBER.fullmatch(value) else None
            )
            return number if number is not None and math.isfinite(number) else None
        case Type.INT:
            return _integer(value)


def _integer(value: str | float) -> int | None:
    if isinstance(value, str):
        whole = int(value) if _INTEGER.fullmatch(value) else None
    else:
        whole = int(value) if math.isfinite(value) else None
    return whole if whole is not None and -(2**63) <= whole < 2**63 else None


def instant(value: Value) -> Instant | None:
    """A time as conditions read it: seconds since 1970, or ISO 8601."""
    if isinstance(value, Instant) or value is None:
        return value
    if not isinstance(value, str):
        return Instant(round(value * 1_000_000)) if math.isfinite(value) else None
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        return None
    zoned = time if time.tzinfo else time.replace(tzinfo=UTC)
    since = zoned - datetime(1970, 1, 1, tzinfo=UTC)
    return Instant((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)


def _size(value: Value) -> int | None:
    if not isinstance(value, str) or not value.startswith(("[", "{")):
        return None
    try:
        entries: object = from_text(value)
    except (ValueError, RecursionError):
        return None
    return len(cast("list[object]", entries)) if isinstance(entries, list | dict) else None


def _contains(value: Value, part: Value, ignore_case: bool) -> bool | None:
    if not isinstance(value, str) or not isinstance(part, str):
        return None
    return part.lower() in value.lower() if ignore_case else part in value
