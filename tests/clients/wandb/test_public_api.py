"""`wandb.Api()`: what it reads back and what it changes."""

from __future__ import annotations

import pytest
from tests.clients.wandb.conftest import Client

pytestmark = pytest.mark.clients

TRAIN = """
import json, wandb
for name, lr in (("low", 0.1), ("high", 0.9)):
    run = wandb.init(project=PROJECT, id=name, config={"lr": lr, "deep": {"a": name}}, tags=[name])
    for step in range(1200):
        row = {"loss": step * lr, "nested": {"x": step}}
        if step == 3:
            row |= {"nan": float("nan"), "inf": float("inf"), "text": "t"}
        run.log(row)
    print("hello from", name)
    run.finish()
api = wandb.Api()
"""


def test_a_run_is_read_back(each: Client) -> None:
    project = f"read-{each.version}"
    found = each.result(
        TRAIN.replace("PROJECT", repr(project))
        + f"""
run = api.run("admin/{project}/low")
sampled = run.history(keys=["loss"], samples=7, pandas=False)
special = [row for row in run.scan_history() if row.get("text")]
with_not_a_number = run.history(keys=["nan", "inf"], pandas=False)
print(json.dumps({{
    "config": run.config,
    "summary": {{"loss": run.summary["loss"], "nested": dict(run.summary["nested"])}},
    "state": run.state,
    "tags": run.tags,
    "user": run.user.username,
    "last": run.lastHistoryStep,
    "sampled": [(row["_step"], row["loss"]) for row in sampled],
    "scanned": sum(row["nested.x"] for row in run.scan_history(keys=["nested.x"])),
    "whole": len(list(run.scan_history(page_size=500))),
    "range": [row["_step"] for row in run.scan_history(min_step=5, max_step=8)],
    "special": [(row["_step"], str(row["nan"]), str(row["inf"])) for row in special],
    "numbers": [(str(row["nan"]), str(row["inf"])) for row in with_not_a_number],
    "default": len(run.history(pandas=False)),
    "system": isinstance(run.history(stream="system", pandas=False), list),
    "files": sorted(file.name for file in run.files()),
    "output": run.file("output.log").download(replace=True).read(),
    "runs": [run.name for run in api.runs("admin/{project}", order="+created_at")],
    "filtered": [run.id for run in api.runs("admin/{project}", {{"config.lr": {{"$gt": 0.5}}}})],
    "ordered": [run.id for run in api.runs("admin/{project}", order="-summary_metrics.loss")],
    "paged": [run.id for run in api.runs("admin/{project}", per_page=1, order="+created_at")],
    "projects": "{project}" in [project.name for project in api.projects("admin")],
    "entity": api.default_entity,
}}))
"""
    )
    assert len(found.pop("runs")) == 2
    files = found.pop("files")
    assert {"config.yaml", "output.log", "wandb-metadata.json", "wandb-summary.json"} <= set(files)
    assert found.pop("output").endswith("hello from low\n")
    sampled = found.pop("sampled")
    assert len(sampled) == 7
    assert sampled[0] == [0, 0]
    assert sampled[-1] == [1199, pytest.approx(119.9)]
    assert found == {
        "config": {"lr": 0.1, "deep": {"a": "low"}},
        "summary": {"loss": pytest.approx(119.9), "nested": {"x": 1199}},
        "state": "finished",
        "tags": ["low"],
        "user": "admin",
        "last": 1199,
        "scanned": sum(range(1200)),
        "whole": 1200,
        "range": [5, 6, 7],
        "special": [[3, "nan", "inf"]],
        "numbers": [["NaN", "Infinity"]],
        "default": 500,
        "system": True,
        "filtered": ["high"],
        "ordered": ["high", "low"],
        "paged": ["low", "high"],
        "projects": True,
        "entity": "admin",
    }


def test_a_run_is_changed_and_deleted(each: Client) -> None:
    project = f"change-{each.version}"
    found = each.result(
        TRAIN.replace("PROJECT", repr(project))
        + f"""
run = api.run("admin/{project}/low")
run.config["added"] = {{"k": [1]}}
run.name = "renamed"
run.tags = ["new"]
run.notes = "said later"
run.update()
run.summary["score"] = 5
run.summary.update()
open("up load.txt", "w").write("bytes")
run.upload_file("up load.txt")
again = wandb.Api().run("admin/{project}/low")
content = again.file("up load.txt").download(replace=True).read()
again.file("up load.txt").delete()
api.run("admin/{project}/high").delete()
print(json.dumps({{
    "config": again.config,
    "score": again.summary["score"],
    "name": again.name,
    "tags": again.tags,
    "notes": again.notes,
    "content": content,
    "files": [file.name for file in wandb.Api().run("admin/{project}/low").files()],
    "left": [run.id for run in wandb.Api().runs("admin/{project}")],
}}))
"""
    )
    assert "up load.txt" not in found.pop("files")
    assert found == {
        "config": {"lr": 0.1, "deep": {"a": "low"}, "added": {"k": [1]}},
        "score": 5,
        "name": "renamed",
        "tags": ["new"],
        "notes": "said later",
        "content": "bytes",
        "left": ["low"],
    }
    run = each.get(f"{project}/runs/low")
    assert run["config"] == found["config"]
    assert run["environment"]["client"] == f"wandb {each.version}"


def test_what_is_not_there_says_so(each: Client) -> None:
    found = each.result(
        """
        import json, wandb
        api = wandb.Api()
        said = []
        for call in (
            lambda: api.run("admin/nothing/here").state,
            lambda: list(api.runs("admin/nothing")),
            lambda: api.artifact("admin/nothing/data:v0"),
            lambda: wandb.sweep({"method": "grid", "parameters": {}}, project="nothing"),
        ):
            try:
                call()
                said.append(None)
            except BaseException as error:
                said.append(f"{type(error).__name__}: {error}")
        print(json.dumps(said))
        """
    )
    assert all(found), found
    assert "Could not find run" in found[0]
    assert "Sweeps are not supported yet" in found[3]
