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


def prepared(name: str, requirements: Sequence[str], by_pip: Sequence[str] = ()) -> Path:
    """The folder of an environment of that name with these packages in it.

    Args:
        name: Of the folder.
        requirements: Packages, with their versions.
        by_pip: Packages that uv does not find a build of; pip installs them before the others.

    Raises:
        NoClient: With the reason, most likely that there is no network.
    """
    wanted = "\n".join((*by_pip, *requirements))
    folder = FOLDER / name
    stamp = folder / ".ready"
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # test processes run side by side
        if not (stamp.exists() and stamp.read_text() == wanted):
            _make(folder, requirements, by_pip)
            stamp.write_text(wanted)
    return folder


def _make(folder: Path, requirements: Sequence[str], by_pip: Sequence[str]) -> None:
    uv = _call([str(ROOT / "tools" / "uv.sh")]).strip().splitlines()[-1]
    pip = ["--seed"] if by_pip else []
    place = ["--python", sys.executable, str(folder)]
    _call([uv, "venv", "--quiet", "--allow-existing", *pip, *place])
    interpreter = str(folder / "bin" / "python")
    if by_pip:
        _call([interpreter, "-m", "pip", "install", "--quiet", *by_pip])
    _call([uv, "pip", "install", "--quiet", "--python", interpreter, *requirements, *by_pip])


def _call(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoClient(str(error)) from None
    if done.returncode:
        raise NoClient((done.stderr or done.stdout).strip()[-500:])
    return done.stdout
