"""What may be the path of a file."""

from __future__ import annotations

import unicodedata

from kiseki_server.kit.errors import BadRequest

MAX_BYTES = 1024
_HINT = "Use parts separated by `/`, without `..`, backslashes or control characters."
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
)
"""Names that mean devices on Windows, where people download files to."""


def check_path(path: str) -> str:
    """The path in its one form: parts joined by single slashes, none of them ``.``.

    Whoever decodes a path (percent signs, JSON) calls this after the last decoding.

    Raises:
        BadRequest: The path leaves its folder, or no file can be called so.
    """
    if not path:
        raise BadRequest("A file's path is empty")
    if path.startswith("/"):
        raise _refused(path, "begins with `/`")
    for character in path:
        if character == "\\":
            raise _refused(path, "contains a backslash")
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
            raise _refused(path, f"contains the character {character!r}")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if not parts or path.endswith("/"):
        raise _refused(path, "names a folder")
    for part in parts:
        if part == "..":
            raise _refused(path, "contains `..`")
        if part.lower() in _RESERVED:
            raise _refused(path, f"contains `{part}`, which is a device on some systems")
    checked = "/".join(parts)
    if len(checked.encode()) > MAX_BYTES:
        raise _refused(path, f"is longer than {MAX_BYTES} bytes")
    return checked


def _refused(path: str, why: str) -> BadRequest:
    shown = repr(path if len(path) <= 80 else path[:80] + "…")
    return BadRequest(f"The file path {shown} {why}", hint=_HINT)
