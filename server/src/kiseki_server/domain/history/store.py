"""What a store of histories promises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import pyarrow as pa

from kiseki_server.domain.history.types import (
    Append,
    Extent,
    KeyInfo,
    KeyKind,
    KeyStats,
    RowQuery,
    RunRef,
    SeriesQuery,
    Stream,
    TypedKey,
)


@runtime_checkable
class HistoryStore(Protocol):
    """Points by run, stream, key and step.

    - **Idempotence.** For each (run, writer, stream) the store knows the highest row position
      that it holds. Rows at or below it are dropped by `append`; numbers and other values are
      tracked apart, so a failure between the two is mended by a repeat.
    - **Durability.** When `append` returns, all of it survives ``kill -9`` of the server. When it
      raises, a repeat of the same call stores what is missing, nothing twice.
    - **Visibility.** A reader sees what every append that returned before it began has stored.
    - **Last write wins.** Of several values at equal (run, stream, key, step) every query sees
      only the one appended last, also across writers. `append` notes which runs have such
      repeats, so that only their queries pay for it.
    - **Order.** Rows may arrive in any order of steps.
    - A run that the store does not know has no keys, no rows and an empty series.

    `append` is called from one thread at a time; everything else from many.
    """

    def append(self, appends: Sequence[Append]) -> None:
        """Store rows of any number of runs in as few inserts as the engine allows.

        Raises:
            StorageFull: The disk is full; nothing of this call is visible, or all rows of the
                streams that were stored before the failure.
        """
        ...

    def read_ahead(self, runs: Sequence[RunRef], stream: Stream) -> None:
        """`next_positions` and `last_steps` of these runs will be asked for now."""
        ...

    def next_positions(self, run: RunRef, stream: Stream) -> Mapping[str, int]:
        """Highest stored row position plus one, by writer."""
        ...

    def last_steps(self, run: RunRef, stream: Stream) -> Mapping[str, int]:
        """The highest step by key."""
        ...

    def extent(self, run: RunRef, stream: Stream, *, through: int | None = None) -> Extent | None:
        """First and last step of all, and how many there are up to ``through``; ``None`` for a
        history that is empty."""
        ...

    def keys(
        self,
        runs: Sequence[RunRef],
        stream: Stream,
        *,
        prefix: str = "",
        regex: str | None = None,
        after: str | None = None,
        limit: int = 1000,
    ) -> Sequence[KeyInfo]:
        """Keys that any of the runs has, in byte order, beginning after ``after``.

        Raises:
            BadRequest: The engine does not accept ``regex`` (RE2 syntax).
        """
        ...

    def kinds(self, runs: Sequence[RunRef], stream: Stream) -> Mapping[RunRef, Sequence[KeyKind]]:
        """Of each run, kinds of the values that are not plain numbers, in byte order of key and
        kind."""
        ...

    def typed_keys(self, run: RunRef, stream: Stream) -> Sequence[TypedKey]:
        """Keys with values that say their type, in byte order of key and type.

        A value says its type when it is an object with a text ``_type`` that is not empty.
        """
        ...

    def stats(
        self, run: RunRef, stream: Stream, keys: Sequence[str] | None = None
    ) -> Sequence[KeyStats]:
        """Statistics of numeric keys, in byte order of the keys; all of them for ``None``."""
        ...

    def stats_of(
        self, runs: Sequence[RunRef], stream: Stream
    ) -> Mapping[RunRef, Sequence[KeyStats]]:
        """What `stats` says of each of the runs."""
        ...

    def series(self, query: SeriesQuery) -> pa.Table:
        """Buckets in order of run, key and bucket; empty buckets are left out.

        Columns: run uint64, key string, bucket uint32, x_first, x_last (float64: x of the first
        and last point in the bucket), min, max, mean (float64, null when nothing is finite),
        last (float64, by x, then step), count uint64, nonfinite uint64.
        Schema metadata: ``low`` and ``high``, the x range as decimal text (absent when empty).
        """
        ...

    def rows(self, query: RowQuery) -> pa.Table:
        """Values of at most ``limit`` rows, in order of step and key.

        Columns: step int64, time timestamp[us, UTC], key string, value float64 (null for other
        values), json string (null for plain numbers). Rows are never cut: all values of a step
        that is in the answer are in it.
        """
        ...

    def duplicate(self, source: RunRef, target: RunRef) -> None:
        """Let ``target`` have exactly what ``source`` has, positions of writers included.

        What it had is gone. Nothing may be appended to either of them meanwhile.
        """
        ...

    def delete(self, runs: Sequence[RunRef]) -> None:
        """Forget the runs; their bytes are freed soon after."""
        ...
