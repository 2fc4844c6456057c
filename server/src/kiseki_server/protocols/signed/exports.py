"""Exported histories."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, Router, get, route
from litestar.types import ControllerRouterHandler

from kiseki_server.domain.exports.service import ExportService
from kiseki_server.domain.files.tickets import ExportDownload, Tickets
from kiseki_server.domain.runs.service import RunService
from kiseki_server.kit.errors import BadRequest
from kiseki_server.kit.ids import RunId
from kiseki_server.kit.transactions import UnitOfWork
from kiseki_server.protocols.downloads import download, export_file
from kiseki_server.protocols.native.security import PUBLIC
from kiseki_server.protocols.numbers import number_of
from kiseki_server.protocols.signed.origins import SHARED, preflight

PATH = "/{run:int}/{first_step:str}/history.parquet"


@get(PATH, opt=PUBLIC, sync_to_thread=True, include_in_schema=False)
def get_export(
    request: Request[Any, Any, Any],
    run: int,
    first_step: str,
    expires: int,
    signature: str,
    exports: ExportService,
    tickets: Tickets,
    runs: RunService,
    database: UnitOfWork,
) -> Response[Any]:
    """Rows of a history, from one step on."""
    ticket = ExportDownload(RunId(number_of(run)), _step(first_step))
    tickets.check(ticket, expires, signature)
    with database.transaction():
        runs.check_alive(ticket.run)
    return download(
        request, export_file(exports, exports.get(ticket.run, ticket.first_step)), **SHARED
    )


@route(PATH, http_method=["OPTIONS"], opt=PUBLIC, sync_to_thread=False, include_in_schema=False)
def options(run: int, first_step: str) -> Response[Any]:
    """What a page of another site may ask for."""
    return preflight()


def _step(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise BadRequest(f"`{text[:40]}` is no step of a history") from None


# `options` comes first: without it the framework would make an answer of its own.
routes: list[ControllerRouterHandler] = [
    Router("/blobs/exports", route_handlers=[options, get_export])
]
