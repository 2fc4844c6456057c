"""Artifacts: collections of versions, each version an immutable set of files.

A *sequence* is a collection in whose project its versions are born. A *portfolio* is a collection
of links to versions of other collections; a registry consists of portfolios. A *membership*
places a version into a collection, under an index of its own, and carries the aliases.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from kiseki_server.kit.ids import CollectionId, ManifestId, ProjectId, RunId, UserId, VersionId

Json = Any

DigestAlgorithm = Literal["md5", "xxh128"]

LATEST = "latest"
"""The alias that moves to the newest membership of its collection by itself."""

TTL_INHERITED = -1
TTL_OFF = -2


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
