"""Ids as the client knows them: base64 of a kind and a place, `Kind:place`."""

from __future__ import annotations

import base64
import binascii

from kiseki_server.kit.errors import NotFound
from kiseki_server.kit.ids import CollectionId, ManifestId, ProjectId, VersionId


def encode(kind: str, *place: object) -> str:
    """The id of a thing."""
    text = ":".join([kind, *map(str, place)])
    return base64.b64encode(text.encode()).decode()


def decode(kind: str, id: str, parts: int = 1) -> list[str]:
    """The place of a thing; its last part may hold colons.

    Raises:
        NotFound: The id is none of this kind.
    """
    try:
        text = base64.b64decode(id, validate=True).decode()
    except (binascii.Error, ValueError):
        text = ""
    found, *place = text.split(":", parts)
    if found != kind or len(place) != parts:
        raise NotFound(f"`{id[:80]}` is the id of no {kind.lower()}")
    return place


def run_id(project: ProjectId, name: str) -> str:
    """A run's storage id; runs never change their project or name."""
    return encode("Run", project, name)


def run_place(id: str) -> tuple[ProjectId, str]:
    """Project and name behind a run's storage id.

    Raises:
        NotFound: It is none.
    """
    project, name = decode("Run", id, 2)
    return ProjectId(_whole(project, id)), name


def file_id(project: ProjectId, run: str, path: str) -> str:
    """The id of a run's file."""
    return encode("RunFile", project, run, path)


def file_place(id: str) -> tuple[ProjectId, str, str]:
    """Project, run name and path behind a file's id.

    Raises:
        NotFound: It is none.
    """
    project, run, path = decode("RunFile", id, 3)
    return ProjectId(_whole(project, id)), run, path


def project_place(id: str) -> ProjectId:
    """The project behind any of its ids.

    Raises:
        NotFound: It is none.
    """
    try:
        return ProjectId(_whole(decode("Project", id)[0], id))
    except NotFound:
        return ProjectId(_whole(decode("ProjectInternalId", id)[0], id))


def number_place(kind: str, id: str) -> int:
    """The number behind an id of a kind that has no function of its own.

    Raises:
        NotFound: It is none.
    """
    return _whole(decode(kind, id)[0], id)


def artifact_id(version: VersionId) -> str:
    """An artifact version's id; other artifacts refer to it by its bytes in hexadecimal."""
    return encode("Artifact", version)


def artifact_place(id: str) -> VersionId:
    """The version behind an artifact's id.

    Raises:
        NotFound: It is none.
    """
    return VersionId(_whole(decode("Artifact", id)[0], id))


def artifact_or_none(id: str | None) -> VersionId | None:
    """The same for ids that may be missing, or be those of another server."""
    try:
        return artifact_place(id) if id else None
    except NotFound:
        return None


def collection_id(collection: CollectionId) -> str:
    """The id of an artifact collection of either kind."""
    return encode("ArtifactCollection", collection)


def collection_place(id: str) -> CollectionId:
    """The collection behind its id.

    Raises:
        NotFound: It is none.
    """
    return CollectionId(_whole(decode("ArtifactCollection", id)[0], id))


def membership_id(membership: int) -> str:
    """The id of a version's place in a collection."""
    return encode("ArtifactCollectionMembership", membership)


def manifest_id(manifest: ManifestId) -> str:
    """The id of a list of files that is handed in before the commit."""
    return encode("ArtifactManifest", manifest)


def manifest_place(id: str) -> ManifestId:
    """The list of files behind its id.

    Raises:
        NotFound: It is none.
    """
    return ManifestId(_whole(decode("ArtifactManifest", id)[0], id))


def _whole(text: str, id: str) -> int:
    if not text.isdigit() or len(text) > 18:
        raise NotFound(f"`{id[:80]}` is no id of this server")
    return int(text)
