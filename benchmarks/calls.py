"""Traces: calls taken in through HTTP, and the questions that a page about them asks.

Kiseki gets what the weave client sends: batches of finished calls on a few connections, each
acknowledged when it is on disk. MLflow gets spans through its own client and server, far fewer,
and is asked what it offers of the same questions. Memory and disk are those of the server.
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec

from benchmarks import peers, servers
from benchmarks.report import Table

CONNECTIONS = 8
BATCH = 1_000
IN_TRACE = 10
ROUNDS = 9
START = datetime(2026, 11, 1, tzinfo=UTC)
WORDS = ("retrieve", "answer", "judge", "rank", "embed", "search", "summary", "rewrite", "plan")
PROJECT = "admin/bench"
TRACES = "/traces"

MLFLOW = """
import json, time
import mlflow
mlflow.set_tracking_uri({url!r})
mlflow.set_experiment("bench")
begin = time.perf_counter()
for trace in range({traces}):
    with mlflow.start_span("root") as root:
        root.set_inputs({{"question": "what is " + str(trace), "model": "m" + str(trace % 5)}})
        for child in range({inside} - 1):
            with mlflow.start_span("step") as span:
                span.set_inputs({{"text": "x" * 700}})
                span.set_outputs({{"text": "y" * 700}})
if hasattr(mlflow, "flush_trace_async_logging"):
    mlflow.flush_trace_async_logging()
ingest = time.perf_counter() - begin
client = mlflow.MlflowClient()
ids = [mlflow.get_experiment_by_name("bench").experiment_id]
def timed(ask):
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        ask()
        times.append(time.perf_counter() - begin)
    return sorted(times)[2]
newest = timed(lambda: client.search_traces(locations=ids, max_results=100, include_spans=False))
one = client.search_traces(locations=ids, max_results=1)[0].info.trace_id
whole = timed(lambda: client.get_trace(one))
print(json.dumps([{traces} * {inside} / ingest, newest * 1000, whole * 1000]))
"""


def sentences() -> list[str]:
    """Texts of 60 words, to choose from: to make one for each call would be part of the time."""
    chance = random.Random(5)
    return [" ".join(chance.choices(WORDS, k=60)) for _ in range(5_000)]


def batches(count: int) -> Iterator[bytes]:
    """Calls as the weave client sends them, 10 to a trace, about 2 kB each."""
    chance, texts = random.Random(7), sentences()
    number = 0
    while number < count:
        batch: list[dict[str, Any]] = []
        for _ in range(min(BATCH, count - number)):
            batch.append(_call(number, chance, texts))
            number += 1
        yield msgspec.json.encode({"batch": batch})


def _call(number: int, chance: random.Random, texts: list[str]) -> dict[str, Any]:
    trace, place = divmod(number, IN_TRACE)
    at = START + timedelta(milliseconds=number * 500)
    op = WORDS[place % len(WORDS)]
    tokens = chance.randrange(10, 2_000)
    # One trace is large, so that there is a large one to open.
    trace = 0 if number < 1_000 else trace
    return {
        "project_id": PROJECT,
        "id": f"01a205a3-5482-7309-b7ca-{number:012d}",
        "trace_id": f"01a205a3-547b-7eab-bdaa-{trace:012d}",
        "parent_id": None if place == 0 else f"01a205a3-5482-7309-b7ca-{number - place:012d}",
        "op_name": f"weave:///{PROJECT}/op/{op}:UgFTz0aAsAuKAjdJIJ1BFYTKJYWYFOiqf6P4abcdefg",
        "started_at": at.isoformat(),
        "ended_at": (at + timedelta(milliseconds=chance.expovariate(1 / 300))).isoformat(),
        "attributes": {"weave": {"client_version": "0.54.0", "source": "python-sdk"}},
        "inputs": {
            "model": f"gpt-{number % 5}",
            "temperature": (number % 20) / 10,
            "question": texts[chance.randrange(len(texts))],
            "messages": [{"role": "user", "content": "z" * 200}],
            "rare": f"needle-{number}" if number % 50_000 == 0 else "hay",
        },
        "output": {"text": texts[chance.randrange(len(texts))], "score": chance.random()},
        "summary": {
            "status_counts": {"success": 1, "error": 0},
            "usage": {
                f"gpt-{number % 5}": {
                    "prompt_tokens": tokens,
                    "completion_tokens": tokens // 3,
                    "requests": 1,
                }
            },
        },
    }


class Kiseki:
    """What a client and a page ask of the server."""

    def __init__(self, server: servers.Server) -> None:
        self.http = httpx.Client(
            base_url=server.url,
            headers={"Authorization": f"Bearer {server.key}"},
            timeout=600,
            limits=httpx.Limits(max_connections=CONNECTIONS),
        )

    def send(self, body: bytes) -> None:
        path = f"{TRACES}/v2/{PROJECT}/calls/complete"
        answer = self.http.post(path, content=body, headers={"Content-Type": "application/json"})
        answer.raise_for_status()

    def calls(self, **asked: Any) -> bytes:
        answer = self.http.post(
            f"{TRACES}/calls/stream_query", json={"project_id": PROJECT, **asked}
        )
        answer.raise_for_status()
        return answer.content

    def count(self, tree: Any) -> int:
        asked = {"project_id": PROJECT, "query": {"$expr": tree}}
        return self.http.post(f"{TRACES}/calls/query_stats", json=asked).json()["count"]

    def timeline(self, count: int) -> bytes:
        end = START + timedelta(milliseconds=count * 500)
        hours = max(1, min(1_000, int((end - START) / timedelta(hours=1))))
        answer = self.http.get(
            f"/api/v1/projects/{PROJECT}/calls/timeline",
            params={"start": START.isoformat(), "end": end.isoformat(), "buckets": hours},
        )
        answer.raise_for_status()
        return answer.content


def timed(ask: Callable[[], Any]) -> float:
    """Median of some rounds after one to warm up, in milliseconds."""
    ask()
    times: list[float] = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        ask()
        times.append((time.perf_counter() - began) * 1_000)
    return statistics.median(times)


def ours(count: int) -> list[float]:
    with servers.kiseki() as server:
        client = Kiseki(server)
        client.http.post(f"{TRACES}/calls/query_stats", json={"project_id": PROJECT})
        bodies = batches(count)
        lock = threading.Lock()
        spent = 0.0

        def work() -> None:
            while True:
                with lock:
                    body = next(bodies, None)
                if body is None:
                    return
                client.send(body)

        began = time.perf_counter()
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            for done in [pool.submit(work) for _ in range(CONNECTIONS)]:
                done.result()
        spent = time.perf_counter() - began
        newest = {"sort_by": [{"field": "started_at", "direction": "desc"}], "limit": 100}
        roots = {"filter": {"trace_roots_only": True}, **newest}
        light = {**roots, "columns": ["id", "op_name", "started_at", "ended_at", "summary"]}
        model = {"$eq": [{"$getField": "inputs.model"}, {"$literal": "gpt-3"}]}
        rare = {"$contains": {"input": {"$getField": "inputs"}, "substr": {"$literal": "needle-"}}}
        large = {"filter": {"trace_ids": [f"01a205a3-547b-7eab-bdaa-{0:012d}"]}}
        assert client.count(rare) == -(-count // 50_000)
        return [
            count / spent,
            timed(lambda: client.calls(**light)),
            timed(lambda: client.calls(**roots)),
            timed(lambda: client.count(model)),
            timed(lambda: client.count(rare)),
            timed(lambda: client.calls(**large)),
            timed(lambda: client.timeline(count)),
            server.memory_mib(),
            _size(server) / count,
        ]


def _size(server: servers.Server) -> float:
    """Bytes of the data directory."""
    out = subprocess.run(["du", "-sb", server.data], capture_output=True, text=True, check=True)
    return float(out.stdout.split()[0])


def theirs(spans: int) -> list[float | str]:
    with servers.mlflow() as server:
        code = MLFLOW.format(url=server.url, traces=spans // IN_TRACE, inside=IN_TRACE)
        found = peers.measure(code, timeout=1_800)
        if isinstance(found, str):
            return [found] * 9
        rate, newest, whole = found
        no = "not offered"
        return [rate, newest, no, no, no, whole, no, server.memory_mib(), no]


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks calls")
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--peer-spans", type=int, default=10_000)
    options = parser.parse_args()
    table = Table(
        f"Traces: {options.calls:,} calls of 2 kB (MLflow: {options.peer_spans:,} spans)",
        (
            "ingest (calls/s)",
            "newest 100 roots (ms)",
            "the same with bodies (ms)",
            "count by one input (ms)",
            "count by part of inputs (ms)",
            "trace of 1,000 (MLflow: 10) (ms)",
            "by hour: percentiles, tokens (ms)",
            "memory (MiB)",
            "disk (bytes per call)",
        ),
    )
    table.add("kiseki", *ours(options.calls))
    if peers.ensure():
        table.add("mlflow", *theirs(options.peer_spans))
    print(table.render())


if __name__ == "__main__":
    main()
