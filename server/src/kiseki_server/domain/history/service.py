"""Reading the history of runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from kiseki_server.domain.history.rules import check_series
from kiseki_server.domain.history.store import HistoryStore
from kiseki_server.domain.history.types import (
    Axis,
    KeyInfo,
    KeyStats,
    RowQuery,
    RunRef,
    SeriesQuery,
    SeriesRun,
    Stream,
)
from kiseki_server.domain.runs.types import Run
from kiseki_server.kit.errors import BadRequest

MAX_RUNS = 5_000
MAX_SERIES = 20_000
MAX_CELLS = 20_000_000
MAX_ROWS = 100_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Series:
    """One question for series of several runs."""

    runs: Sequence[Run]
    keys: Sequence[str]
    stream: Stream = Stream.HISTORY
    x: Axis = "step"
    x_key: str | None = None
    low: float | None = None
    high: float | None = None
    buckets: int = 1000


@dataclass(frozen=True, slots=True)
class RowPage:
    """Whole rows in step order; ``next`` is the step at which the next page begins."""

    table: pa.Table
    next: int | None


class HistoryService:
    """Questions about histories; the caller has asked whether the runs may be read."""

    def __init__(self, history: HistoryStore) -> None:
        self._history = history

    def keys(
        self,
        runs: Sequence[Run],
        stream: Stream,
        *,
        prefix: str = "",
        regex: str | None = None,
        after: str | None = None,
        limit: int = 1000,
    ) -> Sequence[KeyInfo]:
        """Keys that any of the runs has logged, in byte order."""
        _check_runs(runs)
        if not runs:
            return []
        refs = [_ref(run) for run in runs]
        return self._history.keys(
            refs, stream, prefix=prefix, regex=regex or None, after=after, limit=limit
        )

    def stats(
        self, run: Run, stream: Stream, keys: Sequence[str] | None = None
    ) -> Sequence[KeyStats]:
        """Statistics of the numbers under each key; of all keys for ``None``."""
        return self._history.stats(_ref(run), stream, keys)

    def series(self, series: Series) -> pa.Table:
        """Buckets of every run and key that has points in the range."""
        _check_runs(series.runs)
        count = len(series.runs) * len(series.keys)
        if count > MAX_SERIES or count * series.buckets > MAX_CELLS:
            raise BadRequest(
                f"{len(series.runs)} runs with {len(series.keys)} keys in {series.buckets} buckets "
                "are too much for one question",
                hint=f"Ask for at most {MAX_SERIES} series, or in several questions.",
            )
        query = SeriesQuery(
            runs=[SeriesRun(_ref(run), _microseconds(run.started_at)) for run in series.runs],
            keys=list(dict.fromkeys(series.keys)),
            stream=series.stream,
            x=series.x,
            x_key=series.x_key,
            low=series.low,
            high=series.high,
            buckets=series.buckets,
        )
        check_series(query)
        return self._history.series(query)

    def rows(
        self,
        run: Run,
        *,
        stream: Stream = Stream.HISTORY,
        keys: Sequence[str] = (),
        low: int | None = None,
        high: int | None = None,
        limit: int = 1000,
    ) -> RowPage:
        """Rows of one run as they were logged, ``limit`` of them at most."""
        if not 1 <= limit <= MAX_ROWS:
            raise BadRequest(f"`limit` must lie between 1 and {MAX_ROWS}, not {limit}")
        # One row more tells whether there is a next page, and where it begins.
        query = RowQuery(
            run=_ref(run), stream=stream, keys=tuple(keys), low=low, high=high, limit=limit + 1
        )
        table = self._history.rows(query)
        steps = table.column("step").to_numpy()
        begins = np.flatnonzero(np.diff(steps)) + 1
        if len(begins) < limit:
            return RowPage(table=table, next=None)
        kept = int(begins[limit - 1])
        return RowPage(table=table.slice(0, kept), next=int(steps[kept]))


def _check_runs(runs: Sequence[Run]) -> None:
    if len(runs) > MAX_RUNS:
        raise BadRequest(f"{len(runs)} runs are too many at once; at most {MAX_RUNS} are allowed")


def _ref(run: Run) -> RunRef:
    return RunRef(run.project, run.id)


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND
