"""Rows of a history as the client reads them back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kiseki_server.domain.history.store import HistoryStore
from kiseki_server.domain.history.types import RowQuery, RunRef, Stream
from kiseki_server.domain.runs.types import Run
from kiseki_server.kit.errors import BadRequest
from kiseki_server.protocols.wandb import json_lines

MAX_SAMPLES = 100_000
DEFAULT_SAMPLES = 500
_CHUNK = 20_000
_FEW = 5_000

STEP, TIME, RUNTIME = "_step", "_timestamp", "_runtime"


@dataclass(frozen=True, slots=True)
class Spec:
    """What one sampled history is made of."""

    keys: tuple[str, ...] = ()
    samples: int = DEFAULT_SAMPLES
    low: int | None = None
    high: int | None = None
    """Both inclusive."""

    @classmethod
    def parse(cls, text: str) -> Spec:
        """The specification that the client sends as JSON.

        Raises:
            BadRequest: It is none.
        """
        given = json_lines.read_object(text, "A specification of a history")
        keys = given.get("keys") or []
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
            raise BadRequest("`keys` of a history's specification is a list of text")
        samples = checked(given.get("samples"))
        low, high = (_whole(name, given.get(name)) for name in ("minStep", "maxStep"))
        if low is not None and high is not None and high - low == samples:
            # A page of a client up to 0.25, which takes the end as excluded. One that includes it
            # asks for a row more than this, or it would lose one.
            high -= 1
        return cls(tuple(dict.fromkeys(keys)), samples, low, high)


def checked(samples: Any) -> int:
    """How many rows are asked for.

    Raises:
        BadRequest: More than one answer may hold.
    """
    if samples is None:
        return DEFAULT_SAMPLES
    if not isinstance(samples, int) or not 0 <= samples <= MAX_SAMPLES:
        raise BadRequest(f"`samples` lies between 0 and {MAX_SAMPLES}, not {str(samples)[:40]!r}")
    return samples


@dataclass(frozen=True, slots=True)
class Sampler:
    """Reads rows of one stream of one run."""

    store: HistoryStore
    run: Run
    stream: Stream = Stream.HISTORY

    @property
    def ref(self) -> RunRef:
        return RunRef(self.run.project, self.run.id)

    def page(self, low: int | None, high: int | None, limit: int) -> list[dict[str, Any]]:
        """Whole rows of the steps ``low … high``, at most ``limit``."""
        if limit == 0 or (high is not None and low is not None and high < low):
            return []
        return self._rows(self._query((), low, high, limit))

    def last(self) -> dict[str, Any] | None:
        """The row of the highest step."""
        steps = self.store.last_steps(self.ref, self.stream)
        if not steps:
            return None
        step = max(steps.values())
        found = self.page(step, step, 1)
        return found[0] if found else None

    def sample(self, spec: Spec) -> list[dict[str, Any]]:
        """Rows that have all of the keys, with those keys alone, spread evenly over the steps."""
        if not spec.keys or spec.samples == 0:
            return []
        logged = [key for key in spec.keys if key not in (STEP, TIME, RUNTIME)]
        wanted = [*logged, RUNTIME] if RUNTIME in spec.keys else logged
        if not logged:
            rows = self.evenly(spec.samples, spec.low, spec.high)
        else:
            table = self._all(tuple(wanted), spec.low, spec.high)
            steps = self._complete(table, logged)
            rows = self._rows(_having(table, _spread(steps, spec.samples)))
        return [{key: row[key] for key in spec.keys if key in row} for row in rows]

    def evenly(
        self, samples: int, low: int | None = None, high: int | None = None
    ) -> list[dict[str, Any]]:
        """Whole rows, spread evenly over the steps."""
        if samples == 0:
            return []
        steps = self._steps(low, high)
        chosen = _spread(steps, samples)
        if len(steps) <= _FEW:
            return self._rows(_having(self._all((), low, high), chosen))
        rows: list[dict[str, Any]] = []
        for first, final, count in _ranges(steps, chosen):
            rows += self._rows(self._query((), first, final, count))
        return rows

    def _steps(self, low: int | None, high: int | None) -> np.ndarray[Any, Any]:
        """All steps, by the cheapest key that every row has."""
        last = self.store.last_steps(self.ref, self.stream)
        whole = RUNTIME in last and len(last) > 1
        table = self._all((RUNTIME,) if whole else (), low, high)
        return np.unique(table.column("step").to_numpy())

    def _all(self, keys: tuple[str, ...], low: int | None, high: int | None) -> pa.Table:
        parts: list[pa.Table] = []
        while True:
            part = self._query(keys, low, high, _CHUNK)
            parts.append(part)
            steps = part.column("step").to_numpy()
            if len(np.unique(steps)) < _CHUNK:
                return pa.concat_tables(parts)
            low = int(steps[-1]) + 1

    def _query(
        self, keys: tuple[str, ...], low: int | None, high: int | None, limit: int
    ) -> pa.Table:
        query = RowQuery(
            run=self.ref, stream=self.stream, keys=keys, low=low, high=high, limit=limit
        )
        return self.store.rows(query)

    @staticmethod
    def _complete(table: pa.Table, keys: Sequence[str]) -> np.ndarray[Any, Any]:
        """Steps at which every one of the keys has a value."""
        logged = table.filter(pc.is_in(table.column("key"), pa.array(keys, pa.string())))  # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue]
        steps, counts = np.unique(logged.column("step").to_numpy(), return_counts=True)
        return steps[counts == len(keys)]

    def _rows(self, table: pa.Table) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        begun = self.run.started_at.timestamp()
        times = table.column("time").cast(pa.int64())
        columns = (table.column("step"), times, *map(table.column, ("key", "value", "json")))
        cells: Iterator[Any] = zip(*(column.to_pylist() for column in columns), strict=True)
        previous: int | None = None
        for step, micros, key, value, text in cells:
            if step != previous:
                seconds = micros / 1e6
                rows.append({STEP: step, TIME: seconds, RUNTIME: max(0.0, seconds - begun)})
                previous = step
            rows[-1][key] = number(value) if text is None else json_lines.read(text, "A value")
        return rows


def number(value: float) -> int | float:
    """Whole numbers without a point, as the client's own server writes them."""
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _spread(steps: np.ndarray[Any, Any], samples: int) -> np.ndarray[Any, Any]:
    if len(steps) <= samples:
        return steps
    return steps[np.unique(np.linspace(0, len(steps) - 1, samples).round().astype(int))]


def _having(table: pa.Table, steps: np.ndarray[Any, Any]) -> pa.Table:
    return table.filter(pa.array(np.isin(table.column("step").to_numpy(), steps)))


def _ranges(
    steps: np.ndarray[Any, Any], chosen: np.ndarray[Any, Any]
) -> Iterator[tuple[int, int, int]]:
    """Neighbouring chosen steps together: first and last step, and how many there are."""
    places = np.searchsorted(steps, chosen)
    breaks = np.flatnonzero(np.diff(places) != 1) + 1
    for run in np.split(places, breaks):
        if len(run):
            yield int(steps[run[0]]), int(steps[run[-1]]), len(run)


def _whole(name: str, value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadRequest(f"`{name}` is a whole number, not {str(value)[:40]!r}")
    return max(-(2**63), min(value, 2**63 - 1))
