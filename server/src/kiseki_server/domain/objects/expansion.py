"""References in calls, and what they name in their place, where a reader asks for it.

An expanded column is a place in calls that holds a reference to an object. Conditions and orders
may go through it: ``inputs.model.name`` reads the ``name`` of the object that ``inputs.model``
names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from kiseki_server.domain.calls.evaluation import text_of
from kiseki_server.domain.calls.lookups import Known
from kiseki_server.domain.calls.query import BODIES, Field
from kiseki_server.domain.calls.store import CallQuery
from kiseki_server.domain.calls.types import Call
from kiseki_server.domain.objects.following import MAX_HOPS, Follower
from kiseki_server.domain.objects.refs import STORED, ObjectRef, parse
from kiseki_server.kit.errors import BadRequest
from kiseki_server.kit.json import from_text, to_text

REFERENCE = "_ref"
"""The key under which an object says which reference it stands for."""

Path = tuple[str, ...]
Distinct = Callable[[CallQuery, Field], Sequence[str]]


class Expansion:
    """Replaces references for one reader; a `calls.lookups.Source` as well.

    Raises:
        BadRequest: A column is no place in a call's bodies.
    """

    def __init__(self, columns: Sequence[Path], distinct: Distinct, follower: Follower) -> None:
        for path in columns:
            if path[0] not in BODIES:
                raise BadRequest(f"`{'.'.join(path)[:200]}` holds no references")
        self._columns = sorted(set(columns), key=len)
        self._distinct = distinct
        self._follower = follower

    def find(self, path: Path, query: CallQuery) -> Known | None:
        """What stands at a path that goes through an expanded column."""
        column = next((it for it in self._columns if path[: len(it)] == it and path != it), None)
        if column is None:
            return None
        base = replace(query, condition=None, sort=(), limit=None, offset=0, after=None)
        names = self._distinct(base, Field(column))
        places = {name: ref for name in names if (ref := _object(name)) is not None}
        values = self._at(places, path[len(column) :])
        return Known(Field(column), {name: [text_of(it)] for name, it in values.items()})

    def _at(self, places: Mapping[str, ObjectRef], keys: Path) -> Mapping[str, Any]:
        """What stands behind the keys in each object, through references in between."""
        found: dict[str, Any] = {}
        waiting = {name: (ref, keys) for name, ref in places.items()}
        for _ in range(MAX_HOPS):
            values, _missing = self._follower.values([ref for ref, _ in waiting.values()])
            further: dict[str, tuple[ObjectRef, Path]] = {}
            for (name, (_ref, rest)), value in zip(waiting.items(), values, strict=True):
                reached, left = _walk(value, rest)
                ref = _object(reached) if left else None
                if ref is None:
                    found[name] = None if left else reached
                else:
                    further[name] = (ref, left)
            waiting = further
            if not waiting:
                break
        return found

    def applied(self, calls: Sequence[Call]) -> list[Call]:
        """The calls with the values of objects where their references stood."""
        bodies: list[dict[str, Any]] = [{} for _ in calls]
        for column in self._columns:
            root = column[0]
            wanted: dict[int, ObjectRef] = {}
            for at, call in enumerate(calls):
                if root not in bodies[at]:
                    text: str = getattr(call, root)
                    if STORED not in text:
                        continue
                    bodies[at][root] = from_text(text)
                value, left = _walk(bodies[at][root], column[1:])
                if not left and (ref := _object(value)) is not None:
                    wanted[at] = ref
            values, _missing = self._follower.values(list(wanted.values()))
            for (at, ref), value in zip(wanted.items(), values, strict=True):
                _put(bodies[at], column, _labelled(value, ref))
        return [
            replace(call, **{root: to_text(value) for root, value in changed.items()})
            if changed
            else call
            for call, changed in zip(calls, bodies, strict=True)
        ]


def _labelled(value: Any, ref: ObjectRef) -> Any:
    if isinstance(value, dict):
        return {**cast("dict[str, Any]", value), REFERENCE: str(ref)}
    return value


def _walk(value: Any, keys: Path) -> tuple[Any, Path]:
    """As far as the keys lead, and those that are left."""
    for position, key in enumerate(keys):
        if isinstance(value, dict) and key in value:
            value = cast("dict[str, Any]", value)[key]
        elif isinstance(value, list) and key.isascii() and key.isdigit():
            items = cast("list[Any]", value)
            if len(key) > 9 or int(key) >= len(items):
                return None, keys[position:]
            value = items[int(key)]
        else:
            return cast("Any", value), keys[position:]
    return value, ()


def _put(body: dict[str, Any], path: Path, value: Any) -> None:
    """Put a value at a place that is there."""
    holder: Any = body
    for key in path[:-1]:
        holder = cast("Any", holder[int(key)] if isinstance(holder, list) else holder[key])
    if isinstance(holder, list):
        holder[int(path[-1])] = value
    else:
        holder[path[-1]] = value


def _object(value: Any) -> ObjectRef | None:
    if not isinstance(value, str) or not value.startswith(STORED):
        return None
    try:
        ref = parse(value)
    except BadRequest:
        return None
    return ref if isinstance(ref, ObjectRef) else None
