"""References to objects, tables and calls, in the form in which they are stored.

A stored reference names its project by number, so that it stays true when projects are renamed:
``weave-trace-internal:///7/object/prompt:DIGEST/attr/content``. The spelling is part of digests
(clients compute them over it). Dialects rewrite references on the way in (`rewritten`) and on the
way out (`rendered`), also where they stand inside of JSON inside of a string.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote, unquote

from kiseki_server.domain.objects.types import Kind
from kiseki_server.kit.errors import BadRequest, TooLarge
from kiseki_server.kit.ids import ProjectId

STORED = "weave-trace-internal:///"
"""How stored references begin."""

MAX_DEPTH = 200
"""Levels of a value."""
MAX_NESTED_TEXTS = 8
"""Levels of JSON inside of strings in which references are looked for."""

_STORED_IN_TEXT = re.compile(r'(?<=")' + re.escape(STORED) + r"([0-9]{1,19})/")
_EDGES = frozenset({"attr", "key", "index", "id"})

Step = tuple[str, str]
"""An edge (``attr``, ``key``, ``index`` or ``id``) and where it leads."""


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """A version of an object, or a place inside of its value."""

    project: ProjectId
    kind: Kind
    name: str
    version: str
    path: tuple[Step, ...] = ()

    def __str__(self) -> str:
        path = "".join(f"/{edge}/{quote(value, safe='')}" for edge, value in self.path)
        return f"{STORED}{self.project}/{self.kind}/{self.name}:{self.version}{path}"


@dataclass(frozen=True, slots=True)
class TableRef:
    """A table."""

    project: ProjectId
    digest: str

    def __str__(self) -> str:
        return f"{STORED}{self.project}/table/{self.digest}"


@dataclass(frozen=True, slots=True)
class CallRef:
    """A call, or a place inside of it."""

    project: ProjectId
    id: str
    path: tuple[Step, ...] = ()

    def __str__(self) -> str:
        path = "".join(f"/{edge}/{quote(value, safe='')}" for edge, value in self.path)
        return f"{STORED}{self.project}/call/{self.id}{path}"


@dataclass(frozen=True, slots=True)
class OtherRef:
    """A reference of a kind that has no store of its own yet."""

    project: ProjectId
    kind: str
    rest: str

    def __str__(self) -> str:
        return f"{STORED}{self.project}/{self.kind}/{self.rest}"


Ref = ObjectRef | TableRef | CallRef | OtherRef


def parse(text: str) -> Ref:
    """The reference that a stored text is.

    Raises:
        BadRequest: It is none.
    """
    parts = text.removeprefix(STORED).split("/")
    if not text.startswith(STORED) or len(parts) < 3 or not all(parts[:3]):
        raise _malformed(text)
    number, kind, name, *steps = parts
    if not (number.isascii() and number.isdigit() and len(number) < 20):
        raise _malformed(text)
    project = ProjectId(int(number))
    if kind in {Kind.OBJECT, Kind.OP}:
        name, colon, version = name.partition(":")
        if not (name and colon and version) or ":" in version:
            raise _malformed(text)
        return ObjectRef(project, Kind(kind), name, version, _path(steps, text))
    if kind == "table":
        if steps:
            raise _malformed(text)
        return TableRef(project, name)
    if kind == "call":
        return CallRef(project, name, _path(steps, text))
    return OtherRef(project, kind, "/".join(parts[2:]))


def find(value: object) -> Iterator[str]:
    """Stored references among the strings of a value, at any depth, each as often as it occurs."""
    waiting: list[object] = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            if item.startswith(STORED):
                yield item
        elif isinstance(item, dict):
            waiting.extend(reversed(cast("dict[str, object]", item).values()))
        elif isinstance(item, list):
            waiting.extend(reversed(cast("list[object]", item)))


def rewritten(value: Any, prefixes: Sequence[str], rewrite: Callable[[str], str]) -> Any:
    """The value with ``rewrite`` of every string that begins with one of the prefixes.

    Strings that hold JSON with such strings are read, rewritten and written again. What does not
    change is not copied. Keys stay as they are.

    Raises:
        TooLarge: The value is nested too deeply.
    """
    return _Rewriting(tuple(prefixes), rewrite).value(value, 0, 0)


def rendered(text: str, name_of: Callable[[ProjectId], str]) -> str:
    """Stored JSON with ``name_of`` of its project before the rest of each stored reference.

    ``name_of`` gives everything up to the slash behind the project, without signs that JSON
    escapes.
    """
    if STORED not in text:
        return text
    return _STORED_IN_TEXT.sub(lambda found: name_of(ProjectId(int(found[1]))) + "/", text)


class _Rewriting:
    def __init__(self, prefixes: tuple[str, ...], rewrite: Callable[[str], str]) -> None:
        self._prefixes = prefixes
        self._rewrite = rewrite

    def value(self, value: Any, depth: int, texts: int) -> Any:
        if depth > MAX_DEPTH:
            raise TooLarge(f"The value is nested more than {MAX_DEPTH} levels deep")
        if isinstance(value, str):
            return self._text(value, depth, texts)
        if isinstance(value, dict):
            known = cast("dict[str, Any]", value)
            changed = {
                key: new
                for key, item in known.items()
                if (new := self.value(item, depth + 1, texts)) is not item
            }
            return cast("Any", {**known, **changed} if changed else value)
        if isinstance(value, list):
            items = cast("list[Any]", value)
            renewed = [self.value(item, depth + 1, texts) for item in items]
            same = all(new is item for new, item in zip(renewed, items, strict=True))
            return cast("Any", value if same else renewed)
        return value

    def _text(self, text: str, depth: int, texts: int) -> str:
        if text.startswith(self._prefixes):
            return self._rewrite(text)
        if texts >= MAX_NESTED_TEXTS or not any(prefix in text for prefix in self._prefixes):
            return text
        try:
            # As Python reads and writes it, since clients compute digests over the result.
            known = json.loads(text)
        except (ValueError, RecursionError):
            return text
        renewed = self.value(known, depth, texts + 1)
        return text if renewed is known else json.dumps(renewed)


def _path(parts: Sequence[str], text: str) -> tuple[Step, ...]:
    steps = tuple(zip(parts[::2], map(unquote, parts[1::2]), strict=False))
    if len(parts) % 2 or any(edge not in _EDGES for edge, _ in steps):
        raise _malformed(text)
    if any(edge == "index" and not _is_index(value) for edge, value in steps):
        raise _malformed(text)
    return steps


def _is_index(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _malformed(text: str) -> BadRequest:
    return BadRequest(f"`{text[:200]}` is no reference")
