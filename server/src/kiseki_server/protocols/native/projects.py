"""Projects."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar import delete, get, patch, post
from litestar.params import Parameter

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.accounts.types import Actor
from kiseki_server.domain.projects.service import ProjectService
from kiseki_server.domain.projects.types import ProjectActivity, Visibility
from kiseki_server.domain.runs.events import LiveEvents, ProjectChanged
from kiseki_server.kit.ids import ProjectId
from kiseki_server.kit.pagination import checked_limit
from kiseki_server.kit.transactions import UnitOfWork

VisibilityName = Literal["private", "organization", "internal"]


class ProjectInfo(msgspec.Struct, kw_only=True):
    """A project with what goes on in it."""

    entity: str
    name: str
    description: str
    visibility: VisibilityName
    created_at: datetime
    updated_at: datetime
    runs: int
    running: int
    states: dict[str, int]
    """How many runs are in each state."""
    last_run_at: datetime | None
    owner: str | None
    """The user who made it; null where that is not known."""
    can_write: bool
    """The caller may change things in it."""


class Projects(msgspec.Struct, kw_only=True):
    items: list[ProjectInfo]
    cursor: str | None
    """Opens the next page; null at the end."""
    total: int


class CreateProject(msgspec.Struct, kw_only=True):
    name: str
    entity: str | None = None
    """The caller's own without one."""
    description: str = ""
    visibility: VisibilityName = "private"


class ChangeProject(msgspec.Struct, kw_only=True):
    """What is absent stays as it is."""

    name: str | None = None
    description: str | None = None
    visibility: VisibilityName | None = None


@get("/projects", sync_to_thread=True)
def list_projects(
    actor: Actor,
    projects: ProjectService,
    database: UnitOfWork,
    entity: Annotated[str | None, Parameter(description="Only this entity's")] = None,
    search: Annotated[str, Parameter(description="Part of the project's or entity's name")] = "",
    limit: int = 100,
    cursor: str | None = None,
) -> Projects:
    """Projects that the caller may read, the last active first."""
    with database.transaction():
        page = projects.page(
            actor, entity=entity, search=search, limit=checked_limit(limit), cursor=cursor
        )
        items = _render(page.items, projects, actor)
    return Projects(items=items, cursor=page.cursor, total=page.total)


@post("/projects", sync_to_thread=True)
def create_project(
    actor: Actor,
    data: CreateProject,
    projects: ProjectService,
    database: UnitOfWork,
    live: LiveEvents,
) -> ProjectInfo:
    """Add a project."""
    with database.transaction(write=True):
        project = projects.create(
            actor,
            data.entity,
            data.name,
            description=data.description,
            visibility=Visibility(data.visibility),
        )
        _tell(project.id, live, database)
        return _render([projects.activity(project)], projects, actor)[0]


@get("/projects/{entity:str}/{project:str}", sync_to_thread=True)
def read_project(
    actor: Actor, entity: str, project: str, projects: ProjectService, database: UnitOfWork
) -> ProjectInfo:
    """One project."""
    with database.transaction():
        found = projects.find(actor, entity, project)
        return _render([projects.activity(found)], projects, actor)[0]


@patch("/projects/{entity:str}/{project:str}", sync_to_thread=True)
def change_project(
    actor: Actor,
    entity: str,
    project: str,
    data: ChangeProject,
    projects: ProjectService,
    database: UnitOfWork,
    live: LiveEvents,
) -> ProjectInfo:
    """Change a project."""
    with database.transaction(write=True):
        changed = projects.change(
            actor,
            projects.find(actor, entity, project, Action.WRITE),
            name=data.name,
            description=data.description,
            visibility=None if data.visibility is None else Visibility(data.visibility),
        )
        _tell(changed.id, live, database)
        return _render([projects.activity(changed)], projects, actor)[0]


@delete("/projects/{entity:str}/{project:str}", sync_to_thread=True)
def delete_project(
    actor: Actor,
    entity: str,
    project: str,
    projects: ProjectService,
    database: UnitOfWork,
    live: LiveEvents,
) -> None:
    """Delete a project with its runs."""
    with database.transaction(write=True):
        found = projects.find(actor, entity, project, Action.ADMIN)
        projects.delete(actor, found)
        _tell(found.id, live, database)


def _tell(project: ProjectId, live: LiveEvents, database: UnitOfWork) -> None:
    database.on_commit(lambda: live.publish([ProjectChanged(project=project)]))


def _render(
    activities: Sequence[ProjectActivity], projects: ProjectService, actor: Actor
) -> list[ProjectInfo]:
    owners = projects.owners([activity.project for activity in activities])
    return [
        ProjectInfo(
            entity=project.entity_name,
            name=project.name,
            description=project.description,
            visibility=project.visibility.value,
            created_at=project.created_at,
            updated_at=project.updated_at,
            runs=activity.runs,
            running=activity.states.get("running", 0),
            states=dict(activity.states),
            last_run_at=activity.last_run_at,
            owner=owners.get(project.id),
            can_write=projects.can_write(actor, project),
        )
        for activity in activities
        for project in (activity.project,)
    ]


routes = [list_projects, create_project, read_project, change_project, delete_project]
