"""Objects and their versions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from kiseki_server.kit.ids import ProjectId

LATEST = "latest"
"""The alias that nobody sets: it follows the versions."""


class Kind(StrEnum):
    OBJECT = "object"
    OP = "op"
    """A function, with its code in a file."""


class Category(StrEnum):
    """What people tell apart; it follows from the kind and the base class."""

    OP = "op"
    MODEL = "model"
    PROMPT = "prompt"
    DATASET = "dataset"
    SCORER = "scorer"
    EVALUATION = "evaluation"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A version before it is stored."""

    project: ProjectId
    kind: Kind
    name: str
    digest: str
    base_class: str | None
    leaf_class: str | None
    text: str | None
    """The value as JSON; ``None`` when a blob holds it."""
    blob: str | None
    size: int
    """Bytes of the value as JSON."""
    user: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectVersion:
    """One content of an object.

    Deleted versions keep their place and their digest, and nothing of their value.
    """

    id: int
    project: ProjectId
    kind: Kind
    name: str
    digest: str
    index: int
    """Counts the versions of the name and kind from 0, deleted ones included."""
    base_class: str | None
    leaf_class: str | None
    text: str | None
    """The value as JSON; ``None`` when a blob holds it, or when it was not asked for."""
    blob: str | None
    size: int
    user: str
    created_at: datetime
    deleted_at: datetime | None
    latest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectFilter:
    """Which versions are meant: every condition that is not ``None`` holds."""

    kind: Kind | None = None
    names: tuple[str, ...] | None = None
    digests: tuple[str, ...] | None = None
    indexes: tuple[int, ...] | None = None
    aliases: tuple[str, ...] | None = None
    """Any of them points at the version; `LATEST` is one."""
    tags: tuple[str, ...] | None = None
    """The version has any of them."""
    latest: bool = False
    """The latest of their name and kind alone."""
    base_classes: tuple[str, ...] | None = None
    without_base_classes: tuple[str, ...] | None = None
    leaf_classes: tuple[str, ...] | None = None
    search: str | None = None
    """The name contains it, whatever the case of its letters."""
    deleted: bool = False
    """Deleted versions, too."""


@dataclass(frozen=True, slots=True)
class Order:
    """One term of an order."""

    field: Literal["name", "created_at"]
    descending: bool = False
