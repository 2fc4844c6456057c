"""What becomes of runs of the unmodified client: resumed, preempted, summed up, told of, shared."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.clients.wandb.conftest import Client
from tests.clients.wandb.environments import NEWEST
from tests.processes import ServerProcess, eventually

pytestmark = pytest.mark.clients


def test_resuming_does_what_its_word_says(client: Client) -> None:
    program = client.run(
        """
        import json, wandb
        def go(id, resume, value):
            try:
                run = wandb.init(project="resuming", id=id, resume=resume)
            except Exception as error:
                return f"{type(error).__name__}: {error}"
            run.log({"n": value})
            run.finish()
            return run.resumed
        said = {
            "never, none": go("a", "never", 1),
            "allow, there": go("a", "allow", 3),
            "must, there": go("a", "must", 4),
            "allow, none": go("b", "allow", 5),
            "never, there": go("a", "never", 0),
            "must, none": go("c", "must", 0),
        }
        print(json.dumps(said))
        """
    )
    found = json.loads(next(line for line in program.lines if line.startswith('{"never')))
    assert "Run (c) does not exist" in found.pop("must, none")
    assert "Run (a)" in found.pop("never, there")
    assert found == {
        "never, none": False,
        "allow, there": True,
        "must, there": True,
        "allow, none": False,
    }
    assert client.history("resuming", "a") == [(n, {"n": v}) for n, v in enumerate((1, 3, 4))]
    assert client.history("resuming", "b") == [(0, {"n": 5})]


def test_a_run_that_died_is_resumed_by_itself(client: Client) -> None:
    program = """
import time, wandb
run = wandb.init(project="auto", resume="auto", settings=QUICK)
run.log({"n": VALUE})
print("begun", run.id, run.resumed, flush=True)
END
"""
    died = client.start(program.replace("VALUE", "1").replace("END", "time.sleep(600)"))
    (begun,) = eventually(lambda: [line for line in died.lines if line.startswith("begun")])
    run = begun.split()[1]
    eventually(lambda: client.history("auto", run))
    died.process.send_signal(signal.SIGKILL)
    died.process.wait()
    again = client.run(program.replace("VALUE", "2").replace("END", "run.finish()"))
    assert f"begun {run} True" in again.output
    assert client.history("auto", run) == [(0, {"n": 1}), (1, {"n": 2})]
    assert client.get(f"auto/runs/{run}")["state"] == "finished"


def test_a_preempted_run_comes_back(own_server: ServerProcess, tmp_path: Path) -> None:
    client = Client(NEWEST, own_server, tmp_path / "client")
    program = client.start(
        """
        import time, wandb
        run = wandb.init(project="preempted", id="r1", settings=QUICK)
        run.log({"n": 1})
        run.mark_preempting()
        time.sleep(600)
        """
    )
    eventually(lambda: _run(client, "preempted/runs/r1")["state"] == "preempting")
    for process in _family(program.process.pid):
        subprocess.run(["kill", "-9", str(process)], check=False)
    program.wait()
    run = eventually(
        lambda: (run := _run(client, "preempted/runs/r1"))["state"] == "preempted" and run, 90
    )
    assert "heartbeat" in run["state_reason"]
    client.run(
        """
        import wandb
        run = wandb.init(project="preempted", id="r1", resume="must")
        run.log({"n": 2})
        run.finish()
        """
    )
    assert client.history("preempted", "r1") == [(0, {"n": 1}), (1, {"n": 2})]
    run = _run(client, "preempted/runs/r1")
    assert (run["state"], run["state_reason"]) == ("finished", None)


METRICS = """
import wandb
run = wandb.init(project="summed", id="r1", resume="allow")
run.define_metric("low", summary="min")
run.define_metric("high", summary="max")
run.define_metric("both", summary="min,max,mean")
run.define_metric("start", summary="first")
run.define_metric("end", summary="last")
run.define_metric("same", summary="copy")
run.define_metric("silent", summary="none")
run.define_metric("deep.x", summary="max")
names = ("low", "high", "both", "start", "end", "same", "silent", "plain")
for value in VALUES:
    run.log({name: value for name in names} | {"deep": {"x": value, "y": value}})
run.finish()
"""


def test_metrics_are_summed_up_as_they_were_defined(client: Client) -> None:
    client.run(METRICS.replace("VALUES", "(3, 1, 7, 5)"))
    assert summary(client) == {
        "low": {"min": 1},
        "high": {"max": 7},
        "both": {"min": 1, "max": 7, "mean": 4},
        "start": {"first": 3},
        "end": {"last": 5},
        "same": 5,
        "plain": 5,
        "deep": {"x": {"max": 7}, "y": 5},
    }


def test_metrics_of_a_resumed_run_are_summed_up_over_all_of_it(client: Client) -> None:
    client.run(METRICS.replace("VALUES", "(3, 1, 7, 5)").replace("summed", "summed-again"))
    client.run(METRICS.replace("VALUES", "(2, 6)").replace("summed", "summed-again"))
    assert summary(client, "summed-again") == {
        "low": {"min": 1},
        "high": {"max": 7},
        "both": {"min": 1, "max": 7, "mean": 4},
        "start": {"first": 3},
        "end": {"last": 6},
        "same": 6,
        "plain": 6,
        "deep": {"x": {"max": 7}, "y": 6},
    }


def summary(client: Client, project: str = "summed") -> Any:
    found = client.get(f"{project}/runs/r1")["summary"]
    return {key: value for key, value in found.items() if not key.startswith("_")}


def test_alerts_reach_the_server_once_in_their_quiet_time(client: Client) -> None:
    client.run(
        """
        import wandb
        run = wandb.init(project="alerts", id="r1")
        run.alert("low", "the first", level=wandb.AlertLevel.WARN, wait_duration=300)
        run.alert("low", "too soon", level=wandb.AlertLevel.WARN, wait_duration=300)
        run.alert("other", "text")
        run.alert("other", "at once", level="ERROR", wait_duration=0.001)
        run.finish()
        """
    )
    page = client.get("alerts/runs/r1/alerts")
    assert sorted((a["title"], a["text"], a["level"]) for a in page["items"]) == [
        ("low", "the first", "warning"),
        ("other", "at once", "error"),
        ("other", "text", "info"),
    ]


def test_a_run_is_deleted_with_what_it_alone_has_made(client: Client) -> None:
    found = client.result(
        """
        import json, wandb
        for id, delete in (("kept", False), ("gone", True)):
            run = wandb.init(project="deletes", id=id)
            artifact = wandb.Artifact(f"of-{id}", type="data")
            with artifact.new_file("a.txt") as file:
                file.write(id)
            run.log_artifact(artifact).wait()
            run.finish()
            wandb.Api().run(f"admin/deletes/{id}").delete(delete_artifacts=delete)
        api = wandb.Api()
        there = [api.artifact_exists(f"admin/deletes/of-{id}:v0") for id in ("kept", "gone")]
        print(json.dumps([there, len(api.runs("admin/deletes"))]))
        """
    )
    assert found == [[True, False], 0]


def test_files_go_when_they_were_asked_to_and_code_is_kept(client: Client) -> None:
    found = client.result(
        """
        import json, os, subprocess, time, wandb
        os.makedirs("repository/saved", exist_ok=True)
        os.chdir("repository")
        git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
        open("train.py", "w").write("print('one')\\n")
        for words in (["init", "-q"], ["add", "train.py"], ["commit", "-qm", "first"]):
            subprocess.run([*git, *words], check=True)
        open("train.py", "a").write("print('two')\\n")
        run = wandb.init(project="files", id="r1", save_code=True, settings=QUICK)
        run.log_code(".", include_fn=lambda path: path.endswith(".py"))
        api = wandb.Api()

        def content(name):
            file = api.run("admin/files/r1").file(f"saved/{name}")
            return file.download("../down", replace=True).read() if file.size else None

        def until(name, wanted):
            while content(name) != wanted:
                time.sleep(0.2)

        for policy in ("now", "live", "end"):
            open(f"saved/{policy}.txt", "w").write("first")
            run.save(f"saved/{policy}.txt", policy=policy)
        until("now.txt", "first")
        until("live.txt", "first")
        for policy in ("now", "live", "end"):
            open(f"saved/{policy}.txt", "w").write("second")
        until("live.txt", "second")
        before = [content(f"{policy}.txt") for policy in ("now", "live", "end")]
        run.finish()
        after = [content(f"{policy}.txt") for policy in ("now", "live", "end")]
        files = [file.name for file in api.run("admin/files/r1").files()]
        patch = api.run("admin/files/r1").file("diff.patch").download("../down").read()
        commit = subprocess.check_output(["git", "rev-parse", "HEAD"], text=True).strip()
        code = api.run("admin/files/r1").logged_artifacts()
        print(json.dumps({
            "before": before, "after": after, "files": files, "patch": patch,
            "commit": commit == api.run("admin/files/r1").commit,
            "code": [[a.type, sorted(a.manifest.entries)] for a in code],
        }))
        """
    )
    assert found["before"] == ["first", "second", None]
    assert found["after"] == ["first", "second", "second"]
    assert "+print('two')" in found["patch"]
    assert found["commit"] is True
    assert found["code"] == [["code", ["train.py"]]]
    run = client.get("files/runs/r1")
    assert len(run["environment"]["git_commit"]) == 40


SHARED = """
import os, sys, time, wandb
run = wandb.init(
    project="at-once", id="r1",
    settings=wandb.Settings(
        mode="shared", x_label="LABEL", x_primary=PRIMARY, x_update_finish_state=PRIMARY,
        x_file_stream_transmit_interval=0.2, x_stats_sampling_interval=0.5,
    ),
)
print("ready", flush=True)
while not os.path.exists("go"):
    time.sleep(0.05)
for n in range(60):
    run.log({"LABEL/n": n, "both": n})
    print("LABEL says", n)
    print("LABEL warns", n, file=sys.stderr)
run.finish()
"""


def test_processes_that_write_one_run_at_once_lose_nothing(client: Client) -> None:
    ranks = ("rank0", "rank1", "rank2")
    programs = []
    for rank in ranks:
        code = SHARED.replace("LABEL", rank).replace("PRIMARY", str(rank == "rank0"))
        programs.append(client.start(code))
        eventually(lambda program=programs[-1]: "ready" in program.output, 120)
    (client.directory / "go").touch()
    for program in programs[::-1]:
        assert program.wait(180) == 0, program.output[-3000:]
    rows = client.history("at-once", "r1")
    for rank in ranks:
        assert [row[f"{rank}/n"] for _, row in rows if f"{rank}/n" in row] == list(range(60))
    assert len([row for _, row in rows if "both" in row]) == 180
    lines = client.get("at-once/runs/r1/logs?limit=5000")["items"]
    for rank in ranks:
        told = [
            (line["label"], line["level"]) for line in lines if line["text"] == f"{rank} warns 7"
        ]
        assert told == [(rank, "error")]
        only = client.get(f"at-once/runs/r1/logs?limit=5000&label={rank}")["items"]
        said = [line["text"] for line in only if "says" in line["text"]]
        assert said == [f"{rank} says {n}" for n in range(60)]
    samples = client.server.history("admin/at-once", "r1", stream="system")
    keys = {key for sample in samples for key in sample["values"]}
    for rank in ranks:
        assert any(key.endswith(f"/l:{rank}") for key in keys), sorted(keys)
    run = client.get("at-once/runs/r1")
    assert (run["state"], run["exit_code"]) == ("finished", 0)


def _run(client: Client, path: str) -> Any:
    status, run = client.server.request("GET", f"/projects/admin/{path}")
    return run if status == 200 else {"state": None}


def _family(pid: int) -> list[int]:
    """A process and everything that it has started."""
    found, waiting = [pid], [pid]
    while waiting:
        children = Path(f"/proc/{waiting.pop()}/task").glob("*/children")
        for child in " ".join(path.read_text() for path in children).split():
            found.append(int(child))
            waiting.append(int(child))
    return found
