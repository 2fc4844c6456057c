"""Files of artifacts by their digest, with credentials: what the client asks for one by one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from litestar import Request, Response, get

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.accounts.types import Actor
from kiseki_server.domain.artifacts.service import ArtifactService
from kiseki_server.domain.artifacts.types import Entry
from kiseki_server.domain.projects.service import ProjectService
from kiseki_server.kit.errors import Forbidden, NotFound
from kiseki_server.kit.ids import VersionId
from kiseki_server.kit.transactions import UnitOfWork
from kiseki_server.protocols.downloads import artifact_file, download
from kiseki_server.protocols.wandb import identifiers
from kiseki_server.protocols.wandb.errors import HANDLERS

PREFIX = "/artifactsV2"
MAX_VERSIONS = 1000
"""Versions of a collection that are searched when the address names none."""
_DIGEST = re.compile(r"[0-9a-fA-F]{8,128}")


@dataclass(frozen=True, slots=True)
class Place:
    """What an address says about a file."""

    entity: str
    digest: str
    """In hexadecimal digits."""
    project: str | None = None
    collection: str | None = None
    version: str = ""
    """The id of the version that has the file; not every client says it."""
    birth: str = ""
    """The id of the version with which the bytes came, as far as the client knows it."""


def place(path: str) -> Place:
    """The parts of an address's path behind the prefix, which is not decoded yet.

    Between region and name stand `entity/birth/digest`, `entity/project/collection/birth/digest`
    or `entity/project/collection/version/birth/digest`. An id may be empty, and a proxy may
    have dropped the empty place.

    Raises:
        NotFound: It is no such path.
    """
    _region, *parts = [unquote(part) for part in path.strip("/").split("/")]
    if len(parts) in (2, 3) and _DIGEST.fullmatch(parts[-1]):
        return Place(parts[0], parts[-1], birth=parts[1] if len(parts) == 3 else "")
    if 5 <= len(parts) <= 7 and _DIGEST.fullmatch(parts[-2]):
        entity, project, collection, *ids, digest, _name = parts
        version = ids[0] if len(ids) == 2 else ""
        return Place(entity, digest, project, collection, version, ids[-1] if ids else "")
    raise NotFound("There is no file of an artifact under this address")


@get(
    f"{PREFIX}/{{path:path}}",
    sync_to_thread=True,
    exception_handlers=HANDLERS,
    include_in_schema=False,
)
def get_file(
    request: Request[Any, Any, Any],
    actor: Actor,
    artifacts: ArtifactService,
    projects: ProjectService,
    database: UnitOfWork,
) -> Response[Any]:
    """The bytes, for whoever may download the artifact."""
    raw = request.scope["raw_path"].decode("ascii", "replace").partition("?")[0]
    wanted = place(raw.partition(PREFIX)[2])
    with database.transaction():
        content = artifact_file(artifacts, _find(actor, wanted, artifacts, projects))
    return download(request, content)


def _find(
    actor: Actor, wanted: Place, artifacts: ArtifactService, projects: ProjectService
) -> Entry:
    for id in filter(None, (wanted.version, wanted.birth)):
        known = identifiers.artifact_or_none(id)
        found = None if known is None else _entry(actor, known, wanted.digest, artifacts)
        if found is not None:
            return found
    if wanted.project is not None and wanted.collection is not None:
        found = _search(actor, wanted, artifacts, projects)
        if found is not None:
            return found
    raise NotFound(f"No artifact that you may read has a file with the digest {wanted.digest}")


def _entry(
    actor: Actor, version: VersionId, digest: str, artifacts: ArtifactService
) -> Entry | None:
    try:
        found = artifacts.version(actor, version, Action.DOWNLOAD)
    except (NotFound, Forbidden):
        return None
    return artifacts.entry_by_digest(found, digest)


def _search(
    actor: Actor, wanted: Place, artifacts: ArtifactService, projects: ProjectService
) -> Entry | None:
    """The newest version of the collection that has the file.

    Raises:
        NotFound: There is no such project, or the actor may not know of it.
        Forbidden: The actor may see it, but not have its files.
    """
    assert wanted.project is not None
    project = projects.find(actor, wanted.entity, wanted.project, Action.DOWNLOAD)
    collection = artifacts.collection(project, wanted.collection or "")
    if collection is None:
        return None
    for membership in artifacts.memberships(collection, limit=MAX_VERSIONS).items:
        found = artifacts.entry_by_digest(membership.version, wanted.digest)
        if found is not None:
            return found
    return None


routes = [get_file]
