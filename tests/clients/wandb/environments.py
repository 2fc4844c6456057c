"""Virtual environments with the wandb client, made when a test asks for them."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import zlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from kiseki_server.protocols.wandb.server_info import CLIENTS

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / ".clients"

SUPPORTED = CLIENTS
"""The smoke set runs with these, and their operations are all accounted for."""
NEWEST, _, EARLIER, OLDEST = SUPPORTED
VERSIONS = (NEWEST, EARLIER)
"""The whole suite runs with these."""
_COMPANIONS = ("numpy==2.3.5", "pillow==12.0.0", "scikit-learn==1.9.1")

MEDIA = ("matplotlib==3.11.2", "pandas==3.1.1", "plotly==7.1.0", "soundfile==0.14.0")
"""What the client asks for when it is given sounds and figures."""


class NoClient(Exception):
    """The environment could not be made."""


def environment(version: str, extras: tuple[str, ...] = ()) -> Path:
    """The folder of an environment with this version of the client and these packages in it.

    Raises:
        NoClient: With the reason, most likely that there is no network.
    """
    wanted = "\n".join((f"wandb=={version}", *_COMPANIONS, *extras))
    name = f"wandb-{version}" + (f"-{zlib.crc32(wanted.encode()):08x}" if extras else "")
    folder = FOLDER / name
    stamp = folder / ".ready"
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # test processes run side by side
        if not (stamp.exists() and stamp.read_text() == wanted):
            _make(folder, wanted.split())
            stamp.write_text(wanted)
    return folder


def environments(versions: Iterable[str] = SUPPORTED) -> dict[str, Path]:
    """The environments of several versions, made side by side.

    Raises:
        NoClient: One could not be made.
    """
    versions = list(versions)
    with ThreadPoolExecutor(len(versions)) as pool:
        return dict(zip(versions, pool.map(environment, versions), strict=True))


def python(version: str, extras: tuple[str, ...] = ()) -> Path:
    """The interpreter of that environment."""
    return environment(version, extras) / "bin" / "python"


def _make(folder: Path, requirements: list[str]) -> None:
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
