"""Projects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kiseki_server.kit.ids import EntityId, ProjectId


class Visibility(StrEnum):
    PRIVATE = "private"
    """Members of the entity."""
    INTERNAL = "internal"
    """Everybody who can sign in may read."""


@dataclass(frozen=True, slots=True)
class Project:
    id: ProjectId
    entity: EntityId
    entity_name: str
    name: str
    description: str
    visibility: Visibility
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ProjectActivity:
    """A project with what goes on in it."""

    project: Project
    runs: int
    states: Mapping[str, int]
    """How many runs are in each state."""
    last_run_at: datetime | None
    """When a run was last started in it."""


@dataclass(frozen=True, slots=True)
class ProjectPage:
    """Projects of one page; ``cursor`` opens the next one, ``None`` at the end."""

    items: tuple[ProjectActivity, ...]
    cursor: str | None
    total: int
