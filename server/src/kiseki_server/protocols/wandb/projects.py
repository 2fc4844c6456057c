"""Projects."""

from __future__ import annotations

from typing import Any

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.artifacts.types import ArtifactType, Collection, Membership, Version
from kiseki_server.domain.history.types import RunRef
from kiseki_server.domain.projects.types import Project, ProjectKind, Visibility
from kiseki_server.domain.registry.types import RegistryChange
from kiseki_server.kit.errors import BadRequest, Gone, NotFound
from kiseki_server.protocols.wandb import (
    artifact_collections,
    identifiers,
    on_the_way,
    project_members,
    registries,
    run_filters,
)
from kiseki_server.protocols.wandb.connections import connection, page_size
from kiseki_server.protocols.wandb.context import Context
from kiseki_server.protocols.wandb.owners import maker_of
from kiseki_server.protocols.wandb.places import PlacedRun

UNCATEGORIZED = "uncategorized"
"""The project of runs that name none."""


class ProjectNode:
    """`Project`."""

    docker_image = None
    is_benchmark = False
    repo = None
    total_sweeps = 0

    def __init__(self, context: Context, project: Project) -> None:
        self._context = context
        self._project = project
        self.id = identifiers.encode("Project", project.id)
        self.internal_id = identifiers.encode("ProjectInternalId", project.id)
        self.name = project.name
        self.entity_name = project.entity_name
        self.description = project.description
        self.access = _access(project)
        self.allow_all_artifact_types_in_registry = project.any_type
        self.created_at = project.created_at
        self.updated_at = project.updated_at

    @property
    def read_only(self) -> bool:
        return not self._context.projects.can_write(self._context.actor, self._project)

    @property
    def entity(self) -> Any:
        """Its owner; of an entity that the caller is no member of, the name alone."""
        accounts, name = self._context.accounts, self._project.entity_name
        try:
            return accounts.entity(self._context.actor, name, Action.READ)
        except NotFound:
            return {"id": identifiers.encode("Entity", self._project.entity), "name": name}

    @property
    def user(self) -> Any:
        """The client's owner of a project: who made it."""
        return maker_of(self._context, self._project)

    @property
    def members(self) -> list[dict[str, Any]]:
        return project_members.user_members(self._context, self._project)

    @property
    def team_members(self) -> list[dict[str, Any]]:
        return project_members.team_members(self._context, self._project)

    def artifact_types(
        self, first: int | None = None, after: str | None = None, include_all: bool | None = None
    ) -> dict[str, Any]:
        """The types of what it holds; of a registry, those that it accepts."""
        return connection(self._context.artifacts.types(self._project), None)

    def artifact_type(self, name: str | None = None) -> ArtifactType | None:
        return self._context.artifacts.type(self._project, name) if name else None

    def artifact(self, name: str, enable_tracking: bool | None = None) -> Version | None:
        found = artifact_collections.find_membership(self._context, self._project, name)
        if enable_tracking is not None:  # who reads says so; who is about to log does not
            on_the_way.note(self._context, self._project, name, found)
        return None if found is None else found.version

    def artifact_collection_membership(self, name: str | None = None) -> Membership | None:
        if not name:
            return None
        found = artifact_collections.find_membership(self._context, self._project, name)
        on_the_way.note(self._context, self._project, name, found)
        return found

    def artifact_collection(self, name: str) -> Collection | None:
        return self._context.artifacts.collection(self._project, name)

    def artifact_collections(
        self,
        after: str | None = None,
        filters: str | None = None,
        first: int | None = None,
        order: str | None = None,
    ) -> dict[str, Any]:
        return artifact_collections.list_collections(
            self._context, self._project, after, filters, first, order
        )

    def run(self, name: str | None = None, desc: str | None = None) -> PlacedRun | None:
        if not name:
            return None
        try:
            run = self._context.runs.get(self._project, name)
        except (NotFound, Gone):
            return None
        return PlacedRun(self._project, run)

    def bucket(
        self, name: str | None = None, desc: str | None = None, missing_ok: bool | None = None
    ) -> PlacedRun | None:
        """The same; old clients ask for addresses to upload to, before the run exists."""
        return self.run(name)

    def run_count(self, filters: str | None = None) -> int:
        return self._context.runs.search(
            self._project, filter=run_filters.parse(filters), limit=1
        ).total

    def runs(
        self,
        first: int | None = None,
        after: str | None = None,
        order: str | None = None,
        filters: str | None = None,
    ) -> dict[str, Any]:
        page = self._context.runs.search(
            self._project,
            filter=run_filters.parse(filters),
            sort=run_filters.parse_order(order),
            limit=page_size(first),
            cursor=after or None,
        )
        self._context.histories.page(RunRef(run.project, run.id) for run in page.runs)
        nodes = [PlacedRun(self._project, run) for run in page.runs]
        return connection(nodes, page.cursor, page.total)

    buckets = runs


def find_project(context: Context, entity: str | None, name: str | None) -> Project | None:
    """The project, or nothing when there is none that the caller may see."""
    try:
        return context.projects.find(context.actor, entity or None, name or UNCATEGORIZED)
    except NotFound:
        return None


def list_projects(
    context: Context, entity: str | None, first: int | None, after: str | None
) -> dict[str, Any]:
    """Projects of an entity, the last active first."""
    owner = entity or context.actor.default_entity.name
    try:
        page = context.projects.page(
            context.actor, entity=owner, limit=page_size(first), cursor=after or None
        )
    except NotFound:
        return connection([], None, 0)
    return connection([item.project for item in page.items], page.cursor, page.total)


def upsert_model(context: Context, given: dict[str, Any]) -> dict[str, Any]:
    """Create a project, or change those fields of it that are given."""
    registry = registries.upsert(context, given)
    if registry is not None:
        return registry
    actor, projects = context.actor, context.projects
    visibility = _visibility(given.get("access"))
    description = given.get("description")
    try:
        if given.get("id"):
            found = projects.get(actor, identifiers.project_place(given["id"]), Action.WRITE)
        else:
            name = given.get("name")
            if not name:
                raise BadRequest("A project needs a name")
            found = projects.find(actor, given.get("entityName") or None, name, Action.WRITE)
        inserted = False
    except NotFound:
        if given.get("id"):
            raise
        found = projects.create(
            actor,
            given.get("entityName") or None,
            given["name"],
            description=description or "",
            visibility=visibility or Visibility.PRIVATE,
        )
        inserted = True
    if not inserted:
        changes = {
            "description": None if description == found.description else description,
            # What the client says is coarser: the same word leaves a project as it is.
            "visibility": None if given.get("access") == _access(found) else visibility,
        }
        if any(value is not None for value in changes.values()):
            found = projects.change(actor, found, **changes)
    return {"project": found, "model": found, "inserted": inserted}


def rename_project(context: Context, given: dict[str, Any]) -> dict[str, Any]:
    """Rename a project or a registry; its id stays."""
    found = context.projects.find(context.actor, given["entityName"], given["oldProjectName"])
    new = given["newProjectName"]
    if found.kind is ProjectKind.REGISTRY:
        changed = context.registries.change(context.actor, found, RegistryChange(name=new))
    else:
        changed = context.projects.change(context.actor, found, name=new)
    return {"inserted": False, "project": changed}


def delete_model(context: Context, given: dict[str, Any]) -> dict[str, Any]:
    """Delete a project or a registry."""
    found = context.projects.get(context.actor, identifiers.project_place(given["id"]))
    if found.kind is ProjectKind.REGISTRY:
        context.registries.delete(context.actor, found)
    else:
        context.projects.delete(context.actor, found)
    return {"success": True}


def writable(context: Context, entity: str | None, name: str | None) -> Project:
    """A project that there is and that the caller may write to.

    Raises:
        NotFound, Forbidden: It is none.
    """
    return context.projects.find(context.actor, entity or None, name or UNCATEGORIZED, Action.WRITE)


def _access(project: Project) -> str:
    """Who sees a project, in the client's words."""
    if project.kind is ProjectKind.REGISTRY:
        return registries.access(project)
    return "PRIVATE" if project.visibility is Visibility.PRIVATE else "ENTITY_READ"


def _visibility(access: str | None) -> Visibility | None:
    """Access by the client's words; everybody in the world is no one here."""
    if access is None:
        return None
    if access in ("PRIVATE", "RESTRICTED", "USER_WRITE"):
        return Visibility.PRIVATE
    if access in ("ENTITY_READ", "ENTITY_WRITE", "USER_READ"):
        return Visibility.INTERNAL
    raise BadRequest(
        f"`{access[:40]}` is no access that a project can have here",
        hint="Choose PRIVATE or ENTITY_READ.",
    )
