"""Who has a role in one project beyond what they may in what owns it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.accounts.store import OrganizationStore, UserStore
from kiseki_server.domain.accounts.types import Actor, Entity, EntityKind, ProjectRole, User
from kiseki_server.domain.projects.service import ProjectService
from kiseki_server.domain.projects.store import ProjectMemberStore
from kiseki_server.domain.projects.types import Project, ProjectKind, ProjectMember
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import BadRequest, NotFound
from kiseki_server.kit.ids import EntityId, UserId


class ProjectMembers:
    """Roles in projects; read by whoever reads the project, changed by its administrators."""

    def __init__(
        self,
        members: ProjectMemberStore,
        projects: ProjectService,
        users: UserStore,
        organizations: OrganizationStore,
        clock: Clock,
    ) -> None:
        self._members = members
        self._projects = projects
        self._users = users
        self._organizations = organizations
        self._clock = clock
        self.on_change: list[Callable[[Actor, Project, User | Entity, ProjectRole | None], None]]
        self.on_change = []
        """Told of every change; without a role the member has left."""

    def all(self, project: Project) -> Sequence[ProjectMember]:
        """Members of a project that the caller may read."""
        return self._members.members(project.id)

    def named(self, *, user: str | None = None, team: str | None = None) -> User | Entity:
        """A user or a team by name.

        Raises:
            NotFound: There is none of this name.
            BadRequest: Both or neither are named.
        """
        if (user is None) == (team is None):
            raise BadRequest("Name either a user or a team")
        found = self._users.named(user) if user is not None else self._users.entity(team or "")
        return self._checked(found, f"`{user or team}`")

    def numbered(
        self, *, user: UserId | None = None, team: EntityId | None = None
    ) -> User | Entity:
        """A user or a team by number; raises like `named`."""
        if (user is None) == (team is None):
            raise BadRequest("Name either a user or a team")
        if user is not None:
            return self._checked(self._users.get(user), "with this id")
        return self._checked(self._users.entity_by_id(EntityId(team or 0)), "with this id")

    def set(self, actor: Actor, project: Project, member: User | Entity, role: ProjectRole) -> None:
        """Add a member, or change their role.

        Raises:
            BadRequest: The member is of another organisation, or the role does not exist here.
        """
        self._projects.check(actor, project, Action.ADMIN)
        if role is ProjectRole.RESTRICTED_VIEWER and project.kind is not ProjectKind.REGISTRY:
            raise BadRequest("Restricted viewers are of registries; choose viewer instead")
        self._check_organization(project, member)
        now = self._clock.now()
        if isinstance(member, User):
            self._members.set_user(project.id, member.id, role, now)
        else:
            self._members.set_team(project.id, member.id, role, now)
        self._tell(actor, project, member, role)

    def remove(self, actor: Actor, project: Project, member: User | Entity) -> None:
        """Take a member out; everybody may leave.

        Raises:
            NotFound: It is no member.
        """
        leaving = isinstance(member, User) and member.id == actor.user.id
        self._projects.check(actor, project, Action.READ if leaving else Action.ADMIN)
        if isinstance(member, User):
            gone = self._members.remove_user(project.id, member.id)
        else:
            gone = self._members.remove_team(project.id, member.id)
        if not gone:
            raise NotFound(f"`{member.name}` is no member of `{project.name}`")
        self._tell(actor, project, member, None)

    def _tell(
        self, actor: Actor, project: Project, member: User | Entity, role: ProjectRole | None
    ) -> None:
        for listener in self.on_change:
            listener(actor, project, member, role)

    def _check_organization(self, project: Project, member: User | Entity) -> None:
        org = project.org
        if org is None:
            return
        if isinstance(member, User):
            people = self._organizations.members([org])[org]
            teams = {team.id for team in self._organizations.teams([org])[org]}
            inside = member.service_of in teams or any(m.user.id == member.id for m in people)
        else:
            inside = member.org == org
        if not inside:
            raise BadRequest(
                f"`{member.name}` does not belong to the organisation of `{project.entity_name}`",
                hint="an administrator can add people to an organisation, as guests too",
            )

    @staticmethod
    def _checked(found: User | Entity | None, what: str) -> User | Entity:
        if found is None or (isinstance(found, Entity) and found.kind is not EntityKind.TEAM):
            raise NotFound(f"There is no user or team {what}")
        return found
