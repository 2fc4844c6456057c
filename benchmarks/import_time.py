"""How long `import` takes in a fresh interpreter, less the interpreter's own start."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from benchmarks import peers
from benchmarks.report import Table, median

ROUNDS = 9


def milliseconds(python: Path | str, statement: str) -> float | None:
    """Median wall time of an interpreter that runs one statement; the first run warms caches."""
    times: list[float] = []
    for number in range(ROUNDS + 1):
        begin = time.perf_counter()
        done = subprocess.run([python, "-c", statement], capture_output=True, check=False)
        if done.returncode:
            return None
        if number:
            times.append((time.perf_counter() - begin) * 1000)
    return median(times)


def main() -> None:
    peers.ensure()
    table = Table("Import", ["import (ms)"])
    for name in ("kiseki", "tensorboardX", "wandb", "trackio", "aim", "mlflow"):
        python = sys.executable if name == "kiseki" else peers.PYTHON
        empty = milliseconds(python, "pass")
        loaded = milliseconds(python, f"import {name}")
        if empty is None or loaded is None:
            table.add(name, "not installed")
        else:
            table.add(name, loaded - empty)
    table.print()


if __name__ == "__main__":
    main()
