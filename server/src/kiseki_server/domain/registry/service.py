"""Registries: the use-cases."""

from __future__ import annotations

from collections.abc import Sequence

from kiseki_server.domain.accounts.rules import Action, administers, role_in
from kiseki_server.domain.accounts.types import (
    Actor,
    Entity,
    Organization,
    ProjectRole,
    Role,
    User,
)
from kiseki_server.domain.artifacts.names import check_alias, check_type
from kiseki_server.domain.artifacts.store import ActionLog, CollectionStore
from kiseki_server.domain.artifacts.types import ArtifactAction, Json
from kiseki_server.domain.projects import rules
from kiseki_server.domain.projects.members import ProjectMembers
from kiseki_server.domain.projects.service import ProjectService
from kiseki_server.domain.projects.store import ProjectMemberStore, ProjectStore
from kiseki_server.domain.projects.types import Project, ProjectKind, ProjectMember, Visibility
from kiseki_server.domain.registry.names import project_name
from kiseki_server.domain.registry.types import Registry, RegistryChange
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import BadRequest, Conflict, Forbidden, NotFound


class RegistryService:
    """Finds, makes, changes and deletes registries, for somebody who may.

    A registry is read by its members, and by the organisation's when it is open to it. Its
    administrators, and those of the organisation, change it.
    """

    def __init__(
        self,
        *,
        projects: ProjectService,
        project_store: ProjectStore,
        members: ProjectMembers,
        member_store: ProjectMemberStore,
        collections: CollectionStore,
        log: ActionLog,
        clock: Clock,
    ) -> None:
        self._projects = projects
        self._store = project_store
        self._members = members
        self._member_store = member_store
        self._collections = collections
        self._log = log
        self._clock = clock
        members.on_change.append(self._note_member)

    # Reading

    def readable(self, actor: Actor, org: Organization) -> Sequence[Project]:
        """The organisation's registries that the actor may read, by name."""
        found = self._store.readable(rules.reach(actor), kind=ProjectKind.REGISTRY)
        mine = [project for project in found if project.entity == org.entity.id]
        return sorted(mine, key=lambda project: project.name)

    def find(
        self, actor: Actor, org: Organization, name: str, action: Action = Action.READ
    ) -> Project:
        """A registry by its name, if the actor may do this with it.

        Raises:
            NotFound: There is no such registry, or the actor may not know of it.
            Forbidden: The actor may read it, but not do this.
        """
        found = self._projects.find(actor, org.entity.name, project_name(name), action)
        if found.kind is not ProjectKind.REGISTRY:
            raise NotFound(f"There is no registry `{name}` in `{org.name}`")
        return found

    def view(self, project: Project) -> Registry:
        """A registry, which the caller may read, with what it accepts."""
        return Registry(
            project=project,
            types=tuple(self._collections.types(project.id)),
            protected=self._collections.protected(project.id),
        )

    # Changing

    def create(
        self,
        actor: Actor,
        org: Organization,
        name: str,
        *,
        description: str = "",
        visibility: Visibility = Visibility.ORGANIZATION,
        types: Sequence[str] = (),
    ) -> Project:
        """Add a registry, which the actor administers; without types it accepts any.

        Raises:
            Forbidden: The actor is no administrator or member of the organisation.
            Conflict: The organisation has a registry of the name.
        """
        if not (administers(actor, org.id) or role_in(actor, org.id) is Role.MEMBER):
            raise Forbidden(
                f"Only administrators and members of `{org.name}` may add registries to it",
                hint="ask an administrator of the organisation for the role member",
            )
        self._check_visibility(visibility)
        now = self._clock.now()
        project, created = self._store.add(
            org.entity.id,
            project_name(name),
            description=rules.check_description(description),
            visibility=visibility,
            at=now,
            kind=ProjectKind.REGISTRY,
            any_type=not types,
            owner=actor.user.id,
        )
        if not created:
            raise Conflict(f"`{org.name}` has a registry called `{name}` already")
        self._add_types(project, types)
        if not administers(actor, org.id):
            now = self._clock.now()
            self._member_store.set_user(project.id, actor.user.id, ProjectRole.ADMIN, now)
        self._note(actor, project, "registry.created")
        return project

    def change(self, actor: Actor, project: Project, change: RegistryChange) -> Project:
        """Change a registry; for its administrators. Its number stays when it is renamed.

        Raises:
            Conflict: The organisation has a registry of the new name.
            BadRequest: Types are named for a registry that accepts any.
        """
        self._projects.check(actor, project, Action.ADMIN)
        any_type = project.any_type if change.any_type is None else change.any_type
        known = {found.name for found in self._collections.types(project.id)}
        added = [name for name in change.add_types if name not in known]
        if any_type and added:
            raise BadRequest(
                "A registry that accepts any type has no list of accepted ones",
                hint="turn that off when you name types",
            )
        if change.visibility is not None:
            self._check_visibility(change.visibility)
        changed = self._store.change(
            project.id,
            name=None if change.name is None else project_name(change.name),
            description=None
            if change.description is None
            else rules.check_description(change.description),
            visibility=change.visibility,
            any_type=change.any_type,
            at=self._clock.now(),
        )
        self._add_types(project, added)
        fields: list[tuple[str, Json, Json]] = [
            ("name", project.name, changed.name),
            ("description", project.description, changed.description),
            ("visibility", project.visibility.value, changed.visibility.value),
            ("any_type", project.any_type, changed.any_type),
            ("types", [], added),
        ]
        details = {name: new for name, old, new in fields if old != new}
        if details:
            self._note(actor, project, "registry.changed", **details)
        return changed

    def delete(self, actor: Actor, project: Project) -> None:
        """Delete a registry; what it links stays where it was made."""
        self._projects.check(actor, project, Action.ADMIN)
        self._note(actor, project, "registry.deleted")
        self._store.delete(project.id, self._clock.now())

    def protect_aliases(self, actor: Actor, project: Project, aliases: Sequence[str]) -> None:
        """Say which aliases only administrators of the registry move."""
        self._projects.check(actor, project, Action.ADMIN)
        self._collections.protect(project.id, [check_alias(alias) for alias in aliases])
        self._note(actor, project, "registry.changed", protected_aliases=list(aliases))

    def members(self, project: Project) -> Sequence[ProjectMember]:
        """Users and teams with a role in a registry that the caller may read."""
        return self._members.all(project)

    # History

    def actions(
        self, projects: Sequence[Project], *, limit: int = 100, before: int | None = None
    ) -> Sequence[ArtifactAction]:
        """Who did what in registries that the caller may read, the latest first; ``before`` is
        the id of the last one that was seen."""
        ids = [project.id for project in projects]
        return self._log.actions("project", ids, limit=limit, before=before)

    def _add_types(self, project: Project, names: Sequence[str]) -> None:
        for name in names:
            self._collections.ensure_type(project.id, check_type(name), self._clock.now())

    def _note(self, actor: Actor, project: Project, action: str, **details: Json) -> None:
        self._log.append(
            project.id, action, user=actor.user.id, at=self._clock.now(), details=details
        )

    def _note_member(
        self, actor: Actor, project: Project, member: User | Entity, role: ProjectRole | None
    ) -> None:
        if project.kind is not ProjectKind.REGISTRY:
            return
        if role is None:
            self._note(actor, project, "member.removed", member=member.name)
        else:
            self._note(actor, project, "member.changed", member=member.name, role=role.value)

    @staticmethod
    def _check_visibility(visibility: Visibility) -> None:
        if visibility is Visibility.INTERNAL:
            raise BadRequest(
                "A registry is open to its organisation or to its members",
                hint="choose `organization` or `private`",
            )
