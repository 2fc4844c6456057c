"""Bytes of stored files over HTTP."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from litestar import Request, Response
from litestar.response import Stream

from kiseki_server.domain.files.service import FileService
from kiseki_server.domain.files.types import RunFile

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def download(
    request: Request[Any, Any, Any], files: FileService, file: RunFile, **headers: str
) -> Response[Any]:
    """The file, or the part of it that the request asks for, for saving.

    Browsers shall not take it for a page of this site: it is an attachment, and the defaults of
    `app/http/headers.py` forbid the rest.
    """
    name = quote(file.path.rpartition("/")[2], safe="")
    shown = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        "ETag": f'"{file.digest}"',
        "Cache-Control": "private, no-cache",
        "Accept-Ranges": "bytes",
        **headers,
    }
    if request.headers.get("if-none-match") == shown["ETag"]:
        return Response(b"", status_code=304, headers=shown, media_type=file.media_type)
    part = _part(request, file, shown["ETag"])
    if part is None:
        length, status, content = file.size, 200, files.read(file)
    elif part[0] >= part[1]:
        shown["Content-Range"] = f"bytes */{file.size}"
        return Response(b"", status_code=416, headers=shown, media_type=file.media_type)
    else:
        start, end = part
        length, status, content = end - start, 206, files.read(file, start, end - start)
        shown["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
    return Stream(
        content,
        status_code=status,
        headers={**shown, "Content-Length": str(length)},
        media_type=file.media_type,
    )


def _part(request: Request[Any, Any, Any], file: RunFile, etag: str) -> tuple[int, int] | None:
    """Begin and end of the bytes asked for; nothing for all of them.

    An empty part is one that the file does not have. Several parts at once, and units other than
    bytes, are answered with the whole file, as HTTP allows.
    """
    if request.headers.get("if-range", etag) != etag:
        return None
    match = _RANGE.fullmatch(request.headers.get("range", "").replace(" ", ""))
    if match is None or match.group(1, 2) == ("", ""):
        return None
    if len(match[1]) > 18 or len(match[2]) > 18:
        return (0, 0)
    if not match[1]:
        return (max(0, file.size - int(match[2])), file.size)
    end = min(file.size, int(match[2]) + 1) if match[2] else file.size
    return (int(match[1]), end)
