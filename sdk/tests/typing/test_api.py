"""The public names type-check under pyright's strict mode."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


def test_the_public_names_type_check(tmp_path: Path) -> None:
    pytest.importorskip("pyright")
    config = tmp_path / "pyrightconfig.json"
    api = Path(__file__).with_name("api.py")
    config.write_text(json.dumps({"include": [str(api)], "typeCheckingMode": "strict"}))
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "-p", str(config), "--pythonpath", sys.executable],
        capture_output=True,
        text=True,
        check=False,
    )
    if "0 files" in done.stdout or "error: " in done.stderr:
        pytest.skip(f"pyright cannot run here: {done.stderr.strip()[:200]}")
    assert done.returncode == 0, done.stdout
