"""What fields there are, and how a nested document becomes fields."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Any, cast

from kiseki_server.domain.filters.tree import Path, Scalar
from kiseki_server.kit.errors import BadRequest


class Kind(Enum):
    """What a field holds."""

    TEXT = "text"
    NUMBER = "number"
    TIME = "time"
    """Microseconds since 1970."""
    LIST = "list"
    """Of texts."""
    ANY = "any"
    """Whatever the user put there."""
    PRESENCE = "presence"
    """Only whether it is there is known."""


ATTRIBUTES: Mapping[str, Kind] = {
    "name": Kind.TEXT,
    "display_name": Kind.TEXT,
    "state": Kind.TEXT,
    "group": Kind.TEXT,
    "job_type": Kind.TEXT,
    "user": Kind.TEXT,
    "host": Kind.TEXT,
    "notes": Kind.TEXT,
    "created_at": Kind.TIME,
    "updated_at": Kind.TIME,
    "heartbeat_at": Kind.TIME,
    "finished_at": Kind.TIME,
    "duration": Kind.NUMBER,
    "tags": Kind.LIST,
    "history_lines": Kind.NUMBER,
}
DOCUMENTS = ("config", "summary")
HISTORY = "history"
"""The root of keys that were logged."""
TOLD_BY_HISTORY = (HISTORY, "history_lines")
"""Roots that a run itself does not know."""

Leaf = str | float | bool | list[Any]
"""A value at the end of a path; numbers are 64-bit floats."""


class Branch(Enum):
    """Stands where more fields lie below a path."""

    BRANCH = 0


Value = Leaf | int | Branch | None
"""What a lookup gives; ``None`` for a field that is missing or null, or a list without items."""


def kind_of(path: Path) -> Kind:
    """What the field holds.

    Raises:
        BadRequest: There is no such field.
    """
    if not path:
        raise BadRequest("A field has a name.")
    root = path[0]
    if root in DOCUMENTS or root == HISTORY:
        if len(path) == 1:
            raise BadRequest(f"`{root}` alone is no field; name a key, as in `{root}.lr`.")
        return Kind.ANY if root in DOCUMENTS else Kind.PRESENCE
    kind = ATTRIBUTES.get(root) if len(path) == 1 else None
    if kind is None:
        known = ", ".join([*ATTRIBUTES, *(f"{root}.…" for root in (*DOCUMENTS, HISTORY))])
        raise BadRequest(f"There is no field `{'.'.join(path)}`.", hint=f"Fields are {known}.")
    return kind


def dotted(path: Path) -> str:
    """The key below a root: nested keys and keys with dots are the same."""
    return ".".join(path[1:])


def flatten(document: Mapping[str, Any]) -> Mapping[str, Leaf]:
    """Leaves of a nested document by dotted path, without nulls.

    ``{"a": {"b": 1}}`` and ``{"a.b": 1}`` are the same; where both are given, the later wins.
    Lists are leaves.
    """
    leaves: dict[str, Leaf] = {}
    stack: list[tuple[str, Any]] = [(str(key), value) for key, value in document.items()]
    stack.reverse()
    while stack:
        path, value = stack.pop()
        if isinstance(value, Mapping):
            below = cast("Mapping[str, Any]", value)
            stack.extend((f"{path}.{key}", below[key]) for key in reversed(list(below)))
        elif value is not None:
            leaves[path] = leaf_of(value)
    return leaves


def leaf_of(value: Any) -> Leaf:
    """The value as fields hold it."""
    if isinstance(value, str | bool):
        return value
    if isinstance(value, int | float):
        return number_of(value)
    if isinstance(value, Sequence):
        return list(cast("Sequence[Any]", value))
    return str(value)


def branches(leaves: Mapping[str, Leaf]) -> set[str]:
    """Paths with leaves below them and none at them."""
    found: set[str] = set()
    for path in leaves:
        at = path.rfind(".")
        while at > 0 and path[:at] not in found:
            found.add(path[:at])
            at = path.rfind(".", 0, at)
    return found - leaves.keys()


def number_of(value: float) -> float:
    """The number as a 64-bit float; what is too large is infinite."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def time_of(value: Scalar) -> int:
    """A time given as ISO 8601 text or seconds since 1970, in microseconds.

    Raises:
        BadRequest: It is neither.
    """
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise BadRequest(
                f"`{value}` is no time.",
                hint="Write ISO 8601 text such as 2026-01-31T12:00:00Z, or seconds since 1970.",
            ) from None
        return microseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    if value is None or isinstance(value, bool) or not math.isfinite(value):
        raise BadRequest(f"`{value}` is no time.")
    return max(-(2**63), min(round(value * 1_000_000), 2**63 - 1))


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970, exactly."""
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
