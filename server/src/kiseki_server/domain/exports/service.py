"""Histories as Parquet files.

A finished run's history is written once, in files of bounded size that clients fetch by signed
addresses, and kept until the run holds something new. What a run gets after its files were
written goes into further files, as long as the rows in those that are there stay as they were:
clients keep files that they have once downloaded and never ask whether they have changed.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from kiseki_server.domain.exports.columns import STEP, Columns, columns
from kiseki_server.domain.exports.store import ExportStore
from kiseki_server.domain.exports.types import Export
from kiseki_server.domain.exports.union import unite
from kiseki_server.domain.files.arrival import Receiver
from kiseki_server.domain.files.store import BlobStore
from kiseki_server.domain.files.types import Blob
from kiseki_server.domain.history.store import HistoryStore
from kiseki_server.domain.history.types import RowQuery, RunRef, Stream
from kiseki_server.domain.runs.rules import ACTIVE
from kiseki_server.domain.runs.types import Run
from kiseki_server.kit import json
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import NotFound
from kiseki_server.kit.ids import RunId
from kiseki_server.kit.transactions import UnitOfWork

MEDIA_TYPE = "application/vnd.apache.parquet"
CELLS = 2_000_000
"""Values of one file, which is held in memory while it is written."""
_ROW_GROUP = 100_000
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class _Page:
    """Rows of one file."""

    table: pa.Table
    faithful: bool

    @property
    def first(self) -> int:
        return self.table[STEP][0].as_py()

    @property
    def last(self) -> int:
        return self.table[STEP][-1].as_py()


class ExportService:
    """Use-cases of exports; the caller has asked whether the run may be read.

    Nothing here may be called inside a transaction: files must not be written within one.
    """

    def __init__(
        self,
        history: HistoryStore,
        exports: ExportStore,
        receiver: Receiver,
        blobs: BlobStore,
        work: UnitOfWork,
        clock: Clock,
        *,
        scratch: Path | None = None,
        cells: int = CELLS,
    ) -> None:
        self._history = history
        self._exports = exports
        self._receiver = receiver
        self._blobs = blobs
        self._work = work
        self._clock = clock
        self._scratch = scratch
        self._cells = cells

    def finished(self, run: Run) -> bool:
        """Nobody is expected to add to the run's history."""
        return run.state not in ACTIVE

    def current(self, run: Run) -> Sequence[Export] | None:
        """The files of a run, unless they have to be written first."""
        with self._work.transaction():
            known = self._exports.of(run.id)
        standing = self._standing(run)
        if standing is None:
            return ()
        return known if known and all(one.standing == standing for one in known) else None

    def write(self, run: Run) -> Sequence[Export]:
        """The files of a run, of which those that are missing or wrong are written.

        Not for several threads at once for one run.
        """
        found = self.current(run)
        if found is not None:
            return found
        with self._work.transaction():
            known = list(self._exports.of(run.id))
        standing = self._standing(run) or ""
        kept: list[Export] = []
        names: set[str] | None = None
        low: int | None = None
        replaced = False
        while True:
            before = known[len(kept)] if len(kept) < len(known) and not replaced else None
            page = self._page(run, low, before)
            if page is None:
                break
            names = names or set(page.table.column_names)
            faithful = page.faithful and names == set(page.table.column_names) and not replaced
            if before is not None:
                faithful = before.faithful
            export = self._store(run, page, standing, faithful=faithful)
            if before is not None and export.blob != before.blob:
                replaced, kept, low = True, [], None  # written anew, in pages as they come now
                continue
            kept.append(export)
            low = page.last + 1
        self._drop(known, kept)
        return kept

    def get(self, run: RunId, first_step: int) -> Export:
        """The file that begins at a step.

        Raises:
            NotFound: There is none (any more).
        """
        with self._work.transaction():
            known = self._exports.of(run)
        for export in known:
            if export.first_step == first_step:
                return export
        raise NotFound("This part of the run's history has been written anew; ask for it again")

    def read(self, export: Export, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Bytes of a file in pieces."""
        return self._blobs.read(export.blob, start, length)

    def whole(self, run: Run, exports: Sequence[Export] = ()) -> BinaryIO:
        """One file with all of these, or of what the run holds at this moment without any.

        It has no name and is gone when it is closed. A key whose values have different types in
        several files holds texts.
        """
        with tempfile.TemporaryDirectory(dir=self._scratch, prefix="export-") as name:
            folder = Path(name)
            parts = [self._copy(folder, export) for export in exports]
            if not parts:
                parts = self._live(folder, run)
            united = parts[0] if len(parts) == 1 else unite(parts, folder / "whole.parquet")
            return united.open("rb")

    def delete_runs(self, runs: Sequence[RunId]) -> None:
        """Forget the files of runs that are gone for good; in the caller's transaction."""
        self._exports.delete_runs(runs)

    def _copy(self, folder: Path, export: Export) -> Path:
        path = folder / f"{export.first_step}.parquet"
        with path.open("wb") as file:
            for piece in self.read(export):
                file.write(piece)
        return path

    def _live(self, folder: Path, run: Run) -> list[Path]:
        paths: list[Path] = []
        low: int | None = None
        while (page := self._page(run, low)) is not None:
            paths.append(folder / f"{page.first}.parquet")
            _write(page.table, paths[-1])
            low = page.last + 1
        if not paths:
            paths.append(folder / "empty.parquet")
            _write(_columns_of_nothing(), paths[-1])
        return paths

    def _drop(self, known: Sequence[Export], kept: Sequence[Export]) -> None:
        """Forget the files that nothing has taken the place of."""
        firsts = {export.first_step for export in kept}
        gone = [export for export in known if export.first_step not in firsts]
        if gone:
            with self._work.transaction(write=True):
                self._exports.delete(gone)

    def _page(self, run: Run, low: int | None, before: Export | None = None) -> _Page | None:
        """The next rows, as many as one file takes, or those that a known file should have."""
        ref = RunRef(run.project, run.id)
        high, rows = (None, 0) if before is None else (before.last_step, before.rows)
        if not rows:
            keys = len(self._history.last_steps(ref, Stream.HISTORY))
            rows = max(1, self._cells // max(1, keys))
        cells = self._history.rows(RowQuery(ref, low=low, high=high, limit=rows))
        if not cells.num_rows:
            return None
        found: Columns = columns(cells, run.started_at.timestamp())
        return _Page(found.table, found.faithful)

    def _store(self, run: Run, page: _Page, standing: str, *, faithful: bool) -> Export:
        sink = pa.BufferOutputStream()
        _write(page.table, sink)
        content = sink.getvalue()
        pieces = (
            content[start : start + _PIECE].to_pybytes() for start in range(0, content.size, _PIECE)
        )

        def name(blob: Blob) -> Export:
            export = Export(
                run=run.id,
                first_step=page.first,
                last_step=page.last,
                standing=standing,
                blob=blob.digest,
                size=blob.size,
                rows=page.table.num_rows,
                faithful=faithful,
                created_at=self._clock.now(),
            )
            self._exports.put([export])
            return export

        return self._receiver.receive(f"The history of {run.name}", pieces, name)

    def _standing(self, run: Run) -> str | None:
        """What tells the present history from an earlier one; nothing of an empty one."""
        positions = self._history.next_positions(RunRef(run.project, run.id), Stream.HISTORY)
        if not positions:
            return None
        return hashlib.sha256(json.to_text(sorted(positions.items())).encode()).hexdigest()


def _columns_of_nothing() -> pa.Table:
    return pa.table({STEP: pa.array([], pa.int64())})


def _write(table: pa.Table, where: Any) -> None:
    pq.write_table(table, where, compression="zstd", row_group_size=_ROW_GROUP)  # pyright: ignore[reportUnknownMemberType]
