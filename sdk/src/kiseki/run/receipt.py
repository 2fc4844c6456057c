"""What ``finish`` can say of a run's rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from kiseki._transport.journal import JournalReader
from kiseki.errors import Error

_ROW = b"\xa7history"


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the rows of a run when it was finished."""

    rows_logged: int
    """Calls of ``log`` that brought values."""
    rows_acknowledged: int
    """How many of these the server has for certain."""
    complete: bool
    """Whether the server has everything, not only the rows."""
    url: str | None
    """Page of the run, once the server has told it."""
    message: str
    """The same for people."""


class RowCount:
    """Counts rows, and tells how many of them lie before a position of the journal."""

    def __init__(self) -> None:
        self.total = 0
        self._marks: list[tuple[int, int]] = [(0, 0)]

    def mark(self, position: int) -> None:
        """So many rows lie before ``position``; spares reading the journal from its begin."""
        self._marks.append((position, self.total))

    def before(self, position: int, journal: Path) -> int:
        """Rows among the first ``position`` records."""
        start, rows = max(mark for mark in self._marks if mark[0] <= position)
        with JournalReader(journal, start) as reader:
            while start < position and (
                records := reader.read(max_records=min(position - start, 10_000))
            ):
                rows += sum(record.startswith(_ROW, 1) for record in records)
                start = reader.position
        return rows


def unsent(run: str, rows: int, what: str) -> Receipt:
    """The receipt of a run that no server has heard of."""
    return Receipt(
        rows_logged=rows,
        rows_acknowledged=0,
        complete=False,
        url=None,
        message=f"run {run}: {rows:,} rows logged; {what}",
    )


def receipt_for(
    run: str,
    rows: RowCount,
    written: int,
    state: Mapping[str, Any],
    *,
    directory: Path,
    trouble: Error | None,
    url: str | None,
) -> Receipt:
    """The receipt by what the uploader says of its progress.

    Args:
        run: Id of the run.
        rows: Rows in the journal.
        written: Records in the journal.
        state: The uploader's ``state.json``.
        directory: The run's folder.
        trouble: Why the journal's last record is missing, if it is.
        url: Page of the run.
    """
    acknowledged = min(int(state.get("acknowledged", 0)), written)
    rejected = int(state.get("rejected", 0))
    waiting = int(state.get("errands", 0))
    message = f"run {run}: {rows.total:,} rows logged"
    if acknowledged < written or trouble is not None or waiting:
        sure = rows.before(acknowledged, directory / "journal")
        why = trouble.message if trouble is not None else str(state.get("message") or "")
        message += f", {sure:,} on the server so far" + (f" ({why})" if why else "")
        if waiting:
            message += f", {waiting:,} files to go"
        if "kiseki sync" not in why:
            left = state.get("status") in ("refused", "gave_up")
            message += "; to send the rest: kiseki sync " if left else "; the rest is sent from "
            message += str(directory)
    elif rejected:
        sure = max(rows.total - rejected + int(state.get("rejected_errands", 0)), 0)
        message += f"; the server refused {rejected:,} records, kept in {directory}/rejected.jsonl"
    else:
        sure = rows.total
        message += f", all on the server: {url}" if url else ", all on the server"
    return Receipt(
        rows_logged=rows.total,
        rows_acknowledged=sure,
        complete=acknowledged == written and not (rejected or waiting or trouble),
        url=url,
        message=message,
    )
