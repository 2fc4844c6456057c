"""Files of runs: what there is, and their bytes, down and up."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from anyio import to_thread
from litestar import Request, Response, get, put
from litestar.params import Parameter
from msgspec import Meta

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.files.service import FileService
from kiseki_server.domain.files.types import RunFile
from kiseki_server.domain.runs.types import Run
from kiseki_server.kit.pagination import checked_limit, decode_cursor, encode_cursor
from kiseki_server.protocols.downloads import download, run_file
from kiseki_server.protocols.native.places import Places
from kiseki_server.protocols.uploads import UNBOUNDED, receive


class FileInfo(msgspec.Struct, kw_only=True):
    path: Annotated[str, Meta(description="Parts separated by slashes.")]
    size: Annotated[int, Meta(description="In bytes.")]
    updated_at: datetime
    media_type: str


class Files(msgspec.Struct, kw_only=True):
    items: list[FileInfo]
    cursor: Annotated[str | None, Meta(description="Opens the next page; null at the end.")]


@get("/projects/{entity:str}/{project:str}/runs/{run:str}/files", sync_to_thread=True)
def list_files(
    places: Places,
    files: FileService,
    entity: str,
    project: str,
    run: str,
    limit: int = 1000,
    cursor: str | None = None,
) -> Files:
    """The run's files in byte order of their paths."""
    after = None if cursor is None else decode_cursor(cursor, str)[0]
    found = places.run(entity, project, run)
    with places.database.transaction():
        page = files.page(found.id, after=after, limit=checked_limit(limit))
    return Files(
        items=[_render(file) for file in page.files],
        cursor=None if page.after is None else encode_cursor(page.after),
    )


@get(
    "/projects/{entity:str}/{project:str}/runs/{run:str}/files/{path:path}",
    media_type="application/octet-stream",
    sync_to_thread=True,
)
def download_file(
    request: Request[Any, Any, Any],
    places: Places,
    files: FileService,
    entity: str,
    project: str,
    run: str,
    path: Annotated[str, Parameter(description="The file's path, slashes included")],
) -> Response[Any]:
    """The bytes of a file, for saving: browsers shall not take them for a page of this site."""
    found = places.run(entity, project, run)
    with places.database.transaction():
        file = files.get(found.id, path.removeprefix("/"))
    return download(request, run_file(files, file))


@put(
    "/projects/{entity:str}/{project:str}/runs/{run:str}/files/{path:path}",
    status_code=200,
    opt=UNBOUNDED,
)
async def upload_file(
    request: Request[Any, Any, Any],
    places: Places,
    files: FileService,
    entity: str,
    project: str,
    run: str,
    path: Annotated[str, Parameter(description="The file's path, slashes included")],
) -> FileInfo:
    """Store the body under the path, in place of what is there.

    It is refused when it differs from its `Content-MD5`, where one is sent.
    """
    found = await to_thread.run_sync(_writable, places, entity, project, run)
    upload = await to_thread.run_sync(files.upload, found.id, path.removeprefix("/"))
    return _render(await receive(request, upload))


def _writable(places: Places, entity: str, project: str, run: str) -> Run:
    with places.database.transaction():
        return places.runs.get(places.project(entity, project, Action.WRITE), run)


def _render(file: RunFile) -> FileInfo:
    return FileInfo(
        path=file.path, size=file.size, updated_at=file.updated_at, media_type=file.media_type
    )


routes = [list_files, download_file, upload_file]
