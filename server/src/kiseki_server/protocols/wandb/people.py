"""Users, and the entities that own projects."""

from __future__ import annotations

from typing import Any

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.accounts.types import Entity, EntityKind, Member, User
from kiseki_server.domain.projects.types import Project
from kiseki_server.kit.errors import NotFound
from kiseki_server.protocols.wandb import identifiers
from kiseki_server.protocols.wandb.connections import connection
from kiseki_server.protocols.wandb.context import Context
from kiseki_server.protocols.wandb.projects import find_project, list_projects


class UserNode:
    """`User`: the caller, who alone is shown in full."""

    photo_url = None
    deleted_at = None
    flags = "{}"

    def __init__(self, context: Context, user: User) -> None:
        self._context = context
        self.id = identifiers.encode("User", user.id)
        self.name = self.username = user.name
        self.email = user.email
        self.admin = user.admin

    @property
    def entity(self) -> str:
        return self._context.actor.default_entity.name

    @property
    def default_entity(self) -> Entity:
        return self._context.actor.default_entity

    @property
    def teams(self) -> dict[str, Any]:
        """All that the user reaches, their own entity first."""
        return connection([m.entity for m in self._context.actor.memberships], None)

    def projects(self, first: int | None = None, after: str | None = None) -> dict[str, Any]:
        return list_projects(self._context, self.entity, first, after)


class EntityNode:
    """`Entity`: a user's own, or a team."""

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
        self.entity_type = "team" if self.is_team else "user"

    @property
    def read_only(self) -> bool:
        roles = {m.entity.id: m.role for m in self._context.actor.memberships}
        return roles.get(self._entity.id) == "viewer"

    @property
    def organization(self) -> None:
        """Organisations of the client's kind own registries, which there are none of."""
        return None

    @property
    def user(self) -> User | None:
        user = self._context.actor.user
        return user if self._entity.user == user.id else None

    @property
    def members(self) -> list[dict[str, Any]]:
        """Those whom the caller may know to be in it."""
        context = self._context
        for view in context.accounts.organizations(context.actor) if self.is_team else ():
            if view.organization.id == self._entity.org:
                return [_member(member) for member in view.members]
        mine = [m for m in context.actor.memberships if m.entity.id == self._entity.id]
        return [_member(Member(context.actor.user, m.role)) for m in mine]

    def project(self, name: str) -> Project | None:
        return find_project(self._context, self.name, name)

    def projects(
        self,
        first: int | None = None,
        after: str | None = None,
        filters: str | None = None,
        order: str | None = None,
    ) -> dict[str, Any]:
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
    everybody = context.accounts.users(context.actor) if user.admin and wanted else ()
    found = [u for u in everybody if wanted in (u.name.lower(), (u.email or "").lower())]
    return connection([_person(other) for other in found], None)


def _person(user: User) -> dict[str, Any]:
    id = identifiers.encode("User", user.id)
    return {
        "id": id,
        "name": user.name,
        "username": user.name,
        "email": user.email,
        "admin": user.admin,
        "entity": user.name,
        "flags": "{}",
    }
