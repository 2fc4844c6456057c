"""Teams, accounts and API keys: what changes them."""

from __future__ import annotations

from typing import Any

from kiseki_server.domain.accounts.types import Actor, ApiKey, Role, User
from kiseki_server.kit.errors import BadRequest, NotFound
from kiseki_server.protocols.wandb import identifiers
from kiseki_server.protocols.wandb.connections import connection
from kiseki_server.protocols.wandb.context import Context

Given = dict[str, Any]
Payload = dict[str, Any]


def api_keys(context: Context, user: User) -> dict[str, Any]:
    """A user's keys; what was just made by the caller can still be told."""
    return connection([_key(context, key) for key in context.credentials.keys(user.id)], None)


def _key(context: Context, key: ApiKey) -> dict[str, Any]:
    fresh = context.fresh_keys.recall(context.actor.user.id, key)
    return {
        "id": identifiers.encode("ApiKey", key.id),
        # For the client the name is the key; of an older one only its end is known.
        "name": fresh or f"...{key.hint} ({key.id})",
        "description": key.name,
    }


def generate_api_key(context: Context, given: Given) -> Payload:
    """A new key for the caller."""
    user = context.actor.user.id
    record, key = context.credentials.add_key(user, given.get("description") or "API key")
    context.fresh_keys.remember(user, record, key)
    return {"apiKey": _key(context, record)}


def delete_api_key(context: Context, given: Given) -> Payload:
    """Revoke a key."""
    key = identifiers.number_place("ApiKey", given["id"])
    context.credentials.remove_any_key(context.actor, key)
    return {"success": True}


def update_user(context: Context, given: Given) -> Payload:
    """Choose the caller's default entity."""
    name = given.get("defaultEntity")
    if not name:
        return {"user": context.actor.user}
    return {"user": context.accounts.set_default_entity(context.actor, name)}


def create_user(context: Context, given: Given) -> Payload:
    """Add a user by address; for administrators of the server."""
    admin = bool(given.get("admin"))
    return {"user": context.accounts.add_user_by_email(context.actor, given["email"], admin=admin)}


def create_team(context: Context, given: Given) -> Payload:
    """Add a team to the organisation that the caller administers."""
    team = context.teams.create(
        context.actor, given["teamName"], admin=given.get("teamAdminUserName") or None
    )
    return {"entity": team}


def create_invite(context: Context, given: Given) -> Payload:
    """Invite somebody to a team; who has an account is a member at once."""
    outcome = context.teams.invite(
        context.actor,
        given["entityName"],
        email=given.get("email") or None,
        user=given.get("username") or None,
        role=Role.ADMIN if given.get("admin") else Role.MEMBER,
    )
    if outcome.invite is not None:
        invite = outcome.invite
        return {
            "invite": {
                "id": identifiers.encode("Invite", invite.id),
                "name": invite.email,
                "email": invite.email,
                "createdAt": invite.created_at,
            }
        }
    user = outcome.user
    assert user is not None
    return {
        "invite": {
            "id": identifiers.encode("User", user.id),
            "name": user.name,
            "email": user.email,
            "createdAt": context.clock.now(),
            "toUser": {"id": identifiers.encode("User", user.id), "name": user.name},
        }
    }


def delete_invite(context: Context, given: Given) -> Payload:
    """Take back an invite, or take a member or a service account out of a team."""
    team, id = given.get("entityName"), given.get("id")
    if not team or not id:
        raise BadRequest("Name the team and the id of a member or an invite")
    view = context.teams.view(context.actor, team)
    for invite in view.invites:
        if id == identifiers.encode("Invite", invite.id):
            context.teams.remove_invite(context.actor, team, invite.id)
            return {"success": True}
    for account in view.service_accounts:
        if id == identifiers.encode("User", account.id):
            gone = context.teams.remove_service_account(context.actor, team, account.name)
            context.projects.delete_owned(gone)
            return {"success": True}
    for member in view.members:
        if id == identifiers.encode("User", member.user.id):
            context.teams.remove_member(context.actor, team, member.user.name)
            return {"success": True}
    raise NotFound(f"`{team}` has no member or invite with the id `{id[:80]}`")


def create_service_account(context: Context, given: Given) -> Payload:
    """Add a machine's account to a team; its key shows among the team's members."""
    user, _ = context.teams.add_service_account(
        context.actor, given["entityName"], given["description"]
    )
    return {"user": {"id": identifiers.encode("User", user.id), "name": user.name}}


def actor_of(context: Context, user: User) -> Actor:
    """The user with what they reach: the caller as they are, others as they are now."""
    same = user == context.actor.user
    return context.actor if same else context.accounts.actor(user)
