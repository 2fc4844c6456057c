"""Whose entity it is."""

from __future__ import annotations

from kiseki_server.domain.accounts.types import Entity, EntityKind, User
from kiseki_server.protocols.wandb.context import Context


def owner_of(context: Context, entity: Entity) -> User | None:
    """The owner of a user's own entity, told to that user and to administrators of the server."""
    user = context.actor.user
    if entity.user == user.id:
        return user
    if entity.kind is not EntityKind.USER or not user.admin:
        return None
    users = context.accounts.users(context.actor)
    return next((one for one in users if one.id == entity.user), None)
