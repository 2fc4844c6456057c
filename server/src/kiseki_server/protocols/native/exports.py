"""Histories as Parquet files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import TimeoutError as NotYet
from typing import Any, BinaryIO

from litestar import Request, Response, get
from litestar.response import Stream

from kiseki_server.domain.exports.exporter import Exporter
from kiseki_server.domain.exports.service import MEDIA_TYPE, ExportService
from kiseki_server.domain.exports.types import Export
from kiseki_server.domain.runs.types import Run
from kiseki_server.kit.errors import Unavailable
from kiseki_server.protocols.downloads import attachment, download, export_file
from kiseki_server.protocols.native.places import Places

PATIENCE = 60.0
"""Seconds that a request waits for files that are being written."""
_PIECE = 1 << 20


@get(
    "/projects/{entity:str}/{project:str}/runs/{run:str}/export.parquet",
    media_type=MEDIA_TYPE,
    sync_to_thread=True,
)
def export_history(
    request: Request[Any, Any, Any],
    places: Places,
    exports: ExportService,
    exporter: Exporter,
    entity: str,
    project: str,
    run: str,
) -> Response[Any]:
    """The run's whole history as one Parquet file, a row for each step.

    The columns `_step`, `_timestamp` and `_runtime` are there always (seconds since 1970, and since
    the run began); every key that was logged is a column of its own, null where a row has no value.
    Numbers, text, lists and objects of one shape keep their types; a key with values of several
    kinds holds text: the values themselves where they are text, otherwise their JSON.
    """
    found = places.run(entity, project, run)
    parts = _parts(exporter, found) if exports.finished(found) else ()
    name = f"{found.name}.parquet"
    if len(parts) == 1:
        return download(request, export_file(exports, parts[0], name))
    file = exports.whole(found, parts)
    headers = {**attachment(name), "Content-Length": str(os.fstat(file.fileno()).st_size)}
    return Stream(_pieces(file), headers=headers, media_type=MEDIA_TYPE)


def _parts(exporter: Exporter, run: Run) -> Sequence[Export]:
    try:
        return exporter.ask(run).result(PATIENCE)
    except NotYet:
        raise Unavailable(
            "The file is being written", hint="Ask again in a minute: it is kept once it is there."
        ) from None


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece


routes = [export_history]
