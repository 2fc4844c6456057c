"""Who may do what, and what may be a name. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import IntEnum

from kiseki_server.domain.accounts.types import Actor, Role
from kiseki_server.kit.errors import BadRequest, Conflict
from kiseki_server.kit.ids import EntityId


class Action(IntEnum):
    """What somebody wants to do with a thing; each one includes those before it."""

    READ = 1
    WRITE = 2
    ADMIN = 3


_ALLOWED: Mapping[Role, Action] = {
    Role.VIEWER: Action.READ,
    Role.MEMBER: Action.WRITE,
    Role.ADMIN: Action.ADMIN,
}

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,255}")

RESERVED = frozenset(
    [
        "api",
        "artifacts",
        "artifactsv2",
        "assets",
        "authorize",
        "blobs",
        "charts",
        "docs",
        "files",
        "graphql",
        "health",
        "login",
        "logout",
        "metrics",
        "oidc",
        "otel",
        "projects",
        "ready",
        "runs",
        "sdk",
        "service-redirect",
        "settings",
        "signin",
        "static",
        "system-admin",
        "v1",
    ]
)
"""First parts of addresses that mean something else."""


def role_for(actor: Actor, entity: EntityId) -> Role | None:
    """What the actor is in an entity; ``None``: a stranger. Administrators are everything."""
    if actor.user.admin:
        return Role.ADMIN
    return next((m.role for m in actor.memberships if m.entity.id == entity), None)


def allowed(role: Role | None) -> Action | None:
    """The most that a role may do."""
    return None if role is None else _ALLOWED[role]


def may(actor: Actor, entity: EntityId, action: Action) -> bool:
    """Whether the actor may do this with what the entity owns."""
    most = allowed(role_for(actor, entity))
    return most is not None and action <= most


def compared(name: str) -> str:
    """A name as it is compared with others."""
    return name.lower()


def check_name(name: str, kind: str) -> str:
    """The name of a user, a team or an organisation, unchanged.

    Raises:
        BadRequest: It has other characters than it may have, or a wrong length.
        Conflict: It is a word of the server's own addresses.
    """
    if _NAME.fullmatch(name) is None or not name.strip("."):
        raise BadRequest(
            f"`{name[:80]}` cannot be the name of {kind}",
            hint="use 1 to 64 of these: letters a-z, digits, `-`, `_`, `.`",
        )
    if compared(name) in RESERVED:
        raise Conflict(f"`{name}` is reserved for the server's own addresses; choose another name")
    return name


def check_email(email: str | None) -> str | None:
    """An e-mail address, or nothing.

    Raises:
        BadRequest: It is no address.
    """
    email = (email or "").strip()
    if not email:
        return None
    if _EMAIL.fullmatch(email) is None:
        raise BadRequest(f"`{email[:80]}` is no e-mail address")
    return email


def check_api_key(key: str) -> str:
    """A key that an administrator gives: any form that fits into a header.

    Raises:
        BadRequest: It is too short or too long, or holds spaces or control characters.
    """
    if not 8 <= len(key) <= 256:
        raise BadRequest(f"An API key has 8 to 256 characters; this one has {len(key)}")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise BadRequest("An API key consists of printable ASCII characters without spaces")
    return key


def check_label(text: str, what: str, *, most: int = 200) -> str:
    """Short text for people.

    Raises:
        BadRequest: It is empty, too long or holds control characters.
    """
    text = text.strip()
    if not 1 <= len(text) <= most:
        raise BadRequest(f"{what} has 1 to {most} characters; this one has {len(text)}")
    if not text.isprintable():
        raise BadRequest(f"{what} may not hold control characters: {text!r}")
    return text
