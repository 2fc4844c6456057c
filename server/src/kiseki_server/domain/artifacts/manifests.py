"""The list of a version's files, as it is stored: packed and compressed, in order of the paths."""

from __future__ import annotations

import base64
import threading
import unicodedata
import zlib
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from kiseki_server.domain.artifacts.types import Entry
from kiseki_server.domain.files.paths import check_path
from kiseki_server.kit.errors import BadRequest, KisekiError
from kiseki_server.kit.ids import VersionId

_FORM = 1
_pack = msgspec.msgpack.Encoder().encode


class _Row(msgspec.Struct, array_like=True, gc=False):
    path: str
    digest: str
    size: int
    blob: str | None
    reference: str | None
    birth: int | None
    extra: dict[str, Any] | None


class _Packed(msgspec.Struct, array_like=True):
    form: int
    rows: list[_Row]


_unpack = msgspec.msgpack.Decoder(_Packed).decode


@dataclass(slots=True)
class Listing:
    """The files of a version in byte order of their paths."""

    entries: Sequence[Entry]
    _paths: list[bytes] = field(default_factory=list[bytes], repr=False)
    _digests: dict[str, int] = field(default_factory=dict[str, int], repr=False)

    @property
    def size(self) -> int:
        """Bytes of all files, references included."""
        return sum(entry.size for entry in self.entries)

    def blobs(self) -> set[str]:
        """The distinct blobs that hold the bytes."""
        return {entry.blob for entry in self.entries if entry.blob is not None}

    def find(self, path: str) -> Entry | None:
        """The entry of a path."""
        at = self._place(path)
        found = self.entries[at : at + 1]
        return found[0] if found and found[0].path == path else None

    def by_digest(self, digest: str) -> Entry | None:
        """An entry with bytes of this digest (base64)."""
        if not self._digests:
            for at, entry in enumerate(self.entries):
                if entry.reference is None:
                    self._digests.setdefault(entry.digest, at)
        at = self._digests.get(digest)
        return None if at is None else self.entries[at]

    def below(self, prefix: str, after: str | None) -> range:
        """Places of the entries whose paths begin with a prefix, behind the path ``after``."""
        start = self._place(prefix)
        end = len(self.entries)
        if prefix:
            end = bisect_right(self._paths, prefix.encode() + b"\xff")
        if after is not None:
            start = max(start, bisect_right(self._sorted(), after.encode()))
        return range(start, max(start, end))

    def _place(self, path: str) -> int:
        return bisect_left(self._sorted(), path.encode("utf-8", "surrogatepass"))

    def _sorted(self) -> list[bytes]:
        if len(self._paths) != len(self.entries):
            self._paths = [entry.path.encode() for entry in self.entries]
        return self._paths


def listing(entries: Iterable[Entry]) -> Listing:
    """Entries of one version, checked and in order.

    Raises:
        BadRequest: A path cannot be one, or two paths are the same or look the same.
    """
    found: dict[str, Entry] = {}
    forms: dict[str, str] = {}
    for entry in entries:
        if check_path(entry.path) != entry.path:
            raise BadRequest(f"The file path {entry.path[:80]!r} is not in its plain form")
        if entry.path in found:
            raise BadRequest(f"The file {entry.path[:80]!r} is listed twice")
        form = unicodedata.normalize("NFC", entry.path)
        if form in forms:
            raise BadRequest(
                f"The files {forms[form][:80]!r} and {entry.path[:80]!r} have the same name in "
                "two Unicode forms",
                hint="Many file systems cannot hold both; rename one.",
            )
        forms[form] = entry.path
        found[entry.path] = entry
    return Listing(sorted(found.values(), key=lambda entry: entry.path.encode()))


def overlay(base: Listing, entries: Iterable[Entry]) -> list[Entry]:
    """The files of a base with those of an increment instead of them."""
    merged = {entry.path: entry for entry in base.entries}
    merged.update((entry.path, entry) for entry in entries)
    return list(merged.values())


def pack(listed: Listing) -> bytes:
    """The stored form."""
    rows = [
        (
            entry.path,
            entry.digest,
            entry.size,
            entry.blob,
            entry.reference,
            entry.birth,
            None if entry.extra is None else dict(entry.extra),
        )
        for entry in listed.entries
    ]
    return zlib.compress(_pack((_FORM, rows)), 6)


def unpack(data: bytes) -> Listing:
    """What `pack` was given.

    Raises:
        KisekiError: The bytes are damaged.
    """
    try:
        packed = _unpack(zlib.decompress(data))
    except (zlib.error, msgspec.DecodeError) as error:
        raise KisekiError(f"The list of an artifact's files is damaged: {error}") from error
    if packed.form != _FORM:
        raise KisekiError(f"The list of an artifact's files has the unknown form {packed.form}")
    return Listing(
        [
            Entry(
                path=row.path,
                digest=row.digest,
                size=row.size,
                blob=row.blob,
                reference=row.reference,
                birth=None if row.birth is None else VersionId(row.birth),
                extra=row.extra,
            )
            for row in packed.rows
        ]
    )


def hex_to_base64(digest: str) -> str | None:
    """A digest in hexadecimal digits as base64; ``None``: it is none."""
    try:
        return base64.b64encode(bytes.fromhex(digest)).decode()
    except ValueError:
        return None


class ListingCache:
    """Lists that were read lately, up to so many entries together. Used from any thread."""

    def __init__(self, read: Callable[[str], bytes], *, entries: int = 200_000) -> None:
        self._read = read
        self._most = entries
        self._held = 0
        self._known: OrderedDict[str, Listing] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, manifest: str) -> Listing:
        """The list in the blob of this digest."""
        with self._lock:
            if manifest in self._known:
                self._known.move_to_end(manifest)
                return self._known[manifest]
        found = unpack(self._read(manifest))
        with self._lock:
            if manifest not in self._known and len(found.entries) <= self._most:
                self._known[manifest] = found
                self._held += len(found.entries) + 1
            while self._held > self._most:
                _, dropped = self._known.popitem(last=False)
                self._held -= len(dropped.entries) + 1
        return found


def missing(entries: Collection[Entry], shown: int = 5) -> str:
    """Paths of entries for a message, the first few."""
    paths = ", ".join(f"`{entry.path[:120]}`" for entry in list(entries)[:shown])
    more = len(entries) - shown
    return f"{paths} and {more} more" if more > 0 else paths
