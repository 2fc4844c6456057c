"""What a store of projects promises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from kiseki_server.domain.accounts.types import ProjectRole
from kiseki_server.domain.projects.types import (
    Project,
    ProjectActivity,
    ProjectKind,
    ProjectMember,
    ProjectPage,
    Reach,
    Visibility,
)
from kiseki_server.kit.ids import EntityId, ProjectId, UserId


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
        kind: ProjectKind = ProjectKind.PROJECT,
        any_type: bool = True,
        owner: UserId | None = None,
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
        readable: Reach | None,
        entity: EntityId | None = None,
        kind: ProjectKind = ProjectKind.PROJECT,
        search: str = "",
        limit: int = 100,
        cursor: str | None = None,
    ) -> ProjectPage:
        """Projects of one kind with their counts, the last active first.

        ``readable`` says whose projects may be seen (``None``: all); others appear when they are
        internal. ``search`` is looked for, without regard to case, in the project's and the
        entity's name.

        Raises:
            BadRequest: The cursor is none.
        """
        ...

    def readable(
        self, reach: Reach | None, *, kind: ProjectKind | None = None
    ) -> Sequence[Project]:
        """Every project within reach (``None``: all) and the internal ones, by their numbers."""
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
        any_type: bool | None = None,
        at: datetime,
    ) -> Project:
        """Change what is not ``None``.

        Raises:
            Conflict: The entity has a project of the new name.
        """
        ...

    def keep_calls(self, project: ProjectId, days: int | None) -> None:
        """Say for how long calls are kept; ``None`` for ever."""
        ...

    def delete(self, project: ProjectId, at: datetime) -> None:
        """Hide the project and free its name. Its runs stay in the store until they are purged."""
        ...

    def deleted(self, before: datetime) -> Sequence[ProjectId]:
        """Some projects that were deleted, themselves or with their entity, at this time or
        before it, and that nobody has emptied yet; none when there are no more."""
        ...

    def emptied(self, project: ProjectId, at: datetime) -> None:
        """Note that nothing of a deleted project is left in other stores."""
        ...

    def delete_owned(self, owners: Sequence[EntityId], at: datetime) -> None:
        """Delete every project of these entities, which may be removed already."""
        ...


class ProjectMemberStore(Protocol):
    """Roles of users and teams in single projects. Removed users and teams are gone."""

    def members(self, project: ProjectId) -> Sequence[ProjectMember]:
        """Users and teams, in the order in which they were added."""
        ...

    def set_user(self, project: ProjectId, user: UserId, role: ProjectRole, at: datetime) -> None:
        """Add a user, or change their role."""
        ...

    def set_team(self, project: ProjectId, team: EntityId, role: ProjectRole, at: datetime) -> None:
        """Add a team, or change its role."""
        ...

    def remove_user(self, project: ProjectId, user: UserId) -> bool:
        """False when the user is no member."""
        ...

    def remove_team(self, project: ProjectId, team: EntityId) -> bool:
        """False when the team is no member."""
        ...

    def grants(self, user: UserId, teams: Sequence[EntityId]) -> Mapping[ProjectId, ProjectRole]:
        """The user's strongest role in each project, by themselves or by one of these teams."""
        ...
