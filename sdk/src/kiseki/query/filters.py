"""Filters and orders as W&B's scripts write them, in the words of our own expressions."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from kiseki.errors import UsageError

_COMPARISONS = {"$eq": "=", "$ne": "!=", "$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}
_NAMES = {
    "id": "name",
    "displayName": "display_name",
    "jobType": "job_type",
    "createdAt": "created_at",
    "updatedAt": "updated_at",
    "heartbeatAt": "heartbeat_at",
    "username": "user",
}
_ROOTS = {"summary_metrics": "summary", "summaryMetrics": "summary", "summary": "summary"}
_WORD = re.compile(r"[\w\-/:@]+\Z")
_KEYWORDS = frozenset({"and", "or", "not", "in", "contains", "exists", "true", "false", "null"})


def expression(filters: str | Mapping[str, Any] | None) -> str | None:
    """What the server is asked: an expression as it is, or a dict of conditions in its words.

    Raises:
        UsageError: A condition is none.
    """
    if filters is None or isinstance(filters, str):
        return filters or None
    return _all(filters) or None


def order_fields(order: str | None) -> list[dict[str, Any]]:
    """The fields that an order such as ``-created_at,+config.lr`` names."""
    fields: list[dict[str, Any]] = []
    for part in (order or "").split(","):
        name = part.strip()
        if name:
            fields.append({"field": _field(name.lstrip("+-")), "descending": name[0] == "-"})
    return fields


def _all(conditions: Mapping[str, Any]) -> str:
    return " and ".join(filter(None, (_condition(k, v) for k, v in conditions.items())))


def _condition(key: str, value: Any) -> str:
    if key in ("$and", "$or", "$nor"):
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise UsageError(f"{key} takes a list of conditions, not {value!r}")
        parts = [text for one in cast("Sequence[Any]", value) if (text := _all(_mapping(one)))]
        joined = (" and " if key == "$and" else " or ").join(f"({part})" for part in parts)
        return f"not ({joined})" if key == "$nor" and joined else joined and f"({joined})"
    if key == "$not":
        return f"not ({_all(_mapping(value))})"
    if key.startswith("$"):
        raise _unknown(key)
    field = _field(key)
    if not isinstance(value, Mapping):
        return _compared(field, "=", value)
    tests = cast("Mapping[str, Any]", value)
    return " and ".join(_test(field, name, wanted) for name, wanted in tests.items())


def _test(field: str, name: str, wanted: Any) -> str:
    if name in _COMPARISONS:
        return _compared(field, _COMPARISONS[name], wanted)
    if name in ("$in", "$nin"):
        if not isinstance(wanted, Sequence) or isinstance(wanted, str):
            raise UsageError(f"{name} takes a list of values, not {wanted!r}")
        values = cast("Sequence[Any]", wanted)
        if field == "tags":
            parts = " or ".join(f"tags contains {_value(one)}" for one in values) or "false"
        else:
            parts = f"{field} in [{', '.join(_value(one) for one in values)}]"
        return f"not ({parts})" if name == "$nin" else f"({parts})"
    if name == "$exists":
        return f"{field} exists" if wanted else f"not {field} exists"
    if name == "$regex":
        return f"{field} ~ {_value(str(wanted))}"
    if name in ("$contains", "$all"):
        several = isinstance(wanted, (list, tuple))
        listed = cast("Sequence[Any]", wanted) if several else [wanted]
        return " and ".join(f"{field} contains {_value(one)}" for one in listed)
    if name == "$not":
        inner = " and ".join(_test(field, k, v) for k, v in _mapping(wanted).items())
        return f"not ({inner})"
    raise _unknown(name)


def _compared(field: str, sign: str, value: Any) -> str:
    if field == "tags" and sign in ("=", "!="):
        contains = f"tags contains {_value(value)}"
        return contains if sign == "=" else f"not {contains}"
    return f"{field} {sign} {_value(value)}"


def _field(key: str) -> str:
    root, *rest = key.split(".")
    if not rest:
        return _NAMES.get(root, root)
    root = _ROOTS.get(root, root)
    if root == "config" and len(rest) > 1 and rest[-1] == "value":
        rest = rest[:-1]
    return ".".join([root, *map(_word, rest)])


def _word(word: str) -> str:
    plain = _WORD.match(word) and word.lower() not in _KEYWORDS
    return word if plain else json.dumps(word, ensure_ascii=False)


def _value(value: Any) -> str:
    if value is None or isinstance(value, (bool, int, float, str)):
        return json.dumps(value, ensure_ascii=False)
    if hasattr(value, "isoformat"):
        return json.dumps(value.isoformat())
    raise UsageError(f"A filter compares with numbers, texts, booleans and None, not {value!r}")


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise UsageError(f"A condition is a dict, not {value!r}")
    return cast("Mapping[str, Any]", value)


def _unknown(name: str) -> UsageError:
    known = [*_COMPARISONS, "$in", "$nin", "$exists", "$regex", "$contains", "$and", "$or", "$not"]
    return UsageError(f"There is no operator {name!r}", hint=f"operators are {', '.join(known)}")
