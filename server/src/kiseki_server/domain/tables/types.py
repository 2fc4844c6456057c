"""Tables and their rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kiseki_server.kit.ids import ProjectId


@dataclass(frozen=True, slots=True)
class Table:
    """What is known about a table without reading it."""

    project: ProjectId
    digest: str
    rows: int
    size: int
    """Bytes of its rows as JSON."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Row:
    """A row at its place in a table."""

    position: int
    digest: str
    text: str
    """The value as JSON."""


@dataclass(frozen=True, slots=True)
class SortTerm:
    """One term of an order: a place in the rows' values."""

    path: tuple[str, ...]
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Append:
    row: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pop:
    index: int


@dataclass(frozen=True, slots=True)
class Insert:
    index: int
    row: dict[str, Any]


Update = Append | Pop | Insert


@dataclass(frozen=True, slots=True)
class Edits:
    """What somebody has done to a table on the screen; indexes are those of before."""

    replaced: Mapping[int, Any]
    removed: Collection[int]
    added: Sequence[Any]
    """At the end."""
