"""Projects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kiseki_server.domain.accounts.types import Entity, ProjectRole, User
from kiseki_server.kit.ids import EntityId, OrgId, ProjectId, UserId


class Visibility(StrEnum):
    PRIVATE = "private"
    """Members of the entity; of a registry its own members."""
    ORGANIZATION = "organization"
    """Members of the organisation may read, too."""
    INTERNAL = "internal"
    """Everybody who can sign in may read."""


class ProjectKind(StrEnum):
    PROJECT = "project"
    REGISTRY = "registry"
    """Of an organisation's own entity; holds links to versions of artifacts."""


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
    kind: ProjectKind = ProjectKind.PROJECT
    any_type: bool = True
    """A registry takes artifacts of any type, instead of those of its own types alone."""
    org: OrgId | None = None
    """The organisation that its entity belongs to; ``None`` for a user's own."""
    call_days: int | None = None
    """So long calls are kept that are written from now on; ``None`` for ever."""
    owner: UserId | None = None
    """Who made it; ``None`` where that is not known."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What somebody may read, for lists: all projects of some entities, those that are open to
    some organisations, and single ones. What is internal comes on top."""

    entities: tuple[EntityId, ...] = ()
    orgs: tuple[OrgId, ...] = ()
    projects: tuple[ProjectId, ...] = ()


@dataclass(frozen=True, slots=True)
class ProjectMember:
    """A user or a team with a role in one project."""

    id: int
    member: User | Entity
    role: ProjectRole


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
