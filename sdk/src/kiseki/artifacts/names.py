"""Names of artifacts: ``entity/project/collection:version``, of which the end is enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kiseki.errors import UsageError

if TYPE_CHECKING:
    from kiseki.query.server import Server

REGISTRY = "wandb-registry-"
_FORBIDDEN = frozenset("/:\\?%")


class Place(NamedTuple):
    """Where a version is."""

    entity: str
    project: str
    collection: str
    ref: str


def place_of(
    name: str, server: Server, entity: str | None, project: str | None, ref: str = "latest"
) -> Place:
    """The place that a name means, with what is not in it from the caller.

    Raises:
        UsageError: It is no name, or there is no project to look in.
    """
    if not name.strip():
        raise UsageError("The name of an artifact is empty", hint="use 'name:v3' or 'name:latest'")
    path, colon, version = name.rpartition(":")
    if not colon or "/" in version:
        path, version = name, ref
    parts = path.split("/")
    if len(parts) > 3 or not all(parts) or not version:
        raise UsageError(
            f"{name!r} is no name of an artifact",
            hint="use 'name:version', 'project/name:version' or 'entity/project/name:version'",
        )
    *before, collection = parts
    if before:
        project = before[-1]
        entity = before[0] if len(before) == 2 else entity
    if project is None:
        raise UsageError(
            f"Which project is {name!r} in?",
            hint="use 'project/name:version', or call init() first",
        )
    if project.startswith(REGISTRY):
        entity = registry_entity(server, before[0] if len(before) == 2 else None)
    return Place(entity or server.default_entity, project, collection, version)


def registry_entity(server: Server, organization: str | None) -> str:
    """The entity that owns the registries of an organisation, or of the only one.

    Raises:
        UsageError: There are several, and none is named.
    """
    known = {str(one["name"]): str(one["entity"]) for one in server.session["organizations"]}
    if organization is not None:
        return known.get(organization, organization)
    if len(known) != 1:
        which = "none" if not known else ", ".join(known)
        raise UsageError(
            f"You belong to {len(known)} organisations ({which}); which one's registry is it?",
            hint=f"use 'organisation/{REGISTRY}…/name'",
        )
    return next(iter(known.values()))


def checked_collection(name: str) -> str:
    """The name of a new artifact.

    Raises:
        UsageError: It cannot be one.
    """
    bad = [sign for sign in name if sign in _FORBIDDEN or not sign.isprintable()]
    if bad or not 1 <= len(name) <= 128 or name != name.strip() or not name.strip("."):
        why = f"holds {bad[0]!r}" if bad else "is empty, too long or surrounded by blanks"
        raise UsageError(
            f"An artifact cannot be called {name[:80]!r}: it {why}",
            hint="use 1 to 128 characters, none of them in / : \\ ? %",
        )
    return name
