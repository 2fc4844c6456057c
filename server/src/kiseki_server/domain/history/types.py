"""The values of a run's history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kiseki_server.kit.ids import ProjectId, RunId


class Stream(IntEnum):
    """Which of a run's histories: what was logged, or what the machine did."""

    HISTORY = 0
    SYSTEM = 1


@dataclass(frozen=True, slots=True)
class RunRef:
    """Where a run's points lie."""

    project: ProjectId
    run: RunId


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one writer, one element a row.

    ``positions`` rise strictly; they tell rows apart when a batch arrives twice, and decide
    which value of equal (key, step) is the later one.
    """

    steps: NDArray[np.int64]
    times: NDArray[np.int64]
    """Microseconds since 1970."""
    positions: NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Points:
    """Numbers: point *i* has key ``keys[key[i]]`` and belongs to row ``row[i]``."""

    rows: Rows
    keys: Sequence[str]
    key: NDArray[np.uint32]
    row: NDArray[np.uint32]
    value: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Values:
    """JSON texts, placed like points."""

    rows: Rows
    keys: Sequence[str]
    key: NDArray[np.uint32]
    row: NDArray[np.uint32]
    json: Sequence[str]


@dataclass(frozen=True, slots=True)
class Append:
    """What one writer adds to one stream of one run."""

    run: RunRef
    writer: str
    stream: Stream
    points: Points | None = None
    values: Values | None = None


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """A key that some of the runs asked for have logged."""

    key: str
    numeric: bool
    """Some run has numbers under it."""
    other: bool
    """Some run has values that are no numbers."""
    runs: int
    """How many of the runs asked for have it."""


@dataclass(frozen=True, slots=True)
class Extent:
    """From which step to which a history goes, and how many steps there are."""

    first: int
    last: int
    count: int


@dataclass(frozen=True, slots=True)
class TypedKey:
    """A key under which a run has logged values that say their type in ``_type``."""

    key: str
    type: str
    count: int
    """Steps at which there is one."""
    first_step: int
    last_step: int


@dataclass(frozen=True, slots=True)
class KeyKind:
    """How many of a run's values under a key, numbers alone left out, are of a kind."""

    key: str
    kind: str
    """As in JSON: ``string, boolean, array, object, null``, and ``number`` for what is beyond
    the exact integers of a float."""
    count: int


@dataclass(frozen=True, slots=True)
class KeyStats:
    """One run's numbers under one key. Non-finite values count, and are left out of min, max
    and mean, which are ``None`` when nothing finite was logged."""

    key: str
    count: int
    nonfinite: int
    min: float | None
    max: float | None
    mean: float | None
    first: float
    last: float
    last_step: int
    last_time: int
    """Microseconds since 1970."""


Axis = Literal["step", "time", "relative"]
"""``time``: microseconds since 1970. ``relative``: seconds since the run began."""


@dataclass(frozen=True, slots=True)
class SeriesRun:
    """A run of a series query; ``start`` (µs since 1970) is the zero of its relative time."""

    ref: RunRef
    start: int


@dataclass(frozen=True, slots=True)
class SeriesQuery:
    """Series of several runs and keys, cut into buckets of equal width on the x axis.

    ``x_key`` names a logged key as x axis and overrides ``x``: points pair up where run and step
    are equal. ``low`` and ``high`` limit x, both inclusive; ``None`` is the extent of the data,
    found over all series of the query together. Buckets are half open; the last includes
    ``high``.
    """

    runs: Sequence[SeriesRun]
    keys: Sequence[str]
    stream: Stream = Stream.HISTORY
    x: Axis = "step"
    x_key: str | None = None
    low: float | None = None
    high: float | None = None
    buckets: int = 1000


@dataclass(frozen=True, slots=True)
class RowQuery:
    """Raw rows of one run in step order; ``keys`` empty means all keys."""

    run: RunRef
    stream: Stream = Stream.HISTORY
    keys: Sequence[str] = field(default_factory=tuple)
    low: int | None = None
    """First step, inclusive."""
    high: int | None = None
    """Last step, inclusive."""
    limit: int = 1000
    """Rows, not points."""
