"""Objects and their versions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec
from litestar import Response, get, post, put

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.objects.service import ObjectService
from kiseki_server.domain.objects.types import LATEST, Kind, ObjectFilter, ObjectVersion, Order
from kiseki_server.domain.projects.types import Project
from kiseki_server.kit.errors import BadRequest
from kiseki_server.protocols.weave.bodies import LIMITED, answer, nothing, read
from kiseki_server.protocols.weave.door import Door, external
from kiseki_server.protocols.weave.refs import References

MAX_VALUES = 1000
"""Entries of one list of a filter."""


class ObjectIn(msgspec.Struct):
    project_id: str
    object_id: str
    val: Any
    builtin_object_class: str | None = None
    set_base_object_class: str | None = None
    """How older clients call the same."""
    expected_digest: str | None = None


class Create(msgspec.Struct):
    obj: ObjectIn


class Read(msgspec.Struct):
    project_id: str
    object_id: str
    digest: str = LATEST
    metadata_only: bool | None = None
    include_tags_and_aliases: bool | None = None


class Filter(msgspec.Struct):
    object_ids: list[str] | None = None
    is_op: bool | None = None
    latest_only: bool | None = None
    base_object_classes: list[str] | None = None
    exclude_base_object_classes: list[str] | None = None
    leaf_object_classes: list[str] | None = None
    tags: list[str] | None = None
    aliases: list[str] | None = None


class Sort(msgspec.Struct):
    field: str
    direction: Literal["asc", "desc"] = "asc"


class Query(msgspec.Struct):
    project_id: str
    filter: Filter | None = None
    limit: int | None = None
    offset: int | None = None
    sort_by: list[Sort] | None = None
    metadata_only: bool | None = None
    include_storage_size: bool | None = None
    include_tags_and_aliases: bool | None = None


class Delete(msgspec.Struct):
    project_id: str
    object_id: str
    digests: list[str] | None = None


class Tags(msgspec.Struct):
    project_id: str
    tags: list[str]


class Aliases(msgspec.Struct):
    project_id: str
    aliases: list[str]
    digest: str | None = None


@post("/obj/create", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def create_object(body: bytes, door: Door, objects: ObjectService) -> Response[bytes]:
    """Store a version of an object."""
    sent = read(body, Create).obj
    at = door.place(sent.project_id, Action.WRITE)
    version = objects.create(
        at,
        sent.object_id,
        References(door).inward(sent.val),
        user=door.actor.user.name,
        builtin_class=sent.builtin_object_class or sent.set_base_object_class,
        expected_digest=sent.expected_digest,
    )
    return answer({"digest": version.digest, "object_id": version.name})


@post("/obj/read", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def read_object(body: bytes, door: Door, objects: ObjectService) -> Response[bytes]:
    """One version with its value."""
    asked = read(body, Read)
    at = door.place(asked.project_id)
    with door.database.transaction():
        version = objects.get(at, asked.object_id, asked.digest, values=not asked.metadata_only)
        (shown,) = _shown(
            door,
            objects,
            at,
            [version],
            values=not asked.metadata_only,
            words=bool(asked.include_tags_and_aliases),
        )
    return answer({"obj": shown})


@post("/objs/query", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def query_objects(body: bytes, door: Door, objects: ObjectService) -> Response[bytes]:
    """Versions that meet a filter."""
    asked = read(body, Query)
    at = door.place(asked.project_id)
    with door.database.transaction():
        found = objects.find(
            at,
            _filter(asked.filter or Filter()),
            order=_order(asked.sort_by or []),
            limit=bounded(asked.limit, "limit"),
            offset=bounded(asked.offset, "offset") or 0,
            values=not asked.metadata_only,
        )
        shown = _shown(
            door,
            objects,
            at,
            found,
            values=not asked.metadata_only,
            words=bool(asked.include_tags_and_aliases),
        )
    return answer({"objs": shown})


@post("/obj/delete", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def delete_object(body: bytes, door: Door, objects: ObjectService) -> Response[bytes]:
    """Delete versions of an object."""
    asked = read(body, Delete)
    at = door.place(asked.project_id, Action.WRITE)
    with door.database.transaction(write=True):
        gone = objects.delete(at, asked.object_id, asked.digests)
    versions = [
        {
            "digest": one.digest,
            "base_object_class": one.base_class,
            "leaf_object_class": one.leaf_class,
        }
        for one in gone
    ]
    return answer({"num_deleted": len(gone), "deleted_versions": versions})


_TAGS = "/objs/{object_id:str}/versions/{digest:str}/tags"


@put(_TAGS, opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def add_tags(
    body: bytes, object_id: str, digest: str, door: Door, objects: ObjectService
) -> Response[bytes]:
    """Add tags to a version."""
    asked = read(body, Tags)
    return _change(
        door, asked.project_id, lambda at: objects.add_tags(at, object_id, digest, asked.tags)
    )


@post(f"{_TAGS}/remove", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def remove_tags(
    body: bytes, object_id: str, digest: str, door: Door, objects: ObjectService
) -> Response[bytes]:
    """Remove tags of a version."""
    asked = read(body, Tags)
    return _change(
        door, asked.project_id, lambda at: objects.remove_tags(at, object_id, digest, asked.tags)
    )


@put("/objs/{object_id:str}/aliases", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def set_aliases(body: bytes, object_id: str, door: Door, objects: ObjectService) -> Response[bytes]:
    """Point aliases at a version."""
    asked = read(body, Aliases)
    if asked.digest is None:
        raise BadRequest("`digest` is missing: the version that the aliases point at")
    digest = asked.digest
    return _change(
        door,
        asked.project_id,
        lambda at: objects.set_aliases(at, object_id, digest, asked.aliases),
    )


@post(
    "/objs/{object_id:str}/aliases/remove",
    opt=LIMITED,
    sync_to_thread=True,
    include_in_schema=False,
)
def remove_aliases(
    body: bytes, object_id: str, door: Door, objects: ObjectService
) -> Response[bytes]:
    """Remove aliases of an object."""
    asked = read(body, Aliases)
    return _change(
        door, asked.project_id, lambda at: objects.remove_aliases(at, object_id, asked.aliases)
    )


@get("/tags", sync_to_thread=True, include_in_schema=False)
def all_tags(project_id: str, door: Door, objects: ObjectService) -> Response[bytes]:
    """The tags in a project."""
    at = door.place(project_id)
    with door.database.transaction():
        return answer({"tags": objects.all_tags(at)})


@get("/aliases", sync_to_thread=True, include_in_schema=False)
def all_aliases(project_id: str, door: Door, objects: ObjectService) -> Response[bytes]:
    """The aliases in a project."""
    at = door.place(project_id)
    with door.database.transaction():
        return answer({"aliases": objects.all_aliases(at)})


def bounded(number: int | None, name: str) -> int | None:
    """A limit or an offset.

    Raises:
        BadRequest: It is negative, or larger than any list.
    """
    if number is not None and not 0 <= number < 2**63:
        raise BadRequest(f"`{name}` must not be negative" if number < 0 else f"`{name}` is too big")
    return number


def _change(door: Door, project_id: str, change: Callable[[Project], None]) -> Response[bytes]:
    at = door.place(project_id, Action.WRITE)
    with door.database.transaction(write=True):
        change(at)
    return nothing()


def _filter(asked: Filter) -> ObjectFilter:
    def some(values: list[str] | None) -> tuple[str, ...] | None:
        # An empty list is no condition.
        if values and len(values) > MAX_VALUES:
            raise BadRequest(f"A list of the filter has more than {MAX_VALUES} entries")
        return tuple(values) if values else None

    kind = None if asked.is_op is None else Kind.OP if asked.is_op else Kind.OBJECT
    return ObjectFilter(
        kind=kind,
        names=some(asked.object_ids),
        latest=bool(asked.latest_only),
        base_classes=some(asked.base_object_classes),
        without_base_classes=some(asked.exclude_base_object_classes),
        leaf_classes=some(asked.leaf_object_classes),
        tags=some(asked.tags),
        aliases=some(asked.aliases),
    )


def _order(terms: Sequence[Sort]) -> list[Order]:
    fields: dict[str, Literal["name", "created_at"]] = {
        "object_id": "name",
        "created_at": "created_at",
    }
    return [
        Order(fields[term.field], term.direction == "desc")
        for term in terms
        if term.field in fields
    ]


def _shown(
    door: Door,
    objects: ObjectService,
    at: Project,
    versions: Sequence[ObjectVersion],
    *,
    values: bool,
    words: bool,
) -> list[dict[str, Any]]:
    references = References(door)
    tags = objects.tags(versions) if words else {}
    aliases = objects.aliases(versions) if words else {}
    shown: list[dict[str, Any]] = []
    for one in versions:
        text = references.outward(objects.text(one)) if values else "{}"
        record = {
            "project_id": external(at),
            "object_id": one.name,
            "created_at": one.created_at,
            "deleted_at": one.deleted_at,
            "digest": one.digest,
            "version_index": one.index,
            "is_latest": int(one.latest),
            "kind": one.kind.value,
            "base_object_class": one.base_class,
            "leaf_object_class": one.leaf_class,
            "val": msgspec.Raw(text.encode()),
            "wb_user_id": one.user,
            "size_bytes": one.size,
        }
        if words:
            record |= {"tags": tags.get(one.id, []), "aliases": aliases.get(one.id, [])}
        shown.append(record)
    return shown


routes = [
    create_object,
    read_object,
    query_objects,
    delete_object,
    add_tags,
    remove_tags,
    set_aliases,
    remove_aliases,
    all_tags,
    all_aliases,
]
