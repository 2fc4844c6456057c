"""Digests of contents, to the byte as clients compute them.

Everything rests on SHA-256. Clients compute the same, so nothing here may change: the preimage
of a value is what Python's ``json.dumps(value, sort_keys=True)`` writes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable

_LETTERS = bytes.maketrans(b"-_", b"XY")
_DIGEST = re.compile(r"[0-9A-Za-z]{43}|[0-9a-f]{64}")


def canonical(value: object) -> str:
    """The text that a value's digest is made of."""
    return json.dumps(value, sort_keys=True)


def bytes_digest(content: bytes) -> str:
    """43 letters and digits for the content of a file."""
    return spelled(hashlib.sha256(content).digest())


def spelled(sha256: bytes) -> str:
    """A SHA-256 in 43 letters and digits."""
    return base64.urlsafe_b64encode(sha256).translate(_LETTERS).rstrip(b"=").decode()


def value_digest(value: object) -> str:
    """43 letters and digits for an object's value or a table's row."""
    return bytes_digest(canonical(value).encode())


def table_digest(rows: Iterable[str]) -> str:
    """64 hexadecimal digits for a table with rows of these digests."""
    whole = hashlib.sha256()
    for row in rows:
        whole.update(row.encode("ascii"))
    return whole.hexdigest()


def is_digest(text: str) -> bool:
    """The text is written like a digest of this module."""
    return _DIGEST.fullmatch(text) is not None
