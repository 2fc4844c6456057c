"""Ingest through HTTP with eight runs at once, reads meanwhile, and the server's memory.

Bodies are made before the clock starts, so the senders cost little of the two cores that they
share with the server. A batch counts when its acknowledgement has arrived: with Kiseki that means
durable and visible. MLflow and trackio get the bodies that their own clients would send.
"""

from __future__ import annotations

import argparse
import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

import msgspec
import numpy as np

from benchmarks import peers, servers
from benchmarks.report import Table, median, percentile
from kiseki.wire import batch as wire
from kiseki.wire.records import Environment

RUNS = 8
KEYS = 20


def kiseki_bodies(run: str, batches: int, rows: int) -> list[bytes]:
    """Batches of one run with consecutive steps: ``rows`` rows of 20 numbers each."""
    rng = np.random.default_rng(hash(run) & 0xFFFF)
    keys = [f"metric/{number:02d}" for number in range(KEYS)]
    key = np.tile(np.arange(KEYS, dtype="<u4"), rows).tobytes()
    row = np.repeat(np.arange(rows, dtype="<u4"), KEYS).tobytes()
    now = int(time.time() * 1e6)
    bodies: list[bytes] = []
    for number in range(batches):
        first = 1 + number * rows if number else 0
        steps = np.arange(number * rows, (number + 1) * rows, dtype="<i8")
        points = wire.Points(
            steps=steps.tobytes(),
            times=(now + steps * 1000).astype("<i8").tobytes(),
            positions=(steps + 1).astype("<u8").tobytes(),
            keys=keys,
            key=key,
            row=row,
            value=rng.standard_normal(rows * KEYS).tobytes(),
        )
        body = wire.Batch(
            version=wire.VERSION,
            entity=None,
            project="ingest",
            run=run,
            writer=f"w{run}",
            first=first,
            next=1 + (number + 1) * rows,
            start=None
            if number
            else wire.RunStart(time=time.time(), environment=Environment(), group="ingest"),
            history=points,
        )
        bodies.append(msgspec.msgpack.encode(body))
    return bodies


class Sender(threading.Thread):
    """Posts bodies over one connection and notes how long each answer took."""

    def __init__(
        self, url: str, path: str, headers: Mapping[str, str], bodies: Iterator[bytes], until: float
    ) -> None:
        super().__init__(daemon=True)
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=120)
        self.path, self.headers, self.bodies, self.until = path, dict(headers), bodies, until
        self.sent = 0
        self.latencies: list[float] = []
        self.failure: str | None = None

    def run(self) -> None:
        for body in self.bodies:
            if time.monotonic() > self.until:
                return
            begin = time.perf_counter()
            while True:
                self.connection.request("POST", self.path, body, self.headers)
                answer = self.connection.getresponse()
                content = answer.read()
                if answer.status != 503:
                    break
                time.sleep(0.05)
            if answer.status >= 300:
                self.failure = f"HTTP {answer.status}: {content[:200]!r}"
                return
            self.latencies.append(time.perf_counter() - begin)
            self.sent += 1


class Watch(threading.Thread):
    """Reads a chart and the server's memory while others write."""

    def __init__(self, server: servers.Server, read: Callable[[], None] | None) -> None:
        super().__init__(daemon=True)
        self.server, self.read = server, read
        self.done = threading.Event()
        self.reads: list[float] = []
        self.memory = 0.0

    def run(self) -> None:
        while not self.done.wait(0.1):
            self.memory = max(self.memory, self.server.memory_mib())
            if self.read:
                begin = time.perf_counter()
                self.read()
                self.reads.append((time.perf_counter() - begin) * 1000)


def measure(
    server: servers.Server,
    senders: list[Sender],
    points_a_body: int,
    read: Callable[[], None] | None,
) -> list[float | None]:
    """Points a second, p50 and p99 of the acknowledgement, p50 and max of reads, MiB."""
    watch = Watch(server, read)
    begin = time.monotonic()
    for sender in senders:
        sender.start()
    watch.start()
    for sender in senders:
        sender.join()
    elapsed = time.monotonic() - begin
    watch.done.set()
    watch.join()
    failures = {sender.failure for sender in senders if sender.failure}
    if failures:
        raise RuntimeError("; ".join(sorted(failures)))
    latencies = [1000 * value for sender in senders for value in sender.latencies]
    return [
        sum(sender.sent for sender in senders) * points_a_body / elapsed,
        median(latencies),
        percentile(latencies, 0.99),
        median(watch.reads) if watch.reads else None,
        max(watch.reads) if watch.reads else None,
        watch.memory,
    ]


def with_kiseki(batches: int, rows: int) -> list[float | None]:
    bodies = [kiseki_bodies(f"run{number}", batches, rows) for number in range(RUNS)]
    with servers.kiseki() as server:
        headers = {"Authorization": f"Bearer {server.key}", "Content-Type": wire.CONTENT_TYPE}
        reader = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
        query = json.dumps(
            {"runs": ["run0"], "keys": ["metric/00"], "x": "step", "buckets": 1000}
        ).encode()

        def read() -> None:
            reader.request(
                "POST",
                "/api/v1/projects/admin/ingest/series",
                query,
                {**headers, "Content-Type": "application/json"},
            )
            answer = reader.getresponse()
            answer.read()
            if answer.status not in (200, 404):  # 404 until the first batch made the run
                raise RuntimeError(f"series: HTTP {answer.status}")

        senders = [
            Sender(server.url, "/api/v1/ingest", headers, iter(each), float("inf"))
            for each in bodies
        ]
        return measure(server, senders, rows * KEYS, read)


def _cycle(make: Callable[[int], bytes]) -> Iterator[bytes]:
    number = 0
    while True:
        yield make(number)
        number += 1


def with_mlflow(seconds: float, runs: int = RUNS) -> list[float | None]:
    with servers.mlflow() as server:
        headers = {"Content-Type": "application/json"}

        def post(path: str, body: object) -> dict[str, object]:
            connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
            connection.request("POST", path, json.dumps(body), headers)
            return json.loads(connection.getresponse().read())

        ids: list[str] = []
        for _ in range(runs):
            created = post("/api/2.0/mlflow/runs/create", {"experiment_id": "0", "start_time": 0})
            ids.append(created["run"]["info"]["run_id"])  # type: ignore[index]

        def bodies(run: str) -> Callable[[int], bytes]:
            def make(number: int) -> bytes:
                metrics = [
                    {"key": f"metric{k:02d}", "value": 0.5 * k, "timestamp": 1, "step": step}
                    for step in range(number * 50, number * 50 + 50)
                    for k in range(KEYS)
                ]
                return json.dumps({"run_id": run, "metrics": metrics}).encode()

            return make

        until = time.monotonic() + seconds
        senders = [
            Sender(
                server.url, "/api/2.0/mlflow/runs/log-batch", headers, _cycle(bodies(run)), until
            )
            for run in ids
        ]
        return measure(server, senders, 50 * KEYS, None)


def with_trackio(seconds: float, runs: int = RUNS) -> list[float | None]:
    with servers.trackio() as server:
        headers = {"Content-Type": "application/json", "x-trackio-write-token": server.key}

        def bodies(run: str) -> Callable[[int], bytes]:
            def make(number: int) -> bytes:
                logs = [
                    {
                        "project": "ingest",
                        "run": run,
                        "run_id": run,
                        "metrics": {f"metric/{k:02d}": 0.5 * k for k in range(KEYS)},
                        "step": step,
                        "config": None,
                        "log_id": f"{run}-{step}",
                    }
                    for step in range(number * 1000, number * 1000 + 1000)
                ]
                return json.dumps({"logs": logs, "hf_token": None}).encode()

            return make

        until = time.monotonic() + seconds
        senders = [
            Sender(server.url, "/api/bulk_log", headers, _cycle(bodies(f"run{n}")), until)
            for n in range(runs)
        ]
        return measure(server, senders, 1000 * KEYS, None)


AIM = """
import json, multiprocessing, time
import aim

def work(number):
    run = aim.Run(repo="aim://{address}", log_system_params=False, capture_terminal_logs=False)
    until = time.monotonic() + {seconds}
    step = 0
    while time.monotonic() < until:
        for key in range({keys}):
            run.track(0.5 * key, name=f"metric{{key:02d}}", step=step)
        step += 1
    run.close()
    return step * {keys}

begin = time.monotonic()
with multiprocessing.Pool({runs}) as pool:
    points = sum(pool.map(work, range({runs})))
print(json.dumps(points / (time.monotonic() - begin)))
"""


def with_aim(seconds: float) -> list[float | str | None]:
    """Aim takes points one by one through its own client, here one process a run."""
    with servers.aim() as server:
        code = AIM.format(
            address=urlsplit(server.url).netloc, seconds=seconds, keys=KEYS, runs=RUNS
        )
        rate = peers.measure(code, directory=server.data)
        return [rate, None, None, None, None, server.memory_mib()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=40, help="batches a run")
    parser.add_argument("--rows", type=int, default=2500, help="rows a batch, 20 numbers each")
    parser.add_argument("--peer-seconds", type=float, default=10)
    parser.add_argument("--only-kiseki", action="store_true")
    arguments = parser.parse_args()

    table = Table(
        f"Ingest through HTTP, {RUNS} runs at once",
        [
            "points/s",
            "ack p50 (ms)",
            "ack p99 (ms)",
            "chart meanwhile p50 (ms)",
            "max (ms)",
            "memory (MiB)",
        ],
        digits=0,
    )
    table.add("kiseki", *with_kiseki(arguments.batches, arguments.rows))
    if not arguments.only_kiseki and peers.ensure():
        table.add("trackio", *with_trackio(arguments.peer_seconds))
        table.add("mlflow", *with_mlflow(arguments.peer_seconds))
        table.add("aim", *with_aim(arguments.peer_seconds))
        table.add("tensorboardX", "no server")
    table.print()


if __name__ == "__main__":
    main()
