"""Artifacts up and down: one large file, many small ones, and a second version of which one file
changed.

Kiseki's figures are those of its HTTP interface with plain requests on a few connections, and those
of the unmodified wandb client; MLflow's are those of its client through its server's artifact
proxy.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import httpx

from benchmarks import peers, servers
from benchmarks.report import Table

CONNECTIONS = 8
BATCH = 1000
PLACE = "/api/v1/projects/admin/bench/artifacts"
PIECE = 1 << 20

MLFLOW = """
import json, os, sys, time, tempfile
import mlflow
mlflow.set_tracking_uri({url!r})
mlflow.set_experiment("bench")
client = mlflow.MlflowClient()
run = client.create_run(mlflow.get_experiment_by_name("bench").experiment_id).info.run_id
begin = time.perf_counter()
client.log_artifacts(run, {folder!r})
up = time.perf_counter() - begin
with tempfile.TemporaryDirectory() as target:
    begin = time.perf_counter()
    client.download_artifacts(run, "", target)
    down = time.perf_counter() - begin
print(json.dumps([up, down]))
"""

WANDB = """
import json, os, sys, tempfile, time
import wandb
run = wandb.init(project="bench", settings=wandb.Settings(console="off", silent=True))
artifact = wandb.Artifact({name!r}, "dataset")
begin = time.perf_counter()
artifact.add_dir({folder!r}, skip_cache=True)
run.log_artifact(artifact).wait()
up = time.perf_counter() - begin
run.finish()
found = wandb.Api().artifact("bench/" + {name!r} + ":latest")
with tempfile.TemporaryDirectory() as target:
    begin = time.perf_counter()
    found.download(root=target, skip_cache=True)
    down = time.perf_counter() - begin
    count = sum(len(files) for _, _, files in os.walk(target))
assert count == sum(len(files) for _, _, files in os.walk({folder!r})), count
print(json.dumps([up, down]))
"""


class Client:
    """What an artifact client does, with nothing around it."""

    def __init__(self, server: servers.Server) -> None:
        self._http = httpx.Client(
            base_url=server.url,
            headers={"Authorization": f"Bearer {server.key}"},
            timeout=600,
            limits=httpx.Limits(max_connections=CONNECTIONS),
        )

    def log(self, name: str, folder: Path) -> float:
        """Log a folder; how many seconds it took, digests included."""
        begin = time.perf_counter()
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            digests = list(pool.map(_md5, paths))
            entries = [
                {"path": str(path.relative_to(folder)), "digest": digest, "size": size}
                for path, (digest, size) in zip(paths, digests, strict=True)
            ]
            whole = hashlib.md5(repr(entries).encode(), usedforsecurity=False).hexdigest()
            draft = {"type": "dataset", "collection": name, "digest": whole}
            id = self._post(f"{PLACE}/versions", draft)["id"]
            place = f"/api/v1/artifacts/versions/{id}"
            for start in range(0, len(entries), BATCH):
                planned = self._post(f"{place}/files", {"files": entries[start : start + BATCH]})
                wanted = [file for file in planned["files"] if file["url"] is not None]
                list(pool.map(lambda file: self._put(file["url"], folder / file["path"]), wanted))
        self._post(f"{place}/commit", {"entries": entries})
        return time.perf_counter() - begin

    def download(self, name: str, target: Path) -> float:
        """Download the newest version; how many seconds it took."""
        begin = time.perf_counter()
        place = f"{PLACE}/collections/{name}/versions/latest/files"
        files: list[Any] = []
        cursor: str | None = None
        while True:
            params = {"limit": "10000", "addresses": "true"}
            params |= {} if cursor is None else {"cursor": cursor}
            page = self._http.get(place, params=params).raise_for_status().json()
            files += page["items"]
            cursor = page["cursor"]
            if cursor is None:
                break
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            list(pool.map(lambda file: self._get(file["url"], target / file["path"]), files))
        return time.perf_counter() - begin

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        return self._http.post(path, json=body).raise_for_status().json()

    def _put(self, url: str, path: Path) -> None:
        size = str(path.stat().st_size)
        answer = self._http.put(url, content=_pieces(path), headers={"Content-Length": size})
        answer.raise_for_status()

    def _get(self, url: str, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        with self._http.stream("GET", url) as answer, target.open("wb") as file:
            answer.raise_for_status()
            for piece in answer.iter_bytes(PIECE):
                file.write(piece)


class Memory:
    """The most memory of its own that a server had, looked at ten times a second."""

    def __init__(self, server: servers.Server) -> None:
        self._server = server
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.most = server.own_memory_mib()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.1):
            self.most = max(self.most, self._server.own_memory_mib())


def _md5(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "md5").digest()
    return base64.b64encode(digest).decode(), path.stat().st_size


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


def _large(folder: Path, mib: int) -> Path:
    """One file of random bytes."""
    folder.mkdir()
    with (folder / "large.bin").open("wb") as file:
        for _ in range(mib):
            file.write(os.urandom(1 << 20))
    return folder


def _small(folder: Path, count: int) -> Path:
    """Files of 1 KiB, a hundred in a folder."""
    for number in range(count):
        path = folder / f"{number // 100:03}" / f"{number:05}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(1024))
    return folder


def _ours(large: Path, small: Path, target: Path) -> Sequence[float]:
    with servers.kiseki() as server:
        client = Client(server)
        idle = [server.memory_mib(), server.own_memory_mib()]
        with Memory(server) as memory:
            figures = [client.log("large", large), client.download("large", target / "large")]
            figures += [client.log("small", small), client.download("small", target / "small")]
            changed = next(small.rglob("*.bin"))
            changed.write_bytes(os.urandom(1024))
            figures.append(client.log("small", small))
    return [*figures, *idle, memory.most]


def _wandb(large: Path, small: Path) -> Sequence[float | str]:
    """The same with the wandb client on a new server; its caches are empty."""
    with servers.kiseki() as server, tempfile.TemporaryDirectory() as home:
        environment = {
            "HOME": home,
            "WANDB_BASE_URL": server.url,
            "WANDB_API_KEY": server.key,
            "WANDB_DIR": home,
        }
        idle = [server.memory_mib(), server.own_memory_mib()]
        figures: list[float | str] = []
        with Memory(server) as memory:
            for folder in (large, small, small):
                if figures:
                    next(folder.rglob("*.bin")).write_bytes(os.urandom(1024))
                code = WANDB.format(name=folder.name, folder=str(folder))
                found = peers.measure(code, environment=environment, directory=home, timeout=900)
                figures += found if isinstance(found, list) else [found, found]
        return [*figures[:5], *idle, memory.most]


def _theirs(large: Path, small: Path) -> Sequence[float | str]:
    """The same with MLflow, whose second version sends every file again."""
    with servers.mlflow() as server:
        figures: list[float | str] = []
        for folder in (large, small, small):
            code = MLFLOW.format(url=server.url, folder=str(folder))
            environment = {"MLFLOW_DISABLE_TELEMETRY": "true"}
            found = peers.measure(code, environment=environment, timeout=900)
            figures += found if isinstance(found, list) else [found, found]
        return [*figures[:5], "–", "–", server.own_memory_mib()]


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks artifacts")
    parser.add_argument("--mib", type=int, default=1024, help="size of the large file")
    parser.add_argument("--files", type=int, default=10_000, help="how many small files")
    parser.add_argument("--peer-files", type=int, default=1_000, help="so many of them for MLflow")
    options = parser.parse_args()
    table = Table(
        f"Artifacts: {options.mib} MiB in one file, {options.files:,} files of 1 KiB",
        (
            "large up (s)",
            "large down (s)",
            "small up (s)",
            "small down (s)",
            "second version, one file changed (s)",
            "memory idle, libraries included (MiB)",
            "own memory idle (MiB)",
            "own memory at most (MiB)",
        ),
        digits=2,
    )
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        large = _large(home / "large", options.mib)
        small = _small(home / "small", options.files)
        table.add("kiseki", *_ours(large, small, home / "down"))
        if peers.ensure():
            table.add("kiseki, wandb client", *_wandb(large, small))
            fewer = _small(home / "fewer", options.peer_files)
            label = f"mlflow ({options.peer_files:,} small files)"
            try:
                table.add(label, *_theirs(large, fewer))
            except RuntimeError as error:  # the others' rows stand without it
                table.add(label, str(error).partition("\n")[0])
    print(table.render())


if __name__ == "__main__":
    main()
