"""Ordinary runs of the unmodified client; what arrived is read over the native API."""

from __future__ import annotations

from typing import Any

import pytest
from tests.clients.wandb.conftest import Client
from tests.clients.wandb.environments import EARLIER, NEWEST
from tests.processes import eventually

pytestmark = pytest.mark.clients

TRAIN = """
import sys, wandb
import numpy as np
run = wandb.init(
    project=PROJECT, id="r1", name="first", group="g", job_type="train", notes="hello",
    tags=["a", "b"], config={"lr": 0.1, "nested": {"a": [1, 2], "none": None}},
)
run.define_metric("acc", summary="max")
run.define_metric("train/*", step_metric="epoch")
for step in range(300):
    row = {"n": step, "half": step / 2, "nested": {"x": -step}, "dotted.key": step,
           "flag": step % 2 == 0, "acc": 100 - abs(step - 150)}
    if step == 7:
        row |= {"nan": float("nan"), "inf": float("inf"), "ninf": -float("inf"),
                "text": "あ\\n\\"x\\"", "big": 2**60 + 1, "list": [1, "a", None], "none": None}
    if step == 9:
        row["histogram"] = wandb.Histogram(np_histogram=([1, 2], [0, 1, 2]))
        row["image"] = wandb.Image(np.arange(48, dtype=np.uint8).reshape(4, 4, 3))
    run.log(row)
print("hello console")
print("a warning", file=sys.stderr)
run.summary["best"] = 3
run.config["later"] = "x"
run.save(__import__("os").path.basename(open("saved file.txt", "w").name))
open("saved file.txt", "w").write("saved")
run.finish()
"""


def test_a_run_arrives_whole_and_once(each: Client) -> None:
    project = f"whole-{each.version}"
    each.run(TRAIN.replace("PROJECT", repr(project)))
    expected: list[tuple[int, dict[str, Any]]] = [
        (
            step,
            {
                "n": step,
                "half": step / 2,
                "nested.x": -step,
                "dotted.key": step,
                "flag": step % 2 == 0,
                "acc": 100 - abs(step - 150),
            },
        )
        for step in range(300)
    ]
    expected[7][1].update(
        {
            "nan": "NaN",
            "inf": "Infinity",
            "ninf": "-Infinity",
            "text": 'あ\n"x"',
            "big": 2**60 + 1,
            "list": [1, "a", None],
            "none": None,
        }
    )
    found = each.history(project, "r1")
    histogram, image = (found[9][1].pop(key) for key in ("histogram", "image"))
    assert found == expected
    assert (histogram["_type"], histogram["values"]) == ("histogram", [1, 2])
    assert (image["_type"], image["width"], image["height"]) == ("image-file", 4, 4)

    run = each.get(f"{project}/runs/r1")
    assert (run["state"], run["exit_code"], run["display_name"]) == ("finished", 0, "first")
    assert (run["group"], run["job_type"], run["notes"]) == ("g", "train", "hello")
    assert run["tags"] == ["a", "b"]
    assert run["config"] == {
        "lr": 0.1,
        "nested": {"a": [1, 2], "none": None},
        "later": "x",
    }
    assert run["summary"]["best"] == 3
    assert run["summary"]["n"] == 299
    assert run["summary"]["acc"] == {"max": 100}
    assert run["summary"]["nested"] == {"x": -299}
    metrics = {metric["name"]: metric for metric in run["metrics"]}
    assert metrics["acc"]["summary"] == ["max"]
    if each.version == NEWEST:  # the other keeps definitions by pattern to itself
        assert metrics["train/*"]["step_metric"] == "epoch"
    environment = run["environment"]
    assert environment["client"] == f"wandb {each.version}"
    assert environment["host"] == run["host"]
    assert environment["python"].startswith("CPython 3.")
    assert environment["cpu_count"] >= 1

    files = {item["path"]: item for item in each.get(f"{project}/runs/r1/files")["items"]}
    assert files[image["path"]]["size"] == image["size"]
    assert files["saved file.txt"]["size"] == 5
    assert {"config.yaml", "output.log", "requirements.txt", "wandb-metadata.json"} <= files.keys()

    lines = each.get(f"{project}/runs/r1/logs")["items"]
    told = [(line["text"], line["level"]) for line in lines]
    assert ("hello console", "info") in told
    assert ("a warning", "error") in told
    if each.version == NEWEST:  # the other takes its first sample later
        assert each.server.history(f"admin/{project}", "r1", stream="system")[0]["values"]


@pytest.mark.parametrize(
    ("ending", "code", "state"),
    [
        ("raise ValueError('on purpose')", 1, "failed"),
        ("import sys; sys.exit(3)", 3, "failed"),
        ("run.finish(exit_code=4)", 0, "failed"),
        ("pass", 0, "finished"),
    ],
)
def test_a_run_ends_as_its_program_does(client: Client, ending: str, code: int, state: str) -> None:
    name = f"end-{code}-{state}-{len(ending)}"
    program = f"""
import wandb
run = wandb.init(project="ends", id={name!r})
run.log({{"a": 1}})
{ending}
"""
    client.run(program, code_expected=code)
    run = client.get(f"ends/runs/{name}")
    assert run["state"] == state
    assert run["exit_code"] == (4 if "finish" in ending else code)
    assert client.history("ends", name) == [(0, {"a": 1})]
    if "raise" in ending:
        lines = client.get(f"ends/runs/{name}/logs?search=on%20purpose")["items"]
        assert lines[-1]["level"] == "error"


@pytest.mark.parametrize("resume", ["allow", "must"])
def test_a_run_is_resumed_behind_its_last_row(each: Client, resume: str) -> None:
    project = f"resume-{each.version}"
    program = """
import wandb
run = wandb.init(project=PROJECT, id=ID, resume=RESUME, config={KEY: 1})
print("started at", run.starting_step)
for n in range(10):
    run.log({"n": START + n})
run.finish()
"""

    def go(start: int, how: str | None) -> None:
        each.run(
            program.replace("PROJECT", repr(project))
            .replace("ID", repr(resume))
            .replace("RESUME", repr(how))
            .replace("KEY", repr(f"from{start}"))
            .replace("START", str(start))
        )

    go(0, None)
    go(10, resume)
    go(20, resume)
    assert each.history(project, resume) == [(n, {"n": n}) for n in range(30)]
    run = each.get(f"{project}/runs/{resume}")
    assert run["config"] == {"from0": 1, "from10": 1, "from20": 1}
    assert run["state"] == "finished"
    texts = [line["text"] for line in each.get(f"{project}/runs/{resume}/logs")["items"]]
    starts = [text for text in texts if "started at" in text]
    # The older client begins its output at line 0 again, over what was there.
    whole = ["started at 0", "started at 10", "started at 20"]
    assert starts == (whole[-1:] if each.version == EARLIER else whole)


def test_what_was_never_started_cannot_be_resumed(client: Client) -> None:
    program = client.run(
        """
        import wandb
        wandb.init(project="resume-none", id="none", resume="must")
        """,
        code_expected=1,
    )
    assert "resume" in program.output.lower()
    status, _ = client.server.request("GET", "/projects/admin/resume-none/runs/none")
    assert status == 404


def test_an_offline_run_is_synchronised_once_however_often(client: Client) -> None:
    client.run(
        """
        import wandb
        run = wandb.init(project="offline", id="r1", mode="offline", config={"a": 1})
        for n in range(50):
            run.log({"n": n})
        """
    )
    (folder,) = (client.directory / "wandb").glob("offline-run-*")
    for _ in range(2):
        client.run(
            f"""
            import subprocess, sys
            subprocess.run(
                [sys.executable, "-m", "wandb", "sync", {str(folder)!r}],
                check=True,
            )
            """
        )
        assert client.history("offline", "r1") == [(n, {"n": n}) for n in range(50)]
        run = client.get("offline/runs/r1")
        assert (run["state"], run["config"]) == ("finished", {"a": 1})


def test_several_processes_write_one_run(client: Client) -> None:
    program = """
        import wandb
        run = wandb.init(
            project="shared", id="r1",
            settings=wandb.Settings(
                mode="shared", x_label="LABEL", x_primary=PRIMARY,
                x_update_finish_state=PRIMARY,
            ),
        )
        for n in range(20):
            run.log({"LABEL/n": n, "both": n})
        run.finish()
    """
    client.run(program.replace("LABEL", "rank0").replace("PRIMARY", "True"))
    client.run(program.replace("LABEL", "rank1").replace("PRIMARY", "False"))
    rows = client.history("shared", "r1")
    for label in ("rank0", "rank1"):
        found = [row[f"{label}/n"] for _, row in rows if f"{label}/n" in row]
        assert found == list(range(20))
    assert len([row for _, row in rows if "both" in row]) == 40


def test_a_run_is_stopped_from_here(client: Client) -> None:
    program = client.start(
        """
        import time, wandb
        run = wandb.init(project="stops", id="r1", settings=QUICK)
        print("ready", flush=True)
        for n in range(3000):
            run.log({"n": n})
            time.sleep(0.05)
        """
    )
    eventually(lambda: client.history("stops", "r1"))
    status, _ = client.server.request("POST", "/projects/admin/stops/runs/r1/stop")
    assert status in (200, 201)
    assert program.wait(60) != 0, program.output[-2000:]
    run = eventually(lambda: _over(client, "stops/runs/r1"))
    assert run["state"] in ("failed", "killed", "finished")
    rows = client.history("stops", "r1")
    assert rows == [(n, {"n": n}) for n in range(len(rows))]


def _over(client: Client, path: str) -> Any:
    run = client.get(path)
    return run if run["state"] != "running" else None
