"""What every handler needs: who asks, and the project that the request names."""

from __future__ import annotations

from dataclasses import dataclass

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.accounts.types import Actor
from kiseki_server.domain.projects.service import ProjectService
from kiseki_server.domain.projects.types import Project, ProjectKind
from kiseki_server.kit.errors import BadRequest, NotFound
from kiseki_server.kit.transactions import UnitOfWork


@dataclass(frozen=True, slots=True)
class Door:
    """Finds places for one caller; the dependency ``door``."""

    actor: Actor
    projects: ProjectService
    database: UnitOfWork

    def place(self, project_id: str, action: Action = Action.READ) -> Project:
        """The project ``entity/project``; one to write to is made on first use.

        Opens transactions of its own.

        Raises:
            BadRequest: The name is none.
            NotFound, Forbidden: As in `ProjectService.find` and `ProjectService.ensure`.
        """
        entity, name = split(project_id)
        with self.database.transaction():
            try:
                found = self.projects.find(self.actor, entity, name, action)
                if action is Action.READ or found.kind is not ProjectKind.REGISTRY:
                    return found
            except NotFound:
                if action is not Action.WRITE:
                    raise
        with self.database.transaction(write=True):
            return self.projects.ensure(self.actor, entity, name)


def provide_door(actor: Actor, projects: ProjectService, database: UnitOfWork) -> Door:
    return Door(actor, projects, database)


def split(project_id: str) -> tuple[str, str]:
    """Entity and project.

    Raises:
        BadRequest: The text names no project.
    """
    entity, slash, name = project_id.partition("/")
    if not (entity and slash and name) or "/" in name:
        raise BadRequest(f"`{project_id[:200]}` names no project", hint="write `entity/project`")
    return entity, name


def external(project: Project) -> str:
    """How this dialect names a project."""
    return f"{project.entity_name}/{project.name}"
