"""What ``finish`` can say of a run's rows."""

from __future__ import annotations

from pathlib import Path

import msgspec

from kiseki._transport.journal import JournalReader

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
