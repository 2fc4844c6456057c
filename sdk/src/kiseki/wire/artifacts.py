"""How an artifact waits for its upload: ``artifact.json`` in a folder of its own.

The SDK writes the plan and the bytes of its files, and the uploader writes the result beside it.
"""

from __future__ import annotations

from typing import Any

import msgspec

ARTIFACTS = "artifacts"
"""The folder beside the journal with a folder for each artifact, by its id."""
PLAN = "artifact.json"
RESULT = "result.json"
PARTS = "parts.json"


class PlannedEntry(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One file of the artifact."""

    path: str
    size: int
    source: str | None = None
    """Where its bytes are, from the run's folder on; ``None``: the base has them, or it is a
    reference."""
    keep: bool = False
    """Its bytes stay there when the server has them: something else needs them, too."""
    digest: str | None = None
    """Base64 MD5; found by the uploader where the bytes are here."""
    reference: str | None = None
    extra: dict[str, Any] | None = None


class Plan(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What is to become a version."""

    id: str
    type: str
    collection: str
    entries: list[PlannedEntry]
    description: str | None = None
    metadata: dict[str, Any] = {}
    aliases: list[str] = []
    tags: list[str] = []
    ttl: int = -1
    base: int | None = None
    """The version that this one was made from."""
    history_step: int | None = None


class Result(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What became of it."""

    version: int | None = None
    entity: str | None = None
    project: str | None = None
    collection: str | None = None
    index: int | None = None
    sent_bytes: int = 0
    total_bytes: int = 0
    error: str | None = None
    """Why it will never be there."""


def md5_of_contents(digests: dict[str, str]) -> str:
    """The digest of a version by the digests of its files."""
    import hashlib

    text = "wandb-artifact-manifest-v1\n" + "".join(
        f"{path}:{digests[path]}\n" for path in sorted(digests, key=str.encode)
    )
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
