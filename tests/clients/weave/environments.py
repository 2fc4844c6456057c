"""Virtual environments with the weave client, made when a test asks for them."""

from __future__ import annotations

from pathlib import Path

from tests.clients.environments import prepared

NEWEST = "0.54.0"
SUPPORTED = (NEWEST, "0.52.43", "0.51.59")
"""The smoke set runs with these, the whole suite with the newest."""
_COMPANIONS = ("pillow==12.0.0",)
_OF_ITS_TIME = {"0.51.59": ("gql==3.5.3",)}
"""What an old client does not get along with in newer versions."""


def python(version: str, extras: tuple[str, ...] = ()) -> Path:
    """The interpreter of an environment with this version of the client.

    Raises:
        NoClient: With the reason, most likely that there is no network.
    """
    name = "-".join([f"weave-{version}", *(extra.partition("==")[0] for extra in extras)])
    companions = (*_COMPANIONS, *_OF_ITS_TIME.get(version, ()))
    folder = prepared(name, [f"weave=={version}", *companions, *extras])
    return folder / "bin" / "python"
