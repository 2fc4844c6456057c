"""Files that objects name by digest: code of ops, images, sounds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
from anyio import to_thread
from litestar import Request, Response, post
from litestar.response import Stream
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.files.tickets import ContentDownload, Tickets
from kiseki_server.domain.objects.files import ProjectFiles, Upload
from kiseki_server.kit.errors import BadRequest, Malformed, NotFound
from kiseki_server.protocols.addresses import base_url
from kiseki_server.protocols.weave.bodies import LIMITED, answer, read
from kiseki_server.protocols.weave.door import Door, external

_UNBOUNDED = {"body_limit": 1 << 50, "decoded_limit": 1 << 50}
"""The service bounds what a file may have, `_Form` everything else."""
_FIELDS = frozenset({"project_id", "expected_digest"})
_FIELD_LIMIT = 1 << 10
_BUFFER = 1 << 20
MAX_URIS = 1_000


class Named(msgspec.Struct):
    project_id: str
    digest: str


class InProject(msgspec.Struct):
    project_id: str


class ResolveRequest(msgspec.Struct):
    project_id: str
    uris: list[str]


@post(["/file/create", "/files/create"], opt=_UNBOUNDED, include_in_schema=False)
async def create_file(
    request: Request[Any, Any, Any], door: Door, project_files: ProjectFiles
) -> Response[bytes]:
    """Store a file; it is durable when this is answered."""
    form = _Form(project_files)
    try:
        await form.read(request.headers.get("content-type", ""), request.stream())
        if form.upload is None:
            raise Malformed("The form has no part `file`")
        project_id = form.fields.get("project_id")
        if project_id is None:
            raise Malformed("The form has no part `project_id`")
        at = await to_thread.run_sync(door.place, project_id, Action.WRITE)
        expected = form.fields.get("expected_digest") or None

        def finish(upload: Upload) -> str:
            return upload.finish(at, expected_digest=expected)

        digest = await to_thread.run_sync(finish, form.upload)
    finally:
        if form.upload is not None:
            await to_thread.run_sync(form.upload.__exit__)
    return answer({"digest": digest})


class _Form:
    """A form with one file, read piece by piece."""

    def __init__(self, files: ProjectFiles) -> None:
        self.fields: dict[str, str] = {}
        self.upload: Upload | None = None
        self._files = files

    async def read(self, content_type: str, stream: AsyncIterator[bytes]) -> None:
        """Read the form to its end.

        Raises:
            BadRequest: It is none.
            TooLarge: The file is larger than this server accepts.
        """
        kind, options = parse_options_header(content_type)
        if kind != "multipart/form-data" or not options.get("boundary"):
            raise BadRequest("The body must be a form: multipart/form-data with a boundary")
        parser = PushMultipartParser(options["boundary"], max_segment_count=100)
        segment: MultipartSegment | None = None
        waiting = bytearray()
        try:
            async for piece in stream:
                for part in parser.parse(piece):
                    if isinstance(part, MultipartSegment):
                        segment = part
                        if segment.name == "file":
                            await self._begin(segment.filename or "file")
                    elif part and segment is not None and segment.name:
                        if segment.name == "file":
                            waiting += part
                            if len(waiting) >= _BUFFER:
                                await self._write(waiting)
                        else:
                            self._field(segment.name, bytes(part))
            if waiting:
                await self._write(waiting)
            parser.close(check_complete=True)
        except MultipartError as error:
            raise BadRequest(f"The form cannot be read: {error}") from None

    async def _begin(self, name: str) -> None:
        if self.upload is not None:
            raise BadRequest("The form has more than one part `file`")
        self.upload = await to_thread.run_sync(self._files.upload, name)

    async def _write(self, waiting: bytearray) -> None:
        assert self.upload is not None
        await to_thread.run_sync(self.upload.write, bytes(waiting))
        waiting.clear()

    def _field(self, name: str, data: bytes) -> None:
        if name not in _FIELDS:
            return
        value = self.fields.get(name, "") + data.decode("utf-8", "replace")
        if len(value) > _FIELD_LIMIT:
            raise BadRequest(f"The part `{name}` is too long")
        self.fields[name] = value


def _content(body: bytes, door: Door, project_files: ProjectFiles) -> Stream:
    """The bytes of a file."""
    asked = read(body, Named)
    at = door.place(asked.project_id)
    file = project_files.get(at, asked.digest)
    return Stream(
        project_files.read(file),
        status_code=200,
        media_type="application/octet-stream",
        headers={"Content-Length": str(file.size)},
    )


@post("/files/query_stats", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def measure_files(body: bytes, door: Door, project_files: ProjectFiles) -> Response[bytes]:
    """How much a project's files take."""
    at = door.place(read(body, InProject).project_id)
    return answer({"total_size_bytes": project_files.size(at)})


@post("/files/resolve_url", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def resolve_urls(
    request: Request[Any, Any, Any],
    body: bytes,
    door: Door,
    project_files: ProjectFiles,
    tickets: Tickets,
) -> Response[bytes]:
    """Addresses at which files can be had without a key, for an hour; a file is named by its
    digest, or by an address that ends with it."""
    asked = read(body, ResolveRequest)
    if len(asked.uris) > MAX_URIS:
        raise BadRequest(f"{len(asked.uris)} addresses were asked for; {MAX_URIS} can be at once")
    at = door.place(asked.project_id)
    digests = [uri.rpartition("/")[2] for uri in asked.uris]
    known = project_files.sizes(at, digests)
    missing = [uri for uri, digest in zip(asked.uris, digests, strict=True) if digest not in known]
    if missing:
        raise NotFound(f"There is no file `{missing[0][:200]}` in {external(at)}")
    base = base_url(request)
    return answer(
        {
            "download_urls": [
                base + tickets.address(ContentDownload(at.id, digest)) for digest in digests
            ],
            "expires_at": tickets.end("download"),
        }
    )


# A handler of its own for each address: one with two would be put into a thread twice.
_contents = [
    post(path, opt=LIMITED, sync_to_thread=True, include_in_schema=False)(_content)
    for path in ("/file/content", "/files/content")
]

routes = [create_file, *_contents, measure_files, resolve_urls]
