"""Upload and download by signed address, which foreign clients use without credentials."""

from __future__ import annotations

from typing import Annotated, Any

from anyio import to_thread
from litestar import Request, Response, Router, get, put, route
from litestar.params import Parameter
from litestar.types import ControllerRouterHandler

from kiseki_server.domain.files.paths import check_path
from kiseki_server.domain.files.service import FileService
from kiseki_server.domain.files.tickets import Ticket, Tickets
from kiseki_server.domain.runs.service import RunService
from kiseki_server.kit.errors import BadRequest
from kiseki_server.kit.ids import RunId
from kiseki_server.kit.transactions import UnitOfWork
from kiseki_server.protocols.downloads import download
from kiseki_server.protocols.native.security import PUBLIC

PATH = "/{run:int}/{path:path}"

_BUFFER = 1 << 20
_UNBOUNDED = {**PUBLIC, "body_limit": 1 << 50}
"""The service itself bounds what a file may have."""
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD, PUT, OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type, Content-MD5, Range, If-Range, If-None-Match",
    "Access-Control-Expose-Headers": "Content-Length, Content-Range, ETag",
    "Access-Control-Max-Age": "600",
}
"""An address allows one thing to whoever holds it, whatever page they are on."""

Signature = Annotated[str, Parameter(description="Made by the server")]


@get(PATH, opt=PUBLIC, sync_to_thread=True, include_in_schema=False)
def get_file(
    request: Request[Any, Any, Any],
    run: int,
    path: str,
    expires: int,
    signature: Signature,
    files: FileService,
    tickets: Tickets,
    runs: RunService,
    database: UnitOfWork,
) -> Response[Any]:
    """The bytes of a file."""
    ticket = Ticket("download", _run(run), check_path(path.removeprefix("/")))
    tickets.check(ticket, expires, signature)
    with database.transaction():
        runs.check_alive(ticket.run)
        file = files.get(ticket.run, ticket.path)
    allow = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
    return download(request, files, file, **allow)


@put(PATH, status_code=200, opt=_UNBOUNDED, include_in_schema=False)
async def put_file(
    request: Request[Any, Any, Any],
    run: int,
    path: str,
    expires: int,
    signature: Signature,
    files: FileService,
    tickets: Tickets,
    runs: RunService,
    database: UnitOfWork,
) -> Response[bytes]:
    """Store the body under the path; it is durable and visible when this is answered."""
    ticket = Ticket("upload", _run(run), check_path(path.removeprefix("/")))
    tickets.check(ticket, expires, signature)
    await to_thread.run_sync(_check_run, database, runs, ticket.run)
    upload = await to_thread.run_sync(files.upload, ticket.run, ticket.path)
    try:
        waiting = bytearray()
        async for piece in request.stream():
            waiting += piece
            if len(waiting) >= _BUFFER:
                await to_thread.run_sync(upload.write, bytes(waiting))
                waiting.clear()
        await to_thread.run_sync(upload.write, bytes(waiting))
        announced = request.headers.get("content-length", "")
        if announced.isdigit() and int(announced) != upload.size:
            raise BadRequest(f"{upload.size} of {announced} bytes have arrived")
        file = await to_thread.run_sync(upload.finish)
    finally:
        await to_thread.run_sync(upload.discard)
    return Response(b"", headers={"ETag": f'"{file.digest}"', "Access-Control-Allow-Origin": "*"})


@route(PATH, http_method=["OPTIONS"], opt=PUBLIC, sync_to_thread=False, include_in_schema=False)
def options(run: int, path: str) -> Response[bytes]:
    """What a page of another site may ask for."""
    return Response(b"", status_code=204, headers=_CORS)


def _check_run(database: UnitOfWork, runs: RunService, run: RunId) -> None:
    with database.transaction():
        runs.check_alive(run)


def _run(number: int) -> RunId:
    if not 0 <= number < 2**63:
        raise BadRequest(f"{number} is no run")
    return RunId(number)


# `options` comes first: without it the framework would make an answer of its own.
routes: list[ControllerRouterHandler] = [
    Router("/blobs/runs", route_handlers=[options, get_file, put_file])
]
