"""Annotation queues: calls that people are asked to judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kiseki_server.kit.ids import ProjectId


class State(StrEnum):
    """How far one annotator is with one item."""

    UNSTARTED = "unstarted"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    SKIPPED = "skipped"

    @property
    def final(self) -> bool:
        return self in (State.COMPLETED, State.SKIPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    id: str
    project: ProjectId
    name: str
    description: str
    scorers: tuple[str, ...]
    """References of the annotations that are asked for, in their stored form."""
    created_by: str
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A call in a queue, with what of it a list shows."""

    id: str
    queue: str
    call: str
    op: str
    trace_id: str
    started_at: int
    """Microseconds since 1970, as of the call."""
    ended_at: int | None
    display_fields: tuple[str, ...]
    added_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What one annotator has done with one item."""

    item: str
    user: str
    state: State
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """An item with how far its annotators are."""

    item: Item
    states: Mapping[str, State]
    """By annotator."""
    state: State
    """The most recent one."""
    annotator: str | None
    """Whose that is."""
    updated_at: datetime
    position: int
    """In its list, from 1 on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStats:
    total: int
    completed: int
    """Items that an annotator at least has completed or skipped."""
    annotators: Mapping[str, Mapping[State, int]]
    """How many items each annotator has in each state."""
