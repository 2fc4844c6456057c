"""The wheels stand alone: installed into an empty environment they serve the API and the UI."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import pytest
from tests.processes import eventually, free_port

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    target = tmp_path_factory.mktemp("dist")
    for package in ("sdk", "server"):
        subprocess.run(
            [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", target,
             ROOT / package],
            check=True,
            capture_output=True,
        )  # fmt: skip
    return sorted(target.glob("*.whl"))


def test_the_server_wheel_holds_migrations_schema_and_ui(wheels: list[Path]) -> None:
    names = [n for wheel in wheels for n in zipfile.ZipFile(wheel).namelist()]
    assert any(n.endswith("migrations/env.py") or "/migrations/" in n for n in names)
    assert any(n.endswith(".graphql") for n in names)
    assert "kiseki/py.typed" in names
    if (ROOT / "server/src/kiseki_server/_web/index.html").exists():
        assert "kiseki_server/_web/index.html" in names
    assert not [n for n in names if "/tests/" in n or n.endswith(".pyc")]


def test_installed_wheels_serve(wheels: list[Path], tmp_path: Path) -> None:
    uv = subprocess.run(
        [ROOT / "tools/uv.sh"], capture_output=True, text=True, check=True
    ).stdout.strip()
    environment = tmp_path / "venv"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, environment], check=True)
    python = environment / "bin" / "python"
    installed = subprocess.run(
        [uv, "pip", "install", "--quiet", "--python", python, "--constraint",
         ROOT / "requirements.lock", *wheels],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    if installed.returncode:
        pytest.skip(f"the wheels' requirements cannot be had: {installed.stderr[-200:]}")
    port = free_port()
    server = subprocess.Popen(
        [environment / "bin" / "kiseki", "serve", "--port", str(port), "--data-dir",
         tmp_path / "data"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
    )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"

        def ready() -> bool:
            return urllib.request.urlopen(f"{url}/ready", timeout=2).status == 200

        eventually(ready)
        page = urllib.request.urlopen(url, timeout=5).read().decode()
        assert "Kiseki" in page
        if (ROOT / "server/src/kiseki_server/_web/index.html").exists():
            assert "/assets/" in page
        assert (tmp_path / "data/admin.key").stat().st_mode & 0o777 == 0o600
    finally:
        server.terminate()
        assert server.wait(30) == 0
