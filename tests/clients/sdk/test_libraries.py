"""Our SDK with the libraries of its users, and beside the wandb client."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.clients.environments import ROOT, NoClient
from tests.clients.wandb.environments import MEDIA, NEWEST, environment
from tests.processes import Program, ServerProcess

pytestmark = pytest.mark.clients

PROJECT = "sdk-libraries"


def start(server: ServerProcess, directory: Path, code: str, **more: str) -> list[str]:
    """Run a program in the environment of the newest client, our SDK beside it."""
    try:
        python = environment(NEWEST, (*MEDIA, "msgspec==0.21.1")) / "bin" / "python"
    except NoClient as reason:
        pytest.skip(f"the libraries cannot be installed: {reason}")
    directory.mkdir(exist_ok=True)
    program = Program(
        code,
        python=python,
        directory=directory,
        environment={
            **server.client_environment,
            "HOME": str(directory),
            "PYTHONPATH": str(ROOT / "sdk" / "src"),
            "KISEKI_PROJECT": PROJECT,
            "KISEKI_SYSTEM_METRICS": "false",
            "KISEKI_ENVIRONMENT": "false",
            "KISEKI_SILENT": "true",
            "KISEKI_FINISH_TIMEOUT": "60",
            "WANDB_PROJECT": PROJECT,
            "WANDB_SILENT": "true",
            **more,
        },
    )
    assert program.wait(120) == 0, program.output[-4000:]
    return program.lines


LIBRARIES = """
import io, json
import kiseki
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import plotly.graph_objects as go
from PIL import Image as Pillow
figure, axes = plt.subplots(figsize=(2, 1), dpi=50)
axes.plot([1, 2, 3])
picture = Pillow.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 12))
pixels = np.random.default_rng(0).integers(0, 256, (16, 12, 4)).astype(np.uint8)
read = np.asarray(Pillow.open(io.BytesIO(kiseki.Image(pixels).content)))
assert (read == pixels).all()
with kiseki.init(id="libraries") as run:
    run.log({
        "figure": figure,
        "axes": axes,
        "plotly": go.Figure(data=[go.Bar(y=[1, 2])]),
        "picture": picture,
        "jpeg": kiseki.Image(pixels, file_type="jpg"),
        "grey": kiseki.Image(picture, mode="RGB"),
        "frame": pd.DataFrame({
            "a": [1, 2], "b": ["x", None], "f": [0.5, float("nan")],
            "t": [pd.Timestamp("2026-01-02"), pd.NaT],
        }),
        "gif": kiseki.Video(np.zeros((3, 3, 8, 8), np.uint8), fps=2),
    })
    receipt = run.finish()
assert receipt.complete, receipt
frame = kiseki.Api().run("libraries").history()
print(json.dumps([type(frame).__module__.partition(".")[0], len(frame)]))
"""


def test_values_of_other_libraries_are_taken_as_they_are(
    server_process: ServerProcess, tmp_path: Path
) -> None:
    lines = start(server_process, tmp_path, LIBRARIES)
    assert json.loads(lines[-1]) == ["pandas", 1]
    path = f"/projects/admin/{PROJECT}/runs/libraries"
    items = server_process.get(f"{path}/media")["items"]
    found = {item["key"]: (item["kind"], item["format"], item["width"]) for item in items}
    assert found == {
        "figure": ("image", "png", 100),
        "axes": ("image", "png", 100),
        "plotly": ("figure", None, None),
        "picture": ("image", "png", 12),
        "jpeg": ("image", "jpg", 12),
        "grey": ("image", "png", 12),
        "frame": ("table", None, None),
        "gif": ("video", None, 8),
    }
    assert server_process.get(f"{path}/tables/frame")["rows"] == [
        [1, "x", 0.5, "2026-01-02T00:00:00"],
        [2, None, "NaN", None],
    ]


OURS = """
import kiseki, numpy as np
table = kiseki.Table(columns=["n", "image"], data=[[1, kiseki.Image(np.zeros((2, 3)))], [2, None]])
artifact = kiseki.Artifact("ours", "dataset", metadata={"k": 1})
artifact.add(table, "rows")
with artifact.new_file("notes/é.txt") as file:
    file.write("text é")
with kiseki.init(id="ours") as run:
    run.log_artifact(artifact, aliases=["best"])
    run.log({"logged": kiseki.Table(columns=["a"], data=[[1], [2]]), "loss": 0.5,
             "image": kiseki.Image(np.zeros((2, 3)), caption="c"),
             "bars": kiseki.plot.bar(kiseki.Table(["l", "v"], [["x", 1]]), "l", "v")})
"""

READ_BY_WANDB = """
import json, wandb
api = wandb.Api()
artifact = api.artifact("admin/sdk-libraries/ours:best")
folder = artifact.download("got")
rows = artifact.get("rows")
run = api.run("admin/sdk-libraries/ours")
logged = api.artifact("admin/sdk-libraries/run-ours-logged:latest").get("logged")
print(json.dumps({
    "type": artifact.type, "metadata": artifact.metadata,
    "text": open(folder + "/notes/é.txt").read(),
    "columns": rows.columns, "first": [type(cell).__name__ for cell in rows.data[0]],
    "logged": logged.data, "loss": run.summary["loss"], "image": run.summary["image"]["_type"],
    "charts": list(run.rawconfig["_wandb"]["visualize"]),
    "maker": artifact.logged_by().id,
}))
"""


def test_the_wandb_client_reads_what_our_sdk_logged(
    server_process: ServerProcess, tmp_path: Path
) -> None:
    start(server_process, tmp_path / "ours", OURS)
    lines = start(server_process, tmp_path / "theirs", READ_BY_WANDB)
    assert json.loads(lines[-1]) == {
        "type": "dataset",
        "metadata": {"k": 1},
        "text": "text é",
        "columns": ["n", "image"],
        "first": ["int", "Image"],
        "logged": [[1], [2]],
        "loss": 0.5,
        "image": "image-file",
        "charts": ["bars"],
        "maker": "ours",
    }


THEIRS = """
import wandb, numpy as np
run = wandb.init(id="theirs")
artifact = wandb.Artifact("theirs", "dataset", metadata={"k": 2})
artifact.add(wandb.Table(columns=["n", "image"], data=[[1, wandb.Image(np.zeros((2, 3)))]]), "rows")
with artifact.new_file("a.txt") as file:
    file.write("text")
run.log_artifact(artifact, aliases=["best"]).wait()
table = wandb.Table(columns=["i"], log_mode="INCREMENTAL")
for i in range(3):
    table.add_data(i)
    run.log({"rows": table})
run.finish()
"""

READ_BY_US = """
import json, kiseki
api = kiseki.Api()
artifact = api.artifact("theirs:best")
folder = artifact.download()
artifact.verify(folder)
rows = artifact.get("rows")
draft = artifact.new_draft()
draft.remove("a.txt")
draft.save(project="admin/sdk-libraries")
print(json.dumps({
    "metadata": artifact.metadata, "text": open(folder + "/a.txt").read(),
    "columns": rows.columns, "first": [type(cell).__name__ for cell in rows.data[0]],
    "draft": [draft.version, "a.txt" in draft.entries], "maker": artifact.logged_by().id,
}))
"""


def test_our_sdk_reads_what_the_wandb_client_logged(
    server_process: ServerProcess, tmp_path: Path
) -> None:
    start(server_process, tmp_path / "theirs", THEIRS)
    lines = start(server_process, tmp_path / "ours", READ_BY_US)
    assert json.loads(lines[-1]) == {
        "metadata": {"k": 2},
        "text": "text",
        "columns": ["n", "image"],
        "first": ["int", "Image"],
        "draft": ["v1", False],
        "maker": "theirs",
    }
    rows: Any = server_process.get(f"/projects/admin/{PROJECT}/runs/theirs/tables/rows")["rows"]
    assert rows == [[0], [1], [2]]
