"""What many wandb clients send at once: lines of histories through `file_stream`.

Each client has a run of its own and one connection, and sends as the wandb client does: JSON lines
by their numbers, the next request when the one before has been answered. Beside it MLflow takes
the batches of as many of its clients, and trackio those of its own.
"""

from __future__ import annotations

import argparse
import http.client
import json
from urllib.parse import urlsplit

import numpy as np

from benchmarks import ingest, peers, servers
from benchmarks.ingest import KEYS, Sender, measure
from benchmarks.queries import peer
from benchmarks.report import Table

CLIENTS = 32


def bodies(number: int, requests: int, rows: int) -> list[bytes]:
    """Requests of one run: ``rows`` rows of 20 numbers each."""
    rng = np.random.default_rng(number)
    made: list[bytes] = []
    for request in range(requests):
        first = request * rows
        lines = [
            json.dumps(
                {
                    "_step": step,
                    "_timestamp": 1.7e9 + step,
                    "_runtime": step / 10,
                    **{f"metric/{key:02d}": value for key, value in enumerate(values)},
                }
            )
            for step, values in enumerate(rng.standard_normal((rows, KEYS)).tolist(), first)
        ]
        files = {"wandb-history.jsonl": {"offset": first, "content": lines}}
        made.append(json.dumps({"files": files}).encode())
    return made


def with_kiseki(clients: int, requests: int, rows: int) -> list[float | None]:
    with servers.kiseki() as server:
        headers = {"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"}
        connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
        for number in range(clients):
            path = f"/api/v1/projects/admin/stream/runs/r{number}"
            connection.request("PUT", path, b"{}", headers)
            connection.getresponse().read()
        senders = [
            Sender(
                server.url,
                f"/files/admin/stream/r{number}/file_stream",
                headers,
                iter(bodies(number, requests, rows)),
                float("inf"),
            )
            for number in range(clients)
        ]
        return measure(server, senders, rows * KEYS, None)


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks file_stream")
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--requests", type=int, default=20, help="of each client")
    parser.add_argument("--rows", type=int, default=250, help="a request, 20 numbers each")
    parser.add_argument("--peer-seconds", type=float, default=10)
    parser.add_argument("--only-kiseki", action="store_true")
    options = parser.parse_args()
    table = Table(
        f"file_stream, {options.clients} clients at once",
        ["points/s", "answer p50 (ms)", "answer p99 (ms)", "memory, libraries included (MiB)"],
        digits=0,
    )

    def row(figures: list[float | None]) -> list[float | None]:
        rate, half, most, _, _, memory = figures
        return [rate, half, most, memory]

    table.add("kiseki", *row(with_kiseki(options.clients, options.requests, options.rows)))
    if not options.only_kiseki and peers.ensure():
        seconds, clients = options.peer_seconds, options.clients
        peer(table, "trackio", lambda: row(ingest.with_trackio(seconds, clients)))
        peer(table, "mlflow", lambda: row(ingest.with_mlflow(seconds, clients)))
    table.print()


if __name__ == "__main__":
    main()
