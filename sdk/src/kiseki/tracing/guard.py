"""The boundary between tracing and the user's program: failures of ours are told once, here."""

from __future__ import annotations

import sys

_MOST = 100
_told: set[str] = set()


def complain(what: str, error: BaseException | None = None) -> None:
    """Say on standard error that something was not traced; each ``what`` once."""
    if what in _told or len(_told) > _MOST:
        return
    _told.add(what)
    why = "" if error is None else f": {type(error).__name__}: {_text(error)}"
    try:
        print(f"kiseki: {what}{why}", file=sys.stderr)
    except Exception:  # noqa: BLE001
        return  # there is no standard error


def _text(error: BaseException) -> str:
    try:
        return str(error)[:300]
    except Exception:  # noqa: BLE001
        return "(an error without text)"
