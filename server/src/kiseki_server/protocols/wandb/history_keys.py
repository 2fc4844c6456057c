"""Which keys a history has, in the client's words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from kiseki_server.domain.history.types import KeyKind, KeyStats, TypedKey
from kiseki_server.protocols.wandb.sampled import RUNTIME, STEP, TIME

_TYPES = {"array": "list", "object": "map", "null": "nil"}
"""What the client calls kinds of JSON otherwise than JSON does."""


def described(
    stats: Iterable[KeyStats],
    kinds: Sequence[KeyKind],
    typed: Callable[[], Iterable[TypedKey]],
) -> dict[str, Any]:
    """By key, how many values of which type it has, and its last number.

    A bool stands among the numbers too, and is counted once; an object that says its type is
    counted under that. ``typed`` is asked only where there are objects.
    """
    counts: defaultdict[str, dict[str, int]] = defaultdict(dict)
    last: dict[str, float] = {}
    for one in stats:
        counts[one.key]["number"] = one.count
        last[one.key] = one.last
    for one in kinds:
        found = counts[one.key]
        if one.kind == "boolean":
            found["number"] = found.get("number", 0) - one.count
        if one.kind != "number":  # integers beyond a float's are points too
            found[_TYPES.get(one.kind, one.kind)] = one.count
    if any(one.kind == "object" for one in kinds):
        for one in typed():
            found = counts[one.key]
            found[one.type] = one.count
            found["map"] = found.get("map", 0) - one.count
    return {
        key: {
            "typeCounts": [
                {"type": type, "count": count} for type, count in sorted(found.items()) if count > 0
            ],
            "monotonic": key == RUNTIME,
            **({"previousValue": last[key]} if key in last else {}),
        }
        for key, found in counts.items()
    }


def of_rows(last_step: int) -> dict[str, Any]:
    """The keys that every row has."""
    keys: dict[str, Any] = {
        key: {"typeCounts": [{"type": "number"}], "monotonic": True} for key in (STEP, TIME)
    }
    keys[STEP]["previousValue"] = last_step
    return keys
