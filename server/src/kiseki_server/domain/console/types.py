"""Lines of a run's output."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One line; ``number`` counts from zero for each writer."""

    writer: str
    number: int
    time: int
    """Microseconds since 1970."""
    level: str
    """``"info"`` for standard output, ``"error"`` for standard error, or the logger's level."""
    text: str
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place between lines, in reading order (time, writer, number)."""

    time: int
    writer: str
    number: int


@dataclass(frozen=True, slots=True)
class LinePage:
    """Lines in reading order, with how many there are in all that match."""

    lines: tuple[Line, ...]
    total: int
