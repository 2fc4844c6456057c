"""Files of runs, and the bytes behind them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kiseki_server.kit.ids import RunId


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes, named by their content."""

    digest: str
    """SHA-256 in hexadecimal digits."""
    size: int
    md5: str
    """Base64, as HTTP and other dialects write it."""


@dataclass(frozen=True, slots=True)
class Named:
    """What is known about stored bytes."""

    size: int
    names: int
    """How many keep them."""


@dataclass(frozen=True, slots=True)
class RunFile:
    """A file that a run has, under a checked path."""

    run: RunId
    path: str
    digest: str
    size: int
    md5: str
    media_type: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class FilePage:
    """Files in byte order of their paths; ``after`` opens the next page, ``None`` at the end."""

    files: tuple[RunFile, ...]
    after: str | None
