"""Virtual environments with foreign clients, made when a test asks for them."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".clients"


class NoClient(Exception):
    """The environment could not be made."""


def prepared(name: str, requirements: Sequence[str]) -> Path:
    """The folder of an environment of that name with these packages in it.

    Raises:
        NoClient: With the reason, most likely that there is no network.
    """
    wanted = "\n".join(requirements)
    folder = FOLDER / name
    stamp = folder / ".ready"
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # test processes run side by side
        if not (stamp.exists() and stamp.read_text() == wanted):
            _make(folder, requirements)
            stamp.write_text(wanted)
    return folder


def _make(folder: Path, requirements: Sequence[str]) -> None:
    uv = _call([str(ROOT / "tools" / "uv.sh")]).strip().splitlines()[-1]
    _call([uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(folder)])
    interpreter = str(folder / "bin" / "python")
    _call([uv, "pip", "install", "--quiet", "--python", interpreter, *requirements])


def _call(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoClient(str(error)) from None
    if done.returncode:
        raise NoClient((done.stderr or done.stdout).strip()[-500:])
    return done.stdout
