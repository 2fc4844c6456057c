"""Stored bytes over HTTP."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from litestar import Request, Response
from litestar.response import Stream

from kiseki_server.domain.artifacts.service import ArtifactService
from kiseki_server.domain.artifacts.types import Entry
from kiseki_server.domain.exports.service import MEDIA_TYPE as PARQUET
from kiseki_server.domain.exports.service import ExportService
from kiseki_server.domain.exports.types import Export
from kiseki_server.domain.files.service import FileService, media_type
from kiseki_server.domain.files.types import RunFile
from kiseki_server.domain.objects.files import ProjectFile, ProjectFiles

SMALL = 1 << 18
"""Files of so many bytes are sent in one piece."""

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes that somebody may have, with what HTTP says about them."""

    name: str
    """Under which they are saved."""
    digest: str
    """Other bytes have another one."""
    size: int
    media_type: str
    read: Callable[[int, int | None], Iterator[bytes]]
    """The bytes from a place on, at most so many."""


def run_file(files: FileService, file: RunFile) -> Content:
    """The bytes of a run's file."""
    return Content(
        name=file.path.rpartition("/")[2],
        digest=file.digest,
        size=file.size,
        media_type=file.media_type,
        read=lambda start, length: files.read(file, start, length),
    )


def artifact_file(artifacts: ArtifactService, entry: Entry) -> Content:
    """The bytes of a file of an artifact version.

    Raises:
        BadRequest: It is a reference, whose bytes are elsewhere.
    """
    name = entry.path.rpartition("/")[2]
    artifacts.check_stored(entry)
    return Content(
        name=name,
        digest=entry.blob or "",
        size=entry.size,
        media_type=media_type(name),
        read=lambda start, length: artifacts.read(entry, start, length),
    )


def project_file(files: ProjectFiles, file: ProjectFile) -> Content:
    """The bytes of a content that a project has."""
    return Content(
        name=file.digest,
        digest=file.blob,
        size=file.size,
        media_type="application/octet-stream",
        read=lambda start, length: files.read(file, start, length),
    )


def export_file(exports: ExportService, export: Export, name: str = "history.parquet") -> Content:
    """The bytes of a file with a run's history."""
    return Content(
        name=name,
        digest=export.blob,
        size=export.size,
        media_type=PARQUET,
        read=lambda start, length: exports.read(export, start, length),
    )


def download(request: Request[Any, Any, Any], content: Content, **headers: str) -> Response[Any]:
    """The bytes, or the part of them that the request asks for, for saving.

    Browsers shall not take them for a page of this site: they are an attachment, and the defaults
    of `app/http/headers.py` forbid the rest.
    """
    shown = {
        **attachment(content.name),
        "ETag": f'"{content.digest}"',
        "Cache-Control": "private, no-cache",
        "Accept-Ranges": "bytes",
        **headers,
    }
    if request.headers.get("if-none-match") == shown["ETag"]:
        return Response(b"", status_code=304, headers=shown, media_type=content.media_type)
    part = _part(request, content.size, shown["ETag"])
    if part is None:
        length, status, pieces = content.size, 200, content.read(0, None)
    elif part[0] >= part[1]:
        shown["Content-Range"] = f"bytes */{content.size}"
        return Response(b"", status_code=416, headers=shown, media_type=content.media_type)
    else:
        start, end = part
        length, status, pieces = end - start, 206, content.read(start, end - start)
        shown["Content-Range"] = f"bytes {start}-{end - 1}/{content.size}"
    if length <= SMALL:  # to stream it would take more turns than to send it
        return Response(
            b"".join(pieces), status_code=status, headers=shown, media_type=content.media_type
        )
    return Stream(
        pieces,
        status_code=status,
        headers={**shown, "Content-Length": str(length)},
        media_type=content.media_type,
    )


def attachment(name: str) -> dict[str, str]:
    """The header with which a browser saves the answer under this name."""
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}


def _part(request: Request[Any, Any, Any], size: int, etag: str) -> tuple[int, int] | None:
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
        return (max(0, size - int(match[2])), size)
    end = min(size, int(match[2]) + 1) if match[2] else size
    return (int(match[1]), end)
