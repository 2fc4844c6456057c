"""The client's filters and orders of runs: MongoDB-style JSON, `+field` and `-field`."""

from __future__ import annotations

from typing import Any

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
    SortKey,
)
from kiseki_server.kit.errors import BadRequest
from kiseki_server.protocols.wandb import json_lines

_ATTRIBUTES = {
    "name": "name",
    "displayName": "display_name",
    "display_name": "display_name",
    "state": "state",
    "group": "group",
    "jobType": "job_type",
    "job_type": "job_type",
    "tags": "tags",
    "username": "user",
    "user": "user",
    "host": "host",
    "notes": "notes",
    "description": "notes",
    "createdAt": "created_at",
    "created_at": "created_at",
    "updatedAt": "updated_at",
    "updated_at": "updated_at",
    "heartbeatAt": "heartbeat_at",
    "heartbeat_at": "heartbeat_at",
    "duration": "duration",
}
_COMPARED = {"$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}
_TIMES = frozenset({"created_at", "updated_at", "heartbeat_at"})


def parse(text: str | None) -> Filter | None:
    """The filter; nothing for what matches every run.

    Raises:
        BadRequest: It is no filter, or asks for something that cannot be filtered by.
    """
    if not text:
        return None
    parsed = _object(json_lines.read(text, "The filter"), 0)
    return None if parsed == And(()) else parsed


def parse_order(text: str | None) -> list[SortKey]:
    """The order of runs; nothing for the newest first.

    Raises:
        BadRequest: Runs cannot be ordered by this.
    """
    if not text:
        return []
    descending = text.startswith("-")
    return [SortKey(_field(text.lstrip("+-")), descending)]


def _object(value: Any, depth: int) -> Filter:
    if not isinstance(value, dict):
        raise BadRequest(f"A filter is a JSON object, not {str(value)[:80]!r}")
    if depth > MAX_DEPTH:
        raise BadRequest(f"The filter is more than {MAX_DEPTH} levels deep")
    items: list[Filter] = []
    for key, item in value.items():
        if key in ("$and", "$or", "$nor"):
            if not isinstance(item, list):
                raise BadRequest(f"`{key}` takes a list")
            parts = tuple(_object(part, depth + 1) for part in item)
            if key == "$and":
                items += parts
            elif not parts:
                continue  # an empty list filters nothing, whatever joins it
            else:
                items.append(Or(parts) if key == "$or" else Not(Or(parts)))
        elif key == "$not":
            items.append(Not(_object(item, depth + 1)))
        elif key.startswith("$"):
            raise BadRequest(f"`{key[:40]}` joins no filters", hint="Use $and, $or, $nor or $not.")
        else:
            items.append(_condition(_field(key), item, depth + 1))
    parts = tuple(item for item in items if item != And(()))
    return parts[0] if len(parts) == 1 else And(parts)


def _condition(field: Field, item: Any, depth: int) -> Filter:
    if depth > MAX_DEPTH:
        raise BadRequest(f"The filter is more than {MAX_DEPTH} levels deep")
    if not isinstance(item, dict):
        return _equal(field, item)
    parts = tuple(_operator(field, operator, value, depth) for operator, value in item.items())
    return parts[0] if len(parts) == 1 else And(parts)


def _operator(field: Field, operator: str, value: Any, depth: int) -> Filter:
    if operator in _COMPARED:
        return Compare(field, _COMPARED[operator], _scalar(field, value))  # pyright: ignore[reportArgumentType]
    match operator:
        case "$eq":
            return _equal(field, value)
        case "$ne":
            return Not(_equal(field, value))
        case "$in" | "$nin" | "$all":
            if not isinstance(value, list):
                raise BadRequest(f"`{operator}` takes a list")
            if operator == "$all":
                return And(tuple(_equal(field, item) for item in value))
            chosen = _in(field, value)
            return chosen if operator == "$in" else Not(chosen)
        case "$exists":
            return Exists(field) if value else Not(Exists(field))
        case "$regex":
            return Matches(field, _text(operator, value))
        case "$contains":
            return Contains(field, _text(operator, value))
        case "$not":
            return Not(_condition(field, value, depth + 1))
        case _:
            raise BadRequest(
                f"`{operator[:40]}` is no operator of a filter of runs",
                hint="Use $eq $ne $gt $gte $lt $lte $in $nin $all $exists $regex $contains $not.",
            )


def _equal(field: Field, value: Any) -> Filter:
    if value is None:
        return Not(Exists(field))
    if field.path == ("tags",):
        return In(field, (_scalar(field, value),))
    return Compare(field, "=", _scalar(field, value))


def _in(field: Field, values: list[Any]) -> Filter:
    given = tuple(_scalar(field, value) for value in values if value is not None)
    found: list[Filter] = [In(field, given)] if given else []
    if None in values:
        found.append(Not(Exists(field)))
    return found[0] if len(found) == 1 else Or(tuple(found))


def _field(name: str) -> Field:
    """The field by the client's name.

    Raises:
        BadRequest: There is no such field of runs.
    """
    root, _, rest = name.partition(".")
    if root == "config" and rest:
        return Field(("config", *_config_path(rest)))
    if root in ("summary_metrics", "summaryMetrics", "summary") and rest:
        return Field(("summary", *rest.split(".")))
    if name in _ATTRIBUTES:
        return Field((_ATTRIBUTES[name],))
    raise BadRequest(
        f"Runs cannot be filtered or ordered by `{name[:80]}`",
        hint=f"Use {', '.join(sorted(_ATTRIBUTES))}, config.<key> or summary_metrics.<key>.",
    )


def _config_path(rest: str) -> Path:
    """Keys below the config; the envelope's `value` may stand behind the first or the last."""
    parts = rest.split(".")
    if len(parts) > 1 and parts[1] == "value":
        del parts[1]
    elif len(parts) > 1 and parts[-1] == "value":
        del parts[-1]
    return tuple(parts)


def _scalar(field: Field, value: Any) -> str | int | float | bool:
    if isinstance(value, str) and field.path[0] in _TIMES:
        return value.partition("##")[0]
    if isinstance(value, (str, int, float, bool)):
        return value
    raise BadRequest(f"{str(value)[:80]!r} is nothing to compare with")


def _text(operator: str, value: Any) -> str:
    if not isinstance(value, str):
        raise BadRequest(f"`{operator}` takes text, not {str(value)[:80]!r}")
    return value
