"""How a run's config and summary stand in a JSON column.

Every leaf has a path of its own, a dotted key written with letters, digits and ``_`` alone, so
that a key can never be more than a name in SQL. The kind of a value is the type that the engine
finds: numbers are ``Float64``, also whole ones; the few that JSON cannot say are ``Int64``, which
nothing else is (1, -1, 0 for the infinities and NaN, as in ``x / 0``); a list is an array of
texts that begin with their kind. Where only other keys lie below a key, a mark stands for it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from kiseki_server.domain.filters.fields import Leaf, branches, number_of

LIST = "l"
"""The first item of every list, so that none is empty."""

_BRANCH = "Zo"
_UNSAFE = re.compile(rb"[^A-Ya-z0-9_]")
_ESCAPED = re.compile(r"Z([0-9a-f]{2})")


def column_path(key: str) -> str:
    """The path of a dotted key: letters, digits and ``_``."""
    raw = key.encode("utf-8", "replace")
    return "k" + _UNSAFE.sub(lambda match: b"Z%02x" % match[0][0], raw).decode("ascii")


def branch_path(key: str) -> str:
    """The path of the mark that there are keys below this one."""
    return column_path(key) + _BRANCH


def key_of(path: str) -> str | None:
    """The dotted key of a path; ``None`` for a mark."""
    if path.endswith(_BRANCH):
        return None
    raw = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), path[1:])
    return raw.encode("latin-1").decode("utf-8", "replace")


def encoded(leaves: Mapping[str, Leaf]) -> dict[str, Any]:
    """The leaves of a document as the column takes them."""
    found = {column_path(key): _value(leaf) for key, leaf in leaves.items()}
    found.update((branch_path(key), True) for key in branches(leaves))
    return found


def line(values: Mapping[str, Any]) -> str:
    """One row as JSON text."""
    return json.dumps(values, ensure_ascii=False, allow_nan=False)


def item(value: Any) -> str:
    """An item of a list."""
    if value is None:
        return "z"
    if isinstance(value, bool):
        return f"b{value}"
    if isinstance(value, str):
        return f"s{value}"
    if isinstance(value, int | float):
        return f"n{number_of(value) + 0.0!r}"
    return "o"


def items(values: Iterable[Any]) -> list[str]:
    """Items of a list, without what equals nothing."""
    return [item(value) for value in values if not (isinstance(value, float) and math.isnan(value))]


def _value(leaf: Leaf) -> Any:
    if isinstance(leaf, bool | str):
        return leaf
    if isinstance(leaf, list):
        return [LIST, *map(item, leaf)]
    if math.isfinite(leaf):
        return leaf
    return 0 if math.isnan(leaf) else 1 if leaf > 0 else -1
