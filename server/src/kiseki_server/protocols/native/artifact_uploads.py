"""How a version comes: created, filled with files, committed, linked, used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from litestar import get, post
from msgspec import Meta

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.artifacts.service import ArtifactService
from kiseki_server.domain.artifacts.types import (
    Entry,
    EntryList,
    ManifestKind,
    Membership,
    NewFile,
    NewVersion,
    Part,
    RunEdge,
    UploadPlan,
    Version,
    VersionState,
)
from kiseki_server.domain.files.tickets import ArtifactUpload, PartUpload, Tickets
from kiseki_server.kit.errors import NotFound
from kiseki_server.kit.ids import VersionId
from kiseki_server.protocols.native.artifact_placing import one_version, version_infos
from kiseki_server.protocols.native.artifact_views import VersionInfo, Versions
from kiseki_server.protocols.native.artifacts import ARTIFACTS
from kiseki_server.protocols.native.places import Places
from kiseki_server.protocols.numbers import number_of

RUN = "/projects/{entity:str}/{project:str}/runs/{run:str}"
BY_ID = "/artifacts/versions/{version:int}"


class CreateVersion(msgspec.Struct, kw_only=True):
    """A version to be filled; what is absent stays as an earlier call of the same said."""

    type: str
    collection: str
    digest: Annotated[str, Meta(description="The same for the same files, chosen by the client.")]
    digest_algorithm: Literal["md5", "xxh128"] = "md5"
    client_id: str | None = None
    distributed_id: Annotated[
        str | None, Meta(description="Shared by several writers of one version.")
    ] = None
    base: Annotated[int | None, Meta(description="The version that an increment changes.")] = None
    description: str | None = None
    metadata: dict[str, Any] | None = None
    aliases: list[str] = []
    tags: list[str] = []
    ttl: int = -1
    history_step: int | None = None
    run: Annotated[str | None, Meta(description="The run that makes it.")] = None
    deduplicate: bool = True


class CreatedVersion(msgspec.Struct, kw_only=True):
    id: int
    state: Annotated[str, Meta(description="`committed`: the same is here already.")]
    index: int | None
    latest: Annotated[int | None, Meta(description="The id of the newest committed version.")]


class PartInfo(msgspec.Struct, kw_only=True):
    number: int
    md5: Annotated[str, Meta(description="Base64.")]


class NewFileInfo(msgspec.Struct, kw_only=True):
    path: str
    digest: Annotated[str, Meta(description="Base64, of the version's own kind.")]
    size: int | None = None
    parts: Annotated[list[PartInfo], Meta(description="Sends it in parts, numbered from 1.")] = []


class AnnounceFiles(msgspec.Struct, kw_only=True):
    files: Annotated[list[NewFileInfo], Meta(max_length=10_000)]


class PartAddress(msgspec.Struct, kw_only=True):
    number: int
    url: str


class PlannedFile(msgspec.Struct, kw_only=True):
    path: str
    url: Annotated[str | None, Meta(description="Takes the bytes by PUT; null: they are here.")]
    upload_id: str | None
    parts: list[PartAddress]


class PlannedFiles(msgspec.Struct, kw_only=True):
    files: list[PlannedFile]


class CompleteParts(msgspec.Struct, kw_only=True):
    parts: list[PartInfo]


class CommitEntry(msgspec.Struct, kw_only=True):
    path: str
    digest: str
    size: int
    reference: str | None = None
    extra: dict[str, Any] | None = None


class CommitVersion(msgspec.Struct, kw_only=True):
    entries: list[CommitEntry]
    kind: Annotated[
        Literal["full", "incremental"],
        Meta(description="`incremental`: changes to the base's files."),
    ] = "full"


class LinkVersion(msgspec.Struct, kw_only=True):
    """Where the version is to be shown."""

    entity: str
    project: str
    collection: str
    aliases: list[str] = []


class UseVersion(msgspec.Struct, kw_only=True):
    version: Annotated[int, Meta(description="The version's id.")]
    used_as: str | None = None


@post(f"{ARTIFACTS}/versions", status_code=200, sync_to_thread=True)
def create_version(
    places: Places, artifacts: ArtifactService, entity: str, project: str, data: CreateVersion
) -> CreatedVersion:
    """Begin a version, or find the committed one that holds the same."""
    with places.database.transaction(write=True):
        at = places.projects.ensure(places.actor, entity, project)
        draft = NewVersion(
            type=data.type,
            collection=data.collection,
            digest=data.digest,
            digest_algorithm=data.digest_algorithm,
            client_id=data.client_id,
            distributed_id=data.distributed_id,
            base=None if data.base is None else VersionId(number_of(data.base)),
            description=data.description,
            metadata=data.metadata,
            aliases=tuple(data.aliases),
            tags=tuple(data.tags),
            ttl=data.ttl,
            history_step=data.history_step,
            run=None if data.run is None else places.runs.get(at, data.run).id,
            deduplicate=data.deduplicate,
        )
        made = artifacts.create(at, draft, places.actor)
    return CreatedVersion(
        id=made.version.id,
        state=made.version.state.value,
        index=made.version.index,
        latest=None if made.latest is None else made.latest.id,
    )


@post(f"{BY_ID}/files", status_code=200, sync_to_thread=True)
def announce_files(
    places: Places,
    artifacts: ArtifactService,
    tickets: Tickets,
    version: int,
    data: AnnounceFiles,
) -> PlannedFiles:
    """Where to send files, in the same order; those that are here already are not sent."""
    files = [
        NewFile(
            file.path,
            file.digest,
            file.size,
            tuple(Part(part.number, part.md5) for part in file.parts),
        )
        for file in data.files
    ]
    with places.database.transaction(write=True):
        found = _writable(places, artifacts, version)
        plans = artifacts.announce(found, files)
    return PlannedFiles(files=[_planned(found, plan, tickets) for plan in plans])


def _planned(version: Version, plan: UploadPlan, tickets: Tickets) -> PlannedFile:
    file = plan.file
    url: str | None = None
    if plan.action == "put":
        ticket = ArtifactUpload(
            version.id, file.path, file.digest, file.size, version.digest_algorithm
        )
        url = tickets.address(ticket)
    upload = plan.upload
    parts = [] if upload is None else file.parts
    return PlannedFile(
        path=file.path,
        url=url,
        upload_id=upload,
        parts=[
            PartAddress(
                number=part.number,
                url=tickets.address(PartUpload(upload or "", part.number, part.md5)),
            )
            for part in parts
        ],
    )


@post(f"{BY_ID}/multipart/{{upload:str}}", status_code=204, sync_to_thread=True)
def complete_parts(
    places: Places, artifacts: ArtifactService, version: int, upload: str, data: CompleteParts
) -> None:
    """Make one file of its parts, once all have been sent."""
    with places.database.transaction():
        found = _writable(places, artifacts, version)
    parts = [Part(part.number, part.md5) for part in data.parts]
    artifacts.complete_parts(found.id, upload, parts)


@post(f"{BY_ID}/commit", status_code=200, sync_to_thread=True)
def commit_version(
    places: Places, artifacts: ArtifactService, version: int, data: CommitVersion
) -> VersionInfo:
    """Make the version what the list of files says; sending it again changes nothing."""
    with places.database.transaction():
        found = _writable(places, artifacts, version)
    entries = [
        Entry(entry.path, entry.digest, entry.size, None, entry.reference, None, entry.extra)
        for entry in data.entries
    ]
    lists = [EntryList(ManifestKind(data.kind), entries)]
    committed = artifacts.commit(found.id, places.actor, lists)
    with places.database.transaction():
        return one_version(places, artifacts, committed)


@post(f"{BY_ID}/links", status_code=200, sync_to_thread=True)
def link_version(
    places: Places, artifacts: ArtifactService, version: int, data: LinkVersion
) -> VersionInfo:
    """Show a version in a portfolio of another project or of a registry."""
    with places.database.transaction(write=True):
        found = artifacts.version(places.actor, VersionId(number_of(version)))
        at = places.project(data.entity, data.project, Action.WRITE)
        linked = artifacts.link(found, at, data.collection, data.aliases, places.actor)
        return one_version(places, artifacts, linked)


@post(f"{RUN}/inputs", status_code=200, sync_to_thread=True)
def use_version(
    places: Places,
    artifacts: ArtifactService,
    entity: str,
    project: str,
    run: str,
    data: UseVersion,
) -> VersionInfo:
    """Note that a run uses a version."""
    with places.database.transaction(write=True):
        at = places.project(entity, project, Action.WRITE)
        used = artifacts.version(places.actor, VersionId(number_of(data.version)), Action.DOWNLOAD)
        runner = places.runs.get(at, run)
        artifacts.use(runner.id, used, places.actor, used_as=data.used_as)
        return one_version(places, artifacts, _seen(places, artifacts, used))


@get(f"{RUN}/inputs", sync_to_thread=True)
def list_inputs(
    places: Places, artifacts: ArtifactService, entity: str, project: str, run: str
) -> Versions:
    """Versions that a run used, as far as the caller may see them."""
    with places.database.transaction():
        found = places.runs.get(places.project(entity, project), run)
        return _versions(places, artifacts, artifacts.inputs(found.id))


@get(f"{RUN}/outputs", sync_to_thread=True)
def list_outputs(
    places: Places, artifacts: ArtifactService, entity: str, project: str, run: str
) -> Versions:
    """Versions that a run made."""
    with places.database.transaction():
        found = places.runs.get(places.project(entity, project), run)
        return _versions(places, artifacts, artifacts.outputs(found.id))


def _versions(places: Places, artifacts: ArtifactService, edges: Sequence[RunEdge]) -> Versions:
    seen: list[Membership] = []
    for edge in edges:
        try:
            version = artifacts.version(places.actor, edge.version)
            seen.append(_seen(places, artifacts, version))
        except NotFound:
            continue
    items = version_infos(places, artifacts, seen)
    return Versions(items=items, cursor=None, total=len(items))


def _seen(places: Places, artifacts: ArtifactService, version: Version) -> Membership:
    """Where the caller sees a version: where it was made, if they may."""
    found = artifacts.memberships_of(places.actor, version)
    if not found:
        raise NotFound("There is no such artifact version, or you may not see it")
    home = (one for one in found if one.collection.id == version.collection)
    return next(home, found[0])


def _writable(places: Places, artifacts: ArtifactService, version: int) -> Version:
    found = artifacts.version(places.actor, VersionId(number_of(version)), Action.WRITE)
    assert found.state is not VersionState.DELETED
    return found


routes = [
    create_version,
    announce_files,
    complete_parts,
    commit_version,
    link_version,
    use_version,
    list_inputs,
    list_outputs,
]
