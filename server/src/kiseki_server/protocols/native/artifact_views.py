"""Artifacts as our API shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from kiseki_server.domain.artifacts.types import (
    Collection,
    Entry,
    Membership,
    Standing,
)
from kiseki_server.domain.projects.types import Project


class ArtifactTypeInfo(msgspec.Struct, kw_only=True):
    name: str
    description: str | None
    created_at: datetime


class ArtifactTypes(msgspec.Struct, kw_only=True):
    items: list[ArtifactTypeInfo]


class CollectionInfo(msgspec.Struct, kw_only=True):
    """An artifact by name: a sequence of versions, or a portfolio of links to versions."""

    id: int
    name: str
    type: str
    kind: Literal["sequence", "portfolio"]
    description: str | None
    tags: list[str]
    versions: int
    newest: Annotated[int | None, Meta(description="The index of the newest version.")]
    newest_size: Annotated[int | None, Meta(description="Bytes of the newest version.")]
    newest_aliases: list[str]
    newest_at: Annotated[datetime | None, Meta(description="When the newest version came here.")]
    created_at: datetime
    updated_at: datetime


class Collections(msgspec.Struct, kw_only=True):
    items: list[CollectionInfo]
    cursor: Annotated[str | None, Meta(description="Opens the next page; null at the end.")]
    total: int


class ChangeCollection(msgspec.Struct, kw_only=True):
    """What is absent stays as it is."""

    name: str | None = None
    description: str | None = None
    type: str | None = None
    add_tags: list[str] = []
    remove_tags: list[str] = []


class VersionPlace(msgspec.Struct, kw_only=True):
    """Where a version is to be found."""

    entity: str
    project: str
    collection: str
    type: str
    index: int


class RunPlace(msgspec.Struct, kw_only=True):
    """Where a run is to be found, and what people call it."""

    entity: str
    project: str
    run: str
    title: str


class VersionInfo(msgspec.Struct, kw_only=True):
    """A version, as its collection has it."""

    id: Annotated[int, Meta(description="The version's own number, wherever it is linked.")]
    entity: str
    project: str
    collection: str
    type: str
    index: int
    aliases: list[str]
    state: str
    digest: str
    digest_algorithm: Literal["md5", "xxh128"]
    description: str | None
    metadata: dict[str, Any]
    tags: list[str]
    ttl: Annotated[int, Meta(description="Seconds from the commit on; -1 inherited, -2 for ever.")]
    size: Annotated[int, Meta(description="Bytes of all files.")]
    file_count: int
    history_step: int | None
    created_at: datetime
    updated_at: datetime
    committed_at: datetime | None
    expires_at: datetime | None
    source: Annotated[
        VersionPlace | None,
        Meta(description="Of a link: where the version was made, if the caller may see that."),
    ]
    made_by: Annotated[
        RunPlace | None, Meta(description="The run that made it, if the caller may see that.")
    ]


class Versions(msgspec.Struct, kw_only=True):
    items: list[VersionInfo]
    cursor: Annotated[str | None, Meta(description="Opens the next page; null at the end.")]
    total: int


class ChangeVersion(msgspec.Struct, kw_only=True):
    """What is absent stays as it is."""

    description: str | None = None
    metadata: dict[str, Any] | None = None
    ttl: int | None = None
    add_tags: list[str] = []
    remove_tags: list[str] = []


class Deletion(msgspec.Struct, kw_only=True):
    """What a deletion takes away, or would."""

    versions: int
    bytes: Annotated[int, Meta(description="Of files that nothing else needs.")]
    done: bool


class EntryInfo(msgspec.Struct, kw_only=True):
    path: str
    size: int
    digest: str
    reference: Annotated[str | None, Meta(description="Where the bytes are, if not here.")]
    extra: dict[str, Any] | None
    url: Annotated[
        str | None,
        Meta(
            description="Gives the bytes without credentials for an hour; if addresses were asked "
            "for, and the bytes are here."
        ),
    ] = None


class Entries(msgspec.Struct, kw_only=True):
    items: list[EntryInfo]
    cursor: Annotated[str | None, Meta(description="Opens the next page; null at the end.")]
    total: int


class ArtifactActionInfo(msgspec.Struct, kw_only=True):
    """Something that somebody did."""

    id: int
    at: datetime
    user: str | None
    action: str
    version: int | None
    details: dict[str, Any]


class ArtifactActions(msgspec.Struct, kw_only=True):
    items: list[ArtifactActionInfo]


def collection_info(
    collection: Collection, standing: Standing, newest: Membership | None
) -> CollectionInfo:
    """A collection with how it stands and its newest version."""
    return CollectionInfo(
        id=collection.id,
        name=collection.name,
        type=collection.type,
        kind="sequence" if collection.kind.value == "sequence" else "portfolio",
        description=collection.description,
        tags=list(collection.tags),
        versions=standing.versions,
        newest=standing.newest,
        newest_size=None if newest is None else newest.version.size,
        newest_aliases=[] if newest is None else list(newest.aliases),
        newest_at=None if newest is None else newest.created_at,
        created_at=collection.created_at,
        updated_at=collection.updated_at,
    )


def version_info(
    at: Project, place: Membership, source: VersionPlace | None, made_by: RunPlace | None
) -> VersionInfo:
    """A version in a collection of a project."""
    found = place.version
    return VersionInfo(
        id=found.id,
        entity=at.entity_name,
        project=at.name,
        collection=place.collection.name,
        type=place.collection.type,
        index=place.index,
        aliases=list(place.aliases),
        state=found.state.value,
        digest=found.digest,
        digest_algorithm=found.digest_algorithm,
        description=found.description,
        metadata=dict(found.metadata),
        tags=list(found.tags),
        ttl=found.ttl,
        size=found.size,
        file_count=found.file_count,
        history_step=found.history_step,
        created_at=found.created_at,
        updated_at=found.updated_at,
        committed_at=found.committed_at,
        expires_at=found.expires_at,
        source=source,
        made_by=made_by,
    )


def entry_info(entry: Entry) -> EntryInfo:
    """One file of a version."""
    return EntryInfo(
        path=entry.path,
        size=entry.size,
        digest=entry.digest,
        reference=entry.reference,
        extra=None if entry.extra is None else dict(entry.extra),
    )
