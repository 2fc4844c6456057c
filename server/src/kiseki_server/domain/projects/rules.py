"""What may be a project's name, and who may see a project. Pure functions."""

from __future__ import annotations

from kiseki_server.domain.accounts.rules import Action, allowed, granted, role_for, role_in
from kiseki_server.domain.accounts.types import Actor, Role
from kiseki_server.domain.projects.types import Project, ProjectKind, Reach, Visibility
from kiseki_server.kit.errors import BadRequest

MAX_NAME = 128
MAX_DESCRIPTION = 10_000
_FORBIDDEN = frozenset('/\\#?%:"<>|')


def check_project_name(name: str) -> str:
    """A project's name, unchanged.

    Raises:
        BadRequest: It is empty, too long, or holds characters that addresses cannot carry.
    """
    bad = sorted(_FORBIDDEN.intersection(name)) + [c for c in name if not c.isprintable()][:1]
    if bad or not 1 <= len(name) <= MAX_NAME or name != name.strip() or not name.strip("."):
        raise BadRequest(
            f"`{name[:80]}` cannot be the name of a project",
            hint=f"use 1 to {MAX_NAME} characters, none of them in {' '.join(sorted(_FORBIDDEN))} "
            "or invisible, no space at either end, and not only dots",
        )
    return name


def check_description(text: str) -> str:
    """A project's description, unchanged.

    Raises:
        BadRequest: It is too long or holds a NUL.
    """
    if len(text) > MAX_DESCRIPTION:
        raise BadRequest(
            f"A description has at most {MAX_DESCRIPTION} characters; this one has {len(text)}"
        )
    if "\0" in text:
        raise BadRequest("A description may not hold the character NUL")
    return text


def check_search(text: str) -> str:
    """Text to look for in names, without space around it.

    Raises:
        BadRequest: No name is as long as it, or it holds a NUL.
    """
    text = text.strip()
    if len(text) > MAX_NAME or "\0" in text:
        raise BadRequest(f"Look for 1 to {MAX_NAME} characters of a name, without NUL")
    return text


def most(actor: Actor, project: Project) -> Action | None:
    """The most that the actor may do in the project; ``None``: not even know of it.

    A registry is for its own members and the administrators of its organisation. Open to the
    organisation, it is for all of its members as they are in the organisation, guests reading.
    """
    found = [granted(actor.grants.get(project.id))]
    own = allowed(role_for(actor, project.entity))
    if project.kind is ProjectKind.PROJECT or own is Action.ADMIN:
        found.append(own)
    if project.visibility is Visibility.ORGANIZATION:
        role = role_in(actor, project.org)
        open_to = allowed(role) if project.kind is ProjectKind.REGISTRY else None
        found.append(None if role is None else open_to or Action.DOWNLOAD)
    elif project.visibility is Visibility.INTERNAL:
        found.append(Action.DOWNLOAD)
    return max((action for action in found if action is not None), default=None)


def reach(actor: Actor) -> Reach | None:
    """What the actor may read, for lists; ``None``: everything."""
    if actor.user.admin:
        return None
    administered = (o.organization.entity.id for o in actor.organizations if o.role is Role.ADMIN)
    return Reach(
        entities=(*(m.entity.id for m in actor.memberships), *administered),
        orgs=tuple(o.organization.id for o in actor.organizations),
        projects=tuple(actor.grants),
    )
