"""Writes PNG files from arrays of bytes, with the standard library."""

from __future__ import annotations

import struct
import zlib
from typing import Any

_COLOURS = {1: 0, 2: 4, 3: 2, 4: 6}
_UP = 2
_LEVEL = 3
"""Of zlib: three times as fast as its default, for files that are a few per cent larger."""


def encode(pixels: Any) -> bytes:
    """A PNG of an array of uint8, (height, width) or (height, width, 1 to 4 channels)."""
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    rows = pixels.reshape(height, width * channels)
    lines = bytearray(height * (width * channels + 1))
    import numpy as np

    view = np.frombuffer(lines, dtype=np.uint8).reshape(height, width * channels + 1)
    # Each line as its difference to the one above, which makes pictures smaller by far.
    view[:, 0] = _UP
    view[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=view[1:, 1:])
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOURS[channels], 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", zlib.compress(lines, _LEVEL)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(name: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(content, zlib.crc32(name))
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)
