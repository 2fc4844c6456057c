"""What the store of exports promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from kiseki_server.domain.exports.types import Export
from kiseki_server.kit.ids import RunId


class ExportStore(Protocol):
    """Names of exported files; every method works inside the caller's transaction, and counts the
    names of blobs that it writes down and removes."""

    def of(self, run: RunId) -> Sequence[Export]:
        """The files of a run, in step order."""
        ...

    def put(self, exports: Sequence[Export]) -> None:
        """Name reserved blobs; a file that begins at the step of a known one takes its place."""
        ...

    def delete(self, exports: Sequence[Export]) -> None:
        """Take these names away; those that are gone already are no mistake."""
        ...

    def delete_runs(self, runs: Sequence[RunId]) -> None:
        """Take all names of the runs away."""
        ...
