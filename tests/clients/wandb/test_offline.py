"""A run that is synchronised later is the run that would have been written online."""

from __future__ import annotations

import shutil
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tests.clients.wandb.conftest import Client

pytestmark = pytest.mark.clients

TRAIN = """
import sys, wandb
import numpy as np
run = wandb.init(
    project=PROJECT, id="r1", name="first", group="g", job_type="train", notes="hello",
    tags=["a", "b"], config={"lr": 0.1, "nested": {"a": [1, 2], "none": None}}, mode=MODE,
)
run.define_metric("acc", summary="max")
run.define_metric("train/*", step_metric="epoch")
for step in range(200):
    row = {"n": step, "half": step / 2, "nested": {"x": -step}, "acc": 100 - abs(step - 150)}
    if step == 7:
        row |= {"nan": float("nan"), "inf": float("inf"), "text": "あ\\n", "big": 2**60 + 1}
    if step == 9:
        row["image"] = wandb.Image(np.arange(48, dtype=np.uint8).reshape(4, 4, 3))
        row["histogram"] = wandb.Histogram(np_histogram=([1, 2], [0, 1, 2]))
    run.log(row)
print("hello console")
print("a warning", file=sys.stderr)
for number in range(2):
    artifact = wandb.Artifact("data", "dataset", description="pets", metadata={"n": number})
    with artifact.new_file("deep/あ.txt") as file:
        file.write(f"version {number}")
    with artifact.new_file("same.txt") as file:
        file.write("the same")
    artifact.add_reference("tracked://somewhere/x", name="far")
    run.log_artifact(artifact, aliases=["best"] if number == 0 else None, tags=["good"])
run.summary["best"] = 3
run.config["later"] = "x"
open("saved file.txt", "w").write("saved")
run.save("saved file.txt")
run.finish()
"""

OWN = {"wandb-metadata.json", "wandb-summary.json", "config.yaml"}
"""Files that hold times of the program that wrote them."""


def _write(client: Client, project: str, mode: str) -> None:
    client.run(TRAIN.replace("PROJECT", repr(project)).replace("MODE", repr(mode)))


def _sync(client: Client, folder: Path, command: str) -> None:
    client.run(
        f"""
        import subprocess, sys
        subprocess.run(
            [sys.executable, "-m", "wandb", *{command.split()}, {str(folder)!r}], check=True
        )
        """
    )


def _offline(client: Client) -> Path:
    (folder,) = (client.directory / "wandb").glob("offline-run-*")
    return folder


def _all(client: Client, project: str) -> dict[str, Any]:
    """Everything about the run but the times at which its program ran."""
    run = client.get(f"{project}/runs/r1")
    told = ("state", "exit_code", "display_name", "group", "job_type", "notes", "tags", "config")
    files = [item["path"] for item in client.get(f"{project}/runs/r1/files")["items"]]
    lines = client.get(f"{project}/runs/r1/logs")["items"]
    return {
        "run": {name: run[name] for name in (*told, "metrics")},
        "summary": {key: v for key, v in run["summary"].items() if not key.startswith("_")},
        "history": client.history(project, "r1"),
        "paths": sorted(files),
        "bytes": {path: _bytes(client, project, path) for path in files if path not in OWN},
        "console": [(line["text"], line["level"]) for line in lines],
        "artifacts": _artifacts(client, project),
    }


def _artifacts(client: Client, project: str) -> list[Any]:
    """The versions that the run made, with their files."""
    told = ("collection", "type", "index", "aliases", "digest", "description", "metadata", "tags")
    found: list[Any] = []
    for version in client.get(f"{project}/runs/r1/outputs")["items"]:
        place = f"{project}/artifacts/collections/{version['collection']}"
        files = client.get(f"{place}/versions/v{version['index']}/files")["items"]
        listed = [(file["path"], file["digest"], file["size"]) for file in files]
        found.append(({name: version[name] for name in told}, listed))
    assert [(about["collection"], about["index"]) for about, _ in found] == [
        ("data", 0),
        ("data", 1),
    ]
    return found


def _bytes(client: Client, project: str, path: str) -> bytes:
    server = client.server
    request = urllib.request.Request(
        f"{server.url}/api/v1/projects/admin/{project}/runs/r1/files/{quote(path)}",
        headers={"Authorization": f"Bearer {server.key}"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


@pytest.mark.parametrize("command", ["sync", "beta sync"])
def test_a_synchronised_run_is_the_run_written_online(client: Client, command: str) -> None:
    name = command.replace(" ", "-")
    _write(client, f"equal-online-{name}", "online")
    _write(client, f"equal-{name}", "offline")
    online = _all(client, f"equal-online-{name}")
    folder = _offline(client)
    _sync(client, folder, command)
    assert _all(client, f"equal-{name}") == online
    _sync(client, folder, command)
    assert _all(client, f"equal-{name}") == online


def test_a_synchronisation_that_was_cut_is_repeated(client: Client) -> None:
    _write(client, "cut-online", "online")
    _write(client, "cut", "offline")
    folder = _offline(client)
    part = client.directory / "part" / folder.name
    shutil.copytree(folder, part)
    (log,) = part.glob("*.wandb")
    log.write_bytes(log.read_bytes()[: log.stat().st_size // 2])
    _sync(client, part, "sync")
    rows = client.history("cut", "r1")
    assert 0 < len(rows) < 200
    _sync(client, folder, "sync")
    assert _all(client, "cut") == _all(client, "cut-online")
