"""Opened tables in a folder, mapped into memory when they are read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import pyarrow as pa
from pyarrow import ipc


class FolderSheets:
    """A `SheetCache` of Arrow files; those that were not used for longest go first."""

    def __init__(self, folder: Path, *, max_bytes: int = 4 << 30) -> None:
        self._folder = folder
        self._max_bytes = max_bytes

    def get(self, digest: str) -> pa.Table | None:
        path = self._path(digest)
        try:
            os.utime(path)
            return self._open(path)
        except (OSError, pa.ArrowInvalid):
            return None

    def put(self, digest: str, sheet: pa.Table) -> pa.Table:
        path = self._path(digest)
        new = path.with_name(f".{digest}.{secrets.token_hex(8)}")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with pa.OSFile(str(new), "wb") as sink, ipc.new_file(sink, sheet.schema) as writer:
                writer.write_table(sheet)
            new.replace(path)
            self._make_room(path)
            return self._open(path)
        except OSError:
            # A full disk: this table is answered from memory, and read again next time.
            new.unlink(missing_ok=True)
            return sheet

    def _path(self, digest: str) -> Path:
        return self._folder / f"{digest}.arrow"

    @staticmethod
    def _open(path: Path) -> pa.Table:
        return ipc.open_file(pa.memory_map(str(path))).read_all()

    def _make_room(self, kept: Path) -> None:
        """Remove the oldest until the rest fits. Tables that are open stay readable."""
        files = [(path, path.stat()) for path in self._folder.glob("*.arrow")]
        total = sum(found.st_size for _, found in files)
        for path, found in sorted(files, key=lambda item: item[1].st_mtime):
            if total <= self._max_bytes:
                return
            if path != kept:
                path.unlink(missing_ok=True)
                total -= found.st_size
