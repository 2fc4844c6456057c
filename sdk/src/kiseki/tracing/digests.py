"""Digests of contents, as the server computes them."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from typing import Any

_LETTERS = bytes.maketrans(b"-_", b"XY")


def bytes_digest(content: bytes) -> str:
    """43 letters and digits for the content of a file."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest())
    return digest.translate(_LETTERS).rstrip(b"=").decode()


def value_digest(value: Any) -> str:
    """43 letters and digits for a value of plain types."""
    return bytes_digest(json.dumps(value, sort_keys=True).encode())


def table_digest(rows: Iterable[str]) -> str:
    """64 hexadecimal digits for a table with rows of these digests."""
    return hashlib.sha256("".join(rows).encode()).hexdigest()
