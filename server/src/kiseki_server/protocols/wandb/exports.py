"""Where the client finds the history of a finished run as Parquet files."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from kiseki_server.domain.files.tickets import ExportDownload
from kiseki_server.domain.history.branching import rewound
from kiseki_server.domain.history.types import RunRef, Stream
from kiseki_server.domain.runs.types import Run
from kiseki_server.protocols.wandb.context import Context, Exporting

PATIENCE = 15.0
"""Seconds that a question waits for files that are being written; the client waits 30."""

SHORT = 20_000
"""A history of so few rows is read as quickly in pages as from a file."""

_Answer = TypeVar("_Answer")


def parquet_history(context: Context, run: Run) -> dict[str, Any]:
    """The files of the run's history, or the sign that the client has to read it in pages."""
    asked = context.exporting.get(run.id)
    scan = context.scans.begins(context.actor.user, run) if asked is None else asked.scan
    ref = RunRef(run.project, run.id)
    if not context.history.last_steps(ref, Stream.HISTORY):
        return {"parquetUrls": [], "liveData": []}
    live = {"parquetUrls": [], "liveData": [{"_step": 0}]}
    # Of a run that was rewound the client may have files as it was before, which it would read:
    # it knows them by the names of entity, project and run alone.
    paged = scan and (rewound(run) or not _worthwhile(context, ref))
    if paged or not context.exports.finished(run):
        return live
    files = context.exports.current(run)
    if files is None:
        context.exporting[run.id] = Exporting(context.exporter.ask(run), scan=scan)
        return live
    if scan and not all(file.faithful for file in files):
        return live
    tickets = [ExportDownload(run.id, file.first_step) for file in files]
    return {"parquetUrls": [context.signed(ticket) for ticket in tickets], "liveData": []}


async def answer(ask: Callable[[], Awaitable[_Answer]], context: Context) -> _Answer:
    """The answer, with files that had to be written for it unless that takes long.

    Who waits does so outside of any transaction: the writer of the files needs one.
    """
    found = await ask()
    futures = [asyncio.wrap_future(one.files) for one in context.exporting.values()]
    if not futures:
        return found
    _, late = await asyncio.wait(futures, timeout=PATIENCE)
    return found if late else await ask()


def _worthwhile(context: Context, ref: RunRef) -> bool:
    """The history is long, and most likely every row has all keys."""
    counts = {stats.count for stats in context.history.stats(ref, Stream.HISTORY)}
    return len(counts) == 1 and counts.pop() > SHORT
