"""Projects."""

from __future__ import annotations

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
