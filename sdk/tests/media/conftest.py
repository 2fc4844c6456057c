"""A keeper that remembers what it was given."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest


class Remembering:
    """Keeps files in memory."""

    def __init__(self, key: str = "key") -> None:
        self.key = key
        self.files: dict[str, bytes] = {}
        self.notes: dict[tuple[str, str], Any] = {}

    def file(self, content: bytes | Path, folder: str, suffix: str) -> dict[str, Any]:
        data = content if isinstance(content, bytes) else content.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        path = f"{folder}/{digest[:8]}{suffix}"
        self.files[path] = data
        return {"path": path, "sha256": digest, "size": len(data)}

    def note(self, section: str, name: str, value: Any) -> None:
        self.notes[section, name] = value

    def table(self, path: str, kept: Iterable[str]) -> dict[str, Any]:
        return {}


@pytest.fixture
def keeper() -> Remembering:
    return Remembering()
