"""The client's filters and orders of registries, and of what is in them."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import replace

from kiseki_server.domain.artifacts.names import index_of
from kiseki_server.domain.filters.tree import And, Compare, Field, Filter, In, Not, Or, Scalar
from kiseki_server.kit.errors import BadRequest
from kiseki_server.protocols.wandb import artifact_filters
from kiseki_server.protocols.wandb.mongo import Reader

_REGISTRIES = {
    "id": "id",
    "project_id": "id",
    "name": "name",
    "entity_id": "entity_id",
    "description": "description",
    "created_at": "created_at",
    "createdAt": "created_at",
    "updated_at": "updated_at",
    "updatedAt": "updated_at",
}
_TIMES = frozenset([("created_at",), ("updated_at",)])
_ID = re.compile(r"[A-Za-z]+:([0-9]{1,18})")


def _field(name: str) -> Field:
    if name in _REGISTRIES:
        return Field((_REGISTRIES[name],))
    raise BadRequest(
        f"Registries cannot be filtered or ordered by `{name[:80]}`",
        hint=f"Use {', '.join(sorted(_REGISTRIES))}.",
    )


_reader = Reader("registries", _field, times=_TIMES)
parse_order = _reader.parse_order


def parse(text: str | None) -> Filter | None:
    """The filter; ids may be those that the client was given, or their numbers.

    Raises:
        BadRequest: It is no filter, or asks for something that cannot be filtered by.
    """
    found = _reader.parse(text)
    return None if found is None else _numbered(found)


def collections(text: str | None) -> Filter | None:
    """The filter of collections; raises like `parse`."""
    found = artifact_filters.collections(text)
    return None if found is None else _numbered(found)


def versions(text: str | None) -> Filter | None:
    """The filter of versions, whose numbers may be given as `v3`; raises like `parse`."""
    found = artifact_filters.versions(text)
    return None if found is None else _numbered(found)


def _numbered(filter: Filter) -> Filter:
    match filter:
        case And(items):
            return And(tuple(map(_numbered, items)))
        case Or(items):
            return Or(tuple(map(_numbered, items)))
        case Not(item):
            return Not(_numbered(item))
        case Compare(Field((("id" | "index"),)), _, value):
            return replace(filter, value=_number(value))
        case In(Field((("id" | "index"),)), values):
            return replace(filter, values=tuple(map(_number, values)))
        case _:
            return filter


def _number(value: Scalar) -> Scalar:
    if not isinstance(value, str):
        return value
    if (index := index_of(value)) is not None:
        return index
    if value.isdigit():
        return int(value)
    try:
        text = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, ValueError):
        return value
    found = _ID.fullmatch(text)
    return int(found[1]) if found else value
