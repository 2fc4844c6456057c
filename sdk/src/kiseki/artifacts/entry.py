"""One file of an artifact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiseki.artifacts.draft import DraftEntry
from kiseki.artifacts.fetch import fetch
from kiseki.errors import UsageError

if TYPE_CHECKING:
    from kiseki.query.server import Server


@dataclass(frozen=True, slots=True)
class ArtifactEntry:
    """A file of an artifact's version."""

    path: str
    size: int
    digest: str
    """Base64 MD5, as a rule; of a reference what its store says."""
    reference: str | None = None
    """Where the bytes are, if not on the server."""
    address: str = ""
    algorithm: str = "md5"
    server: Server | None = None
    extra: Mapping[str, Any] | None = None

    @property
    def ref(self) -> str | None:
        """The same as ``reference``."""
        return self.reference

    def download(self, root: str | PathLike[str] | None = None, skip_cache: bool = False) -> str:
        """Bring the file to its path below ``root``; gives where it lies."""
        if self.server is None:
            raise UsageError("The artifact is not logged yet, so that there is nothing to download")
        folder = Path(root or ".").absolute()
        fetch(self.server, [self], folder, skip_cache=skip_cache)
        return str(folder / self.path)


def shown(entry: DraftEntry) -> ArtifactEntry:
    """A file of an artifact that is not logged yet."""
    return ArtifactEntry(
        entry.path, entry.size, entry.found_digest(), entry.reference, extra=entry.extra
    )
