"""Signed addresses: the right to do one thing with one file for a while.

Clients of foreign dialects transfer files without credentials, so the address itself has to
carry the permission. Whoever asks for a ticket has been authorized before.

Each kind of ticket is a place below `/blobs` and the facts that its address has to carry; the
signature covers the purpose, the place, the facts and the time until which all this is allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import quote, urlencode

from kiseki_server.domain.files.incoming import DigestAlgorithm
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import Forbidden
from kiseki_server.kit.ids import ManifestId, ProjectId, RunId, VersionId
from kiseki_server.kit.secrets import Hasher

Purpose = Literal["upload", "download"]

LIFETIME: dict[Purpose, timedelta] = {
    "upload": timedelta(hours=24),
    "download": timedelta(hours=1),
}

_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Ticket:
    """A file of a run."""

    purpose: Purpose
    run: RunId
    path: str

    @property
    def place(self) -> str:
        return f"runs/{self.run}/{self.path}"

    @property
    def facts(self) -> Mapping[str, str]:
        return _NOTHING


@dataclass(frozen=True, slots=True)
class ArtifactUpload:
    """The bytes of one file of a version that is not committed: these bytes and no others."""

    version: VersionId
    path: str
    digest: str
    """Base64, of the version's own kind."""
    size: int | None
    algorithm: DigestAlgorithm = "md5"
    purpose: Literal["upload"] = "upload"

    @property
    def place(self) -> str:
        return f"{ARTIFACTS}/{self.version}/{self.path}"

    @property
    def facts(self) -> Mapping[str, str]:
        algorithm = {} if self.algorithm == "md5" else {"algorithm": self.algorithm}
        size = {} if self.size is None else {"size": str(self.size)}
        return {"digest": self.digest, **algorithm, **size}


@dataclass(frozen=True, slots=True)
class PartUpload:
    """One part of a file that comes in parts."""

    upload: str
    number: int
    md5: str
    """Base64."""
    purpose: Literal["upload"] = "upload"

    @property
    def place(self) -> str:
        return f"parts/{self.upload}/{self.number}"

    @property
    def facts(self) -> Mapping[str, str]:
        return {"md5": self.md5}


@dataclass(frozen=True, slots=True)
class ManifestUpload:
    """A version's list of files, as its dialect writes it."""

    manifest: ManifestId
    digest: str
    """Base64 MD5."""
    purpose: Literal["upload"] = "upload"

    @property
    def place(self) -> str:
        return f"manifests/{self.manifest}/{MANIFEST}"

    @property
    def facts(self) -> Mapping[str, str]:
        return {"digest": self.digest}


@dataclass(frozen=True, slots=True)
class ArtifactDownload:
    """One file of a committed version."""

    version: VersionId
    path: str
    purpose: Literal["download"] = "download"

    @property
    def place(self) -> str:
        return f"{ARTIFACTS}/{self.version}/{self.path}"

    @property
    def facts(self) -> Mapping[str, str]:
        return _NOTHING


@dataclass(frozen=True, slots=True)
class ManifestDownload:
    """The list of files of a committed version."""

    version: VersionId
    purpose: Literal["download"] = "download"

    @property
    def place(self) -> str:
        return f"manifests/of/{self.version}/{MANIFEST}"

    @property
    def facts(self) -> Mapping[str, str]:
        return _NOTHING


@dataclass(frozen=True, slots=True)
class ExportDownload:
    """A run's history as Parquet, from one step on."""

    run: RunId
    first_step: int
    purpose: Literal["download"] = "download"

    @property
    def place(self) -> str:
        return f"exports/{self.run}/{self.first_step}/history.parquet"

    @property
    def facts(self) -> Mapping[str, str]:
        return _NOTHING


@dataclass(frozen=True, slots=True)
class ContentDownload:
    """A content that a project has, by its digest."""

    project: ProjectId
    digest: str
    purpose: Literal["download"] = "download"

    @property
    def place(self) -> str:
        return f"contents/{self.project}/{self.digest}"

    @property
    def facts(self) -> Mapping[str, str]:
        return _NOTHING


AnyTicket = (
    Ticket
    | ArtifactUpload
    | PartUpload
    | ManifestUpload
    | ArtifactDownload
    | ManifestDownload
    | ExportDownload
    | ContentDownload
)

# The wandb client's tools tell files of artifacts by these parts of their addresses.
ARTIFACTS = "wandb_artifacts"
MANIFEST = "wandb_manifest.json"


class Tickets:
    """Writes signed addresses and reads them back."""

    def __init__(self, hasher: Hasher, clock: Clock) -> None:
        self._hasher = hasher
        self._clock = clock

    def address(self, ticket: AnyTicket) -> str:
        """The path and query of an address below the server's own."""
        expires = int((self._clock.now() + LIFETIME[ticket.purpose]).timestamp())
        unsigned = _unsigned(ticket, expires)
        return f"{unsigned}&signature={self._hasher.hash('ticket', unsigned)}"

    def end(self, purpose: Purpose) -> datetime:
        """Until when an address holds that is written now."""
        return self._clock.now() + LIFETIME[purpose]

    def check(self, ticket: AnyTicket, expires: int, signature: str) -> None:
        """Accept the signature, or raise.

        Raises:
            Forbidden: The address was made for something else, or its time is over.
        """
        if not self._hasher.matches("ticket", _unsigned(ticket, expires), signature):
            raise Forbidden(f"This address does not allow the {ticket.purpose} of this file")
        if self._clock.now().timestamp() >= expires:
            raise Forbidden("This address has expired", hint="Ask for a new one, as for the first.")


def _unsigned(ticket: AnyTicket, expires: int) -> str:
    query = urlencode({"purpose": ticket.purpose, **ticket.facts, "expires": str(expires)})
    return f"/blobs/{quote(ticket.place)}?{query}"
