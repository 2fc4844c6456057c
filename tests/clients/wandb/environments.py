"""Virtual environments with the wandb client, made when a test asks for them."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.clients.environments import FOLDER, NoClient, prepared

from kiseki_server.protocols.wandb.server_info import CLIENTS

__all__ = ["FOLDER", "NoClient"]

SUPPORTED = CLIENTS
"""The smoke set runs with these, and their operations are all accounted for."""
NEWEST, _, EARLIER, OLDEST = SUPPORTED
VERSIONS = (NEWEST, EARLIER) if os.environ.get("KISEKI_TEST_CLIENTS") == "1" else (NEWEST,)
"""The whole suite runs with these: the newest, and by `make test-clients` an earlier one too."""
_COMPANIONS = ("numpy==2.3.5", "pillow==12.0.0", "scikit-learn==1.9.1")

MEDIA = ("matplotlib==3.11.2", "pandas==3.1.1", "plotly==7.1.0", "soundfile==0.14.0")
"""What the client asks for when it is given sounds and figures."""


def environment(version: str, extras: tuple[str, ...] = (), by_pip: tuple[str, ...] = ()) -> Path:
    """The folder of an environment with this version of the client and these packages in it.

    Args:
        version: Of the client.
        extras: More packages.
        by_pip: Packages that pip installs first; see `prepared`.

    Raises:
        NoClient: With the reason, most likely that there is no network.
    """
    wanted = (f"wandb=={version}", *_COMPANIONS, *extras)
    text = "\n".join((*by_pip, *wanted)).encode()
    name = f"wandb-{version}" + (f"-{zlib.crc32(text):08x}" if extras else "")
    return prepared(name, wanted, by_pip)


def environments(versions: Iterable[str] = SUPPORTED) -> dict[str, Path]:
    """The environments of several versions, made side by side.

    Raises:
        NoClient: One could not be made.
    """
    versions = list(versions)
    with ThreadPoolExecutor(len(versions)) as pool:
        return dict(zip(versions, pool.map(environment, versions), strict=True))


def python(version: str, extras: tuple[str, ...] = (), by_pip: tuple[str, ...] = ()) -> Path:
    """The interpreter of that environment."""
    return environment(version, extras, by_pip) / "bin" / "python"
