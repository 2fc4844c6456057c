"""Who may do what, and what may be a name. Pure functions."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Container, Iterable, Mapping
from enum import IntEnum

from kiseki_server.domain.accounts.types import Actor, ProjectRole, Role
from kiseki_server.kit.errors import BadRequest, Conflict
from kiseki_server.kit.ids import EntityId, OrgId


class Action(IntEnum):
    """What somebody wants to do with a thing; each one includes those before it."""

    READ = 1
    DOWNLOAD = 2
    """Read the content of files, too."""
    WRITE = 3
    ADMIN = 4


_ALLOWED: Mapping[Role, Action] = {
    Role.VIEWER: Action.DOWNLOAD,
    Role.MEMBER: Action.WRITE,
    Role.ADMIN: Action.ADMIN,
}

_GRANTED: Mapping[ProjectRole, Action] = {
    ProjectRole.RESTRICTED_VIEWER: Action.READ,
    ProjectRole.VIEWER: Action.DOWNLOAD,
    ProjectRole.MEMBER: Action.WRITE,
    ProjectRole.ADMIN: Action.ADMIN,
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
        "orgs",
        "otel",
        "projects",
        "ready",
        "registry",
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
    found = next((m.role for m in actor.memberships if m.entity.id == entity), None)
    return found or next(
        (o.role for o in actor.organizations if o.organization.entity.id == entity), None
    )


def role_in(actor: Actor, org: OrgId | None) -> Role | None:
    """What the actor is in an organisation; ``None``: no member."""
    return next((o.role for o in actor.organizations if o.organization.id == org), None)


def administers(actor: Actor, org: OrgId | None) -> bool:
    """Whether the actor administers an organisation, or the whole server."""
    return actor.user.admin or role_in(actor, org) is Role.ADMIN


def allowed(role: Role | None) -> Action | None:
    """The most that a role may do."""
    return None if role is None else _ALLOWED.get(role)


def granted(role: ProjectRole | None) -> Action | None:
    """The most that a role in a single project may do in it."""
    return None if role is None else _GRANTED[role]


def strongest(roles: Iterable[Role]) -> Role:
    """Of several roles the one that may do most."""
    return max(roles, key=lambda role: _ALLOWED.get(role, 0))


def strongest_grant(roles: Iterable[ProjectRole]) -> ProjectRole:
    """Of several roles in a project the one that may do most."""
    return max(roles, key=_GRANTED.__getitem__)


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


def own_entity_name(organization: str, taken: Container[str] = ()) -> str:
    """The name of an organisation's own entity: the first that nobody has (compared names)."""
    name = f"{organization[:56]}-org"
    numbered = (f"{name}-{number}" for number in itertools.count(2))
    return next(each for each in itertools.chain([name], numbered) if compared(each) not in taken)


def account_name(text: str, taken: Callable[[str], bool]) -> str:
    """A user's name made of a text, such as the first part of an address; the first that is
    free."""
    name = re.sub(r"[^a-z0-9_.-]+", "-", text.lower()).strip("-.")[:56] or "user"
    numbered = (f"{name}-{number}" for number in itertools.count(2))
    return next(
        each
        for each in itertools.chain([name], numbered)
        if each not in RESERVED and not taken(each)
    )


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
