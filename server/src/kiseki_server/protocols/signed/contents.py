"""Contents of projects: files that objects name."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, Router, get, route
from litestar.types import ControllerRouterHandler

from kiseki_server.domain.files.tickets import ContentDownload, Tickets
from kiseki_server.domain.objects.files import ProjectFiles
from kiseki_server.domain.projects.service import ProjectService
from kiseki_server.kit.errors import NotFound
from kiseki_server.kit.ids import ProjectId
from kiseki_server.kit.transactions import UnitOfWork
from kiseki_server.protocols.downloads import download, project_file
from kiseki_server.protocols.native.security import PUBLIC
from kiseki_server.protocols.numbers import number_of
from kiseki_server.protocols.signed.origins import SHARED, preflight

PATH = "/{project:int}/{digest:str}"


@get(PATH, opt=PUBLIC, sync_to_thread=True, include_in_schema=False)
def get_content(
    request: Request[Any, Any, Any],
    project: int,
    digest: str,
    expires: int,
    signature: str,
    project_files: ProjectFiles,
    projects: ProjectService,
    tickets: Tickets,
    database: UnitOfWork,
) -> Response[Any]:
    """The bytes of a content."""
    ticket = ContentDownload(ProjectId(number_of(project)), digest)
    tickets.check(ticket, expires, signature)
    with database.transaction():
        at = projects.known(ticket.project)
    if at is None:
        raise NotFound("The project was deleted")
    return download(request, project_file(project_files, project_files.get(at, digest)), **SHARED)


@route(PATH, http_method=["OPTIONS"], opt=PUBLIC, sync_to_thread=False, include_in_schema=False)
def options(project: int, digest: str) -> Response[Any]:
    """What a page of another site may ask for."""
    return preflight()


# `options` comes first: without it the framework would make an answer of its own.
routes: list[ControllerRouterHandler] = [
    Router("/blobs/contents", route_handlers=[options, get_content])
]
