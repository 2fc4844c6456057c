"""Start of a run up to the first loggable step, and its end, offline and against a server."""

from __future__ import annotations

import sys
import tempfile
from typing import Any

from benchmarks import peers, servers
from benchmarks.report import Measurement, Table

ROUNDS = 5

SCRIPT = """
import json, os, sys, time, statistics
os.chdir({directory!r})
{prepare}
starts, ends = [], []
for number in range({rounds} + 1):
    begin = time.perf_counter()
    {start}
    {log}
    started = time.perf_counter()
    {more}
    before = time.perf_counter()
    {finish}
    if number:
        starts.append((started - begin) * 1000)
        ends.append((time.perf_counter() - before) * 1000)
print(json.dumps([statistics.median(starts), statistics.median(ends)]))
"""

LIBRARIES: dict[str, dict[str, str]] = {
    "kiseki": {
        "prepare": "import kiseki",
        "start": "run = kiseki.init(project='bench', mode={mode!r}, dir='.')",
        "log": "run.log({'loss': 0.5})",
        "more": "[run.log({'loss': 0.5}) for _ in range(100)]",
        "finish": "run.finish()",
    },
    "wandb": {
        "prepare": "import wandb",
        "start": "run = wandb.init(project='bench', mode={mode!r}, dir='.')",
        "log": "run.log({'loss': 0.5})",
        "more": "[run.log({'loss': 0.5}) for _ in range(100)]",
        "finish": "run.finish()",
    },
    "trackio": {
        "prepare": "import trackio",
        "start": "run = trackio.init(project='bench', embed=False)",
        "log": "trackio.log({'loss': 0.5})",
        "more": "[trackio.log({'loss': 0.5}) for _ in range(100)]",
        "finish": "trackio.finish()",
    },
    "mlflow": {
        "prepare": "import mlflow; mlflow.set_tracking_uri({uri!r})",
        "start": "run = mlflow.start_run()",
        "log": "mlflow.log_metric('loss', 0.5, step=0)",
        "more": "[mlflow.log_metric('loss', 0.5, step=s) for s in range(1, 11)]",
        "finish": "mlflow.end_run()",
    },
    "aim": {
        "prepare": "import aim",
        "start": "run = aim.Run(repo='.', experiment='bench', log_system_params=False)",
        "log": "run.track(0.5, name='loss', step=0)",
        "more": "[run.track(0.5, name='loss', step=s) for s in range(1, 101)]",
        "finish": "run.close()",
    },
    "tensorboardX": {
        "prepare": "import tensorboardX",
        "start": "run = tensorboardX.SummaryWriter(f'./{number}')",
        "log": "run.add_scalar('loss', 0.5, 0)",
        "more": "[run.add_scalar('loss', 0.5, s) for s in range(1, 101)]",
        "finish": "run.close()",
    },
}


def measure(name: str, mode: str, uri: str, environment: dict[str, str]) -> Any:
    # The uploader of the last run may still be writing.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        parts = {
            key: text.replace("{mode!r}", repr(mode)).replace("{uri!r}", repr(uri))
            for key, text in LIBRARIES[name].items()
        }
        code = SCRIPT.format(directory=directory, rounds=ROUNDS, **parts)
        python = sys.executable if name == "kiseki" else peers.PYTHON
        quiet = {
            "KISEKI_SILENT": "1",
            "WANDB_SILENT": "true",
            "WANDB_CONSOLE": "off",
            "TRACKIO_DIR": f"{directory}/trackio",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "GIT_PYTHON_REFRESH": "quiet",
            "HF_HUB_OFFLINE": "1",
        }
        return peers.measure(code, python=python, environment={**quiet, **environment})


def cells(result: Any) -> list[Measurement]:
    if isinstance(result, str):
        return [Measurement(None, result), Measurement(None, "–")]
    return [Measurement(value) for value in result]


def main() -> None:
    peers.ensure()
    table = Table(
        "Start and end of a run",
        ["init, local (ms)", "finish, local (ms)", "init, server (ms)", "finish, server (ms)"],
    )
    with servers.kiseki() as server:
        ours = {"KISEKI_BASE_URL": server.url, "KISEKI_API_KEY": server.key}
        theirs = {"WANDB_BASE_URL": server.url, "WANDB_API_KEY": server.key}
        for name, environment in (("kiseki", ours), ("wandb (to Kiseki)", theirs)):
            library = name.split()[0]
            table.add(
                name,
                *cells(measure(library, "offline", "", environment)),
                *cells(measure(library, "online", "", environment)),
            )
    for name in ("tensorboardX", "aim", "trackio"):
        table.add(name, *cells(measure(name, "", "", {})), "–", "–")
    with tempfile.TemporaryDirectory() as home, servers.mlflow() as server:
        table.add(
            "mlflow",
            *cells(measure("mlflow", "", f"sqlite:///{home}/mlflow.db", {})),
            *cells(measure("mlflow", "", server.url, {})),
        )
    table.print()


if __name__ == "__main__":
    main()
