"""Lists of an artifact's files in the client's form, version 1: read and written.

A version's list can be long, so it is read into small typed values and written piece by piece.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from kiseki_server.domain.artifacts.types import UNKNOWN_SIZE, Entry
from kiseki_server.kit.errors import BadRequest
from kiseki_server.protocols.wandb import identifiers

FILE_NAME = "wandb_manifest.json"
VERSION = 1
MAX_BYTES = 256 << 20
_PIECE = 1000


class _Entry(msgspec.Struct, gc=False):
    digest: str
    ref: str | None = None
    size: int | None = None
    birth: str | None = msgspec.field(default=None, name="birthArtifactID")
    extra: dict[str, Any] | None = None


class _Policy(msgspec.Struct, rename="camel"):
    storage_layout: str | None = None


class _List(msgspec.Struct, rename="camel"):
    version: int
    contents: dict[str, _Entry]
    storage_policy: str = "wandb-storage-policy-v1"
    storage_policy_config: _Policy | None = None


_decoder = msgspec.json.Decoder(_List)
_encode = msgspec.json.Encoder().encode


def read(data: bytes) -> list[Entry]:
    """The entries, without the bytes behind them; where the client keeps its copies is left out.

    Raises:
        BadRequest: It is no such list; the message says where it stops being one.
    """
    try:
        found = _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"The artifact's list of files cannot be read: {error}") from None
    if found.version != VERSION:
        raise BadRequest(
            f"The artifact's list of files has version {found.version}",
            hint=f"This server reads version {VERSION}.",
        )
    return [_entry(path, given) for path, given in found.contents.items()]


def _entry(path: str, given: _Entry) -> Entry:
    size = UNKNOWN_SIZE if given.size is None else given.size
    if given.size is not None and not 0 <= size < 2**63:
        raise BadRequest(f"The file {path[:200]!r} cannot have {size} bytes")
    return Entry(
        path=path,
        digest=given.digest,
        size=size,
        blob=None,
        reference=given.ref,
        birth=identifiers.artifact_or_none(given.birth),
        extra=given.extra or None,
    )


def write(entries: Iterable[Entry]) -> Iterator[bytes]:
    """The list of a version as JSON, in pieces."""
    yield (
        b'{"version":1,"storagePolicy":"wandb-storage-policy-v1",'
        b'"storagePolicyConfig":{"storageLayout":"V2"},"contents":{'
    )
    pieces: list[bytes] = []
    first = True
    for entry in entries:
        pieces.append((b"" if first else b",") + _encode(entry.path) + b":" + _encode(shown(entry)))
        first = False
        if len(pieces) >= _PIECE:
            yield b"".join(pieces)
            pieces.clear()
    yield b"".join((*pieces, b"}}"))


def shown(entry: Entry) -> dict[str, Any]:
    """One entry as it stands in a list."""
    value: dict[str, Any] = {"digest": entry.digest, "size": entry.size}
    if entry.reference is not None:
        value["ref"] = entry.reference
    if entry.birth is not None:
        value["birthArtifactID"] = identifiers.artifact_id(entry.birth)
    if entry.extra:
        value["extra"] = entry.extra
    return value
