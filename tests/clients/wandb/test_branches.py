"""Forks and rewinds by the unmodified client."""

from __future__ import annotations

from typing import Any

import pytest
from tests.clients.wandb.conftest import Client

pytestmark = pytest.mark.clients

TRAIN = """
import numpy as np, wandb
run = wandb.init(project=PROJECT, id="r1", config={"lr": 0.1}, tags=["a"])
run.define_metric("acc", summary="max")
for step in range(20):
    row = {"n": step, "deep": {"x": -step}, "acc": 100 - step}
    if step == 3:
        row["image"] = wandb.Image(np.zeros((4, 4, 3), dtype=np.uint8))
    run.log(row)
run.summary["best"] = 3
run.finish()
"""


def whole(client: Client, project: str, run: str) -> list[tuple[int, Any]]:
    return [(step, row["n"]) for step, row in client.history(project, run)]


def test_a_fork_goes_on_behind_the_step(client: Client) -> None:
    client.run(TRAIN.replace("PROJECT", "'forks'"))
    found = client.result(
        """
        import json, wandb
        run = wandb.init(project="forks", id="f1", fork_from="r1?_step=9", config={"depth": 3})
        for n in range(5):
            run.log({"n": 100 + n, "acc": n})
        run.finish()
        read = wandb.Api().run("admin/forks/f1")
        print(json.dumps({
            "config": read.config,
            "summary": [read.summary["n"], read.summary["deep"]["x"]],
            "scanned": [row["n"] for row in read.scan_history(keys=["n"])],
            "last": read.lastHistoryStep,
            "runs": sorted(run.id for run in wandb.Api().runs("admin/forks")),
        }))
        """
    )
    assert found == {
        "config": {"lr": 0.1, "depth": 3},
        "summary": [104, -9],
        "scanned": [*range(10), *range(100, 105)],
        "last": 14,
        "runs": ["f1", "r1"],
    }
    assert whole(client, "forks", "f1") == [
        *((n, n) for n in range(10)),
        *((10 + n, 100 + n) for n in range(5)),
    ]
    assert whole(client, "forks", "r1") == [(n, n) for n in range(20)]
    run = client.get("forks/runs/f1")
    assert (run["state"], run["branch"]) == ("finished", {"run": "r1", "step": 9})
    image = dict(client.history("forks", "f1"))[3]["image"]
    files = client.get("forks/runs/f1/files")["items"]
    assert image["path"] in [file["path"] for file in files]


def test_a_fork_is_resumed_behind_its_own_rows(client: Client) -> None:
    client.run(TRAIN.replace("PROJECT", "'fork-resumed'"))
    client.run(
        """
        import wandb
        run = wandb.init(project="fork-resumed", id="f1", fork_from="r1?_step=9")
        run.log({"n": 100})
        run.finish()
        run = wandb.init(project="fork-resumed", id="f1", resume="must")
        run.log({"n": 101})
        run.finish()
        run = wandb.init(project="fork-resumed", id="f2", fork_from="f1?_step=10")
        run.log({"n": 200})
        run.finish()
        """
    )
    inherited = [(n, n) for n in range(10)]
    assert whole(client, "fork-resumed", "f1") == [*inherited, (10, 100), (11, 101)]
    assert whole(client, "fork-resumed", "f2") == [*inherited, (10, 100), (11, 200)]


def test_a_run_is_rewound(client: Client) -> None:
    client.run(TRAIN.replace("PROJECT", "'rewinds'"))
    for step, value in ((9, 100), (4, 200)):
        client.run(
            f"""
            import wandb
            run = wandb.init(project="rewinds", resume_from="r1?_step={step}")
            assert run.id == "r1", run.id
            for n in range(3):
                run.log({{"n": {value} + n}})
            run.finish()
            """
        )
        kept = [(n, n) for n in range(step + 1)]
        added = [(step + 1 + n, value + n) for n in range(3)]
        assert whole(client, "rewinds", "r1") == [*kept, *added]
    run = client.get("rewinds/runs/r1")
    assert (run["state"], run["config"], run["tags"]) == ("finished", {"lr": 0.1}, ["a"])
    assert run["summary"]["n"] == 202
    assert run["summary"]["deep"] == {"x": -4}
    forms = client.get("rewinds/runs/r1/branches")["archived"]
    assert [len(whole(client, "rewinds", form["id"])) for form in forms] == [20, 13]
    listed = client.result(
        """
        import json, wandb
        print(json.dumps([run.id for run in wandb.Api().runs("admin/rewinds")]))
        """
    )
    assert listed == ["r1"]


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ('id="f9", fork_from="r1?_step=50"', "has no step 50"),
        ('id="f9", fork_from="none?_step=1"', "has no run `none`"),
        ('resume_from="r1?_step=50"', "has no step 50"),
        ('resume_from="none?_step=1"', "none"),
    ],
)
def test_what_cannot_be_branched_off_fails_at_once(client: Client, how: str, said: str) -> None:
    client.run(
        """
        import wandb
        run = wandb.init(project="no-branches", id="r1")
        run.log({"n": 1})
        run.finish()
        """
    )
    program = client.run(
        f"""
        import wandb
        wandb.init(project="no-branches", {how})
        """,
        code_expected=1,
    )
    assert said in program.output
    assert whole(client, "no-branches", "r1") == [(0, 1)]
    assert client.server.request("GET", "/projects/admin/no-branches/runs/f9")[0] == 404
