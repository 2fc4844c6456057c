"""Typed ids and how new ones are made."""

from __future__ import annotations

import secrets
from typing import NewType

UserId = NewType("UserId", int)
OrgId = NewType("OrgId", int)
EntityId = NewType("EntityId", int)
ProjectId = NewType("ProjectId", int)
RunId = NewType("RunId", int)
"""The server's number of a run. What clients call the run's id is its *name*."""
CollectionId = NewType("CollectionId", int)
VersionId = NewType("VersionId", int)
"""The server's number of an artifact version, wherever the version is linked."""
ManifestId = NewType("ManifestId", int)
ViewId = NewType("ViewId", int)

_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


def new_run_name() -> str:
    """Eight lower-case letters and digits, as clients choose them."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(8))
