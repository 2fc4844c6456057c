"""Files of runs."""

from __future__ import annotations

from typing import Any

from anyio import to_thread
from litestar import Request, Response, Router, get, put, route
from litestar.types import ControllerRouterHandler

from kiseki_server.domain.files.paths import check_path
from kiseki_server.domain.files.service import FileService
from kiseki_server.domain.files.tickets import Ticket, Tickets
from kiseki_server.domain.runs.service import RunService
from kiseki_server.kit.ids import RunId
from kiseki_server.kit.transactions import UnitOfWork
from kiseki_server.protocols.downloads import download, run_file
from kiseki_server.protocols.native.security import PUBLIC
from kiseki_server.protocols.numbers import number_of
from kiseki_server.protocols.signed.origins import SHARED, preflight, stored
from kiseki_server.protocols.uploads import UNBOUNDED, receive

PATH = "/{run:int}/{path:path}"


@get(PATH, opt=PUBLIC, sync_to_thread=True, include_in_schema=False)
def get_file(
    request: Request[Any, Any, Any],
    run: int,
    path: str,
    expires: int,
    signature: str,
    files: FileService,
    tickets: Tickets,
    runs: RunService,
    database: UnitOfWork,
) -> Response[Any]:
    """The bytes of a file."""
    ticket = Ticket("download", RunId(number_of(run)), check_path(path.removeprefix("/")))
    tickets.check(ticket, expires, signature)
    with database.transaction():
        runs.check_alive(ticket.run)
        file = files.get(ticket.run, ticket.path)
    return download(request, run_file(files, file), **SHARED)


@put(PATH, status_code=200, opt={**PUBLIC, **UNBOUNDED}, include_in_schema=False)
async def put_file(
    request: Request[Any, Any, Any],
    run: int,
    path: str,
    expires: int,
    signature: str,
    files: FileService,
    tickets: Tickets,
    runs: RunService,
    database: UnitOfWork,
) -> Response[bytes]:
    """Store the body under the path; it is durable and visible when this is answered."""
    ticket = Ticket("upload", RunId(number_of(run)), check_path(path.removeprefix("/")))
    tickets.check(ticket, expires, signature)
    await to_thread.run_sync(_check_run, database, runs, ticket.run)
    upload = await to_thread.run_sync(files.upload, ticket.run, ticket.path)
    file = await receive(request, upload)
    return stored(file.digest)


@route(PATH, http_method=["OPTIONS"], opt=PUBLIC, sync_to_thread=False, include_in_schema=False)
def options(run: int, path: str) -> Response[Any]:
    """What a page of another site may ask for."""
    return preflight()


def _check_run(database: UnitOfWork, runs: RunService, run: RunId) -> None:
    with database.transaction():
        runs.check_alive(run)


# `options` comes first: without it the framework would make an answer of its own.
routes: list[ControllerRouterHandler] = [
    Router("/blobs/runs", route_handlers=[options, get_file, put_file])
]
