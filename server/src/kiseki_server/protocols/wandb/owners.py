"""Whose entity or project it is, and what may be told of that user."""

from __future__ import annotations

from typing import Any

from kiseki_server.domain.accounts.types import Entity, EntityKind, User
from kiseki_server.domain.projects.types import Project
from kiseki_server.protocols.wandb import identifiers
from kiseki_server.protocols.wandb.context import Context


def owner_of(context: Context, entity: Entity) -> User | None:
    """The owner of a user's own entity, told to that user and to administrators of the server."""
    user = context.actor.user
    if entity.user == user.id:
        return user
    if entity.kind is not EntityKind.USER or entity.user is None or not user.admin:
        return None
    return context.accounts.user(entity.user)


def maker_of(context: Context, project: Project) -> User | dict[str, Any] | None:
    """Who made a project.

    In full for themselves and for administrators of the server; with the address for those who
    may look the user up; for other readers of the project by name alone.
    """
    asking = context.actor.user
    maker = None if project.owner is None else context.accounts.user(project.owner)
    if maker is None or asking.admin or maker.id == asking.id:
        return maker
    known = context.accounts.known_users(context.actor, [maker])
    return person(maker) if known else named(maker)


def person(user: User) -> dict[str, Any]:
    """What those may know who may look the user up."""
    return {**named(user), "email": user.email, "admin": user.admin, "flags": "{}"}


def named(user: User) -> dict[str, Any]:
    """What everybody may know who sees something of the user's."""
    id = identifiers.encode("User", user.id)
    return {"id": id, "name": user.name, "username": user.name, "entity": user.name}
