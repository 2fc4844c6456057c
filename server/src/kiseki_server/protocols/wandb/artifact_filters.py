"""The client's filters and orders of artifacts: of collections, and of versions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from kiseki_server.domain.artifacts.filtering import COLLECTION_FIELDS, VERSION_FIELDS
from kiseki_server.domain.filters.tree import And, Compare, Field, Filter, In, Not, Or, Scalar
from kiseki_server.kit.errors import BadRequest
from kiseki_server.protocols.wandb.mongo import Reader

_TIMES = frozenset([("created_at",), ("updated_at",)])
_OTHER_NAMES = {
    "alias": "aliases",
    "artifact_collection_id": "id",
    "artifact_id": "id",
    "collection_id": "id",
    "createdAt": "created_at",
    "fileCount": "file_count",
    "tag": "tags",
    "updatedAt": "updated_at",
    "version": "index",
    "versionIndex": "index",
    "version_index": "index",
}


def _collection_field(name: str) -> Field:
    own = _own(name)
    if own in COLLECTION_FIELDS:
        return Field((own,))
    raise _unknown("Collections", name, COLLECTION_FIELDS)


def _version_field(name: str) -> Field:
    root, _, rest = name.partition(".")
    if root == "metadata" and rest:
        return Field(("metadata", *rest.split(".")))
    own = _own(name)
    if own in VERSION_FIELDS:
        return Field((own,))
    raise _unknown("Versions", name, (*VERSION_FIELDS, "metadata.<key>"))


def _own(name: str) -> str:
    return _OTHER_NAMES.get(name, name)


def _unknown(things: str, name: str, fields: Iterable[str]) -> BadRequest:
    return BadRequest(
        f"{things} cannot be filtered or ordered by `{name[:80]}`",
        hint=f"Use {', '.join(sorted(fields))}.",
    )


_LISTS = frozenset([("tags",), ("aliases",)])
_collections = Reader("collections", _collection_field, lists=_LISTS, times=_TIMES)
_versions = Reader("versions", _version_field, lists=_LISTS, times=_TIMES)

collections = _collections.parse
collection_order = _collections.parse_order
version_order = _versions.parse_order


def versions(text: str | None) -> Filter | None:
    """The filter of versions; that they are committed, which the client asks for, all are.

    Raises:
        BadRequest: It is no filter, or asks for something that cannot be filtered by.
    """
    found = _versions.parse(text)
    if found is None:
        return None
    lowered = _lowered(found)
    return None if lowered == Compare(Field(("state",)), "=", "committed") else lowered


def _lowered(filter: Filter) -> Filter:
    """With states as they are called here."""
    match filter:
        case And(items):
            return And(tuple(map(_lowered, items)))
        case Or(items):
            return Or(tuple(map(_lowered, items)))
        case Not(item):
            return Not(_lowered(item))
        case Compare(Field(("state",)), _, value):
            return replace(filter, value=_lower(value))
        case In(Field(("state",)), values):
            return replace(filter, values=tuple(map(_lower, values)))
        case _:
            return filter


def _lower(value: Scalar) -> Scalar:
    return value.lower() if isinstance(value, str) else value
