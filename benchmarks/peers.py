"""The libraries beside which Kiseki is measured, in an environment of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".bench"
PYTHON = ENVIRONMENT / "bin" / "python"

REQUIREMENTS = (
    "wandb==0.31.0",
    "mlflow==3.17.2",
    "trackio==0.43.0",
    "aim==3.29.1",
    "tensorboardX==2.6.5",
    "weave==0.54.0",
    "opentelemetry-sdk==1.45.2",
    "opentelemetry-exporter-otlp-proto-http==1.45.2",
)


def ensure() -> bool:
    """Make `.bench` with the peers; says why when it cannot."""
    stamp = ENVIRONMENT / ".ready"
    wanted = "\n".join(REQUIREMENTS)
    if stamp.exists() and stamp.read_text() == wanted:
        return True
    print("Installing the peers into .bench/ …", file=sys.stderr, flush=True)
    uv = subprocess.run(
        [ROOT / "tools" / "uv.sh"], check=True, capture_output=True, text=True
    ).stdout.strip()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    subprocess.run(
        [uv, "venv", "--quiet", "--allow-existing", "--python", version, ENVIRONMENT], check=True
    )
    done = subprocess.run(
        [uv, "pip", "install", "--quiet", "--python", PYTHON, *REQUIREMENTS], check=False
    )
    if done.returncode:
        print("The peers could not be installed; their rows stay empty.", file=sys.stderr)
        return False
    stamp.write_text(wanted)
    return True


def measure(
    code: str,
    *,
    python: Path | str = PYTHON,
    environment: Mapping[str, str] | None = None,
    directory: Path | str | None = None,
    timeout: float = 300,
) -> Any:
    """Run code in a fresh interpreter and give what it prints last, as JSON.

    A failure gives its last line as text, so that one broken peer leaves a table whole.
    """
    try:
        done = subprocess.run(
            [python, "-c", code],
            capture_output=True,
            text=True,
            check=False,
            cwd=directory,
            timeout=timeout,
            env={
                **os.environ,
                "PYTHONDONTWRITEBYTECODE": "",
                "OMP_NUM_THREADS": "1",
                **(environment or {}),
            },
        )
    except subprocess.TimeoutExpired:
        return f"over {timeout:.0f} s"
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["failed"]
        return lines[-1][:60]
    return json.loads(done.stdout.strip().splitlines()[-1])
