"""Versions of artifacts, read: what they are, where they are, and their files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.artifacts.types import (
    TTL_INHERITED,
    ArtifactType,
    Collection,
    Entry,
    Membership,
    RunEdge,
    Version,
    VersionState,
)
from kiseki_server.domain.files.tickets import ARTIFACTS, ArtifactDownload, ManifestDownload
from kiseki_server.kit.errors import BadRequest, Forbidden, NotFound
from kiseki_server.kit.ids import VersionId
from kiseki_server.protocols.wandb import artifact_manifests, identifiers, json_lines
from kiseki_server.protocols.wandb.connections import connection, page_size
from kiseki_server.protocols.wandb.context import Context
from kiseki_server.protocols.wandb.places import PlacedRun

MAX_FILES = 10_000
ALGORITHMS = {"md5": "MANIFEST_MD5", "xxh128": "MANIFEST_XXH128"}


class ArtifactNode:
    """`Artifact`: a version, as its sequence knows it."""

    def __init__(self, context: Context, version: Version) -> None:
        self._context = context
        self._version = version
        self.id = identifiers.artifact_id(version.id)
        self.state = version.state.value.upper()
        self.version_index = version.index
        self.digest = version.digest
        self.digest_algorithm = ALGORITHMS[version.digest_algorithm]
        self.commit_hash = None if version.manifest is None else version.manifest[:20]
        self.description = version.description
        self.history_step = version.history_step
        self.size = version.size
        self.file_count = version.file_count
        self.ttl_duration_seconds = version.ttl
        self.ttl_is_inherited = version.ttl == TTL_INHERITED
        self.created_at = version.created_at
        self.updated_at = version.updated_at

    @property
    def metadata(self) -> str:
        return json_lines.write(dict(self._version.metadata))

    @property
    def tags(self) -> list[dict[str, Any]]:
        return tag_list(self._version.tags)

    @property
    def artifact_sequence(self) -> Collection:
        return self._context.artifacts.home(self._version)

    @property
    def artifact_type(self) -> ArtifactType | None:
        return type_of(self._context, self.artifact_sequence)

    @property
    def _memberships(self) -> Sequence[Membership]:
        return self._context.artifacts.memberships_of(self._context.actor, self._version)

    @property
    def artifact_memberships(self) -> dict[str, Any]:
        return connection(self._memberships, None)

    @property
    def aliases(self) -> list[dict[str, Any]]:
        """In every collection that the caller may see."""
        return [alias for one in self._memberships for alias in alias_list(one)]

    @property
    def current_manifest(self) -> dict[str, Any] | None:
        """The list of files, for who may have them."""
        if self._version.state is not VersionState.COMMITTED:
            return None
        _check_download(self._context, self._version)
        url = self._context.signed(ManifestDownload(self._version.id))
        id = identifiers.encode("ArtifactManifest", f"of-{self._version.id}")
        return {
            "id": id,
            "file": _file(id, artifact_manifests.FILE_NAME, {"directUrl": url, "url": url}),
        }

    def files(
        self,
        after: str | None = None,
        first: int | None = None,
        names: list[str | None] | None = None,
    ) -> dict[str, Any]:
        return files(self._context, self._version, after, first, names)

    def files_by_manifest_entries(
        self,
        entries: list[dict[str, Any]] | None = None,
        manifest_version: str | None = None,
        storage_layout: str | None = None,
        storage_region: str | None = None,
    ) -> dict[str, Any]:
        """Files of the version that the entries name, in their order."""
        if not entries:
            return connection([], None, 0, uploadHeaders=[])
        return files(self._context, self._version, None, None, [e["name"] for e in entries])

    @property
    def created_by(self) -> Any:
        """The run that made it, or the user; nothing when the run is not to be seen."""
        made = self._context.artifacts.makers_of(self._version)
        if made:
            return next(iter(placed_runs(self._context, made[:1])), None)
        name = self._context.accounts.names([self._version.user]).get(self._version.user)
        id = identifiers.encode("User", self._version.user)
        return {"__typename": "User", "id": id, "name": name, "username": name, "entity": name}

    @property
    def used_by(self) -> dict[str, Any]:
        edges = self._context.artifacts.users_of(self._version)
        return connection(placed_runs(self._context, edges), None)


class MembershipNode:
    """`ArtifactCollectionMembership`: a version in one of its collections."""

    def __init__(self, context: Context, membership: Membership) -> None:
        self._context = context
        self._membership = membership
        self.id = identifiers.membership_id(membership.id)
        self.version_index = membership.index
        self.created_at = membership.created_at

    @property
    def aliases(self) -> list[dict[str, Any]]:
        return alias_list(self._membership)

    @property
    def artifact(self) -> Version:
        return self._membership.version

    @property
    def artifact_collection(self) -> Collection:
        return self._membership.collection

    def files(
        self,
        after: str | None = None,
        first: int | None = None,
        names: list[str | None] | None = None,
    ) -> dict[str, Any]:
        return files(self._context, self._membership.version, after, first, names)


def find_version(context: Context, id: str) -> Version | None:
    """The version, or nothing when there is none that the caller may see."""
    try:
        return context.artifacts.version(context.actor, identifiers.artifact_place(id))
    except (NotFound, Forbidden):
        return None


def files(
    context: Context,
    version: Version,
    after: str | None,
    first: int | None,
    names: Sequence[str | None] | None,
) -> dict[str, Any]:
    """Files of a committed version, with addresses; of references, where they point to.

    Raises:
        Forbidden: The caller may not have their content.
    """
    if version.state is not VersionState.COMMITTED:
        return connection([], None, 0, uploadHeaders=[])
    _check_download(context, version)
    if names:
        return _named_files(context, version, names)
    page = context.artifacts.entries(
        version, after=after or None, limit=page_size(first, most=MAX_FILES)
    )
    nodes = [artifact_file(context, version, entry) for entry in page.items]
    return connection(nodes, page.after, page.total, uploadHeaders=[])


def _named_files(context: Context, version: Version, names: Sequence[str | None]) -> dict[str, Any]:
    """Those that are there, in the order in which they are named."""
    if len(names) > MAX_FILES:
        raise BadRequest(f"{len(names)} names are too many; at most {MAX_FILES} are allowed")
    found = [_entry(context, version, name) for name in names if name]
    nodes = [artifact_file(context, version, entry) for entry in found if entry is not None]
    return connection(nodes, None, uploadHeaders=[])


def _entry(context: Context, version: Version, name: str) -> Entry | None:
    try:
        return context.artifacts.entry(version, name)
    except NotFound:
        return None


def _check_download(context: Context, version: Version) -> None:
    context.artifacts.version(context.actor, version.id, Action.DOWNLOAD)


def artifact_file(context: Context, version: Version, entry: Entry) -> dict[str, Any]:
    """`File`, of a committed version."""
    url = entry.reference or context.signed(ArtifactDownload(version.id, entry.path))
    id = identifiers.encode("ArtifactFile", version.id, entry.path)
    return _file(
        id,
        entry.path,
        {
            "directUrl": url,
            "url": url,
            "digest": entry.digest,
            "md5": entry.digest if version.digest_algorithm == "md5" else None,
            "sizeBytes": entry.size,
            "storagePath": storage_path(version.id, entry.path),
            "updatedAt": version.committed_at,
            "artifact": version,
        },
    )


def storage_path(version: VersionId, path: str) -> str:
    """Where the client believes a file to be."""
    return f"{ARTIFACTS}/{version}/{path}"


def _file(id: str, name: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": id,
        "name": name,
        "displayName": name,
        "sizeBytes": 0,
        "uploadHeaders": [],
        **fields,
    }


def alias_list(membership: Membership) -> list[dict[str, Any]]:
    """The aliases of a membership."""
    return [
        {
            "id": identifiers.encode("ArtifactAlias", membership.collection.id, alias),
            "alias": alias,
            "artifactCollection": membership.collection,
        }
        for alias in membership.aliases
    ]


def tag_list(tags: Sequence[str]) -> list[dict[str, Any]]:
    """Tags by their names."""
    return [
        {"id": identifiers.encode("Tag", tag), "name": tag, "tagCategoryName": None} for tag in tags
    ]


def type_of(context: Context, collection: Collection) -> ArtifactType | None:
    """The type of a collection."""
    project = context.projects.known(collection.project)
    return None if project is None else context.artifacts.type(project, collection.type)


def placed_runs(context: Context, edges: Sequence[RunEdge]) -> list[PlacedRun]:
    """The runs of the edges that are there and that the caller may see."""
    found = context.runs.alive({edge.run for edge in edges})
    placed: list[PlacedRun] = []
    for edge in edges:
        run = found.get(edge.run)
        if run is not None and context.projects.most(context.actor, run.project) is not None:
            project = context.projects.known(run.project)
            if project is not None:
                placed.append(PlacedRun(project, run))
    return placed


def run_artifacts(
    context: Context, edges: Sequence[RunEdge], after: str | None, first: int | None
) -> dict[str, Any]:
    """One page of the versions that a run made or used, those that the caller may see."""
    seen: dict[VersionId, Version] = {}
    for edge in edges:
        try:
            seen[edge.version] = context.artifacts.version(context.actor, edge.version)
        except (NotFound, Forbidden):
            continue
    versions = list(seen.values())
    start = int(after) if after and after.isdigit() and len(after) < 10 else 0
    end = start + page_size(first)
    return versioned(
        connection(
            versions[start:end], str(end) if end < len(versions) else None, total=len(versions)
        )
    )


def versioned(page: dict[str, Any]) -> dict[str, Any]:
    """A page of versions, each with its name in its sequence."""
    for edge in page["edges"]:
        edge["version"] = f"v{edge['node'].index}"
    return page
