"""Charts and run search at the server, beside MLflow and trackio, over HTTP.

The same data everywhere: a series of a million points; one key of 50 runs with 10,000 steps each;
100,000 runs with parameters and metrics. Peers that cannot take a million points through their API
in reasonable time are filled through their database. Times are medians of repeated requests over
one connection, decoding left out.
"""

from __future__ import annotations

import argparse
import http.client
import json
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec
import numpy as np

from benchmarks import peers, servers
from benchmarks.mlflow_rows import Filler
from benchmarks.report import Measurement, Table, median
from kiseki.wire import batch as wire
from kiseki.wire.records import Environment

COLUMNS = [
    "1 run × {long:,} points → 1,000 buckets (ms)",
    "50 runs × 10,000 points, one key (ms)",
    "{runs:,} runs: filter, sort, first 50 (ms)",
]


class Connection:
    """A keep-alive connection that sends and reads JSON."""

    def __init__(self, url: str, headers: dict[str, str] | None = None) -> None:
        self.http = http.client.HTTPConnection(urlsplit(url).netloc, timeout=600)
        self.headers = headers or {}
        self.last = time.monotonic()

    def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        raw: bytes | None = None,
        type: str = "",
    ) -> bytes:
        payload = raw if raw is not None else None if body is None else json.dumps(body).encode()
        content = type or "application/json"
        if time.monotonic() - self.last > 2:
            self.http.close()  # servers end connections that are idle while data is prepared
        self.last = time.monotonic()
        self.http.request(method, path, payload, {**self.headers, "Content-Type": content})
        answer = self.http.getresponse()
        data = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: HTTP {answer.status} {data[:300]!r}")
        return data


def timed(request: Callable[[], bytes], rounds: int = 15) -> Measurement:
    """Median milliseconds of repeated requests, after one that warms caches."""
    request()
    times: list[float] = []
    for _ in range(rounds):
        begin = time.perf_counter()
        request()
        times.append((time.perf_counter() - begin) * 1000)
        if sum(times) > 30_000:
            break
    return Measurement(median(times))


def series(run: str, points: int, project: str) -> list[wire.Batch]:
    """Batches of one run with one key ``loss``."""
    rng = np.random.default_rng(7)
    size = 100_000
    batches: list[wire.Batch] = []
    for begin in range(0, points, size):
        count = min(size, points - begin)
        steps = np.arange(begin, begin + count, dtype="<i8")
        batches.append(
            wire.Batch(
                version=wire.VERSION,
                entity=None,
                project=project,
                run=run,
                writer=f"w{run}",
                first=begin + 1 if begin else 0,
                next=begin + count + 1,
                start=None if begin else wire.RunStart(time=time.time(), environment=Environment()),
                history=wire.Points(
                    steps=steps.tobytes(),
                    times=(steps * 1000 + 1_700_000_000_000_000).astype("<i8").tobytes(),
                    positions=(steps + 1).astype("<u8").tobytes(),
                    keys=["loss"],
                    key=np.zeros(count, dtype="<u4").tobytes(),
                    row=np.arange(count, dtype="<u4").tobytes(),
                    value=(np.exp(-steps / points) + rng.standard_normal(count) * 0.05).tobytes(),
                ),
            )
        )
    return batches


def config_of(number: int) -> dict[str, Any]:
    rng = np.random.default_rng(number)
    return {
        "lr": float(10 ** rng.uniform(-5, -1)),
        "batch_size": int(rng.choice([16, 32, 64, 128])),
        "model": str(rng.choice(["small", "base", "large"])),
        **{f"option_{k:02d}": float(rng.random()) for k in range(17)},
    }


def summary_of(number: int) -> dict[str, float]:
    rng = np.random.default_rng(number + 1_000_000)
    return {"val/accuracy": float(rng.random()), "val/loss": float(rng.random() * 3)}


def with_kiseki(long: int, runs: int) -> list[Measurement]:
    with servers.kiseki() as server:
        send = Connection(server.url, {"Authorization": f"Bearer {server.key}"})
        post = lambda b: send(  # noqa: E731
            "POST", "/api/v1/ingest", raw=msgspec.msgpack.encode(b), type=wire.CONTENT_TYPE
        )
        for batch in series("long", long, "charts"):
            post(batch)
        for number in range(50):
            for batch in series(f"run{number:02d}", 10_000, "charts"):
                post(batch)
        fill_runs(server, runs)

        def chart(names: list[str]) -> bytes:
            return send(
                "POST",
                "/api/v1/projects/admin/charts/series",
                {"runs": names, "keys": ["loss"], "x": "step", "buckets": 1000},
            )

        many = [f"run{number:02d}" for number in range(50)]
        search = {
            "filter": 'config.lr > 0.001 and config.model = "base"',
            "sort": [{"field": "summary.val/accuracy", "descending": True}],
            "limit": 50,
        }
        return [
            timed(lambda: chart(["long"])),
            timed(lambda: chart(many)),
            timed(lambda: send("POST", "/api/v1/projects/admin/many/runs/search", search)),
        ]


def fill_runs(server: servers.Server, runs: int) -> None:
    """Runs with 20 config and 2 summary keys, through ingest with 128 connections."""

    def send_part(part: range) -> None:
        send = Connection(server.url, {"Authorization": f"Bearer {server.key}"})
        for number in part:
            batch = wire.Batch(
                version=wire.VERSION,
                entity=None,
                project="many",
                run=f"r{number:06d}",
                writer=f"w{number:06d}",
                first=0,
                next=3,
                start=wire.RunStart(time=time.time(), environment=Environment()),
                config=wire.Patch(values=config_of(number)),
                summary=wire.Patch(values=summary_of(number)),
                end=wire.RunEnd(state="finished", time=time.time(), exit_code=0),
            )
            send(
                "POST", "/api/v1/ingest", raw=msgspec.msgpack.encode(batch), type=wire.CONTENT_TYPE
            )

    threads = [
        threading.Thread(target=send_part, args=(range(first, runs, 128),)) for first in range(128)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def fill_mlflow(server: servers.Server, experiment: int, runs: int) -> None:
    """The runs of `fill_runs`."""
    with Filler(server) as filler:
        for number in range(runs):
            identity = f"{number:032x}"
            filler.run(identity, experiment)
            filler.parameters(identity, config_of(number))
            filler.latest(identity, summary_of(number))


def with_mlflow(long: int, runs: int) -> list[Measurement]:
    with servers.mlflow() as server:
        send = Connection(server.url)
        identities = [uuid.uuid4().hex for _ in range(51)]
        with Filler(server) as filler:
            for identity, count in zip(identities, [long] + [10_000] * 50, strict=True):
                filler.run(identity, 0)
                values = np.random.default_rng(7).standard_normal(count).tolist()
                filler.history(identity, "loss", values)
        created = json.loads(send("POST", "/api/2.0/mlflow/experiments/create", {"name": "many"}))
        experiment = int(created["experiment_id"])
        fill_mlflow(server, experiment, runs)

        def history(ids: list[str]) -> bytes:
            query = urlencode(
                [("run_ids", i) for i in ids] + [("metric_key", "loss"), ("max_results", 1000)]
            )
            return send("GET", f"/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?{query}")

        search = {
            "experiment_ids": [str(experiment)],
            # Parameters are text in MLflow, so its filter compares a metric instead of lr.
            "filter": "params.model = 'base' and metrics.`val/loss` < 1.5",
            "order_by": ["metrics.`val/accuracy` DESC"],
            "max_results": 50,
        }
        return [
            timed(lambda: history(identities[:1])),
            timed(lambda: history(identities[1:])),
            timed(lambda: send("POST", "/api/2.0/mlflow/runs/search", search)),
        ]


def with_trackio(long: int) -> list[Measurement | str]:
    with servers.trackio() as server:
        send = Connection(server.url, {"x-trackio-write-token": server.key})
        for name, count in [("long", long), *((f"run{n:02d}", 10_000) for n in range(50))]:
            values = np.random.default_rng(7).standard_normal(count).tolist()
            for begin in range(0, count, 10_000):
                logs = [
                    {
                        "project": "charts",
                        "run": name,
                        "run_id": name,
                        "metrics": {"loss": value},
                        "step": begin + offset,
                        "config": None,
                        "log_id": f"{name}-{begin + offset}",
                    }
                    for offset, value in enumerate(values[begin : begin + 10_000])
                ]
                send("POST", "/api/bulk_log", {"logs": logs, "hf_token": None})

        def values_of(name: str) -> bytes:
            body = {
                "project": "charts",
                "run": name,
                "run_id": name,
                "metric_name": "loss",
                "max_points": 1000,
            }
            return send("POST", "/api/get_metric_values", body)

        return [
            timed(lambda: values_of("long"), rounds=5),
            timed(lambda: b"".join(values_of(f"run{n:02d}") for n in range(50)), rounds=5),
            "not offered",
        ]


def peer(table: Table, name: str, measure: Callable[[], list[Any]]) -> None:
    """A peer that fails leaves a row that says so."""
    try:
        table.add(name, *measure())
    except (OSError, RuntimeError, http.client.HTTPException) as error:
        table.add(name, f"failed: {error}"[:80])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--only-kiseki", action="store_true")
    arguments = parser.parse_args()

    table = Table(
        "Charts and run search through HTTP",
        [column.format(long=arguments.long, runs=arguments.runs) for column in COLUMNS],
    )
    table.add("kiseki", *with_kiseki(arguments.long, arguments.runs))
    if not arguments.only_kiseki and peers.ensure():
        peer(table, "trackio", lambda: with_trackio(arguments.long))
        peer(table, "mlflow", lambda: with_mlflow(arguments.long, arguments.runs))
        # Aim's store is its own format, filled through its client at 2,000 points/s (ingest.py).
        table.add("aim", *["not filled: too slow to log"] * 3)
        table.add("tensorboardX", *["no server"] * 3)
    table.print()


if __name__ == "__main__":
    main()
