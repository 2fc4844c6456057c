"""Artifacts of a project: types, collections, versions, their files and aliases."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from litestar import Request, Response, delete, get, patch, put
from litestar.params import Parameter

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.accounts.service import AccountService
from kiseki_server.domain.artifacts.filtering import collection_kind, version_kind
from kiseki_server.domain.artifacts.service import ArtifactService
from kiseki_server.domain.artifacts.types import (
    Collection,
    CollectionChange,
    Freed,
    Membership,
    VersionChange,
)
from kiseki_server.domain.files.paths import check_path
from kiseki_server.domain.files.tickets import ArtifactDownload, Tickets
from kiseki_server.domain.filters.expression import parse
from kiseki_server.domain.filters.rules import Kinds
from kiseki_server.domain.filters.tree import And, Contains, Field, Filter, SortKey
from kiseki_server.domain.projects.types import Project
from kiseki_server.kit.errors import NotFound
from kiseki_server.kit.pagination import checked_limit, decode_cursor, encode_cursor
from kiseki_server.protocols.downloads import artifact_file, download
from kiseki_server.protocols.native.artifact_placing import one_version, version_infos
from kiseki_server.protocols.native.artifact_views import (
    ArtifactActionInfo,
    ArtifactActions,
    ArtifactTypeInfo,
    ArtifactTypes,
    ChangeCollection,
    ChangeVersion,
    CollectionInfo,
    Collections,
    Deletion,
    Entries,
    VersionInfo,
    Versions,
    collection_info,
    entry_info,
)
from kiseki_server.protocols.native.places import Places
from kiseki_server.protocols.numbers import number_of

ARTIFACTS = "/projects/{entity:str}/{project:str}/artifacts"
COLLECTION = f"{ARTIFACTS}/collections/{{name:str}}"
VERSION = f"{COLLECTION}/versions/{{ref:str}}"

Ref = Annotated[str, Parameter(description="`v3`, an alias, or a digest in hexadecimal digits")]
DryRun = Annotated[bool, Parameter(description="Only say what would be deleted")]


@get(f"{ARTIFACTS}/types", sync_to_thread=True)
def list_types(
    places: Places, artifacts: ArtifactService, entity: str, project: str
) -> ArtifactTypes:
    """The types of the project's artifacts, by name."""
    with places.database.transaction():
        found = artifacts.types(places.project(entity, project))
    return ArtifactTypes(
        items=[
            ArtifactTypeInfo(
                name=known.name, description=known.description, created_at=known.created_at
            )
            for known in found
        ]
    )


@get(f"{ARTIFACTS}/collections", sync_to_thread=True)
def list_collections(
    places: Places,
    artifacts: ArtifactService,
    entity: str,
    project: str,
    type: str | None = None,
    search: str = "",
    collection_filter: Annotated[
        str, Parameter(description='Which ones: `tags contains "gold" and type = "model"`')
    ] = "",
    sort: Annotated[
        str, Parameter(description="A field such as `updated_at`; `-updated_at` turns it round")
    ] = "",
    limit: int = 100,
    cursor: str | None = None,
) -> Collections:
    """The project's artifacts that match, by name unless another order is asked for."""
    wanted = _filter(collection_filter, collection_kind)
    if search:
        named = Contains(Field(("name",)), search)
        wanted = named if wanted is None else And((named, wanted))
    with places.database.transaction():
        page = artifacts.collections(
            places.project(entity, project),
            type=type,
            filter=wanted,
            order=_order(sort),
            limit=checked_limit(limit),
            cursor=cursor,
        )
        ids = [one.id for one in page.items]
        standings, newest = artifacts.standings(ids), artifacts.newest(ids)
    return Collections(
        items=[collection_info(one, standings[one.id], newest.get(one.id)) for one in page.items],
        cursor=page.cursor,
        total=page.total,
    )


@get(COLLECTION, sync_to_thread=True)
def get_collection(
    places: Places, artifacts: ArtifactService, entity: str, project: str, name: str
) -> CollectionInfo:
    """One artifact by name."""
    with places.database.transaction():
        return _shown(artifacts, find(places, artifacts, entity, project, name)[1])


@patch(COLLECTION, sync_to_thread=True)
def change_collection(
    places: Places,
    artifacts: ArtifactService,
    entity: str,
    project: str,
    name: str,
    data: ChangeCollection,
) -> CollectionInfo:
    """Rename, describe or tag an artifact, or give it another type."""
    change = CollectionChange(
        data.name, data.description, data.type, tuple(data.add_tags), tuple(data.remove_tags)
    )
    with places.database.transaction(write=True):
        _, found = find(places, artifacts, entity, project, name, Action.WRITE)
        return _shown(artifacts, artifacts.change_collection(found, change, places.actor))


@delete(COLLECTION, status_code=200, sync_to_thread=True)
def delete_collection(
    places: Places,
    artifacts: ArtifactService,
    entity: str,
    project: str,
    name: str,
    dry_run: DryRun = False,
) -> Deletion:
    """Delete an artifact with all its versions, or a portfolio with its links."""
    with places.database.transaction(write=True):
        _, found = find(places, artifacts, entity, project, name, Action.WRITE)
        freed = artifacts.preview(artifacts.versions_of(found))
        if not dry_run:
            artifacts.delete_collection(found, places.actor)
    return _deletion(freed, dry_run)


@get(f"{COLLECTION}/actions", sync_to_thread=True)
def list_actions(
    places: Places,
    artifacts: ArtifactService,
    accounts: AccountService,
    entity: str,
    project: str,
    name: str,
    limit: int = 100,
    before: Annotated[int | None, Parameter(description="The id of the last one seen")] = None,
) -> ArtifactActions:
    """Who did what to an artifact, the latest first."""
    last = None if before is None else number_of(before)
    with places.database.transaction():
        _, found = find(places, artifacts, entity, project, name)
        actions = artifacts.actions("collection", found.id, limit=checked_limit(limit), before=last)
        names = accounts.names([one.user for one in actions if one.user is not None])
    return ArtifactActions(
        items=[
            ArtifactActionInfo(
                id=one.id,
                at=one.at,
                user=None if one.user is None else names.get(one.user),
                action=one.action,
                version=one.version,
                details=dict(one.details),
            )
            for one in actions
        ]
    )


@get(f"{COLLECTION}/versions", sync_to_thread=True)
def list_versions(
    places: Places,
    artifacts: ArtifactService,
    entity: str,
    project: str,
    name: str,
    version_filter: Annotated[
        str, Parameter(description='Which ones: `metadata.loss < 0.1 and aliases contains "best"`')
    ] = "",
    limit: int = 100,
    cursor: str | None = None,
) -> Versions:
    """The versions of an artifact that match, the newest first."""
    with places.database.transaction():
        _, found = find(places, artifacts, entity, project, name)
        page = artifacts.memberships(
            found,
            filter=_filter(version_filter, version_kind),
            limit=checked_limit(limit),
            cursor=cursor,
        )
        items = version_infos(places, artifacts, page.items)
    return Versions(items=items, cursor=page.cursor, total=page.total)


@get(VERSION, sync_to_thread=True)
def get_version(
    places: Places, artifacts: ArtifactService, entity: str, project: str, name: str, ref: Ref
) -> VersionInfo:
    """One version."""
    with places.database.transaction():
        return one_version(places, artifacts, pick(places, artifacts, entity, project, name, ref))


@patch(VERSION, sync_to_thread=True)
def change_version(
    places: Places,
    artifacts: ArtifactService,
    entity: str,
    project: str,
    name: str,
    ref: Ref,
    data: ChangeVersion,
) -> VersionInfo:
    """Change what is not fixed for ever. A linked version is changed where it was made."""
    change = VersionChange(
        data.description, data.metadata, data.ttl, tuple(data.add_tags), tuple(data.remove_tags)
    )
    with places.database.transaction(write=True):
        found = pick(places, artifacts, entity, project, name, ref)
        version = artifacts.version(places.actor, found.version.id, Action.WRITE)
        changed = artifacts.change(version, change, places.actor)
        return one_version(places, artifacts, replace(found, version=changed))


@delete(VERSION, status_code=200, sync_to_thread=True)
def delete_version(
    places: Places,
    artifacts: ArtifactService,
    entity: str,
    project: str,
    name: str,
    ref: Ref,
    with_aliases: Annotated[bool, Parameter(description="Even if it has aliases")] = False,
    dry_run: DryRun = False,
) -> Deletion:
    """Delete a version and free the bytes that nothing else needs."""
    with places.database.transaction(write=True):
        found = pick(places, artifacts, entity, project, name, ref)
        version = artifacts.version(places.actor, found.version.id, Action.WRITE)
        freed = artifacts.preview([version])
        if not dry_run:
            artifacts.delete_version(version, places.actor, with_aliases=with_aliases)
    return _deletion(freed, dry_run)


@get(f"{VERSION}/files", sync_to_thread=True)
def list_version_files(
    places: Places,
    artifacts: ArtifactService,
    entity: str,
    project: str,
    name: str,
    ref: Ref,
    tickets: Tickets,
    prefix: str = "",
    addresses: Annotated[
        bool, Parameter(description="With a signed address of each file: quick for many files")
    ] = False,
    limit: int = 1000,
    cursor: str | None = None,
) -> Entries:
    """The files of a version in byte order of their paths."""
    after = None if cursor is None else decode_cursor(cursor, str)[0]
    action = Action.DOWNLOAD if addresses else Action.READ
    with places.database.transaction():
        found = pick(places, artifacts, entity, project, name, ref, action)
        page = artifacts.entries(
            found.version, prefix=prefix, after=after, limit=checked_limit(limit, most=10_000)
        )
    items = [entry_info(entry) for entry in page.items]
    if addresses:
        for info, entry in zip(items, page.items, strict=True):
            if entry.blob is not None:
                info.url = tickets.address(ArtifactDownload(found.version.id, entry.path))
    return Entries(
        items=items,
        cursor=None if page.after is None else encode_cursor(page.after),
        total=page.total,
    )


@get(f"{VERSION}/files/{{path:path}}", media_type="application/octet-stream", sync_to_thread=True)
def download_version_file(
    request: Request[Any, Any, Any],
    places: Places,
    artifacts: ArtifactService,
    entity: str,
    project: str,
    name: str,
    ref: Ref,
    path: Annotated[str, Parameter(description="The file's path, slashes included")],
) -> Response[Any]:
    """The bytes of a file of a version, for saving."""
    with places.database.transaction():
        found = pick(places, artifacts, entity, project, name, ref, Action.DOWNLOAD)
        entry = artifacts.entry(found.version, check_path(path.removeprefix("/")))
        content = artifact_file(artifacts, entry)
    return download(request, content)


@put(f"{VERSION}/aliases/{{alias:str}}", status_code=200, sync_to_thread=True)
def add_alias(
    places: Places,
    artifacts: ArtifactService,
    entity: str,
    project: str,
    name: str,
    ref: Ref,
    alias: str,
) -> VersionInfo:
    """Give a version an alias, which leaves the one that had it."""
    with places.database.transaction(write=True):
        found = pick(places, artifacts, entity, project, name, ref, Action.WRITE)
        artifacts.add_aliases(found, [alias], places.actor)
        return one_version(places, artifacts, artifacts.membership(places.actor, found.id))


@delete(f"{VERSION}/aliases/{{alias:str}}", status_code=200, sync_to_thread=True)
def remove_alias(
    places: Places,
    artifacts: ArtifactService,
    entity: str,
    project: str,
    name: str,
    ref: Ref,
    alias: str,
) -> VersionInfo:
    """Take an alias from a version."""
    with places.database.transaction(write=True):
        found = pick(places, artifacts, entity, project, name, ref, Action.WRITE)
        artifacts.remove_aliases(found, [alias], places.actor)
        return one_version(places, artifacts, artifacts.membership(places.actor, found.id))


@delete(f"{VERSION}/link", sync_to_thread=True)
def unlink_version(
    places: Places, artifacts: ArtifactService, entity: str, project: str, name: str, ref: Ref
) -> None:
    """Take a link out of a portfolio; the version stays where it was made."""
    with places.database.transaction(write=True):
        found = pick(places, artifacts, entity, project, name, ref, Action.WRITE)
        artifacts.unlink(found, places.actor)


def find(
    places: Places,
    artifacts: ArtifactService,
    entity: str,
    project: str,
    name: str,
    action: Action = Action.READ,
) -> tuple[Project, Collection]:
    """A project and the artifact of a name in it, for somebody who may do this.

    Raises:
        NotFound: There is no such artifact.
    """
    at = places.project(entity, project, action)
    found = artifacts.collection(at, name)
    if found is None:
        raise NotFound(f"`{at.entity_name}/{at.name}` has no artifact `{name[:128]}`")
    return at, found


def pick(
    places: Places,
    artifacts: ArtifactService,
    entity: str,
    project: str,
    name: str,
    ref: str,
    action: Action = Action.READ,
) -> Membership:
    """The version that a reference means; raises like `find`."""
    _, found = find(places, artifacts, entity, project, name, action)
    return artifacts.pick(found, ref)


def _shown(artifacts: ArtifactService, collection: Collection) -> CollectionInfo:
    id = collection.id
    return collection_info(
        collection, artifacts.standings([id])[id], artifacts.newest([id]).get(id)
    )


def _filter(text: str, kinds: Kinds) -> Filter | None:
    return parse(text, kinds) if text.strip() else None


def _order(text: str) -> list[SortKey]:
    name = text.strip()
    return [SortKey(Field((name.removeprefix("-"),)), name.startswith("-"))] if name else []


def _deletion(freed: Freed, dry_run: bool) -> Deletion:
    return Deletion(versions=freed.versions, bytes=freed.bytes, done=not dry_run)


routes = [
    list_types,
    list_collections,
    get_collection,
    change_collection,
    delete_collection,
    list_actions,
    list_versions,
    get_version,
    change_version,
    delete_version,
    list_version_files,
    download_version_file,
    add_alias,
    remove_alias,
    unlink_version,
]
