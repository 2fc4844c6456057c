"""Summaries of runs that begin with another run's history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy

from kiseki_server.domain.runs.types import Json

_STEP = "_step"


def inherited(
    derived: Mapping[str, Json], source: Mapping[str, Json], last_step: int | None
) -> dict[str, Json]:
    """What the history says, by keys joined with dots, in the shape of the source's summary.

    A key stands as it does there: nested, where the source's client nests.
    """
    summary: dict[str, Json] = {}
    for key, value in derived.items():
        _put(summary, _path(key, source), value)
    if _STEP in source and last_step is not None:
        summary[_STEP] = last_step
    return summary


def placed(summary: Mapping[str, Json], values: Mapping[str, Json]) -> dict[str, Json]:
    """The summary with other objects of numbers in the places of those that it has."""
    changed = deepcopy(dict(summary))
    for key, value in values.items():
        path = _path(key, summary)
        before = _at(summary, path)
        if _is_plain(before):
            numbers = {name: _like(before.get(name), number) for name, number in value.items()}
            _put(changed, path, {**before, **numbers})
    return changed


def _at(summary: Json, path: Sequence[str]) -> Json:
    for part in path:
        if not _is_plain(summary) or part not in summary:
            return None
        summary = summary[part]
    return summary


def _like(before: Json, number: float) -> Json:
    """The number as a whole one, if it is and the one before was."""
    return int(number) if isinstance(before, int) and float(number).is_integer() else number


def overlaid(before: Mapping[str, Json], now: Mapping[str, Json]) -> dict[str, Json]:
    """The later summary over the earlier one, object by object."""
    merged = dict(before)
    for key, value in now.items():
        earlier: Json = merged.get(key)
        if _is_plain(earlier) and _is_plain(value):
            merged[key] = overlaid(earlier or {}, value)
        else:
            merged[key] = value
    return merged


def _is_plain(value: Json) -> bool:
    """It is an object, and no picture, table or other typed value."""
    return isinstance(value, dict) and "_type" not in value


def _put(summary: dict[str, Json], path: Sequence[str], value: Json) -> None:
    place: Json = summary
    for part in path[:-1]:
        if not isinstance(place.setdefault(part, {}), dict):  # another key has the place
            summary[".".join(path)] = value
            return
        place = place[part]
    place[path[-1]] = value


def _path(key: str, source: Mapping[str, Json]) -> list[str]:
    """The way to the key in the source's summary: the key itself, unless objects lead there."""
    if key in source:
        return [key]
    parts = key.split(".")
    inner: Json = source
    for at, part in enumerate(parts):
        if not isinstance(inner, Mapping) or part not in inner:
            nested = at > 0 and isinstance(inner, Mapping)
            return [*parts[:at], ".".join(parts[at:])] if nested else [key]
        inner = inner[part]  # pyright: ignore[reportUnknownVariableType]
    return parts
