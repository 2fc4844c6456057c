"""Ops, models, prompts, datasets and other objects: lists, versions, values, marks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal, cast

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.params import Parameter
from msgspec import Meta

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.calls.query import Field
from kiseki_server.domain.calls.service import MAX_FACETS, CallService
from kiseki_server.domain.calls.store import CallFilter, CallQuery
from kiseki_server.domain.files.service import media_type
from kiseki_server.domain.objects import rules
from kiseki_server.domain.objects.files import ProjectFiles
from kiseki_server.domain.objects.refs import ObjectRef, TableRef, parse
from kiseki_server.domain.objects.service import ObjectService
from kiseki_server.domain.objects.types import (
    Category,
    Kind,
    ObjectFilter,
    ObjectVersion,
    Order,
)
from kiseki_server.domain.projects.types import Project
from kiseki_server.domain.tables.service import TableService
from kiseki_server.domain.tables.types import Edits
from kiseki_server.kit.errors import BadRequest
from kiseki_server.kit.ids import ProjectId
from kiseki_server.kit.json import from_text
from kiseki_server.kit.pagination import checked_limit, decode_cursor, encode_cursor
from kiseki_server.protocols.downloads import Content, download
from kiseki_server.protocols.native.places import Places
from kiseki_server.protocols.weave.bodies import LIMITED
from kiseki_server.protocols.weave.door import Door
from kiseki_server.protocols.weave.refs import EXTERNAL, References

CategoryName = Literal["op", "model", "prompt", "dataset", "scorer", "evaluation", "other"]
KindName = Literal["op", "object"]
_SELF = Field(("inputs", "self"))
_OP = Field(("op",))
_SORTS = ("name", "created_at")
_VERSIONS = "/projects/{entity:str}/{project:str}/objects/{kind:str}/{name:str}/versions"


class ObjectVersionInfo(msgspec.Struct, kw_only=True):
    """A version without its value."""

    kind: KindName
    category: CategoryName
    name: str
    index: int
    digest: str
    ref: Annotated[str, Meta(description="As the weave client writes it.")]
    base_class: str | None
    leaf_class: str | None
    size: Annotated[int, Meta(description="Bytes of the value as JSON.")]
    user: str
    created_at: datetime
    latest: bool
    tags: list[str]
    aliases: Annotated[list[str], Meta(description="`latest` among them.")]
    calls: Annotated[int | None, Meta(description="Of ops and models; null for others.")]


class ObjectInfo(msgspec.Struct, kw_only=True):
    """An object by its newest version."""

    kind: KindName
    category: CategoryName
    name: str
    versions: int
    calls: Annotated[int | None, Meta(description="Of ops and models; null for others.")]
    newest: ObjectVersionInfo


class ObjectCounts(msgspec.Struct, kw_only=True):
    """Objects that match, by category."""

    op: int = 0
    model: int = 0
    prompt: int = 0
    dataset: int = 0
    scorer: int = 0
    evaluation: int = 0
    other: int = 0


class ObjectPage(msgspec.Struct, kw_only=True):
    items: list[ObjectInfo]
    total: int
    counts: ObjectCounts
    tags: Annotated[list[str], Meta(description="All tags in the project.")]
    cursor: str | None


class ObjectVersionPage(msgspec.Struct, kw_only=True):
    items: Annotated[list[ObjectVersionInfo], Meta(description="The newest first.")]
    total: int
    cursor: str | None


class ObjectFile(msgspec.Struct, kw_only=True):
    name: str
    digest: str
    size: int


class ObjectVersionDetail(ObjectVersionInfo, kw_only=True):
    """A version with its value."""

    value: Any
    files: Annotated[list[ObjectFile], Meta(description="Such as the code of an op.")]
    table: Annotated[str | None, Meta(description="Digest of a dataset's table.")]
    rows: Annotated[int | None, Meta(description="Of a dataset.")]


class ObjectMarks(msgspec.Struct, kw_only=True):
    """What is absent stays as it is."""

    tags: list[str] | None = None
    aliases: Annotated[
        list[str] | None, Meta(description="They leave the versions that they point at now.")
    ] = None


class NewObjectVersion(msgspec.Struct, kw_only=True):
    name: str
    value: Annotated[Any, Meta(description="With the `_class_name` and `_bases` of its class.")]
    after: Annotated[
        str | None,
        Meta(description="Digest of the version that was changed; refused if it is not the latest"),
    ] = None


class StoredRow(msgspec.Struct, kw_only=True):
    index: int
    digest: str
    value: dict[str, Any]


class StoredRows(msgspec.Struct, kw_only=True):
    items: list[StoredRow]
    total: int
    cursor: str | None


class NewDatasetVersion(msgspec.Struct, kw_only=True):
    """Edits of a version, or a first version."""

    base: Annotated[
        str | None,
        Meta(description="Digest of the version that was edited; null begins a new dataset."),
    ] = None
    after: Annotated[
        str | None, Meta(description="Digest; refused if this version is not the latest.")
    ] = None
    replaced: dict[int, dict[str, Any]] = {}
    removed: list[int] = []
    added: list[dict[str, Any]] = []
    description: str | None = None


class _Shown:
    """Renders objects of a project for one reader."""

    def __init__(
        self, places: Places, objects: ObjectService, calls: CallService, at: Project
    ) -> None:
        self.at = at
        self.references = References(Door(places.actor, places.projects, places.database))
        self._objects = objects
        self._calls = calls

    def versions(
        self, found: Sequence[ObjectVersion], called: Mapping[tuple[Kind, str, str], int]
    ) -> list[ObjectVersionInfo]:
        """With tags and aliases; inside of a transaction."""
        tags, aliases = self._objects.tags(found), self._objects.aliases(found)
        return [
            ObjectVersionInfo(
                kind=one.kind.value,
                category=rules.category_of(one.kind, one.base_class).value,
                name=one.name,
                index=one.index,
                digest=one.digest,
                ref=f"{EXTERNAL}{self.at.entity_name}/{self.at.name}/{one.kind.value}/"
                f"{one.name}:{one.digest}",
                base_class=one.base_class,
                leaf_class=one.leaf_class,
                size=one.size,
                user=one.user,
                created_at=one.created_at,
                latest=one.latest,
                tags=list(tags.get(one.id, ())),
                aliases=list(aliases.get(one.id, ())),
                calls=called.get((one.kind, one.name, one.digest), 0)
                if is_called(one.kind, one.base_class)
                else None,
            )
            for one in found
        ]

    def called(self, found: Sequence[ObjectVersion]) -> dict[tuple[Kind, str, str], int]:
        """Calls of ops and models by version, of all versions of the names."""
        counts: dict[tuple[Kind, str, str], int] = {}
        ops = {one.name for one in found if one.kind is Kind.OP}
        models = {
            one.name
            for one in found
            if one.kind is Kind.OBJECT and is_called(one.kind, one.base_class)
        }
        asked = (
            (_OP, CallFilter(ops=self._any(Kind.OP, ops)), ops),
            (_SELF, CallFilter(input_refs=self._any(Kind.OBJECT, models)), models),
        )
        for field, filter, names in asked:
            if not names:
                continue
            query = CallQuery(project=self.at.id, filter=filter)
            for facet in self._calls.facets(query, field, MAX_FACETS):
                try:
                    ref = parse(facet.value)
                except BadRequest:
                    continue
                if isinstance(ref, ObjectRef) and ref.project == self.at.id and ref.name in names:
                    key = (ref.kind, ref.name, ref.version)
                    counts[key] = counts.get(key, 0) + facet.calls
        return counts

    def _any(self, kind: Kind, names: set[str]) -> tuple[str, ...]:
        """References to all versions of the names."""
        return tuple(str(ObjectRef(self.at.id, kind, name, "*")) for name in sorted(names))


def is_called(kind: Kind, base_class: str | None) -> bool:
    """Whether calls are counted: of functions, and of what has methods that are."""
    return rules.category_of(kind, base_class) in {Category.OP, Category.MODEL, Category.SCORER}


def place(places: Places, entity: str, project: str, action: Action = Action.READ) -> Project:
    with places.database.transaction():
        return places.project(entity, project, action)


def _kind(text: str) -> Kind:
    try:
        return Kind(text)
    except ValueError:
        raise BadRequest(
            f"`{text[:80]}` is no kind of object", hint="write `op` or `object`"
        ) from None


@get("/projects/{entity:str}/{project:str}/objects", sync_to_thread=True)
def list_objects(
    places: Places,
    objects: ObjectService,
    calls: CallService,
    entity: str,
    project: str,
    category: CategoryName | None = None,
    search: Annotated[str | None, Parameter(description="Part of the name")] = None,
    tag: Annotated[str | None, Parameter(description="The newest version has it")] = None,
    sort: Annotated[
        str, Parameter(description="`name` or `created_at`, `-` before it for descending")
    ] = "-created_at",
    limit: int = 100,
    cursor: str | None = None,
) -> ObjectPage:
    """Objects, each by its newest version."""
    checked_limit(limit)
    field = sort.removeprefix("-")
    if field not in _SORTS:
        raise BadRequest(
            f"Objects cannot be sorted by `{field[:80]}`", hint=f"use {' or '.join(_SORTS)}"
        )
    order = [Order(cast("Any", field), sort.startswith("-"))]
    (offset,) = (0,) if cursor is None else decode_cursor(cursor, int)
    at = place(places, entity, project)
    narrowed = {"search": search or None, "tags": None if not tag else (tag,)}
    wanted = None if category is None else Category(category)
    shown = _Shown(places, objects, calls, at)
    with places.database.transaction():
        counts = objects.census(at, replace(rules.of_category(None), **cast("Any", narrowed)))
        found = objects.find(
            at,
            replace(rules.of_category(wanted), **cast("Any", narrowed)),
            order=order,
            limit=limit,
            offset=max(0, offset),
            values=False,
        )
        versions = objects.counts(at, [one.name for one in found])
        tags = objects.all_tags(at)
    called = shown.called(found)
    with places.database.transaction():
        newest = shown.versions(found, called)
    by_name: dict[tuple[str, str], int] = {}
    for (kind, name, _), count in called.items():
        by_name[kind.value, name] = by_name.get((kind.value, name), 0) + count
    total = sum(counts.values()) if wanted is None else counts.get(wanted, 0)
    return ObjectPage(
        items=[
            ObjectInfo(
                kind=one.kind,
                category=one.category,
                name=one.name,
                versions=versions.get((Kind(one.kind), one.name), 1),
                calls=None if one.calls is None else by_name.get((one.kind, one.name), 0),
                newest=one,
            )
            for one in newest
        ],
        total=total,
        counts=ObjectCounts(**{key.value: count for key, count in counts.items()}),
        tags=list(tags),
        cursor=encode_cursor(offset + limit) if offset + len(found) < total else None,
    )


@get(_VERSIONS, sync_to_thread=True)
def list_object_versions(
    places: Places,
    objects: ObjectService,
    calls: CallService,
    entity: str,
    project: str,
    kind: str,
    name: str,
    limit: int = 100,
    cursor: str | None = None,
) -> ObjectVersionPage:
    """The versions of an object, the newest first."""
    checked_limit(limit)
    (offset,) = (0,) if cursor is None else decode_cursor(cursor, int)
    at = place(places, entity, project)
    shown = _Shown(places, objects, calls, at)
    filter = ObjectFilter(kind=_kind(kind), names=(name,))
    with places.database.transaction():
        objects.get(at, name, kind=filter.kind, values=False)
        total = sum(objects.census(at, filter).values())
        found = objects.find(
            at,
            filter,
            order=[Order("created_at", descending=True)],
            limit=limit,
            offset=max(0, offset),
            values=False,
        )
    called = shown.called(found[:1])
    with places.database.transaction():
        items = shown.versions(found, called)
    more = offset + len(found) < total
    return ObjectVersionPage(
        items=items, total=total, cursor=encode_cursor(offset + limit) if more else None
    )


@get(f"{_VERSIONS}/{{version:str}}", sync_to_thread=True)
def read_object_version(
    places: Places,
    objects: ObjectService,
    calls: CallService,
    tables: TableService,
    project_files: ProjectFiles,
    entity: str,
    project: str,
    kind: str,
    name: str,
    version: Annotated[str, Parameter(description="`v3`, a digest, or an alias such as `latest`")],
) -> ObjectVersionDetail:
    """One version with its value."""
    at = place(places, entity, project)
    with places.database.transaction():
        found = objects.get(at, name, version, kind=_kind(kind))
    shown = _Shown(places, objects, calls, at)
    return _detail(places, objects, tables, project_files, shown, found)


def _detail(
    places: Places,
    objects: ObjectService,
    tables: TableService,
    project_files: ProjectFiles,
    shown: _Shown,
    found: ObjectVersion,
) -> ObjectVersionDetail:
    text = objects.text(found)
    value = from_text(text)
    called = shown.called([found])
    with places.database.transaction():
        (info,) = shown.versions([found], called)
    table = _table_of(value, shown.at.id)
    known = None if table is None else tables.known(shown.at.id, [table]).get(table)
    files = list(_files_of(value))
    sizes = project_files.sizes(shown.at, [digest for _, digest in files]) if files else {}
    return ObjectVersionDetail(
        **{name: getattr(info, name) for name in info.__struct_fields__},
        value=from_text(shown.references.outward(text)),
        files=[
            ObjectFile(name=name, digest=digest, size=sizes[digest])
            for name, digest in files
            if digest in sizes
        ],
        table=None if known is None else known.digest,
        rows=None if known is None else known.rows,
    )


def _table_of(value: object, project: ProjectId) -> str | None:
    """The table that a dataset's value names."""
    rows = cast("dict[str, Any]", value).get("rows") if isinstance(value, dict) else None
    try:
        ref = parse(rows) if isinstance(rows, str) else None
    except BadRequest:
        return None
    return ref.digest if isinstance(ref, TableRef) and ref.project == project else None


def _files_of(value: object) -> Iterator[tuple[str, str]]:
    """Names and digests of the files of an object that is stored as files."""
    files = cast("dict[str, Any]", value).get("files") if isinstance(value, dict) else None
    if isinstance(files, dict):
        for name, digest in cast("dict[str, object]", files).items():
            if isinstance(digest, str):
                yield name, digest


@patch(f"{_VERSIONS}/{{version:str}}", sync_to_thread=True)
def mark_object_version(
    places: Places,
    objects: ObjectService,
    calls: CallService,
    entity: str,
    project: str,
    kind: str,
    name: str,
    version: str,
    data: ObjectMarks,
) -> ObjectVersionInfo:
    """Set the tags and aliases of a version."""
    at = place(places, entity, project, Action.WRITE)
    shown = _Shown(places, objects, calls, at)
    with places.database.transaction(write=True):
        found = objects.get(at, name, version, kind=_kind(kind), values=False)
        objects.mark(found, data.tags, data.aliases)
    called = shown.called([found])
    with places.database.transaction():
        return shown.versions([found], called)[0]


@delete(f"{_VERSIONS}/{{version:str}}", sync_to_thread=True)
def delete_object_version(
    places: Places,
    objects: ObjectService,
    entity: str,
    project: str,
    kind: str,
    name: str,
    version: str,
) -> None:
    """Delete a version; its number is not given again."""
    at = place(places, entity, project, Action.WRITE)
    with places.database.transaction(write=True):
        objects.delete_version(objects.get(at, name, version, kind=_kind(kind), values=False))


@post(
    "/projects/{entity:str}/{project:str}/objects",
    opt=LIMITED,
    sync_to_thread=True,
)
def publish_object(
    places: Places,
    objects: ObjectService,
    calls: CallService,
    tables: TableService,
    project_files: ProjectFiles,
    entity: str,
    project: str,
    data: NewObjectVersion,
) -> ObjectVersionDetail:
    """Publish a version of a prompt, a model or another object."""
    at = place(places, entity, project, Action.WRITE)
    shown = _Shown(places, objects, calls, at)
    value = shown.references.inward(data.value)
    if rules.kind_of(value) is Kind.OP:
        raise BadRequest("Ops are published by programs, which have their code")
    made = objects.create(at, data.name, value, user=places.actor.user.name, after=data.after)
    return _detail(places, objects, tables, project_files, shown, made)


@post(
    "/projects/{entity:str}/{project:str}/datasets/{name:str}/versions",
    opt=LIMITED,
    sync_to_thread=True,
)
def publish_dataset(
    places: Places,
    objects: ObjectService,
    calls: CallService,
    tables: TableService,
    project_files: ProjectFiles,
    entity: str,
    project: str,
    name: str,
    data: NewDatasetVersion,
) -> ObjectVersionDetail:
    """Publish rows as a version of a dataset."""
    at = place(places, entity, project, Action.WRITE)
    shown = _Shown(places, objects, calls, at)
    rules.check_name(name)
    before: dict[str, Any] = {}
    with places.database.transaction():
        alike = ObjectFilter(kind=Kind.OBJECT, names=(name,), latest=True)
        known = objects.find(at, alike, limit=1)
    if known and data.base is None:
        raise BadRequest(
            f"There is a dataset `{name}` already", hint="edit it, or choose another name"
        )
    base = None
    if data.base is not None:
        with places.database.transaction():
            edited = objects.get(at, name, data.base, kind=Kind.OBJECT)
        before = from_text(objects.text(edited))
        base = _table_of(before, at.id)
        if base is None or edited.base_class != "Dataset":
            raise BadRequest(f"`{name}` is no dataset with rows that can be edited")
    inward = shown.references.inward
    edits = Edits(
        replaced={index: inward(row) for index, row in data.replaced.items()},
        removed=data.removed,
        added=inward(data.added),
    )
    table = tables.edit(at, base, edits)
    value = {
        "_type": "Dataset",
        "name": name,
        "description": data.description,
        "_class_name": "Dataset",
        "_bases": ["Object", "BaseModel"],
        **before,
        "rows": str(TableRef(at.id, table)),
    }
    if data.description is not None:
        value["description"] = data.description
    made = objects.create(at, name, value, user=places.actor.user.name, after=data.after)
    return _detail(places, objects, tables, project_files, shown, made)


@get("/projects/{entity:str}/{project:str}/tables/{table:str}/rows", sync_to_thread=True)
def list_table_rows(
    places: Places,
    tables: TableService,
    entity: str,
    project: str,
    table: str,
    limit: int = 200,
    cursor: str | None = None,
    offset: Annotated[int, Parameter(ge=0, description="Where to begin, without a cursor")] = 0,
) -> StoredRows:
    """Rows of a table in its order."""
    checked_limit(limit)
    start = offset if cursor is None else max(0, decode_cursor(cursor, int)[0])
    at = place(places, entity, project)
    known = tables.need(at, table)
    references = References(Door(places.actor, places.projects, places.database))
    found = tables.page(at.id, table, limit=limit, offset=start) if start < known.rows else ()
    return StoredRows(
        items=[
            StoredRow(
                index=start + place,
                digest=row.digest,
                value=from_text(references.outward(row.text)),
            )
            for place, row in enumerate(found)
        ],
        total=known.rows,
        cursor=encode_cursor(start + len(found)) if start + len(found) < known.rows else None,
    )


@get(
    "/projects/{entity:str}/{project:str}/objects/files/{digest:str}",
    media_type="application/octet-stream",
    sync_to_thread=True,
)
def read_object_file(
    request: Request[Any, Any, Any],
    places: Places,
    project_files: ProjectFiles,
    entity: str,
    project: str,
    digest: str,
    name: Annotated[str, Parameter(description="Under which it is saved")] = "file",
) -> Response[Any]:
    """The bytes of a file that an object or a row names."""
    at = place(places, entity, project)
    file = project_files.get(at, digest)
    content = Content(
        name=name,
        digest=file.digest,
        size=file.size,
        media_type=media_type(name),
        read=lambda start, length: project_files.read(file, start, length),
    )
    return download(request, content)


routes: list[Any] = [
    list_objects,
    list_object_versions,
    read_object_version,
    mark_object_version,
    delete_object_version,
    publish_object,
    publish_dataset,
    list_table_rows,
    read_object_file,
]
