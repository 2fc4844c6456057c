"""What one call of `log` costs the training loop, with 1 and with 20 scalars.

Each library runs in a process of its own and times every call by itself. Kiseki's figure holds
the whole journal: when the call returns, the row survives the death of the process. Slow libraries
stop after some seconds, before the full number of calls.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from typing import Any

from benchmarks import peers, servers
from benchmarks.report import Measurement, Table

CALLS = 200_000
SECONDS = 15

SCRIPT = """
import json, os, sys
from time import perf_counter_ns, monotonic
os.chdir({directory!r})
{prepare}
cells = []
for width in (1, 20):
    row = {{f"metric/{{number:02d}}": number * 1.1 for number in range(width)}}
    for step in range(200):
        {log}
    times = []
    until = monotonic() + {seconds}
    for step in range(200, 200 + {calls}):
        begin = perf_counter_ns()
        {log}
        times.append(perf_counter_ns() - begin)
        if not step % 100 and monotonic() > until:
            break
    times.sort()
    cells += [times[len(times) // 2] / 1000, times[int(len(times) * 0.99)] / 1000]
{finish}
print(json.dumps(cells))
"""

LIBRARIES: dict[str, dict[str, str]] = {
    "kiseki": {
        "prepare": "import kiseki; run = kiseki.init(project='bench', mode={mode!r}, dir='.')",
        "log": "run.log(row)",
        "finish": "run.finish()",
    },
    "wandb": {
        "prepare": "import wandb; run = wandb.init(project='bench', mode={mode!r}, dir='.')",
        "log": "run.log(row)",
        "finish": "run.finish() if {mode!r} == 'offline' else sys.stdout.flush()",
    },
    "trackio": {
        "prepare": "import trackio; run = trackio.init(project='bench', embed=False)",
        "log": "trackio.log(row)",
        "finish": "",
    },
    "tensorboardX": {
        "prepare": "import tensorboardX; run = tensorboardX.SummaryWriter('tb')",
        "log": "[run.add_scalar(key, value, step) for key, value in row.items()]",
        "finish": "run.close()",
    },
    "aim": {
        "prepare": "import aim; run = aim.Run(repo='.', experiment='b', log_system_params=False)",
        "log": "run.track(row, step=step)",
        "finish": "",
    },
    "mlflow": {
        "prepare": "import mlflow; mlflow.set_tracking_uri('sqlite:///mlflow.db'); "
        "run = mlflow.start_run()",
        "log": "mlflow.log_metrics(row, step=step)",
        "finish": "mlflow.end_run()",
    },
}


def measure(name: str, mode: str, environment: Mapping[str, str]) -> Any:
    with tempfile.TemporaryDirectory() as directory:
        parts = {key: text.replace("{mode!r}", repr(mode)) for key, text in LIBRARIES[name].items()}
        code = SCRIPT.format(directory=directory, calls=CALLS, seconds=SECONDS, **parts)
        # The peers' exit may take minutes for what has not been sent; it is not measured here.
        if name in ("wandb", "trackio", "aim"):
            code += "sys.stdout.flush()\nos._exit(0)\n"
        quiet = {
            "KISEKI_SILENT": "1",
            "KISEKI_UPLOAD_DEADLINE": "0",
            "WANDB_SILENT": "true",
            "WANDB_CONSOLE": "off",
            "TRACKIO_DIR": f"{directory}/trackio",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "GIT_PYTHON_REFRESH": "quiet",
            "HF_HUB_OFFLINE": "1",
        }
        python = sys.executable if name == "kiseki" else peers.PYTHON
        return peers.measure(code, python=python, environment={**quiet, **environment})


def cells(result: Any) -> list[Measurement]:
    if isinstance(result, str):
        missing = "ModuleNotFoundError" in result or "FileNotFoundError" in result
        return [Measurement(None, "not installed" if missing else result)] * 4
    return [Measurement(value) for value in result]


def main() -> None:
    installed = peers.ensure()
    table = Table(
        "One call of log",
        [
            "1 scalar, median (µs)",
            "1 scalar, p99 (µs)",
            "20 scalars, median (µs)",
            "20 scalars, p99 (µs)",
        ],
    )
    table.add("kiseki, offline", *cells(measure("kiseki", "offline", {})))
    with servers.kiseki() as server:
        ours = {"KISEKI_BASE_URL": server.url, "KISEKI_API_KEY": server.key}
        theirs = {"WANDB_BASE_URL": server.url, "WANDB_API_KEY": server.key}
        table.add("kiseki, to a server", *cells(measure("kiseki", "online", ours)))
        if installed:
            table.add("wandb, to Kiseki", *cells(measure("wandb", "online", theirs)))
    for name, mode in (
        ("wandb", "offline"),
        ("trackio", ""),
        ("tensorboardX", ""),
        ("aim", ""),
        ("mlflow", ""),
    ):
        title = f"{name}, {mode}" if mode else name
        if installed or peers.PYTHON.exists():
            table.add(title, *cells(measure(name, mode, {})))
        else:
            table.add(title, *["not installed"] * 4)
    table.print()


if __name__ == "__main__":
    main()
