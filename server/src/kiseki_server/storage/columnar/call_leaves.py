"""What of a call's bodies stands in a column of its own, so that conditions need not read JSON.

Every short scalar is a text under its path, as conditions read it (`evaluation.text_of`). Where
the text has to be taken from the body there is a mark: ``0.5`` for a long text, ``1`` for a map or
a list whose entries are not here, because it is too deep, too long, too much or seldom asked for.
Those whose entries are here stand in one text, `MAPS`, with ``|`` around each (before, each had a
mark ``true`` of its own: a column costs much more than a word). Empty texts and nulls are left
out: a missing value reads the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import cast

from kiseki_server.domain.calls.evaluation import text_of
from kiseki_server.domain.calls.types import Call
from kiseki_server.kit.json import from_text, to_text

ROOTS = {"inputs": "i", "output": "o", "attributes": "a", "summary": "s"}
LONGEST = 256
"""Characters of a text that is kept as a leaf."""
LONG = 0.5
MAPS = "m"
IN_JSON = frozenset({"usage", "status_counts"})
"""Entries of a summary that have columns of their own for what is mostly asked of them."""
_DEEPEST = 8
_ITEMS = 12
_LEAVES = 96
"""Most leaves of one body."""
_SEPARATOR = "Z_"
_Found = dict[str, str | float]
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


def leaves(call: Call, summary: object) -> str:
    """The leaves of all bodies, as a JSON object.

    Args:
        summary: The call's summary, which whoever stores a call has read already.
    """
    found: _Found = {}
    maps: list[str] = []
    for body, root in ROOTS.items():
        text: str = getattr(call, body)
        if text in ("{}", "[]"):
            maps.append(root)
        elif text not in ("null", '""'):
            value = from_text(text) if body != "summary" else _without_counts(found, root, summary)
            most = len(found) + len(maps) + _LEAVES
            _collect(found, maps, ((root, value),), 0, most)
    if maps:
        found[MAPS] = f"|{'|'.join(maps)}|"
    return to_text(found)


def _without_counts(found: _Found, root: str, summary: object) -> object:
    if not isinstance(summary, Mapping):
        return summary
    entries = cast("Mapping[str, object]", summary)
    for key in IN_JSON & entries.keys():
        if isinstance(entries[key], Mapping):
            found[root + _part(key)] = 1
    return {key: entry for key, entry in entries.items() if root + _part(key) not in found}


def _collect(
    found: _Found, maps: list[str], entries: Iterable[tuple[str, object]], depth: int, most: int
) -> None:
    """Take in values under their paths, and what lies below them.

    It runs for every value of every call: one call of it for all entries of a map, and nothing
    that could be left out.
    """
    for path, value in entries:
        kind = type(value)
        if kind is str:
            text = cast("str", value)
            if text:
                found[path] = LONG if len(text) > LONGEST else text
        elif kind is int:
            found[path] = str(value)
        elif kind is dict:
            below = cast("Mapping[str, object]", value)
            if depth < _DEEPEST and len(found) + len(maps) + len(below) <= most:
                maps.append(path)
                inner = [(path + _part(key), entry) for key, entry in below.items()]
                _collect(found, maps, inner, depth + 1, most)
            else:
                found[path] = 1
        elif kind is list:
            items = cast("list[object]", value)
            room = most - len(found) - len(maps)
            if depth < _DEEPEST and len(items) <= min(_ITEMS, room):
                maps.append(path)
                inner = [(f"{path}{_SEPARATOR}{index}", item) for index, item in enumerate(items)]
                _collect(found, maps, inner, depth + 1, most)
            else:
                found[path] = 1
        elif kind is bool:
            found[path] = "true" if value else "false"
        elif value is not None:
            found[path] = text_of(value)


def _unescaped(part: str) -> str:
    raw = re.sub(r"Z([0-9a-f]{2})", lambda match: chr(int(match[1], 16)), part)
    return raw.encode("latin-1").decode("utf-8", "surrogatepass")
