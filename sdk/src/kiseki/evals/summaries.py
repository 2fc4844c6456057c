"""What many results come to. Missing ones count for nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast


def summarize(values: Sequence[Any]) -> Any:
    """Means of numbers, counts of truth values, and the same for each key of maps."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    if all(isinstance(value, bool) for value in known):
        true = sum(known)
        return {"true_count": true, "true_fraction": true / len(known)}
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in known):
        return {"mean": sum(known) / len(known)}
    if all(isinstance(value, Mapping) for value in known):
        maps = cast("list[Mapping[str, Any]]", known)
        keys = dict.fromkeys(key for each in maps for key in each)
        found = {key: summarize([each.get(key) for each in maps]) for key in keys}
        return {key: value for key, value in found.items() if value is not None} or None
    return None
