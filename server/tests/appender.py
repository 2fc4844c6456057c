"""Appends to a history store in a process that tests may kill.

Batch *n* always holds the same rows, so that it can be appended again. Lines on standard output:
``begin n`` and ``stored n``; `check` prints what is there as JSON, `fill` what a full disk did.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from server.tests.histories import append_of

from kiseki_server.domain.history.types import Append, RowQuery, RunRef, Stream
from kiseki_server.kit.errors import StorageFull
from kiseki_server.kit.ids import ProjectId, RunId
from kiseki_server.storage.columnar.engine import open_engine
from kiseki_server.storage.columnar.history import ColumnarHistoryStore

RUNS = [RunRef(ProjectId(1), RunId(1)), RunRef(ProjectId(1), RunId(2))]
ROWS = 50


def batch(number: int) -> list[Append]:
    """Rows of both runs and two writers; every third step is written twice."""
    appends: list[Append] = []
    for run in RUNS:
        for writer, shift in (("one", 0), ("two", 1_000_000)):
            rows = [
                (
                    position,
                    shift + position - position % 3 // 2,
                    {"a": float(position), f"k{position % 7}": 1.0, "t": f"text {position}"},
                )
                for position in range(number * ROWS, (number + 1) * ROWS)
            ]
            appends.append(append_of(run, rows, writer=writer))
    return appends


def found(store: ColumnarHistoryStore) -> list[Any]:
    """Everything that is in the store."""
    return [
        [
            run.run,
            store.next_positions(run, Stream.HISTORY),
            [
                [cell["step"], cell["key"], cell["value"], cell["json"]]
                for cell in store.rows(RowQuery(run, limit=1_000_000)).to_pylist()
            ],
        ]
        for run in RUNS
    ]


def fill(store: ColumnarHistoryStore, ballast: Path) -> dict[str, Any]:
    """Append until the disk is full, free some, go on."""
    stored = 0
    errors = 0
    while errors < 3:
        try:
            store.append(batch(stored))
        except StorageFull:
            errors += 1
        else:
            stored += 1
    before = [next_positions for _, next_positions, _ in found(store)]
    ballast.unlink()
    for _ in range(3):
        store.append(batch(stored))
        stored += 1
    return {"stored": stored, "before": before, "found": found(store)}


def main(mode: str, folder: str, *arguments: str) -> None:
    pool = open_engine(Path(folder), memory_bytes=500 << 20, connections=2)
    store = ColumnarHistoryStore(pool)
    if mode == "append":
        number = int(arguments[0])
        while True:
            print(f"begin {number}", flush=True)
            store.append(batch(number))
            print(f"stored {number}", flush=True)
            number += 1
    elif mode == "fill":
        print(json.dumps(fill(store, Path(arguments[0]))))
    else:
        first = found(store)
        for number in map(int, arguments):
            store.append(batch(number))
        print(json.dumps([first, found(store)]))
    pool.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
