"""Memory of the process."""

from __future__ import annotations

import ctypes


def release_memory() -> None:
    """Give free pages of the C heap back to the system, where the C library can (glibc)."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
