"""Fields of collections and of versions, for filters and orders."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from kiseki_server.domain.artifacts.types import Collection, Membership
from kiseki_server.domain.filters.fields import (
    Branch,
    Kind,
    Value,
    branches,
    dotted,
    flatten,
    microseconds,
)
from kiseki_server.domain.filters.rules import Kinds, Lookup, check, matches, order
from kiseki_server.domain.filters.tree import Filter, Path, SortKey
from kiseki_server.kit.errors import BadRequest

_Thing = TypeVar("_Thing")

COLLECTION_FIELDS: Mapping[str, Kind] = {
    "id": Kind.NUMBER,
    "name": Kind.TEXT,
    "type": Kind.TEXT,
    "kind": Kind.TEXT,
    "description": Kind.TEXT,
    "tags": Kind.LIST,
    "created_at": Kind.TIME,
    "updated_at": Kind.TIME,
}

VERSION_FIELDS: Mapping[str, Kind] = {
    "id": Kind.NUMBER,
    "name": Kind.TEXT,
    "type": Kind.TEXT,
    "state": Kind.TEXT,
    "index": Kind.NUMBER,
    "digest": Kind.TEXT,
    "description": Kind.TEXT,
    "size": Kind.NUMBER,
    "file_count": Kind.NUMBER,
    "aliases": Kind.LIST,
    "tags": Kind.LIST,
    "created_at": Kind.TIME,
    "updated_at": Kind.TIME,
}


def collection_kind(path: Path) -> Kind:
    """What a field of a collection holds; raises `BadRequest` when there is none."""
    kind = COLLECTION_FIELDS.get(path[0]) if len(path) == 1 else None
    if kind is None:
        raise _unknown(path, "collections", ", ".join(COLLECTION_FIELDS))
    return kind


def version_kind(path: Path) -> Kind:
    """What a field of a version holds; raises `BadRequest` when there is none."""
    if path[:1] == ("metadata",) and len(path) > 1:
        return Kind.ANY
    kind = VERSION_FIELDS.get(path[0]) if len(path) == 1 else None
    if kind is None:
        raise _unknown(path, "versions", f"{', '.join(VERSION_FIELDS)}, metadata.…")
    return kind


def collection_lookup(collection: Collection) -> Lookup:
    """The fields of a collection."""
    values: dict[str, Value] = {
        "id": collection.id,
        "name": collection.name,
        "type": collection.type,
        "kind": collection.kind.value,
        "description": collection.description,
        "tags": list(collection.tags) or None,
        "created_at": microseconds(collection.created_at),
        "updated_at": microseconds(collection.updated_at),
    }
    return lambda path: values.get(path[0])


def membership_lookup(membership: Membership) -> Lookup:
    """The fields of a version as a collection has it; its own number counts as an alias."""
    version = membership.version
    values: dict[str, Value] = {
        "id": version.id,
        "name": f"{membership.collection.name}:v{membership.index}",
        "type": membership.collection.type,
        "state": version.state.value,
        "index": membership.index,
        "digest": version.digest,
        "description": version.description,
        "size": version.size,
        "file_count": version.file_count,
        "aliases": [*membership.aliases, f"v{membership.index}"],
        "tags": list(version.tags) or None,
        "created_at": microseconds(version.created_at),
        "updated_at": microseconds(version.updated_at),
    }
    leaves = flatten(version.metadata)
    inner = branches(leaves)

    def find(path: Path) -> Value:
        if path[0] != "metadata":
            return values.get(path[0])
        key = dotted(path)
        return Branch.BRANCH if key in inner else leaves.get(key)

    return find


def select(
    things: Sequence[_Thing],
    lookup: Callable[[_Thing], Lookup],
    kinds: Kinds,
    filter: Filter | None,
    sort: Sequence[SortKey],
) -> list[_Thing]:
    """Those that match, in order; what is equal in it stays as it came.

    Raises:
        BadRequest: The filter or the order names a field that is not there.
    """
    check(filter, sort, kinds)
    found = [
        (thing, fields) for thing in things if matches_all(filter, fields := lookup(thing), kinds)
    ]
    for key in reversed(sort):
        path = key.field.path
        there = [pair for pair in found if order(pair[1](path))[0] != 2]
        rest = [pair for pair in found if order(pair[1](path))[0] == 2]
        there.sort(key=lambda pair, path=path: order(pair[1](path)), reverse=key.descending)
        found = there + rest
    return [thing for thing, _ in found]


def matches_all(filter: Filter | None, lookup: Lookup, kinds: Kinds) -> bool:
    """Whether the thing matches; everything does without a filter."""
    return filter is None or matches(filter, lookup, kinds)


def _unknown(path: Path, what: str, known: str) -> BadRequest:
    return BadRequest(
        f"There is no field `{'.'.join(path)[:80]}` of {what}", hint=f"Fields are {known}."
    )
