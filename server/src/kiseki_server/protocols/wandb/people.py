"""Users, and the entities that own projects."""

from __future__ import annotations

from typing import Any

from kiseki_server.domain.accounts.rules import Action, role_for
from kiseki_server.domain.accounts.types import (
    Entity,
    EntityKind,
    Invite,
    Member,
    Organization,
    Role,
    User,
)
from kiseki_server.domain.projects.types import Project
from kiseki_server.kit.errors import NotFound
from kiseki_server.protocols.wandb import identifiers
from kiseki_server.protocols.wandb.connections import connection
from kiseki_server.protocols.wandb.context import Context
from kiseki_server.protocols.wandb.owners import owner_of, person
from kiseki_server.protocols.wandb.projects import find_project, list_projects
from kiseki_server.protocols.wandb.registries import (
    list_collections,
    list_registries,
    list_versions,
)
from kiseki_server.protocols.wandb.teams import actor_of, api_keys


class UserNode:
    """`User` in full: the caller, or anybody for administrators of the server."""

    photo_url = None
    deleted_at = None
    flags = "{}"

    def __init__(self, context: Context, user: User) -> None:
        self._context = context
        self._user = user
        self._actor = actor_of(context, user)
        self.id = identifiers.encode("User", user.id)
        self.name = self.username = user.name
        self.email = user.email
        self.admin = user.admin

    @property
    def entity(self) -> str:
        return self.default_entity.name

    @property
    def default_entity(self) -> Entity:
        return self._actor.default_entity

    @property
    def teams(self) -> dict[str, Any]:
        """All that the user reaches, their own entity first."""
        return connection([m.entity for m in self._actor.memberships], None)

    @property
    def organizations(self) -> list[OrganizationNode]:
        return [
            OrganizationNode(self._context, each.organization) for each in self._actor.organizations
        ]

    @property
    def api_keys(self) -> dict[str, Any]:
        return api_keys(self._context, self._user)

    def projects(self, first: int | None = None, after: str | None = None) -> dict[str, Any]:
        return list_projects(self._context, self.entity, first, after)


class OrganizationNode:
    """`Organization`, to those who belong to it."""

    def __init__(self, context: Context, organization: Organization) -> None:
        self.id = identifiers.encode("Organization", organization.id)
        self.name = organization.name
        self.org_entity = organization.entity
        self.core_weave_organization_id = None
        self.advanced_registry_features = {"advancedSearch": False}

    def feature_flags(self, ramp_idtype: str) -> list[dict[str, Any]]:
        """Trials of features, which there are none of."""
        return []


class EntityNode:
    """`Entity`: a user's own, a team, or an organisation's."""

    available = False
    code_saving_enabled = False
    default_access = "PRIVATE"
    limits = None
    photo_url = None
    is_paid = True
    private_only = False
    read_only_admin = False
    storage_bytes = 0
    xxhash_digests_enabled = False

    def __init__(self, context: Context, entity: Entity) -> None:
        self._context = context
        self._entity = entity
        self.id = identifiers.encode("Entity", entity.id)
        self.name = entity.name
        self.is_team = entity.kind is EntityKind.TEAM
        self.entity_type = entity.kind.value

    @property
    def read_only(self) -> bool:
        roles = {m.entity.id: m.role for m in self._context.actor.memberships}
        return roles.get(self._entity.id) == "viewer"

    @property
    def organization(self) -> Organization | None:
        """Whose team it is; nobody's for a user's own."""
        return self._context.accounts.organization_of(self._context.actor, self._entity)

    @property
    def user(self) -> User | None:
        """The owner of a user's own entity."""
        return owner_of(self._context, self._entity)

    @property
    def members(self) -> list[dict[str, Any]]:
        """Who reaches a team: people, then who is invited, then machines, the newest last."""
        context = self._context
        if not self.is_team:
            mine = self._entity.user == context.actor.user.id
            return [_member(Member(context.actor.user, Role.ADMIN))] if mine else []
        if role_for(context.actor, self._entity.id) is None:
            return []  # a team that has a role in a project is known by its name alone
        view = context.teams.view_of(self._entity)
        return [
            *(_member(member) for member in view.members),
            *(_waiting(invite) for invite in view.invites),
            *(
                {
                    **_member(Member(account, Role.MEMBER)),
                    "accountType": "SERVICE",
                    "apiKey": context.teams.fresh_key(context.actor, account),
                }
                for account in view.service_accounts
            ),
        ]

    def project(self, name: str) -> Project | None:
        return find_project(self._context, self.name, name)

    def artifact_collections(
        self,
        after: str | None = None,
        collection_types: list[str] | None = None,
        filters: str | None = None,
        first: int | None = None,
        order: str | None = None,
        project_filters: str | None = None,
    ) -> dict[str, Any]:
        """Of an organisation, those of its registries."""
        return list_collections(
            self._context,
            self._entity,
            first,
            after,
            filters,
            project_filters,
            order,
            collection_types,
        )

    def artifact_memberships(
        self,
        after: str | None = None,
        collection_filters: str | None = None,
        filters: str | None = None,
        first: int | None = None,
        order: str | None = None,
        project_filters: str | None = None,
    ) -> dict[str, Any]:
        """Of an organisation, the versions in its registries."""
        return list_versions(
            self._context,
            self._entity,
            first,
            after,
            filters,
            collection_filters,
            project_filters,
            order,
        )

    def projects(
        self,
        first: int | None = None,
        after: str | None = None,
        filters: str | None = None,
        order: str | None = None,
    ) -> dict[str, Any]:
        """Projects; of an organisation its registries."""
        if self._entity.kind is EntityKind.ORGANIZATION:
            return list_registries(self._context, self._entity, first, after, filters, order)
        return list_projects(self._context, self.name, first, after)


def find_entity(context: Context, name: str | None) -> Entity | dict[str, Any]:
    """The entity; for an unknown name an empty one, which the client takes as *free*."""
    try:
        return context.accounts.entity(context.actor, name, Action.READ)
    except NotFound:
        return {
            "id": identifiers.encode("Entity", 0),
            "name": name or "",
            "available": True,
            "members": [],
            "isTeam": False,
            "privateOnly": False,
            "readOnlyAdmin": False,
            "storageBytes": 0,
            "codeSavingEnabled": False,
            "defaultAccess": "PRIVATE",
            "xxhashDigestsEnabled": False,
        }


def _waiting(invite: Invite) -> dict[str, Any]:
    return {
        "id": identifiers.encode("Invite", invite.id),
        "name": invite.email,
        "username": None,
        "email": invite.email,
        "admin": invite.role is Role.ADMIN,
        "role": invite.role.value,
        "accountType": "USER",
        "pending": True,
    }


def _member(member: Member) -> dict[str, Any]:
    user = member.user
    return {
        "id": identifiers.encode("User", user.id),
        "name": user.name,
        "username": user.name,
        "email": user.email,
        "admin": member.role == "admin",
        "role": str(member.role),
        "accountType": "USER",
        "pending": False,
    }


def search(context: Context, query: str | None) -> dict[str, Any]:
    """Users of exactly this name or address; a list of everybody is nobody's business."""
    wanted = (query or "").lower()
    user = context.actor.user
    if wanted and wanted in (user.name.lower(), (user.email or "").lower()):
        return connection([user], None)
    if not wanted:
        return connection([], None)
    found = context.accounts.visible_users(context.actor, wanted)
    shown = [other if user.admin else person(other) for other in found]
    return connection(shown, None)


def find_organization(context: Context, name: str) -> Organization | None:
    """The organisation, if the caller belongs to it."""
    known = context.accounts.known_organizations(context.actor)
    return next((org for org in known if org.name.lower() == name.lower()), None)
