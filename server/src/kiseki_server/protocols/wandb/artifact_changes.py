"""Versions of artifacts, changed: described, named, linked, deleted."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.artifacts.types import (
    Collection,
    CollectionChange,
    CollectionKind,
    Membership,
    Version,
    VersionChange,
    VersionState,
)
from kiseki_server.domain.projects.types import Project
from kiseki_server.kit.errors import BadRequest, NotFound
from kiseki_server.protocols.wandb import identifiers, json_lines
from kiseki_server.protocols.wandb.artifact_uploads import client_version, tag_names
from kiseki_server.protocols.wandb.artifacts import tag_list
from kiseki_server.protocols.wandb.context import Context
from kiseki_server.protocols.wandb.projects import writable

Given = dict[str, Any]
Payload = dict[str, Any]


def update(context: Context, given: Given) -> Payload:
    """Change those fields of a version that are given; null changes nothing."""
    version = _version(context, given, Action.WRITE)
    metadata = given.get("metadata")
    change = VersionChange(
        description=given.get("description"),
        metadata=None if not metadata else json_lines.read_object(metadata, "The metadata"),
        ttl=given.get("ttlDurationSeconds"),
        add_tags=tag_names(given.get("tagsToAdd")),
        remove_tags=tag_names(given.get("tagsToDelete")),
    )
    changed = context.artifacts.change(version, change, context.actor)
    if given.get("aliases") is not None:
        _set_aliases(context, changed, given["aliases"])
    return {"artifact": changed}


def _set_aliases(context: Context, version: Version, given: list[Given]) -> None:
    """What clients before aliases had mutations of their own send: all that are to be there."""
    home = context.artifacts.home(version)
    for place in context.artifacts.memberships_of(context.actor, version):
        if place.collection.id != home.id:
            continue
        wanted = {one["alias"] for one in given if one["artifactCollectionName"] == home.name}
        context.artifacts.remove_aliases(place, set(place.aliases) - wanted, context.actor)
        context.artifacts.add_aliases(place, wanted, context.actor)


def add_aliases(context: Context, given: Given) -> Payload:
    """Give aliases to a version, in the collections that are named."""
    for place, aliases in _places(context, given):
        context.artifacts.add_aliases(place, aliases, context.actor)
    return {"success": True}


def delete_aliases(context: Context, given: Given) -> Payload:
    """Take aliases away; those that are not there are no mistake."""
    for place, aliases in _places(context, given):
        context.artifacts.remove_aliases(place, aliases, context.actor)
    return {"success": True}


def _places(context: Context, given: Given) -> list[tuple[Membership, set[str]]]:
    """Where the version has the aliases of an input, each in a project that may be changed."""
    version = _version(context, given, Action.READ)
    wanted: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for one in given["aliases"]:
        place = (one["entityName"], one["projectName"], one["artifactCollectionName"])
        wanted[place].add(one["alias"])
    found: list[tuple[Membership, set[str]]] = []
    for (entity, name, collection), aliases in wanted.items():
        project = writable(context, entity, name)
        known = context.artifacts.collection(project, collection)
        if known is None:
            raise NotFound(f"`{entity}/{name}` has no artifact `{collection[:128]}`")
        found.append((_membership(context, version, known), aliases))
    return found


def _membership(context: Context, version: Version, collection: Collection) -> Membership:
    for place in context.artifacts.memberships_of(context.actor, version):
        if place.collection.id == collection.id:
            return place
    raise NotFound(f"The version is not in `{collection.name}`")


def delete(context: Context, given: Given) -> Payload:
    """Delete a version; one with aliases only when they are to go, too."""
    version = _version(context, given, Action.WRITE)
    with_aliases = bool(given.get("deleteAliases"))
    # The answer is about what was there: a deleted version has no collection any more.
    gone = {
        "id": identifiers.artifact_id(version.id),
        "state": VersionState.DELETED.value.upper(),
        "digest": version.digest,
        "createdAt": version.created_at,
        "size": version.size,
        "fileCount": version.file_count,
        "ttlDurationSeconds": version.ttl,
        "ttlIsInherited": False,
    }
    context.artifacts.delete_version(version, context.actor, with_aliases=with_aliases)
    return {"artifact": gone, "success": True}


def link(context: Context, given: Given) -> Payload:
    """Show a version in a collection of links, which is made if it is not there."""
    if given.get("artifactID"):
        version = _version(context, given, Action.DOWNLOAD)
    elif given.get("clientID"):
        version = client_version(context, given["clientID"], Action.DOWNLOAD)
    else:
        raise BadRequest("An artifact is linked by its id")
    if given.get("artifactPortfolioID"):
        id = identifiers.collection_place(given["artifactPortfolioID"])
        collection = context.artifacts.collection_by_id(context.actor, id, Action.WRITE)
        project = context.projects.get(context.actor, collection.project, Action.WRITE)
        name = collection.name
    else:
        name = given.get("artifactPortfolioName")
        if not name or not given.get("projectName"):
            raise BadRequest("A link needs a project and a name")
        project = _linkable(context, given.get("entityName") or None, given["projectName"])
    aliases = {one["alias"] for one in given.get("aliases") or ()}
    made = context.artifacts.link(version, project, name, aliases, context.actor)
    return {"versionIndex": made.index, "artifactMembership": made}


def _linkable(context: Context, entity: str | None, name: str) -> Project:
    """The project or the registry to link to; a project is made if it is not there."""
    try:
        return context.projects.find(context.actor, entity, name, Action.WRITE)
    except NotFound:
        return context.projects.ensure(context.actor, entity, name)


def unlink(context: Context, given: Given) -> Payload:
    """Take a link away."""
    version = _version(context, given, Action.READ)
    collection = _collection(context, given["artifactPortfolioID"])
    context.artifacts.unlink(_membership(context, version, collection), context.actor)
    return {"artifactID": given["artifactID"], "success": True}


def _version(context: Context, given: Given, action: Action) -> Version:
    id = identifiers.artifact_place(given["artifactID"])
    return context.artifacts.version(context.actor, id, action)


# Collections


def create_type(context: Context, given: Given) -> Payload:
    """A type of artifacts in a project."""
    project = writable(context, given["entityName"], given["projectName"])
    made = context.artifacts.ensure_type(project, given["name"], given.get("description"))
    return {"artifactType": made}


def update_sequence(context: Context, given: Given) -> Payload:
    return _changed(context, given["artifactSequenceID"], _described(given), sequence=True)


def update_portfolio(context: Context, given: Given) -> Payload:
    return _changed(context, given["artifactPortfolioID"], _described(given), sequence=False)


def move_sequence(context: Context, given: Given) -> Payload:
    """Give a sequence another type."""
    change = CollectionChange(type=given["destinationArtifactTypeName"])
    return _changed(context, given["artifactSequenceID"], change, sequence=True)


def delete_sequence(context: Context, given: Given) -> Payload:
    return _deleted(context, given["artifactSequenceID"], sequence=True)


def delete_portfolio(context: Context, given: Given) -> Payload:
    return _deleted(context, given["artifactPortfolioID"], sequence=False)


def add_tags(context: Context, given: Given) -> Payload:
    """Tag a collection."""
    tags = tag_names(given["tags"])
    changed = _retagged(context, given, CollectionChange(add_tags=tags))
    return {"tags": tag_list([tag for tag in changed.tags if tag in tags])}


def delete_tags(context: Context, given: Given) -> Payload:
    """Take tags from a collection."""
    _retagged(context, given, CollectionChange(remove_tags=tag_names(given["tags"])))
    return {"success": True}


def _described(given: Given) -> CollectionChange:
    return CollectionChange(name=given.get("name"), description=given.get("description"))


def _changed(context: Context, id: str, change: CollectionChange, *, sequence: bool) -> Payload:
    collection = _collection(context, id, sequence=sequence)
    changed = context.artifacts.change_collection(collection, change, context.actor)
    return {"artifactCollection": changed}


def _deleted(context: Context, id: str, *, sequence: bool) -> Payload:
    collection = _collection(context, id, sequence=sequence)
    context.artifacts.delete_collection(collection, context.actor)
    return {"artifactCollection": replace(collection, deleted_at=context.clock.now())}


def _retagged(context: Context, given: Given, change: CollectionChange) -> Collection:
    project = writable(context, given["entityName"], given["projectName"])
    collection = context.artifacts.collection(project, given["artifactCollectionName"])
    if collection is None:
        raise NotFound(f"There is no artifact `{given['artifactCollectionName'][:128]}`")
    return context.artifacts.change_collection(collection, change, context.actor)


def _collection(context: Context, id: str, *, sequence: bool = False) -> Collection:
    """A collection of the one or the other kind, to be changed."""
    found = context.artifacts.collection_by_id(
        context.actor, identifiers.collection_place(id), Action.WRITE
    )
    if (found.kind is CollectionKind.SEQUENCE) is not sequence:
        kind = "sequence" if sequence else "collection of links"
        raise NotFound(f"`{found.name}` is no {kind}")
    return found
