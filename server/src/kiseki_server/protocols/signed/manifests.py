"""Lists of the files of artifacts, in the form of the wandb client."""

from __future__ import annotations

from typing import Any

from anyio import to_thread
from litestar import Request, Response, Router, get, put, route
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from kiseki_server.domain.artifacts.service import ArtifactService
from kiseki_server.domain.artifacts.types import VersionState
from kiseki_server.domain.files.tickets import MANIFEST, ManifestDownload, ManifestUpload, Tickets
from kiseki_server.kit.errors import NotFound
from kiseki_server.kit.ids import ManifestId, VersionId
from kiseki_server.kit.transactions import UnitOfWork
from kiseki_server.protocols.native.security import PUBLIC
from kiseki_server.protocols.numbers import number_of
from kiseki_server.protocols.signed.origins import SHARED, preflight, stored
from kiseki_server.protocols.uploads import receive
from kiseki_server.protocols.wandb import artifact_manifests

_PUT = f"/{{manifest:int}}/{MANIFEST}"
_GET = f"/of/{{version:int}}/{MANIFEST}"


@put(
    _PUT,
    status_code=200,
    opt={**PUBLIC, "body_limit": artifact_manifests.MAX_BYTES},
    include_in_schema=False,
)
async def put_manifest(
    request: Request[Any, Any, Any],
    manifest: int,
    digest: str,
    expires: int,
    signature: str,
    artifacts: ArtifactService,
    tickets: Tickets,
) -> Response[bytes]:
    """Store the list that was announced; it is read at the version's commit."""
    ticket = ManifestUpload(ManifestId(number_of(manifest)), digest)
    tickets.check(ticket, expires, signature)
    arrival = await to_thread.run_sync(artifacts.arrive_manifest, ticket.manifest, digest)
    blob = await receive(request, arrival)
    return stored(blob.digest)


@get(_GET, opt=PUBLIC, sync_to_thread=True, include_in_schema=False)
def get_manifest(
    version: int,
    expires: int,
    signature: str,
    artifacts: ArtifactService,
    tickets: Tickets,
    database: UnitOfWork,
) -> Response[Any]:
    """The list of a committed version."""
    ticket = ManifestDownload(VersionId(number_of(version)))
    tickets.check(ticket, expires, signature)
    with database.transaction():
        found = artifacts.ground.get(ticket.version)
        if found.state is not VersionState.COMMITTED:
            raise NotFound("The artifact version is not committed yet, and has no list of files")
        entries = artifacts.all_entries(found)
    return Stream(
        artifact_manifests.write(entries),
        status_code=200,
        headers={"Cache-Control": "private, no-cache", **SHARED},
        media_type="application/json",
    )


@route(_PUT, http_method=["OPTIONS"], opt=PUBLIC, sync_to_thread=False, include_in_schema=False)
def put_options(manifest: int) -> Response[Any]:
    """What a page of another site may ask for."""
    return preflight()


@route(_GET, http_method=["OPTIONS"], opt=PUBLIC, sync_to_thread=False, include_in_schema=False)
def get_options(version: int) -> Response[Any]:
    """What a page of another site may ask for."""
    return preflight()


# `options` come first: without them the framework would make answers of its own.
routes: list[ControllerRouterHandler] = [
    Router(
        "/blobs/manifests",
        route_handlers=[put_options, get_options, put_manifest, get_manifest],
    )
]
