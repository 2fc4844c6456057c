"""Files that hold the history of a finished run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kiseki_server.kit.ids import RunId


@dataclass(frozen=True, slots=True)
class Export:
    """Rows of a run's history in one Parquet file, in step order."""

    run: RunId
    first_step: int
    last_step: int
    standing: str
    """What the run held when the file was found right; another one makes it stale."""
    blob: str
    """SHA-256 of the file."""
    size: int
    rows: int
    faithful: bool
    """Every row has a value under every key, and every value keeps its kind: who reads the file
    finds neither more nor less than in the history itself. A file that took the place of another
    one is none: clients keep what they have once downloaded."""
    created_at: datetime
