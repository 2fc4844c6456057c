"""Artifacts: collections of versions, each version an immutable set of files.

A *sequence* is a collection in whose project its versions are born. A *portfolio* is a collection
of links to versions of other collections; a registry consists of portfolios. A *membership*
places a version into a collection, under an index of its own, and carries the aliases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from kiseki_server.domain.files.incoming import DigestAlgorithm
from kiseki_server.kit.ids import CollectionId, ManifestId, ProjectId, RunId, UserId, VersionId

Json = Any

LATEST = "latest"
"""The alias that moves to the newest membership of its collection by itself."""

TTL_INHERITED = -1
TTL_OFF = -2

UNKNOWN_SIZE = -1


class CollectionKind(StrEnum):
    SEQUENCE = "sequence"
    PORTFOLIO = "portfolio"


class VersionState(StrEnum):
    PENDING = "pending"
    COMMITTED = "committed"
    DELETED = "deleted"


class ManifestKind(StrEnum):
    """What a list of files means at the commit."""

    FULL = "full"
    """All files of the version."""
    INCREMENTAL = "incremental"
    """Changes to the files of the version's base."""
    PATCH = "patch"
    """A part of the files; the parts of all writers together are the version."""


@dataclass(frozen=True, slots=True)
class ArtifactType:
    """What kind of thing the collections of a project hold, such as `dataset` or `model`."""

    id: int
    project: ProjectId
    name: str
    description: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Collection:
    id: CollectionId
    project: ProjectId
    kind: CollectionKind
    type: str
    name: str
    description: str | None
    tags: tuple[str, ...]
    client_id: str | None
    """What the client called it before it existed."""
    digest_algorithm: DigestAlgorithm
    user: UserId
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """One version, as its sequence knows it."""

    id: VersionId
    collection: CollectionId
    state: VersionState
    index: int | None
    """Its number in its sequence, given at the commit; never used again."""
    digest: str
    digest_algorithm: DigestAlgorithm
    client_id: str | None
    distributed_id: str | None
    base: VersionId | None
    description: str | None
    metadata: Mapping[str, Json]
    tags: tuple[str, ...]
    wanted_aliases: tuple[str, ...]
    """Given when the version is committed."""
    ttl: int
    """Seconds from the commit on, `TTL_INHERITED` or `TTL_OFF`."""
    size: int
    file_count: int
    manifest: str | None
    """Digest of the blob that lists the files; ``None`` until the commit."""
    history_step: int | None
    user: UserId
    created_at: datetime
    updated_at: datetime
    committed_at: datetime | None
    expires_at: datetime | None
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Membership:
    """A version in a collection: its own sequence, or a portfolio that links it."""

    id: int
    collection: Collection
    version: Version
    index: int
    aliases: tuple[str, ...]
    """Without `v<index>`, which always resolves."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a version, or one reference to somewhere else."""

    path: str
    digest: str
    """Base64 MD5 (or xxh128) of the bytes; of a reference, its ETag or the address itself."""
    size: int
    """Of what a client lists, -1: it did not say."""
    blob: str | None
    """SHA-256 of the stored bytes; ``None`` for a reference."""
    reference: str | None = None
    birth: VersionId | None = None
    """The version with which the bytes came to the server."""
    extra: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class ManifestDraft:
    """A list of files on its way: reserved, then uploaded, then used by the commit."""

    id: ManifestId
    version: VersionId
    kind: ManifestKind
    digest: str
    """Base64 MD5 of the list itself; empty while only the place is reserved."""
    base: VersionId | None
    blob: str | None


@dataclass(frozen=True, slots=True)
class RunEdge:
    """A run that made a version or used it."""

    run: RunId
    version: VersionId
    direction: Literal["output", "input"]
    used_as: str | None
    at: datetime
    collection: CollectionId | None = None
    """Where a run found what it used: a link's collection, perhaps."""


@dataclass(frozen=True, slots=True)
class ArtifactAction:
    """Something that somebody did to a collection or a version; kept for ever."""

    id: int
    at: datetime
    user: UserId | None
    action: str
    """Such as `version.committed`, `alias.added`, `link.added`, `collection.deleted`."""
    project: ProjectId
    collection: CollectionId | None
    version: VersionId | None
    details: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class NewVersion:
    """What somebody wants to become a version; empty fields leave those of an earlier call."""

    type: str
    collection: str
    digest: str
    digest_algorithm: DigestAlgorithm = "md5"
    client_id: str | None = None
    sequence_client_id: str | None = None
    distributed_id: str | None = None
    base: VersionId | None = None
    description: str | None = None
    metadata: Mapping[str, Json] | None = None
    aliases: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    ttl: int = TTL_INHERITED
    history_step: int | None = None
    run: RunId | None = None
    """The run that makes it."""
    deduplicate: bool = True
    """The newest version is taken when its digest is the same."""


@dataclass(frozen=True, slots=True)
class Created:
    """The version to fill, or the committed one that holds the same already."""

    version: Version
    collection: Collection
    latest: Version | None
    """The newest committed version of the collection."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a file that comes in parts."""

    number: int
    md5: str
    """Base64."""


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file about to be uploaded; with parts it comes in these."""

    path: str
    digest: str
    size: int | None = None
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class UploadPlan:
    """What to do with a file."""

    file: NewFile
    action: Literal["skip", "put", "parts"]
    """`skip`: the bytes are here already."""
    birth: VersionId
    upload: str | None = None
    """The upload that takes the parts."""


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file of a version that is not committed; without a blob it is only announced."""

    version: VersionId
    path: str
    digest: str
    blob: str | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes that the artifacts of an entity call by a digest."""

    digest: str
    """With the algorithm before it: `md5:…`."""
    blob: str
    size: int
    birth: VersionId


@dataclass(frozen=True, slots=True)
class PartsUpload:
    """A file on its way in parts."""

    id: str
    version: VersionId
    path: str
    digest: str
    parts: tuple[Part, ...]
    """As announced."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class StoredPart:
    number: int
    blob: str
    size: int
    md5: str


@dataclass(frozen=True, slots=True)
class EntryList:
    """A list of files that a commit goes by."""

    kind: ManifestKind
    entries: Sequence[Entry]
    base: VersionId | None = None
    """What an increment is laid over."""


@dataclass(frozen=True, slots=True)
class CollectionPage:
    items: tuple[Collection, ...]
    cursor: str | None
    total: int


@dataclass(frozen=True, slots=True)
class MembershipPage:
    items: tuple[Membership, ...]
    cursor: str | None
    total: int


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Entries in byte order of their paths; ``after`` opens the next page."""

    items: tuple[Entry, ...]
    after: str | None
    total: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How a collection stands."""

    versions: int
    newest: int | None
    """The greatest index of a membership that is there."""


@dataclass(frozen=True, slots=True)
class VersionChange:
    """Fields to change; ``None`` leaves a field as it is."""

    description: str | None = None
    metadata: Mapping[str, Json] | None = None
    ttl: int | None = None
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CollectionChange:
    """Fields to change; ``None`` leaves a field as it is."""

    name: str | None = None
    description: str | None = None
    type: str | None = None
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Freed:
    """What a deletion takes away."""

    versions: int
    bytes: int
    """Of blobs that nothing else names."""
