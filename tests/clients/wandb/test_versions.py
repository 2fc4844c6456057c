"""The smoke set: what every supported version of the client does, first row to last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.clients.wandb.conftest import Client
from tests.clients.wandb.environments import SUPPORTED, NoClient, environments
from tests.processes import ServerProcess

pytestmark = pytest.mark.clients


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    """All environments, made side by side."""
    try:
        environments()
    except NoClient as reason:
        pytest.skip(f"the clients cannot be installed: {reason}")


@pytest.fixture(params=SUPPORTED)
def each(request: pytest.FixtureRequest, server_process: ServerProcess, tmp_path: Path) -> Client:
    return Client(request.param, server_process, tmp_path / "client")


TRAIN = """
import wandb
import numpy as np
run = wandb.init(
    project=PROJECT, id="r1", name="first", group="g", job_type="train", notes="said",
    tags=["a", "b"], config={"lr": 0.1, "deep": {"a": [1, None]}},
)
for step in range(120):
    run.log({"loss": 1 / (step + 1), "nested": {"x": step}})
run.log({
    "image": wandb.Image(np.zeros((4, 6, 3), dtype=np.uint8), caption="black"),
    "histogram": wandb.Histogram(np_histogram=([1, 2], [0, 1, 2])),
    "table": wandb.Table(columns=["x", "y"], data=[[1, "a"], [2, "b"]]),
})
print("hello")
run.summary["best"] = 0.5
run.config.update({"later": True})
run.tags += ("c",)
run.alert("look", "at this", wait_duration=0)
open("weights.bin", "wb").write(b"12345")
run.save("weights.bin")
run.finish()
"""


def test_a_run_arrives(each: Client) -> None:
    project = f"smoke-{each.version}"
    program = each.run(TRAIN.replace("PROJECT", repr(project)))
    rows = each.history(project, "r1")
    assert rows[:120] == [(n, {"loss": 1 / (n + 1), "nested.x": n}) for n in range(120)]
    ((step, media),) = rows[120:]
    assert step == 120
    assert {key: value["_type"] for key, value in media.items()} == {
        "image": "image-file",
        "histogram": "histogram",
        "table": "table-file",
    }
    run = each.get(f"{project}/runs/r1")
    assert {
        key: run[key]
        for key in (
            "state", "exit_code", "display_name", "group", "job_type", "notes", "tags", "config",
        )
    } == {
        "state": "finished",
        "exit_code": 0,
        "display_name": "first",
        "group": "g",
        "job_type": "train",
        "notes": "said",
        "tags": ["a", "b", "c"],
        "config": {"lr": 0.1, "deep": {"a": [1, None]}, "later": True},
    }  # fmt: skip
    assert run["summary"]["best"] == 0.5
    assert run["summary"]["nested"] == {"x": 119}
    assert run["environment"]["client"] == f"wandb {each.version}"
    files = {item["path"]: item["size"] for item in each.get(f"{project}/runs/r1/files")["items"]}
    assert files["weights.bin"] == 5
    assert files[media["image"]["path"]] == media["image"]["size"]
    assert {"config.yaml", "output.log", "wandb-metadata.json"} <= files.keys()
    texts = [line["text"] for line in each.get(f"{project}/runs/r1/logs")["items"]]
    assert "hello" in texts
    assert program.output.count("Fatal error") == 0


def test_a_run_is_read_back(each: Client) -> None:
    project = f"read-back-{each.version}"
    found = each.result(
        TRAIN.replace("PROJECT", repr(project))
        + f"""
import json
api = wandb.Api()
run = api.run("admin/{project}/r1")
print(json.dumps({{
    "runs": [each.id for each in api.runs("admin/{project}")],
    "filtered": [each.id for each in api.runs("admin/{project}", {{"config.lr": 0.1}})],
    "none": [each.id for each in api.runs("admin/{project}", {{"tags": "nothing"}})],
    "config": run.config,
    "best": run.summary["best"],
    "tags": run.tags,
    "sampled": len(run.history(keys=["loss"], samples=10, pandas=False)),
    "scanned": sum(row["nested.x"] for row in run.scan_history(keys=["nested.x"])),
    "whole": len(list(run.scan_history())),
    "file": run.file("weights.bin").download(replace=True).read(),
    "projects": "{project}" in [each.name for each in api.projects("admin")],
    "table": api.artifact("admin/{project}/run-r1-table:latest").get("table").data,
    "made": [each.type for each in run.logged_artifacts()],
}}))
"""
    )
    assert found == {
        "runs": ["r1"],
        "filtered": ["r1"],
        "none": [],
        "config": {"lr": 0.1, "deep": {"a": [1, None]}, "later": True},
        "best": 0.5,
        "tags": ["a", "b", "c"],
        "sampled": 10,
        "scanned": sum(range(120)),
        "whole": 121,
        "file": "12345",
        "projects": True,
        "table": [[1, "a"], [2, "b"]],
        "made": ["run_table"],
    }


def test_a_run_is_resumed(each: Client) -> None:
    project = f"resumed-{each.version}"
    for start in (0, 10):
        each.run(
            f"""
            import wandb
            run = wandb.init(project="{project}", id="r1", resume="allow")
            for n in range({start}, {start} + 10):
                run.log({{"n": n}})
            run.finish()
            """
        )
    assert each.history(project, "r1") == [(n, {"n": n}) for n in range(20)]
    assert each.get(f"{project}/runs/r1")["state"] == "finished"


def test_an_offline_run_is_synchronised(each: Client) -> None:
    project = f"offline-{each.version}"
    each.run(
        TRAIN.replace("PROJECT", repr(project)).replace(
            "wandb.init(", "wandb.init(mode='offline', "
        )
    )
    (folder,) = (each.directory / "wandb").glob("offline-run-*")
    for _ in range(2):
        each.run(
            f"""
            import subprocess, sys
            subprocess.run([sys.executable, "-m", "wandb", "sync", {str(folder)!r}], check=True)
            """
        )
        rows = each.history(project, "r1")
        assert rows[:120] == [(n, {"loss": 1 / (n + 1), "nested.x": n}) for n in range(120)]
        assert len(rows) == 121
        run: Any = each.get(f"{project}/runs/r1")
        assert (run["state"], run["summary"]["best"]) == ("finished", 0.5)
        files = [item["path"] for item in each.get(f"{project}/runs/r1/files")["items"]]
        assert "weights.bin" in files


ARTIFACTS = """
import json, pathlib, wandb
run = wandb.init(project=PROJECT, id="r1")
for number in range(2):
    artifact = wandb.Artifact("data", "dataset", metadata={"n": number})
    with artifact.new_file("deep/a.txt") as file:
        file.write(f"version {number}")
    with artifact.new_file("same.txt") as file:
        file.write("the same")
    run.log_artifact(artifact, aliases=["best"] if number == 0 else None).wait()
run.finish()
run = wandb.init(project=PROJECT, id="r2")
seen = {}
for alias in ("latest", "best", "v0"):
    artifact = run.use_artifact(f"data:{alias}")
    folder = pathlib.Path(artifact.download(root=f"got-{alias}"))
    seen[alias] = [artifact.version, artifact.metadata["n"], (folder / "deep/a.txt").read_text()]
run.finish()
api = wandb.Api()
found = api.artifact(f"admin/{PROJECT}/data:v1")
found.aliases.append("named")
found.save()
named = api.artifact(f"admin/{PROJECT}/data:named")
single = pathlib.Path(named.get_entry("same.txt").download(root="single")).read_text()
seen["named"] = [named.version, single, named.logged_by().id]
seen["used by"] = [each.id for each in api.artifact(f"admin/{PROJECT}/data:v0").used_by()]
print(json.dumps(seen))
"""


def test_artifacts_are_logged_used_downloaded_and_named(each: Client) -> None:
    assert each.result(ARTIFACTS.replace("PROJECT", repr(f"artifacts-{each.version}"))) == {
        "latest": ["v1", 1, "version 1"],
        "best": ["v0", 0, "version 0"],
        "v0": ["v0", 0, "version 0"],
        "named": ["v1", "the same", "r1"],
        "used by": ["r2"],
    }
