"""Files of artifacts: whole, and in parts."""

from __future__ import annotations

import base64
from typing import Any

from anyio import to_thread
from litestar import Request, Response, Router, get, put, route
from litestar.types import ControllerRouterHandler

from kiseki_server.domain.artifacts.service import ArtifactService
from kiseki_server.domain.files.incoming import DigestAlgorithm
from kiseki_server.domain.files.paths import check_path
from kiseki_server.domain.files.tickets import (
    ARTIFACTS,
    ArtifactDownload,
    ArtifactUpload,
    PartUpload,
    Tickets,
)
from kiseki_server.kit.ids import VersionId
from kiseki_server.kit.transactions import UnitOfWork
from kiseki_server.protocols.downloads import artifact_file, download
from kiseki_server.protocols.native.security import PUBLIC
from kiseki_server.protocols.numbers import number_of
from kiseki_server.protocols.signed.origins import SHARED, preflight, stored
from kiseki_server.protocols.uploads import UNBOUNDED, receive, small

FILE = "/{version:int}/{path:path}"
PART = "/{upload:str}/{number:int}"
OPEN = {**PUBLIC, **UNBOUNDED}


@get(FILE, opt=PUBLIC, sync_to_thread=True, include_in_schema=False)
def get_artifact_file(
    request: Request[Any, Any, Any],
    version: int,
    path: str,
    expires: int,
    signature: str,
    artifacts: ArtifactService,
    tickets: Tickets,
    database: UnitOfWork,
) -> Response[Any]:
    """The bytes of a file of a committed version."""
    id, checked = VersionId(number_of(version)), check_path(path.removeprefix("/"))
    tickets.check(ArtifactDownload(id, checked), expires, signature)
    with database.transaction():
        entry = artifacts.entry(artifacts.ground.get(id), checked)
        content = artifact_file(artifacts, entry)
    return download(request, content, **SHARED)


@put(FILE, status_code=200, opt=OPEN, include_in_schema=False)
async def put_artifact_file(
    request: Request[Any, Any, Any],
    version: int,
    path: str,
    expires: int,
    signature: str,
    digest: str,
    artifacts: ArtifactService,
    tickets: Tickets,
    size: int | None = None,
    algorithm: DigestAlgorithm = "md5",
) -> Response[bytes]:
    """Store the body as the announced file; other bytes than announced are refused."""
    checked = check_path(path.removeprefix("/"))
    ticket = ArtifactUpload(VersionId(number_of(version)), checked, digest, size, algorithm)
    tickets.check(ticket, expires, signature)
    if not small(request):  # of a small one it is seen soon enough
        await to_thread.run_sync(artifacts.check_open, ticket.version)
    arrival = artifacts.arrive(ticket.version, checked, digest, size, algorithm)
    return stored((await receive(request, arrival)).digest)


@put(PART, status_code=200, opt=OPEN, include_in_schema=False)
async def put_part(
    request: Request[Any, Any, Any],
    upload: str,
    number: int,
    expires: int,
    signature: str,
    md5: str,
    artifacts: ArtifactService,
    tickets: Tickets,
) -> Response[bytes]:
    """Store the body as one part of a file; its ETag is its MD5 in hexadecimal digits."""
    ticket = PartUpload(upload, number_of(number), md5)
    tickets.check(ticket, expires, signature)
    arrival = await to_thread.run_sync(
        artifacts.arrive_part, ticket.upload, ticket.number, ticket.md5
    )
    blob = await receive(request, arrival)
    return stored(base64.b64decode(blob.md5).hex())


@route(FILE, http_method=["OPTIONS"], opt=PUBLIC, sync_to_thread=False, include_in_schema=False)
def file_options(version: int, path: str) -> Response[Any]:
    """What a page of another site may ask for."""
    return preflight()


@route(PART, http_method=["OPTIONS"], opt=PUBLIC, sync_to_thread=False, include_in_schema=False)
def part_options(upload: str, number: int) -> Response[Any]:
    """What a page of another site may ask for."""
    return preflight()


routes: list[ControllerRouterHandler] = [
    Router(
        f"/blobs/{ARTIFACTS}", route_handlers=[file_options, get_artifact_file, put_artifact_file]
    ),
    Router("/blobs/parts", route_handlers=[part_options, put_part]),
]
