"""Filters in the client's form, MongoDB-style JSON, and its orders, `+field` and `-field`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
    Sized,
    SortKey,
)
from kiseki_server.kit.errors import BadRequest
from kiseki_server.protocols.wandb import json_lines

_COMPARED = {"$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}
_OPERATORS = "$eq $ne $gt $gte $lt $lte $in $nin $all $size $exists $regex $contains $not"


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads filters and orders of one kind of things."""

    things: str
    """What they are called in messages."""
    field: Callable[[str], Field]
    """The field by the client's name; raises `BadRequest` when there is none."""
    lists: frozenset[Path] = frozenset()
    """Fields with several values, of which one has to fit."""
    times: frozenset[Path] = frozenset()
    missing: frozenset[Path] = frozenset()
    """Fields that none of the things has; filters may ask for them, orders not."""

    def parse(self, text: str | None) -> Filter | None:
        """The filter; nothing for what matches everything.

        Raises:
            BadRequest: It is no filter, or asks for something that cannot be filtered by.
        """
        if not text:
            return None
        parsed = self._without_missing(self.object(json_lines.read(text, "The filter"), 0))
        return None if parsed == And(()) else parsed

    def parse_order(self, text: str | None) -> list[SortKey]:
        """The order; nothing for the usual one.

        Raises:
            BadRequest: The things cannot be ordered by this.
        """
        if not text:
            return []
        return [SortKey(self.field(text.lstrip("+-")), text.startswith("-"))]

    def object(self, value: Any, depth: int) -> Filter:
        """A part of a filter, that deep inside of it."""
        if not isinstance(value, dict):
            raise BadRequest(f"A filter is a JSON object, not {str(value)[:80]!r}")
        if depth > MAX_DEPTH:
            raise BadRequest(f"The filter is more than {MAX_DEPTH} levels deep")
        items: list[Filter] = []
        for key, item in value.items():
            if key in ("$and", "$or", "$nor"):
                if not isinstance(item, list):
                    raise BadRequest(f"`{key}` takes a list")
                parts = tuple(self.object(part, depth + 1) for part in item)
                if key == "$and":
                    items += parts
                elif not parts:
                    continue  # an empty list filters nothing, whatever joins it
                else:
                    items.append(Or(parts) if key == "$or" else Not(Or(parts)))
            elif key == "$not":
                items.append(Not(self.object(item, depth + 1)))
            elif key.startswith("$"):
                raise BadRequest(
                    f"`{key[:40]}` joins no filters", hint="Use $and, $or, $nor or $not."
                )
            else:
                items.append(self._condition(self.field(key), item, depth + 1))
        parts = tuple(item for item in items if item != And(()))
        return parts[0] if len(parts) == 1 else And(parts)

    def _without_missing(self, filter: Filter) -> Filter:
        """The same, where no condition on a missing field holds."""
        match filter:
            case And(items):
                parts = tuple(self._without_missing(item) for item in items)
                parts = tuple(item for item in parts if item != And(()))
                return parts[0] if len(parts) == 1 else And(parts)
            case Or(items):
                return Or(tuple(self._without_missing(item) for item in items))
            case Not(item):
                inner = self._without_missing(item)
                return And(()) if inner == Or(()) else Not(inner)
            case _:
                return Or(()) if filter.field.path in self.missing else filter

    def _condition(self, field: Field, item: Any, depth: int) -> Filter:
        if depth > MAX_DEPTH:
            raise BadRequest(f"The filter is more than {MAX_DEPTH} levels deep")
        if not isinstance(item, dict):
            return self._equal(field, item)
        parts = tuple(
            self._operator(field, operator, value, depth) for operator, value in item.items()
        )
        return parts[0] if len(parts) == 1 else And(parts)

    def _operator(self, field: Field, operator: str, value: Any, depth: int) -> Filter:
        if operator in _COMPARED:
            return Compare(field, _COMPARED[operator], self._scalar(field, value))  # pyright: ignore[reportArgumentType]
        match operator:
            case "$eq":
                return self._equal(field, value)
            case "$ne":
                return Not(self._equal(field, value))
            case "$in" | "$nin" | "$all":
                if not isinstance(value, list):
                    raise BadRequest(f"`{operator}` takes a list")
                if operator == "$all":
                    return And(tuple(self._equal(field, item) for item in value))
                chosen = self._in(field, value)
                return chosen if operator == "$in" else Not(chosen)
            case "$size":
                if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                    raise BadRequest(f"`$size` takes a number of items, not {str(value)[:80]!r}")
                return Sized(field, value)
            case "$exists":
                return Exists(field) if value else Not(Exists(field))
            case "$regex":
                return Matches(field, _text(operator, value))
            case "$contains":
                return Contains(field, _text(operator, value))
            case "$not":
                return Not(self._condition(field, value, depth + 1))
            case _:
                raise BadRequest(
                    f"`{operator[:40]}` is no operator of a filter of {self.things}",
                    hint=f"Use {_OPERATORS}.",
                )

    def _equal(self, field: Field, value: Any) -> Filter:
        if value is None:
            return Not(Exists(field))
        if field.path in self.lists:
            return In(field, (self._scalar(field, value),))
        return Compare(field, "=", self._scalar(field, value))

    def _in(self, field: Field, values: list[Any]) -> Filter:
        given = tuple(self._scalar(field, value) for value in values if value is not None)
        found: list[Filter] = [In(field, given)] if given else []
        if None in values:
            found.append(Not(Exists(field)))
        return found[0] if len(found) == 1 else Or(tuple(found))

    def _scalar(self, field: Field, value: Any) -> str | int | float | bool:
        if isinstance(value, str) and field.path in self.times:
            return value.partition("##")[0]
        if isinstance(value, (str, int, float, bool)):
            return value
        raise BadRequest(f"{str(value)[:80]!r} is nothing to compare with")


def _text(operator: str, value: Any) -> str:
    if not isinstance(value, str):
        raise BadRequest(f"`{operator}` takes text, not {str(value)[:80]!r}")
    return value
