"""Names of exported histories in memory, for tests."""

from __future__ import annotations

from collections.abc import Sequence

from kiseki_server.domain.exports.types import Export
from kiseki_server.domain.files.store import BlobNames
from kiseki_server.kit.ids import RunId


class MemoryExports:
    """An `ExportStore` in a dict."""

    def __init__(self, names: BlobNames) -> None:
        self._names = names
        self._exports: dict[tuple[RunId, int], Export] = {}

    def of(self, run: RunId) -> Sequence[Export]:
        return [self._exports[place] for place in sorted(self._exports) if place[0] == run]

    def put(self, exports: Sequence[Export]) -> None:
        for export in exports:
            self._names.add([export.blob])
            self._drop((export.run, export.first_step))
            self._exports[(export.run, export.first_step)] = export

    def delete(self, exports: Sequence[Export]) -> None:
        for export in exports:
            self._drop((export.run, export.first_step))

    def delete_runs(self, runs: Sequence[RunId]) -> None:
        for place in [place for place in self._exports if place[0] in runs]:
            self._drop(place)

    def _drop(self, place: tuple[RunId, int]) -> None:
        gone = self._exports.pop(place, None)
        if gone is not None:
            self._names.drop([gone.blob])
