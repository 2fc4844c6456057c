"""The syntax tree of filters and sort orders.

Every dialect parses into it; every adapter compiles it. A field is a path: ``config.lr`` is
``("config", "lr")``, and so are nested keys: ``("config", "model", "depth")``; a key that contains
dots is the same as nested keys. Roots: the scalar attributes ``name, display_name, state, group,
job_type, user, host, notes, created_at, updated_at, heartbeat_at, finished_at, duration`` and
``tags`` (a list, missing where there is no tag), ``config.*`` and ``summary.*``; ``history_lines``
(how many lines the history has), and ``history.*``, of which one can only ask whether anything was
logged under the key. Numbers compare as 64-bit floats. Times compare as ISO 8601 text or as seconds
since 1970; ``duration`` is in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Path = tuple[str, ...]
Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Field:
    """A place in a run."""

    path: Path


@dataclass(frozen=True, slots=True)
class Compare:
    """``=`` and ``!=`` compare with any scalar; the others with numbers, or text with text.

    A field that is missing, or of another type than the value, is not equal to it and neither
    less nor greater; ``= null`` holds for a missing field and for null.
    """

    field: Field
    operator: Literal["=", "!=", "<", "<=", ">", ">="]
    value: Scalar


@dataclass(frozen=True, slots=True)
class In:
    """The field equals one of the values; on a list, one element does."""

    field: Field
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Contains:
    """Text contains the value, ignoring case; a list has an element equal to it."""

    field: Field
    value: str


@dataclass(frozen=True, slots=True)
class Matches:
    """Text matches a regular expression (RE2 syntax) somewhere; on a list, one element does."""

    field: Field
    regex: str


@dataclass(frozen=True, slots=True)
class Exists:
    """The field is there and not null."""

    field: Field


@dataclass(frozen=True, slots=True)
class Sized:
    """The field is a list of so many items; a list that is missing is no list, but no tags are
    none."""

    field: Field
    count: int


@dataclass(frozen=True, slots=True)
class And:
    items: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    items: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    item: Filter


Filter = And | Or | Not | Compare | In | Contains | Matches | Exists | Sized


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of an order. Runs without the field come last in both directions."""

    field: Field
    descending: bool = False


MAX_DEPTH = 50
MAX_NODES = 1000
