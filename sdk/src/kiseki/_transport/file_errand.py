"""Brings a file of a run to the server."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from kiseki._transport.client import Client, FileChangedError, SendError, file_pieces
from kiseki._transport.errands import Place
from kiseki.wire.records import FILES, File

Stamp = tuple[int, int, int]
"""What changes when a file does: inode, size, time of change."""


def source_of(file: File, folder: Path) -> Path:
    """Where the bytes are."""
    return folder / FILES / file.path if file.source is None else Path(file.source)


def stamp_of(path: Path) -> Stamp | None:
    """Tells a file from what it was; ``None``: it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def send_file(file: File, place: Place, client: Client, sent: Callable[[int], None]) -> None:
    """Send a file as it is now. Raises as `Client.put`, and `FileChangedError`."""
    source = source_of(file, place.folder)
    before = os.stat(source)
    with source.open("rb") as stream:
        md5 = base64.b64encode(hashlib.file_digest(stream, "md5").digest()).decode()
    try:
        client.put(
            f"/api/v1{place.run_path}/files/{quote(file.path)}",
            file_pieces(str(source), size=before.st_size, sent=sent),
            before.st_size,
            md5,
        )
    except SendError as error:
        after = os.stat(source)
        if error.status == 400 and (before.st_size, before.st_mtime_ns) != (
            after.st_size,
            after.st_mtime_ns,
        ):
            raise FileChangedError(f"{source} changed while it was sent") from error
        raise
