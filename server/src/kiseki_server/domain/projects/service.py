"""Projects: the use-cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.accounts.service import AccountService
from kiseki_server.domain.accounts.types import Actor, Entity, EntityKind
from kiseki_server.domain.projects import rules
from kiseki_server.domain.projects.store import ProjectStore
from kiseki_server.domain.projects.types import (
    Project,
    ProjectActivity,
    ProjectKind,
    ProjectPage,
    Visibility,
)
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import BadRequest, Conflict, Forbidden, NotFound
from kiseki_server.kit.ids import EntityId, ProjectId

_WORDS = {
    Action.READ: "see",
    Action.DOWNLOAD: "read files of",
    Action.WRITE: "change things in",
    Action.ADMIN: "administer",
}


MAX_DAYS = 36_500
"""A hundred years."""


class ProjectService:
    """Finds, makes, changes and deletes projects, for somebody who may."""

    def __init__(self, projects: ProjectStore, accounts: AccountService, clock: Clock) -> None:
        self._projects = projects
        self._accounts = accounts
        self._clock = clock

    def find(
        self, actor: Actor, entity: str | None, name: str, action: Action = Action.READ
    ) -> Project:
        """The project, if the actor may do this in it. No entity means the actor's own.

        Raises:
            NotFound: There is no such project, or the actor may not know of it.
            Forbidden: The actor may read it, but not do this.
        """
        owner = entity or actor.default_entity.name
        project = self._projects.find(owner, name)
        if project is None:
            raise self._unknown(owner, name)
        return self.check(actor, project, action)

    def get(self, actor: Actor, project: ProjectId, action: Action = Action.READ) -> Project:
        """The project of this id; raises like `find`."""
        found = self._projects.get(project)
        if found is None:
            raise NotFound("There is no such project, or you may not see it")
        return self.check(actor, found, action)

    def known(self, project: ProjectId) -> Project | None:
        """The project of this id, whoever asks; ``None`` once it was deleted."""
        return self._projects.get(project)

    def most(self, actor: Actor, project: ProjectId) -> Action | None:
        """The most that the actor may do in the project; ``None``: not even know of it."""
        found = self._projects.get(project)
        return None if found is None else rules.most(actor, found)

    def ensure(self, actor: Actor, entity: str | None, name: str) -> Project:
        """The project to write runs into, made on first use.

        Raises:
            NotFound: There is no such entity, or the actor may not know of it.
            Forbidden: The actor may not write there.
            BadRequest: The name cannot be a project's.
        """
        project = self._projects.find(entity or actor.default_entity.name, name)
        if project is not None:
            if project.kind is ProjectKind.REGISTRY:
                self.check(actor, project, Action.READ)
                raise BadRequest(
                    f"`{project.name}` is a registry, which holds links to artifacts alone",
                    hint="log to a project of a user or a team, and link the artifact",
                )
            return self.check(actor, project, Action.WRITE)
        owner = self._owner(actor, entity)
        return self._projects.add(
            owner.id,
            rules.check_project_name(name),
            description="",
            visibility=Visibility.PRIVATE,
            at=self._clock.now(),
            owner=actor.user.id,
        )[0]

    def create(
        self,
        actor: Actor,
        entity: str | None,
        name: str,
        *,
        description: str = "",
        visibility: Visibility = Visibility.PRIVATE,
    ) -> Project:
        """Add a project.

        Raises:
            Conflict: The entity has one of this name.
            NotFound, Forbidden, BadRequest: As in `ensure`.
        """
        owner = self._owner(actor, entity)
        if visibility is Visibility.ORGANIZATION and owner.org is None:
            raise self._no_organization(owner.name)
        project, created = self._projects.add(
            owner.id,
            rules.check_project_name(name),
            description=rules.check_description(description),
            visibility=visibility,
            at=self._clock.now(),
            owner=actor.user.id,
        )
        if not created:
            raise Conflict(f"`{owner.name}` has a project called `{name}` already")
        return project

    def page(
        self,
        actor: Actor,
        *,
        entity: str | None = None,
        search: str = "",
        limit: int = 100,
        cursor: str | None = None,
    ) -> ProjectPage:
        """Projects that the actor may read, the last active first.

        Raises:
            NotFound: There is no such entity, or the actor may not know of it.
        """
        only = None if entity is None else self._accounts.entity(actor, entity, Action.READ).id
        return self._projects.page(
            readable=rules.reach(actor),
            entity=only,
            search=rules.check_search(search),
            limit=limit,
            cursor=cursor,
        )

    def readable(self, actor: Actor) -> Sequence[Project]:
        """Every project that the actor may read."""
        return self._projects.readable(rules.reach(actor))

    def owners(self, projects: Sequence[Project]) -> Mapping[ProjectId, str]:
        """Names of those who made the projects, where they are known and still there."""
        made = {project.id: project.owner for project in projects if project.owner is not None}
        names = self._accounts.names(made.values())
        return {id: names[owner] for id, owner in made.items() if owner in names}

    def activity(self, project: Project) -> ProjectActivity:
        """What goes on in a project."""
        return self._projects.activity(project)

    def change(
        self,
        actor: Actor,
        project: Project,
        *,
        name: str | None = None,
        description: str | None = None,
        visibility: Visibility | None = None,
    ) -> Project:
        """Change a project. A member may describe it; its name and who sees it are an
        administrator's."""
        by_admin = name is not None or visibility is not None
        self.check(actor, project, Action.ADMIN if by_admin else Action.WRITE)
        if name is not None and project.kind is ProjectKind.REGISTRY:
            raise BadRequest("Registries are renamed as registries, not as projects")
        if visibility is Visibility.ORGANIZATION and project.org is None:
            raise self._no_organization(project.entity_name)
        return self._projects.change(
            project.id,
            name=None if name is None else rules.check_project_name(name),
            description=None if description is None else rules.check_description(description),
            visibility=visibility,
            at=self._clock.now(),
        )

    def keep_calls(self, actor: Actor, project: Project, days: int | None) -> None:
        """Say for how long calls are kept that are written from now on; ``None`` for ever.

        Raises:
            BadRequest: It is no number of days.
            NotFound, Forbidden: The actor is no administrator of the project.
        """
        self.check(actor, project, Action.ADMIN)
        if days is not None and not 1 <= days <= MAX_DAYS:
            raise BadRequest(f"Calls are kept for 1 to {MAX_DAYS} days, or for ever")
        self._projects.keep_calls(project.id, days)

    def delete(self, actor: Actor, project: Project) -> None:
        """Delete a project with its runs; for administrators of its entity."""
        self.check(actor, project, Action.ADMIN)
        self._projects.delete(project.id, self._clock.now())

    def delete_owned(self, owners: Sequence[EntityId]) -> None:
        """Delete every project of entities that were removed."""
        self._projects.delete_owned(owners, self._clock.now())

    def can_write(self, actor: Actor, project: Project) -> bool:
        most = rules.most(actor, project)
        return most is not None and most >= Action.WRITE

    def check(self, actor: Actor, project: Project, action: Action) -> Project:
        """The project, if the actor may do this in it; raises like `find`."""
        most = rules.most(actor, project)
        if most is None:
            raise self._unknown(project.entity_name, project.name)
        if action > most:
            what = _WORDS[action]
            raise Forbidden(
                f"You may not {what} `{project.entity_name}/{project.name}`",
                hint=f"ask an administrator of `{project.entity_name}` for another role",
            )
        return project

    def _owner(self, actor: Actor, entity: str | None) -> Entity:
        """The entity for a new project of the usual kind; raises like `ensure`."""
        owner = self._accounts.entity(actor, entity, Action.WRITE)
        if owner.kind is EntityKind.ORGANIZATION:
            raise BadRequest(
                f"`{owner.name}` is an organisation, which owns registries alone",
                hint="name a user or a team as the owner of a project",
            )
        return owner

    @staticmethod
    def _no_organization(entity: str) -> BadRequest:
        return BadRequest(
            f"`{entity}` belongs to no organisation that its projects could be open to",
            hint="choose `internal`, for everybody who can sign in, or move to a team",
        )

    @staticmethod
    def _unknown(entity: str, name: str) -> NotFound:
        return NotFound(f"There is no project `{entity}/{name}`, or you may not see it")
