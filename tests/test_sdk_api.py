"""Reading what a server has through `kiseki.Api`."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.processes import Program, ServerProcess

import kiseki
from kiseki.errors import (
    FileError,
    NotAllowedError,
    NotFoundError,
    ServerError,
    UnreachableError,
    UsageError,
)

PROJECT = "sdk-api"

LOG = """
import kiseki, pathlib
for number in range(5):
    run = kiseki.init(
        id=f"r{number}", name=f"run {number}", group="even" if number % 2 == 0 else "odd",
        config={"lr": number / 10, "nested": {"depth": number}}, tags=[f"t{number}", "all"],
        job_type="train",
    )
    for step in range(10 * (number + 1)):
        run.log({"loss": 1 / (step + 1), "text": f"s{step}"} | ({"odd": step} if step % 2 else {}))
    run.log({"nan": float("nan"), "loss": 0.0})
    if number == 0:
        pathlib.Path("sub").mkdir()
        pathlib.Path("sub/é.txt").write_text("content é")
        run.save("sub/*", policy="now")
        run.log_artifact("sub", name="data", type="dataset", aliases=["raw"])
    if number == 1:
        run.use_artifact("data:raw")
        run.log_artifact("sub/é.txt", name="model", type="model", tags=["gold"])
        pathlib.Path("other.txt").write_text("other")
        run.log_artifact("other.txt", name="model", type="model")
    if number == 2:
        run.use_artifact("model:v0")
    run.finish()
"""


@pytest.fixture(scope="module")
def logged(
    server_process: ServerProcess, tmp_path_factory: pytest.TempPathFactory
) -> ServerProcess:
    environment = {
        **server_process.client_environment,
        "KISEKI_SYSTEM_METRICS": "false",
        "KISEKI_ENVIRONMENT": "false",
        "KISEKI_PROJECT": PROJECT,
        "KISEKI_FINISH_TIMEOUT": "60",
        "KISEKI_SILENT": "true",
    }
    program = Program(LOG, environment=environment, directory=tmp_path_factory.mktemp("api"))
    assert program.wait(120) == 0, program.output
    return server_process


@pytest.fixture
def api(logged: ServerProcess, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> kiseki.Api:
    for name in [name for name in os.environ if name.startswith("KISEKI_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KISEKI_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return kiseki.Api(logged.url, api_key=logged.key, overrides={"project": PROJECT})


def ids(runs: Any) -> list[str]:
    return [run.id for run in runs]


def test_runs_come_page_by_page_in_the_order_asked_for(api: kiseki.Api) -> None:
    runs = api.runs(order="-config.lr", per_page=2)
    assert len(runs) == 5
    assert ids(runs) == ["r4", "r3", "r2", "r1", "r0"]
    assert (runs[0].id, runs[-1].id, ids(runs[1:3])) == ("r4", "r0", ["r3", "r2"])
    with pytest.raises(IndexError):
        _ = runs[5]
    assert ids(api.runs(f"admin/{PROJECT}")) == [f"r{i}" for i in range(5)]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ('config.lr >= 0.3 and group = "odd"', ["r3"]),
        ({"config.lr": {"$gte": 0.3}, "group": "odd"}, ["r3"]),
        ({"tags": {"$in": ["t1", "t4"]}}, ["r1", "r4"]),
        ({"$or": [{"display_name": "run 0"}, {"config.nested.depth": 2}]}, ["r0", "r2"]),
        ({"displayName": {"$regex": "[34]$"}, "state": "finished"}, ["r3", "r4"]),
        ({"summary_metrics.nothing": {"$exists": True}}, []),
        ({"name": "r2"}, ["r2"]),
    ],
)
def test_filters_choose_runs(api: kiseki.Api, filters: Any, found: list[str]) -> None:
    assert ids(api.runs(filters=filters)) == found


def test_a_run_has_what_was_logged(api: kiseki.Api) -> None:
    run = api.run(f"admin/{PROJECT}/r1")
    assert (run.name, run.state, run.group, run.job_type) == ("run 1", "finished", "odd", "train")
    assert run.config == {"lr": 0.1, "nested": {"depth": 1}}
    assert sorted(run.tags) == ["all", "t1"]
    assert run.summary["loss"] == 0.0
    assert math.isnan(run.summary["nan"])
    assert run.url.endswith(f"/admin/{PROJECT}/runs/r1")
    assert api.run("r1").path == ["admin", PROJECT, "r1"]


def test_history_is_scanned_whole_or_sampled(api: kiseki.Api) -> None:
    run = api.run("r4")
    rows = list(run.scan_history(page_size=7))
    assert [row["_step"] for row in rows] == list(range(51))
    assert rows[3] == {
        "_step": 3,
        "_timestamp": rows[3]["_timestamp"],
        "loss": 0.25,
        "text": "s3",
        "odd": 3,
    }
    assert math.isnan(rows[-1]["nan"])
    odd = list(run.scan_history(keys=["odd", "loss"], min_step=5, max_step=12))
    assert [(row["_step"], row["odd"]) for row in odd] == [(5, 5), (7, 7), (9, 9), (11, 11)]
    sampled = run.history(samples=6, pandas=False)
    assert [row["_step"] for row in sampled] == [0, 10, 20, 30, 40, 50]
    assert sampled[:-1] == run.history(samples=6, pandas=False)[:-1]


def test_history_is_a_dataframe_where_there_is_pandas(
    api: kiseki.Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Pandas:
        class DataFrame:
            @staticmethod
            def from_records(rows: Any) -> Any:
                return ("frame", len(rows))

    monkeypatch.setitem(sys.modules, "pandas", Pandas)  # type: ignore[arg-type]
    assert api.run("r0").history(samples=4) == ("frame", 4)


def test_changes_of_a_run_are_kept(api: kiseki.Api) -> None:
    run = api.run("r3")
    run.name, run.notes, run.tags = "renamed", "a note", [*run.tags, "new"]
    run.config["lr"] = 7
    run.config["more"] = {"a": 1}
    del run.config["nested"]
    run.summary["best"] = 1.5
    run.update()
    again = api.run("r3")
    assert (again.name, again.notes) == ("renamed", "a note")
    assert "new" in again.tags
    assert again.config == {"lr": 7, "more": {"a": 1}}
    assert (again.summary["best"], again.summary["loss"]) == (1.5, 0.0)
    again.name, again.config = "run 3", {"lr": 0.3, "nested": {"depth": 3}}
    again.update()


def test_files_are_listed_and_downloaded(api: kiseki.Api, tmp_path: Path) -> None:
    run = api.run("r0")
    (file,) = list(run.files())
    assert (file.name, file.size) == ("sub/é.txt", len("content é".encode()))
    with file.download(tmp_path / "got") as stream:
        assert stream.read() == "content é"
    with pytest.raises(FileError, match="is there already"):
        file.download(tmp_path / "got")
    (tmp_path / "got/sub/é.txt").write_text("mine")
    with file.download(tmp_path / "got", exist_ok=True) as stream:
        assert stream.read() == "mine"
    with file.download(tmp_path / "got", replace=True) as stream:
        assert stream.read() == "content é"
    with pytest.raises(NotFoundError, match="has no file 'nothing'"):
        run.file("nothing")


def test_a_run_restores_files_of_others(
    api: kiseki.Api, logged: ServerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in logged.client_environment.items():
        monkeypatch.setenv(name, value)
    settings = {"silent": True, "console": "off", "system_metrics": False, "environment": False}
    with kiseki.init(PROJECT, id="restores", settings=settings) as run:
        stream = run.restore("sub/é.txt", run_path=f"admin/{PROJECT}/r0", root="restored")
        assert stream is not None
        with stream:
            assert stream.read() == "content é"
        with pytest.raises(NotFoundError):
            run.restore("gone", run_path=f"admin/{PROJECT}/r0")
    api.run("restores").delete()
    with pytest.raises(NotFoundError):
        api.run("restores")


def test_artifacts_are_found_by_name_and_by_run(api: kiseki.Api) -> None:
    assert api.artifact("data:raw", type="dataset").name == "data:v0"
    assert api.artifact_exists(f"admin/{PROJECT}/data:v0")
    assert not api.artifact_exists("data:v1")
    assert not api.artifact_exists("data:v0", type="model")
    assert [v.version for v in api.artifact_versions("model")] == ["v1", "v0"]
    assert [v.version for v in api.artifacts("model", "model", tags=["gold"])] == ["v0"]
    assert api.artifact_types() == ["dataset", "model"]
    names = {one.name: one.version_count for one in api.artifact_collections(type_name="model")}
    assert names == {"model": 2}
    run = api.run("r1")
    assert [a.name for a in run.used_artifacts()] == ["data:v0"]
    assert sorted(a.name for a in run.logged_artifacts()) == ["model:v0", "model:v1"]
    with pytest.raises(UsageError, match="is of the type 'dataset', not 'model'"):
        api.artifact("data:v0", type="model")


def test_lineage_leads_from_data_to_its_users(api: kiseki.Api) -> None:
    data = api.artifact("data:v0")
    maker = data.logged_by()
    assert maker.id == "r0"
    assert [run.id for run in data.used_by()] == ["r1"]
    graph = api.lineage(data, direction="down", depth=4)
    names = {node["id"]: node["name"] for node in graph.nodes}
    edges = {(names[edge["source"]], names[edge["target"]]) for edge in graph.edges}
    assert {("data", "r1"), ("r1", "model"), ("model", "r2")} <= edges
    assert not graph.truncated
    assert {node["name"] for node in api.lineage(api.run("r2"), "up", 2).nodes} >= {"r2", "model"}


def test_projects_are_listed(api: kiseki.Api) -> None:
    assert PROJECT in [project.name for project in api.projects()]
    project = api.project(PROJECT)
    assert (project.entity, project.name) == ("admin", PROJECT)
    assert (api.default_entity, api.viewer["name"]) == ("admin", "admin")


def test_mistakes_are_sentences(api: kiseki.Api, logged: ServerProcess) -> None:
    with pytest.raises(NotFoundError, match="no project `admin/nowhere`"):
        api.runs("nowhere")
    with pytest.raises(NotFoundError, match="no run `gone`"):
        api.run("gone")
    with pytest.raises(UsageError, match="'a/b/c/d' is no run"):
        api.run("a/b/c/d")
    with pytest.raises(ServerError, match="There is no field `nothing`"):
        api.runs(filters="nothing = 1")
    with pytest.raises(UsageError, match="Which project"):
        kiseki.Api(logged.url, api_key=logged.key).runs()
    with pytest.raises(NotAllowedError) as refused:
        kiseki.Api(logged.url, api_key="wrong").runs(f"admin/{PROJECT}")
    assert refused.value.status == 401
    with pytest.raises(UnreachableError, match=r"Cannot reach a server at http://127\.0\.0\.1:1"):
        kiseki.Api("http://127.0.0.1:1", api_key="k").run(f"admin/{PROJECT}/r0")
