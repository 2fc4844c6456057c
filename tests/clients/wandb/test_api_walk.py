"""All that `wandb.Api()` reads and changes, once, with every version that asks as we describe it.

Each entry of what the program says is one promise; filters, orders, exports, registries, teams
and artifacts in depth have tests of their own.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.clients.wandb.conftest import Client
from tests.clients.wandb.environments import SUPPORTED
from tests.processes import ServerProcess

pytestmark = pytest.mark.clients


@pytest.fixture(params=SUPPORTED[:3])
def each(request: pytest.FixtureRequest, server_process: ServerProcess, tmp_path: Path) -> Client:
    return Client(request.param, server_process, tmp_path / "client")


PROGRAM = """
import json, os, wandb
os.makedirs("deep")
open("deep/notes.txt", "w").write("kept")
with wandb.init(project=PROJECT, id="a", name="First", config={"lr": 0.1, "deep": {"er": [1]}},
                group="g", job_type="train", tags=["t"], notes="n", settings=QUICK) as run:
    for step in range(40):
        row = {"loss": 1 / (step + 1), "deep": {"x": step}, "text": f"s{step}"}
        if step % 4 == 0:
            row |= {"val": step, "flag": step == 0, "pic": wandb.Histogram([1, 2, 2])}
        run.log(row)
    print("said")
    data = wandb.Artifact("data", "dataset")
    data.add_file("deep/notes.txt")
    run.log_artifact(data, aliases=["best"]).wait()
    run.save("deep/notes.txt")
with wandb.init(project=PROJECT, id="b", settings=QUICK) as run:
    run.use_artifact("data:best")
    run.log({"loss": 2})

api = wandb.Api()
path = "admin/" + PROJECT
said = {}

def say(name, ask):
    try:
        said[name] = ask()
    except BaseException as error:
        said[name] = f"{type(error).__name__}: {error}"

run = api.run(path + "/a")
# A run's own fields
say("fields", lambda: [run.id, run.name, run.state, run.group, run.job_type, run.tags, run.notes,
                       run.entity, run.project, run.path, run.user.username, run.sweep_name])
say("times", lambda: run.created_at <= run.heartbeatAt)
say("config", lambda: run.config)
say("raw config", lambda: json.loads(run.json_config)["lr"]["value"])
say("summary", lambda: [run.summary["deep"]["x"], run.summary.get("nothing")])
say("metadata", lambda: run.metadata["program"] is not None)
say("url", lambda: run.url.endswith("/" + path + "/runs/a"))
say("html", lambda: run.to_html().startswith("<iframe"))
say("whole", lambda: api.run(path + "/a").load(force=True)["state"])
say("waited", lambda: run.wait_until_finished())
say("light", lambda: [r.id for r in api.runs(path, lazy=True, order="+created_at")])
say("full", lambda: [dict(r.config) for r in api.runs(path, lazy=False, order="+created_at")])
say("count", lambda: [len(api.runs(path)), len(api.runs(path, {"group": "g"}))])
say("slice", lambda: [r.id for r in api.runs(path, order="+created_at", per_page=1)[0:2]])
say("histories", lambda: len(api.runs(path).histories(samples=3, keys=["loss"], format="default")))
# The history
def keys():
    found = api.runs(path, {"name": "a"}, lazy=False)[0].history_keys["keys"]
    return {key: {t["type"]: t["count"] for t in found[key]["typeCounts"] if "count" in t}
            for key in found}
say("keys", keys)
say("last step", lambda: run.lastHistoryStep)
say("sampled", lambda: [r["loss"] for r in run.history(samples=4, keys=["loss"], pandas=False)])
say("again", lambda: run.history(samples=4, keys=["loss"], pandas=False)
    == run.history(samples=4, keys=["loss"], pandas=False))
say("both keys", lambda: len(run.history(keys=["loss", "val"], pandas=False)))
say("x axis", lambda: sorted(run.history(keys=["loss"], x_axis="_timestamp", pandas=False)[0]))
say("rows", lambda: len(run.history(pandas=False)))
say("scan", lambda: [r["_step"] for r in run.scan_history()] == list(range(40)))
say("scan of keys", lambda: [r["val"] for r in run.scan_history(keys=["val", "deep.x"])])
part = lambda: run.scan_history(min_step=38, max_step=100, keys=["_step", "text"])
say("scan of a part", lambda: [(r["_step"], r["text"]) for r in part()])
pages = lambda: run.scan_history(keys=["deep.x"], page_size=7)
say("scan in pages", lambda: sum(r["deep.x"] for r in pages()))
say("typed", lambda: next(iter(run.scan_history(keys=["pic"])))["pic"]["_type"])
say("exports", lambda: len(run.download_history_exports("x").paths))
# Files
say("files", lambda: {"deep/notes.txt", "output.log"} <= {f.name for f in run.files()})
say("files by name", lambda: [f.name for f in run.files(["deep/notes.txt", "nothing"]) if f.size])
say("files by pattern", lambda: [f.name for f in run.files(pattern="deep/%")])
say("files in pages", lambda: len(list(run.files(per_page=2))) == len(run.files()))
file = run.file("deep/notes.txt")
say("file", lambda: [file.size, file.mimetype, file.md5 is not None, len(file.updated_at) > 0])
say("file's text", lambda: file.download(root="got").read())
say("file is there", lambda: file.download(root="got"))
say("no file", lambda: run.file("nothing").download(root="got"))
open("more.txt", "w").write("more")
say("uploaded", lambda: run.upload_file("more.txt").name)
say("deleted", lambda: run.file("more.txt").delete())
say("gone", lambda: [f.name for f in api.run(path + "/a").files(["more.txt"]) if f.size])
# Artifacts of runs
say("logged", lambda: [x.name for x in run.logged_artifacts() if x.type == "dataset"])
say("used", lambda: [x.name for x in api.run(path + "/b").used_artifacts()])
say("used by", lambda: [r.id for r in api.artifact(path + "/data:best").used_by()])
say("logged by", lambda: api.artifact(path + "/data:best").logged_by().id)
say("uses", lambda: api.run(path + "/a").use_artifact(api.artifact(path + "/data:v0")).name)
say("types", lambda: sorted(t.name for t in api.artifact_types(path) if t.name == "dataset"))
say("type", lambda: [c.name for c in api.artifact_type("dataset", path).collections()])
say("collections", lambda: [c.name for c in api.artifact_collections(path, "dataset")])
say("collection", lambda: [api.artifact_collection("dataset", path + "/data").aliases])
say("versions", lambda: [x.name for x in api.artifacts("dataset", path + "/data", per_page=1)])
say("there", lambda: [api.artifact_exists(path + "/data:v0"),
                      api.artifact_exists(path + "/data:v9"),
                      api.artifact_collection_exists(path + "/data", "dataset"),
                      api.artifact_collection_exists(path + "/nothing", "dataset")])
# Changes
def change():
    changed = api.run(path + "/a")
    changed.config["new"] = {"k": 1}
    changed.name, changed.tags, changed.group = "Renamed", ["u"], "h"
    changed.notes, changed.job_type = "later", "eval"
    changed.update()
    changed.summary.update({"score": 5, "best": {"a": 1}})
    again = wandb.Api().run(path + "/a")
    return [again.config["new"], again.name, again.tags, again.group, again.notes, again.job_type,
            again.summary["score"], again.summary["best"]["a"]]
say("changed", change)
made = lambda: api.create_run(run_id="made", project=PROJECT, entity="admin")
say("made", lambda: [made().id, api.run(path + "/made").state])
say("not to be changed", lambda: api.run(path + "/a").update_state("pending"))
say("run deleted", lambda: api.run(path + "/made").delete())
say("run gone", lambda: wandb.Api().run(path + "/made").state)
# Projects and people
project = api.project(PROJECT, "admin")
say("project", lambda: [project.name, project.entity, project.path, len(project.created_at) > 0])
say("its owner", lambda: project.owner.username)
say("its types", lambda: "dataset" in [t.name for t in project.artifacts_types()])
say("its collections", lambda: "data" in [c.name for c in project.collections()])
say("its sweeps", lambda: list(project.sweeps()))
say("new project", lambda: [api.create_project(PROJECT + "-2", "admin"),
                            api.create_project(PROJECT + "-2", "admin")])
say("projects", lambda: {PROJECT, PROJECT + "-2"} <= {p.name for p in api.projects("admin")})
say("by path", lambda: [api.from_path(path).name, api.from_path(path + "/a").id])
say("viewer", lambda: [api.viewer.username, api.viewer.admin, api.default_entity])
say("team", lambda: [[m.username for m in api.team("admin").members], api.team("nobody").members])
say("nobody", lambda: [api.user("nobody"), api.users("nobody")])
say("entity", lambda: wandb.Api(overrides={"entity": "admin"}).run(PROJECT + "/b").id)
say("cache", lambda: api.flush())
if hasattr(run, "console_logs"):
    console = api.run(path + "/a")
    say("stopped", console.stop)
    say("output", lambda: [(l.content, l.level) for l in console.console_logs()])
    say("its end", lambda: [l.content for l in console.console_logs(last=1)])
print(json.dumps(said, default=repr))
"""

REFUSED = {
    "file is there": "File already exists",
    "no file": "404",
    "not to be changed": "it cannot become pending again",
    "run gone": "Could not find run",
}
OF_NEWER_CLIENTS = ("stopped", "output", "its end")


def test_the_public_api_from_end_to_end(each: Client) -> None:
    project = f"walk-{each.version}"
    found = each.result(PROGRAM.replace("PROJECT", repr(project)))
    for name, text in REFUSED.items():
        assert text in found.pop(name), name
    newer = {name: found.pop(name) for name in OF_NEWER_CLIENTS if name in found}
    if newer:
        assert newer["stopped"] is None
        assert newer["output"][0] == ["said", ""]
        assert newer["its end"] == [newer["output"][-1][0]]
    scores = found.pop("sampled")
    assert (len(scores), scores[0], scores[-1]) == (4, 1, 1 / 40)
    assert found == {
        "fields": [
            "a", "First", "finished", "g", "train", ["t"], "n", "admin", project,
            ["admin", project, "a"], "admin", None,
        ],
        "times": True,
        "config": {"lr": 0.1, "deep": {"er": [1]}},
        "raw config": 0.1,
        "summary": [39, None],
        "metadata": True,
        "url": True,
        "html": True,
        "whole": "finished",
        "waited": None,
        "light": ["a", "b"],
        "full": [{"lr": 0.1, "deep": {"er": [1]}}, {}],
        "count": [2, 1],
        "slice": ["a", "b"],
        "histories": 4,
        "keys": {
            "_step": {},
            "_timestamp": {},
            "_runtime": {"number": 40},
            "deep.x": {"number": 40},
            "flag": {"boolean": 10},
            "loss": {"number": 40},
            "pic": {"histogram": 10},
            "text": {"string": 40},
            "val": {"number": 10},
        },
        "last step": 39,
        "again": True,
        "both keys": 10,
        "x axis": ["_timestamp", "loss"],
        "rows": 40,
        "scan": True,
        "scan of keys": list(range(0, 40, 4)),
        "scan of a part": [[38, "s38"], [39, "s39"]],
        "scan in pages": sum(range(40)),
        "typed": "histogram",
        "exports": 1,
        "files": True,
        "files by name": ["deep/notes.txt"],
        "files by pattern": ["deep/notes.txt"],
        "files in pages": True,
        "file": [4, "text/plain", True, True],
        "file's text": "kept",
        "uploaded": "more.txt",
        "deleted": None,
        "gone": [],
        "logged": ["data:v0"],
        "used": ["data:v0"],
        "used by": ["b"],
        "logged by": "a",
        "uses": "data:v0",
        "types": ["dataset"],
        "type": ["data"],
        "collections": ["data"],
        "collection": [["best", "latest"]],
        "versions": ["data:v0"],
        "there": [True, False, True, False],
        "changed": [{"k": 1}, "Renamed", ["u"], "h", "later", "eval", 5, 1],
        "made": ["made", "running"],
        "run deleted": None,
        "project": [project, "admin", ["admin", project], True],
        "its owner": "admin",
        "its types": True,
        "its collections": True,
        "its sweeps": [],
        "new project": [None, None],
        "projects": True,
        "by path": [project, "a"],
        "viewer": ["admin", True, "admin"],
        "team": [["admin"], []],
        "nobody": [None, []],
        "entity": "b",
        "cache": None,
    }  # fmt: skip
