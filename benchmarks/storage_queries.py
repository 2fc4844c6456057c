"""The columnar stores alone: appending, and the queries behind the pages.

    python -m benchmarks.storage_queries [--runs 100000] [--rounds 15] [--url clickhouse://…]

Prints the fastest, the median and the slowest of each query in milliseconds, and the memory
of the process.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from kiseki_server.domain.filters.expression import parse, parse_path
from kiseki_server.domain.filters.tree import Field, SortKey
from kiseki_server.domain.history.types import (
    Append,
    Points,
    RowQuery,
    Rows,
    RunRef,
    SeriesQuery,
    SeriesRun,
    Stream,
)
from kiseki_server.domain.runs.types import Run, RunState
from kiseki_server.kit.ids import ProjectId, RunId, UserId
from kiseki_server.storage.columnar.engine import ClientPool, open_engine
from kiseki_server.storage.columnar.history import ColumnarHistoryStore
from kiseki_server.storage.columnar.run_index import ColumnarRunIndex

PROJECT = ProjectId(1)
START = 1_767_225_600_000_000
HISTORY = Stream.HISTORY
_noise = np.random.default_rng(1)


def append_of(run: int, first: int, count: int, keys: Sequence[str]) -> Append:
    """Rows as training writes them: float32 noise on a curve, irregular times."""
    steps = np.arange(first, first + count)
    width = len(keys)
    curve = np.exp(-np.repeat(steps, width) / 3e5)
    value = (curve + 0.05 * _noise.standard_normal(count * width)).astype(np.float32)
    return Append(
        RunRef(PROJECT, RunId(run)),
        f"writer{run}",
        HISTORY,
        Points(
            Rows(
                steps,
                START + first * 10_000 + np.cumsum(_noise.integers(9_000, 11_000, count)),
                steps.astype(np.uint64),
            ),
            keys,
            np.tile(np.arange(width, dtype=np.uint32), count),
            np.repeat(np.arange(count, dtype=np.uint32), width),
            value.astype(np.float64),
        ),
    )


def memory_mb() -> int:
    fields = Path("/proc/self/statm").read_text().split()
    return int(fields[1]) * 4096 >> 20


def measure(name: str, work: Callable[[], Any], rounds: int) -> None:
    work()
    times: list[float] = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        times.append((time.perf_counter() - begin) * 1000)
    middle = statistics.median(times)
    print(f"{name:58} {min(times):8.1f} {middle:8.1f} {max(times):8.1f}", flush=True)


def appending(store: ColumnarHistoryStore, seconds: float) -> None:
    """100,000 points a call: eight runs, 625 rows, twenty keys."""
    keys = [f"metric/{number}" for number in range(20)]
    calls = [
        [append_of(10_000 + run, call * 625, 625, keys) for run in range(8)] for call in range(12)
    ]
    points = spent = 0.0
    slowest = 0.0
    number = 0
    while spent < seconds:
        shift = (number // len(calls)) * 625 * len(calls)
        call = [_shifted(append, shift) for append in calls[number % len(calls)]]
        begin = time.perf_counter()
        store.append(call)
        took = time.perf_counter() - begin
        spent, slowest, number = spent + took, max(slowest, took), number + 1
        points += 100_000
    print(
        f"append of 100,000 points: {points / spent / 1e6:.2f} million points/s, "
        f"slowest {slowest * 1000:.0f} ms, memory {memory_mb()} MB",
        flush=True,
    )


def _shifted(append: Append, steps: int) -> Append:
    assert append.points is not None
    rows = append.points.rows
    moved = Rows(rows.steps + steps, rows.times, rows.positions + np.uint64(steps))
    points = append.points
    return Append(
        append.run,
        append.writer,
        append.stream,
        Points(moved, points.keys, points.key, points.row, points.value),
    )


def histories(store: ColumnarHistoryStore, rounds: int) -> None:
    for first in range(0, 1_000_000, 100_000):
        store.append([append_of(1, first, 100_000, ["loss"])])
    keys = [f"metric/{number}" for number in range(20)]
    for first in range(0, 10_000, 2_000):
        for group in range(0, 50, 5):
            store.append([append_of(100 + group + r, first, 2_000, keys) for r in range(5)])
    many = [f"layer{number // 10}/weight{number % 10}" for number in range(5_000)]
    for first in range(0, 100, 20):
        store.append([append_of(2, first, 20, many)])
    store.append([append_of(3, 0, 1, [f"k{number}" for number in range(100_000)])])
    for first in range(0, 1_000_000, 100_000):
        store.append([append_of(4, first, 100_000, ["loss"])])
    # From a checkpoint once more: a tenth of the steps twice.
    again = append_of(4, 900_000, 100_000, ["loss"])
    store.append([Append(again.run, "second", HISTORY, again.points)])

    def run(number: int) -> SeriesRun:
        return SeriesRun(RunRef(PROJECT, RunId(number)), START)

    fifty = [run(100 + number) for number in range(50)]
    queries: dict[str, Callable[[], Any]] = {
        "series: 1,000,000 points → 1,000 buckets": lambda: store.series(
            SeriesQuery([run(1)], ["loss"])
        ),
        "  its first tenth": lambda: store.series(
            SeriesQuery([run(1)], ["loss"], low=0, high=100_000)
        ),
        "  by relative time": lambda: store.series(SeriesQuery([run(1)], ["loss"], x="relative")),
        "  with a tenth of the steps repeated": lambda: store.series(
            SeriesQuery([run(4)], ["loss"])
        ),
        "series: one key of 50 runs × 10,000 steps → 1,000 buckets": lambda: store.series(
            SeriesQuery(fifty, ["metric/3"])
        ),
        "  by another key": lambda: store.series(
            SeriesQuery(fifty[:5], ["metric/3"], x_key="metric/4")
        ),
        "statistics of 5,000 keys": lambda: store.stats(run(2).ref, HISTORY),
        "keys: first 1,000 of 5,000": lambda: store.keys([run(2).ref], HISTORY),
        "keys: first 1,000 of 100,000": lambda: store.keys([run(3).ref], HISTORY),
        "keys: expression over 100,000": lambda: store.keys([run(3).ref], HISTORY, regex="99$"),
        "keys of 50 runs": lambda: store.keys([r.ref for r in fifty], HISTORY),
        "rows: 1,000 rows of 20 keys": lambda: store.rows(RowQuery(fifty[0].ref, low=5_000)),
        "rows: the first of 1,000,000": lambda: store.rows(RowQuery(run(1).ref)),
        "first contact with a history of 1,000,000 points": lambda: _contact(store, run(1).ref),
    }
    for name, work in queries.items():
        measure(name, work, rounds)


def _contact(store: ColumnarHistoryStore, run: RunRef) -> None:
    store._standings.forget([(run, HISTORY)])  # noqa: SLF001
    store.next_positions(run, HISTORY)


def make_run(number: int, choose: random.Random) -> Run:
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)
    config = {f"group{k // 10}": {} for k in range(0, 100, 10)}
    for k in range(100):
        value = choose.random() if k % 3 else choose.choice(["adam", "sgd", "lion"])
        config[f"group{k // 10}"][f"parameter{k}"] = value
    return Run(
        id=RunId(number),
        project=PROJECT,
        name=f"run{number}",
        display_name=f"brave-forest-{number}",
        state=choose.choice(list(RunState)),
        state_reason=None,
        exit_code=0,
        group=f"group{number % 50}",
        job_type="train",
        tags=(choose.choice("abc"), "baseline"),
        notes=None,
        user=UserId(1),
        user_name="ann",
        host="machine",
        config=config,
        summary={f"metric/{k}": choose.random() for k in range(50)},
        metrics=(),
        environment={},
        client={},
        created_at=moment,
        updated_at=moment,
        started_at=moment,
        heartbeat_at=moment,
        finished_at=moment + timedelta(hours=1),
        stop_requested=False,
    )


def searching(index: ColumnarRunIndex, count: int, rounds: int) -> None:
    choose = random.Random(1)
    begin = time.perf_counter()
    for first in range(1, count, 500):
        index.put([make_run(number, choose) for number in range(first, first + 500)])
    took = time.perf_counter() - begin
    print(f"index {count} runs: {took:.1f} s, memory {memory_mb()} MB", flush=True)

    def order(*sort: str) -> list[SortKey]:
        return [SortKey(Field(parse_path(key.lstrip("-"))), key.startswith("-")) for key in sort]

    both = parse('config.group0.parameter1 > 0.5 and config.group3.parameter30 = "adam"')
    sort = order("-summary.metric/3", "config.group5.parameter50")
    first = index.search(PROJECT, filter=both, sort=sort)
    every = parse(
        'state = "running" and tags contains "a" and name ~ "9$" and summary.metric/7 exists '
        'and group in ["group1", "group2"] and not config.group2.parameter20 < 0.3'
    )
    queries: dict[str, Callable[[], Any]] = {
        f"runs: first page of {count}, newest first": lambda: index.search(PROJECT),
        "  filtered by two keys, sorted by two": lambda: index.search(
            PROJECT, filter=both, sort=sort
        ),
        "  the next page": lambda: index.search(
            PROJECT, filter=both, sort=sort, cursor=first.cursor
        ),
        "  filtered by everything": lambda: index.search(PROJECT, filter=every),
        "  sorted by two keys, unfiltered": lambda: index.search(PROJECT, sort=sort),
        "  fields of the config": lambda: index.fields(PROJECT, "config"),
    }
    for name, work in queries.items():
        measure(name, work, rounds)
    runs = [make_run(number, choose) for number in range(1, 201)]
    measure("  200 runs put again", lambda: index.put(runs), max(3, rounds // 3))
    measure(
        "  the filtered page after that", queries["  filtered by two keys, sorted by two"], rounds
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--append-seconds", type=float, default=10)
    parser.add_argument("--url", help="a ClickHouse server instead of the embedded engine")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        pool: ClientPool = open_engine(
            None if options.url else Path(folder), options.url, memory_bytes=700 << 20
        )
        print(f"memory at start {memory_mb()} MB")
        print(f"{'milliseconds':58} {'fastest':>8} {'median':>8} {'slowest':>8}")
        measure("round trip", pool.ping, 200)
        store = ColumnarHistoryStore(pool)
        histories(store, options.rounds)
        print(f"memory {memory_mb()} MB")
        appending(store, options.append_seconds)
        if options.runs:
            searching(ColumnarRunIndex(pool), options.runs, options.rounds)
        print(f"memory at the end {memory_mb()} MB")
        pool.close()


if __name__ == "__main__":
    main()
