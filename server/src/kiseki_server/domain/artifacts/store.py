"""What the stores of artifacts promise.

Every method works inside the caller's transaction. Blobs that rows name are counted by the store
that writes the rows.
"""

from __future__ import annotations

from collections.abc import Collection as Some
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

from kiseki_server.domain.artifacts.types import (
    ArtifactAction,
    ArtifactType,
    Collection,
    CollectionKind,
    Content,
    Json,
    ManifestDraft,
    Membership,
    PartsUpload,
    RunEdge,
    Standing,
    StoredPart,
    UploadedFile,
    Version,
)
from kiseki_server.domain.files.incoming import DigestAlgorithm
from kiseki_server.kit.ids import (
    CollectionId,
    EntityId,
    ManifestId,
    ProjectId,
    RunId,
    UserId,
    VersionId,
)


class CollectionStore(Protocol):
    """Types and collections of projects, and which aliases are protected there.

    Deleted collections are gone for every method; their names are free again.
    """

    def types(self, project: ProjectId) -> Sequence[ArtifactType]:
        """By name."""
        ...

    def ensure_type(
        self, project: ProjectId, name: str, at: datetime, description: str | None = None
    ) -> ArtifactType:
        """Add a type, if it is not there; a description replaces the one before."""
        ...

    def protected(self, project: ProjectId) -> frozenset[str]:
        """Aliases that only administrators of the project move."""
        ...

    def protect(self, project: ProjectId, aliases: Sequence[str]) -> None:
        """Say which aliases are protected, instead of those before."""
        ...

    def add(
        self,
        project: ProjectId,
        kind: CollectionKind,
        type: str,
        name: str,
        *,
        client_id: str | None = None,
        algorithm: DigestAlgorithm = "md5",
        user: UserId,
        at: datetime,
    ) -> Collection:
        """Add a collection of a type that is there.

        Raises:
            Conflict: The project has a collection of this name.
        """
        ...

    def get(self, ids: Some[CollectionId]) -> Mapping[CollectionId, Collection]: ...

    def find(self, project: ProjectId, name: str) -> Collection | None: ...

    def by_client(self, client_id: str) -> Sequence[Collection]:
        """Collections that a client called so before they existed."""
        ...

    def of_project(self, project: ProjectId, type: str | None = None) -> Sequence[Collection]:
        """By name."""
        ...

    def page(
        self,
        project: ProjectId,
        *,
        names: Some[str] | None = None,
        after: str | None = None,
        limit: int,
    ) -> Sequence[Collection]:
        """By name, those behind ``after``; of certain names, a few, only where some are given."""
        ...

    def count(self, projects: Some[ProjectId]) -> int:
        """How many collections projects have together."""
        ...

    def orphaned(self, limit: int) -> Sequence[Collection]:
        """Collections of projects that were deleted."""
        ...

    def update(self, collection: Collection) -> None:
        """Write name, type (which is there), description, tags and time of change.

        Raises:
            Conflict: The project has a collection of the new name.
        """
        ...

    def delete(self, collection: CollectionId, at: datetime) -> None: ...

    def next_index(self, collection: CollectionId) -> int:
        """An index that no membership of the collection has had."""
        ...


class VersionStore(Protocol):
    """Versions; those that were deleted come by their ids alone."""

    def add(self, draft: Version) -> Version:
        """Add a version; its id is given by the store."""
        ...

    def get(self, ids: Some[VersionId], *, lock: bool = False) -> Mapping[VersionId, Version]: ...

    def newest(self, collection: CollectionId) -> Version | None:
        """The committed version with the greatest index."""
        ...

    def pending(
        self,
        collection: CollectionId,
        *,
        digest: str,
        client_id: str | None,
        distributed_id: str | None,
    ) -> Version | None:
        """The pending version with one of these, the oldest; with a distributed id that alone
        counts, and a committed one is found, too."""
        ...

    def is_coming(self, collection: CollectionId, since: datetime) -> bool:
        """Somebody has gone on with a pending version since."""
        ...

    def by_client(self, client_id: str) -> Sequence[Version]:
        """Versions that a client called so before they existed."""
        ...

    def of_collection(self, collection: CollectionId) -> Sequence[Version]:
        """Pending and committed versions, in the order in which they were made."""
        ...

    def update(self, version: Version) -> None:
        """Write every field."""
        ...

    def stale(self, before: datetime, limit: int) -> Sequence[Version]:
        """Pending versions that nobody has touched since."""
        ...

    def expired(self, at: datetime, limit: int) -> Sequence[Version]:
        """Committed versions whose time is over."""
        ...


class MembershipStore(Protocol):
    """Places of versions in collections, with their aliases.

    A membership of a version that is not committed is hidden: only `of_versions` and `find` by
    version give it.
    """

    def join(
        self,
        collection: CollectionId,
        version: VersionId,
        index: int,
        *,
        user: UserId,
        at: datetime,
    ) -> Membership: ...

    def get(self, ids: Some[int]) -> Mapping[int, Membership]: ...

    def find(
        self,
        collection: CollectionId,
        *,
        version: VersionId | None = None,
        index: int | None = None,
        alias: str | None = None,
        digest: str | None = None,
    ) -> Membership | None:
        """By one of these; of several with a digest the newest."""
        ...

    def page(
        self,
        collection: CollectionId,
        *,
        newest_first: bool = True,
        after: int | None = None,
        limit: int,
    ) -> Sequence[Membership]:
        """In order of their indexes, behind the index ``after``."""
        ...

    def of_versions(self, versions: Some[VersionId]) -> Sequence[Membership]:
        """In every collection that is there."""
        ...

    def newest(self, collections: Some[CollectionId]) -> Mapping[CollectionId, Membership]:
        """The membership with the greatest index of each."""
        ...

    def standings(self, collections: Some[CollectionId]) -> Mapping[CollectionId, Standing]: ...

    def aliases(self, collection: CollectionId) -> Sequence[str]:
        """All aliases that lead somewhere."""
        ...

    def leave(self, memberships: Some[int]) -> None:
        """Take them away with their aliases."""
        ...

    def put_aliases(self, membership: Membership, aliases: Some[str]) -> None:
        """Give aliases, which leave where they were in the same collection."""
        ...

    def drop_aliases(self, membership: int, aliases: Some[str]) -> None: ...


class UploadStore(Protocol):
    """What versions that are not committed have so far, and what their entity has already."""

    def put(self, files: Sequence[UploadedFile]) -> None:
        """A path that the version has already stands for the new bytes from now on."""
        ...

    def get(self, version: VersionId, paths: Some[str] | None = None) -> Mapping[str, UploadedFile]:
        """Files by path; all, unless some are named."""
        ...

    def put_manifest(self, draft: ManifestDraft, at: datetime) -> ManifestDraft:
        """Add a list of files (then its id is 0), or write what has become of it."""
        ...

    def manifest(self, id: ManifestId) -> ManifestDraft | None: ...

    def manifests(self, version: VersionId) -> Sequence[ManifestDraft]:
        """In the order in which they were reserved."""
        ...

    def begin_parts(self, upload: PartsUpload) -> None: ...

    def parts_upload(self, id: str) -> PartsUpload | None: ...

    def put_part(self, upload: str, part: StoredPart) -> None:
        """A number that is there already stands for the new bytes from now on."""
        ...

    def parts(self, upload: str) -> Sequence[StoredPart]:
        """In order of their numbers."""
        ...

    def drop_parts(self, upload: str) -> None:
        """Take away the parts that have come; the upload is known until `clear`."""
        ...

    def clear(self, version: VersionId) -> None:
        """Take everything away."""
        ...

    def contents(self, entity: EntityId, digests: Some[str]) -> Mapping[str, Content]:
        """What the entity's artifacts have of these digests; gone with the blob itself."""
        ...

    def put_contents(self, entity: EntityId, contents: Sequence[Content]) -> None:
        """What is there already stays."""
        ...


class EdgeStore(Protocol):
    """Which runs made and used which versions."""

    def add(self, edges: Sequence[RunEdge]) -> None:
        """An edge that is there stays; a new name of its use replaces the one before."""
        ...

    def of_runs(self, runs: Some[RunId]) -> Sequence[RunEdge]:
        """In the order in which they came."""
        ...

    def of_versions(self, versions: Some[VersionId]) -> Sequence[RunEdge]:
        """In the order in which they came; runs that were deleted or put aside are left out."""
        ...

    def remove_runs(self, runs: Some[RunId]) -> None:
        """Runs that are gone for good."""
        ...


class ActionLog(Protocol):
    """Who did what to artifacts and registries; kept for ever."""

    def append(
        self,
        project: ProjectId,
        action: str,
        *,
        user: UserId | None,
        at: datetime,
        details: Mapping[str, Json],
        collection: CollectionId | None = None,
        version: VersionId | None = None,
    ) -> None: ...

    def actions(
        self,
        of: Literal["project", "collection", "version"],
        ids: Some[int],
        *,
        limit: int,
        before: int | None = None,
    ) -> Sequence[ArtifactAction]:
        """What was done to these, the latest first, with ids below ``before``."""
        ...
