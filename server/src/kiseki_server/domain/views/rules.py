"""What may be a saved view. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from kiseki_server.kit.errors import BadRequest, TooLarge
from kiseki_server.kit.json import to_text

MAX_NAME = 128
MAX_DOCUMENT = 512 << 10
MAX_DEPTH = 40
MAX_OWN = 500
"""Views of one person in one project."""


def check_name(name: str) -> str:
    """A view's name, without space around it.

    Raises:
        BadRequest: It is empty, too long, or has characters that nobody sees.
    """
    name = name.strip()
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise BadRequest(
            f"`{name[:80]}` cannot be the name of a view",
            hint=f"use 1 to {MAX_NAME} visible characters",
        )
    return name


def check_document(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """A view's document, unchanged.

    Raises:
        BadRequest: It has no version, or is nested too deeply.
        TooLarge: Its JSON is too long.
    """
    version = document.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise BadRequest("The document of a view needs a `version`, a number from 1 on")
    if _deeper(document, MAX_DEPTH):
        raise BadRequest(f"The document of a view is nested at most {MAX_DEPTH} levels deep")
    size = len(to_text(document).encode("utf-8", "replace"))
    if size > MAX_DOCUMENT:
        raise TooLarge(
            f"The document of a view has at most {MAX_DOCUMENT} bytes; this one has {size}",
            hint="remove panels, or keep them in two views",
        )
    return document


def _deeper(value: Any, levels: int) -> bool:
    """Whether a JSON value is nested deeper than this, without recursion."""
    level: list[Any] = [value]
    for _ in range(levels):
        level = [item for each in level for item in _parts(each)]
        if not level:
            return False
    return True


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return cast("Mapping[str, Any]", value).values()
    return cast("list[Any]", value) if isinstance(value, list) else ()
