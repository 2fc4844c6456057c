"""Opened tables in a dictionary."""

from __future__ import annotations

import pyarrow as pa


class MemorySheets:
    """A `SheetCache` for tests."""

    def __init__(self) -> None:
        self._sheets: dict[str, pa.Table] = {}

    def get(self, digest: str) -> pa.Table | None:
        return self._sheets.get(digest)

    def put(self, digest: str, sheet: pa.Table) -> pa.Table:
        self._sheets[digest] = sheet
        return sheet
