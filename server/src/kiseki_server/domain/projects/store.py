"""What a store of projects promises."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from kiseki_server.domain.projects.types import (
    Project,
    ProjectActivity,
    ProjectPage,
    Visibility,
)
from kiseki_server.kit.ids import EntityId, ProjectId


class ProjectStore(Protocol):
    """Projects by entity and name.

    Deleted projects, and those of removed entities, are gone for every method; a deleted
    project's name is free again, and a new project of that name is another project. All methods
    run inside the caller's transaction.
    """

    def add(
        self,
        entity: EntityId,
        name: str,
        *,
        description: str,
        visibility: Visibility,
        at: datetime,
    ) -> tuple[Project, bool]:
        """Add a project, or find the one that has the name already (then False)."""
        ...

    def get(self, project: ProjectId) -> Project | None: ...

    def find(self, entity: str, name: str) -> Project | None:
        """By names; the entity's is compared without regard to case, the project's exactly."""
        ...

    def page(
        self,
        *,
        readable: Sequence[EntityId] | None,
        entity: EntityId | None = None,
        search: str = "",
        limit: int = 100,
        cursor: str | None = None,
    ) -> ProjectPage:
        """Projects with their counts, the last active first.

        ``readable`` are the entities whose private projects may be seen (``None``: all); projects
        of others appear when they are internal. ``search`` is looked for, without regard to
        case, in the project's and the entity's name.

        Raises:
            BadRequest: The cursor is none.
        """
        ...

    def readable(self, entities: Sequence[EntityId] | None) -> Sequence[Project]:
        """Every project of these entities (``None``: of all), and the internal ones of others."""
        ...

    def activity(self, project: Project) -> ProjectActivity:
        """The counts of one project."""
        ...

    def change(
        self,
        project: ProjectId,
        *,
        name: str | None = None,
        description: str | None = None,
        visibility: Visibility | None = None,
        at: datetime,
    ) -> Project:
        """Change what is not ``None``.

        Raises:
            Conflict: The entity has a project of the new name.
        """
        ...

    def delete(self, project: ProjectId, at: datetime) -> None:
        """Hide the project and free its name. Its runs stay in the store until they are purged."""
        ...

    def delete_owned(self, owners: Sequence[EntityId], at: datetime) -> None:
        """Delete every project of these entities, which may be removed already."""
        ...
