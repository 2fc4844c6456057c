"""What people read with the wandb client's public API, and with MLflow's client.

10,000 runs with 20 config and 2 summary keys, listed whole and in part; a history of a million
points, read to its last value, and one of which a scan has to leave rows out. Both clients are
unmodified, and each program's start is left out.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from benchmarks import peers, servers
from benchmarks.mlflow_rows import Filler
from benchmarks.queries import Connection, fill_mlflow, fill_runs, series
from benchmarks.report import Table
from kiseki.wire import batch as wire

COLUMNS = [
    "list {runs:,} runs (s)",
    "with config and summary (s)",
    "filter, order, first 50 (s)",
    "scan {points:,} points (s)",
    "scan a key of each 10th of {sparse:,} rows (s)",
]

WANDB = """
import json, time
import wandb
api = wandb.Api(timeout=120)
times = []
def timed(ask, expected):
    begin = time.perf_counter()
    found = ask()
    times.append(time.perf_counter() - begin)
    assert found == expected, (found, expected)
api.viewer
timed(lambda: sum(1 for _ in api.runs("admin/many", per_page=500)), {runs})
timed(lambda: sum(len(run.config) > 9 and "val/loss" in run.summary for run in
                  wandb.Api(timeout=120).runs("admin/many", per_page=500, lazy=False)), {runs})
chosen = {{"$and": [{{"config.lr": {{"$gt": 0.001}}}}, {{"config.model": "base"}}]}}
ordered = dict(filters=chosen, order="-summary_metrics.val/accuracy", per_page=50)
timed(lambda: len(wandb.Api().runs("admin/many", **ordered)[:50]), 50)
def scan(run, key):
    return sum(1 for _ in api.run("admin/charts/" + run).scan_history(keys=[key], page_size=10000))
timed(lambda: scan("long", "loss"), {points})
timed(lambda: scan("sparse", "val"), {sparse} // 10)
print(json.dumps(times))
"""

MLFLOW = """
import json, time
import mlflow
client = mlflow.MlflowClient({url!r})
times = []
def timed(ask, expected):
    begin = time.perf_counter()
    found = ask()
    times.append(time.perf_counter() - begin)
    assert found == expected, (found, expected)
client.get_experiment("0")
def pages():
    count, token = 0, None
    while True:
        page = client.search_runs([{experiment!r}], max_results=500, page_token=token)
        count += len(page)
        token = page.token
        if not token:
            return count
timed(pages, {runs})
times.append(times[0])
timed(lambda: len(client.search_runs(
    [{experiment!r}], "params.model = 'base' and metrics.`val/loss` < 1.5",
    max_results=50, order_by=["metrics.`val/accuracy` DESC"])), 50)
timed(lambda: len(client.get_metric_history("long", "loss")), {points})
timed(lambda: len(client.get_metric_history("sparse", "val")), {sparse} // 10)
print(json.dumps(times))
"""


def with_kiseki(runs: int, points: int, sparse: int) -> list[Any]:
    with servers.kiseki() as server, tempfile.TemporaryDirectory() as home:
        send = Connection(server.url, {"Authorization": f"Bearer {server.key}"})

        def post(batch: wire.Batch) -> None:
            body = msgspec.msgpack.encode(batch)
            send("POST", "/api/v1/ingest", raw=body, type=wire.CONTENT_TYPE)

        for batch in series("long", points, "charts"):
            post(batch)
        for batch in series("sparse", sparse, "charts"):
            post(batch)
        post(_tenths(sparse))
        for name in ("long", "sparse"):
            send("PATCH", f"/api/v1/projects/admin/charts/runs/{name}", {"state": "finished"})
        fill_runs(server, runs)
        environment = {
            "HOME": home,
            "WANDB_BASE_URL": server.url,
            "WANDB_API_KEY": server.key,
            "WANDB_DIR": home,
        }
        code = WANDB.format(runs=runs, points=points, sparse=sparse)
        return _row(peers.measure(code, environment=environment, directory=home, timeout=900))


def _tenths(sparse: int) -> wire.Batch:
    """Values of a second key at every tenth step."""
    steps = np.arange(0, sparse, 10, dtype="<i8")
    count = len(steps)
    return wire.Batch(
        version=wire.VERSION,
        entity=None,
        project="charts",
        run="sparse",
        writer="tenths",
        first=0,
        next=count + 1,
        history=wire.Points(
            steps=steps.tobytes(),
            times=(steps * 1000 + 1_700_000_000_000_000).astype("<i8").tobytes(),
            positions=np.arange(1, count + 1, dtype="<u8").tobytes(),
            keys=["val"],
            key=np.zeros(count, dtype="<u4").tobytes(),
            row=np.arange(count, dtype="<u4").tobytes(),
            value=(steps / 2).astype("<f8").tobytes(),
        ),
    )


def with_mlflow(runs: int, points: int, sparse: int) -> list[Any]:
    with servers.mlflow() as server, tempfile.TemporaryDirectory() as home:
        send = Connection(server.url)
        created = json.loads(send("POST", "/api/2.0/mlflow/experiments/create", {"name": "many"}))
        experiment = int(created["experiment_id"])
        with Filler(server) as filler:
            for name, key, count in (("long", "loss", points), ("sparse", "val", sparse // 10)):
                filler.run(name, 0)
                filler.history(name, key, np.random.default_rng(7).standard_normal(count).tolist())
        fill_mlflow(server, experiment, runs)
        code = MLFLOW.format(
            url=server.url, experiment=str(experiment), runs=runs, points=points, sparse=sparse
        )
        environment = {"HOME": home, "MLFLOW_DISABLE_TELEMETRY": "true"}
        directory = Path(home)
        return _row(peers.measure(code, environment=environment, directory=directory, timeout=900))


def _row(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found] * len(COLUMNS)


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks public_api")
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--sparse", type=int, default=100_000)
    parser.add_argument("--only-kiseki", action="store_true")
    options = parser.parse_args()
    sizes = {"runs": options.runs, "points": options.points, "sparse": options.sparse}
    if not peers.ensure():
        return  # both rows need the peers' clients
    table = Table(
        "The public API, with unmodified clients",
        [column.format(**sizes) for column in COLUMNS],
        digits=2,
    )
    table.add("kiseki, wandb client", *with_kiseki(**sizes))
    if not options.only_kiseki:
        table.add("mlflow", *with_mlflow(**sizes))
    table.print()


if __name__ == "__main__":
    main()
