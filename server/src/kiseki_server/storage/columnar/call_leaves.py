"""What of a call's bodies stands in a column of its own, so that conditions need not read JSON.

Every short scalar is a text under its path, as conditions read it (`evaluation.text_of`). Where
the text has to be taken from the body there is a mark: ``0.5`` for a long text, ``true`` for a map
or a list whose entries are here too, ``1`` for one whose entries are not, because it is too deep,
too long or too much. Empty texts and nulls are left out: a missing value reads the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

from kiseki_server.domain.calls.evaluation import text_of
from kiseki_server.domain.calls.types import Call
from kiseki_server.kit.json import from_text, to_text

ROOTS = {"inputs": "i", "output": "o", "attributes": "a", "summary": "s"}
LONGEST = 256
"""Characters of a text that is kept as a leaf."""
LONG = 0.5
_DEEPEST = 8
_ITEMS = 12
_LEAVES = 96
"""Most leaves of one body."""
_SEPARATOR = "Z_"
_UNSAFE = re.compile(rb"[^A-Ya-z0-9_]")


@lru_cache(maxsize=16_384)
def _part(key: str) -> str:
    raw = key.encode("utf-8", "surrogatepass")
    return _SEPARATOR + _UNSAFE.sub(lambda match: b"Z%02x" % match[0][0], raw).decode("ascii")


def path_of(path: tuple[str, ...]) -> str:
    """The name of a path's column; letters, digits and ``_`` alone."""
    return ROOTS[path[0]] + "".join(map(_part, path[1:]))


def parts_of(name: str) -> tuple[str, ...]:
    """The path that a column stands for."""
    root, *parts = name.split(_SEPARATOR)
    body = next(body for body, letter in ROOTS.items() if letter == root)
    return (body, *(_unescaped(part) for part in parts))


def leaves(call: Call) -> str:
    """The leaves of all bodies, as a JSON object."""
    found: dict[str, str | float] = {}
    for body, root in ROOTS.items():
        text: str = getattr(call, body)
        if text in ("{}", "[]"):
            found[root] = True
        elif text not in ("null", '""'):
            _Walk(found).value(root, from_text(text), 0)
    return to_text(found)


class _Walk:
    """Collects the leaves of one body."""

    def __init__(self, found: dict[str, str | float]) -> None:
        self._found = found
        self._most = len(found) + _LEAVES

    def value(self, path: str, value: object, depth: int) -> None:
        found = self._found
        kind = type(value)
        if kind is str:
            text = cast("str", value)
            if text:
                found[path] = LONG if len(text) > LONGEST else text
        elif kind is dict:
            entries = cast("Mapping[str, Any]", value)
            if self._opens(path, len(entries), depth):
                for key, entry in entries.items():
                    self.value(path + _part(key), entry, depth + 1)
        elif kind is list:
            items = cast("list[Any]", value)
            if len(items) > _ITEMS:
                found[path] = 1
            elif self._opens(path, len(items), depth):
                for index, item in enumerate(items):
                    self.value(f"{path}{_SEPARATOR}{index}", item, depth + 1)
        elif kind is bool:
            found[path] = "true" if value else "false"
        elif kind is int:
            found[path] = str(value)
        elif value is not None:
            found[path] = text_of(value)

    def _opens(self, path: str, entries: int, depth: int) -> bool:
        """Whether what lies below is collected too; marks the path either way."""
        fits = depth < _DEEPEST and len(self._found) + entries <= self._most
        self._found[path] = True if fits else 1
        return fits


def _unescaped(part: str) -> str:
    raw = re.sub(r"Z([0-9a-f]{2})", lambda match: chr(int(match[1], 16)), part)
    return raw.encode("latin-1").decode("utf-8", "surrogatepass")
