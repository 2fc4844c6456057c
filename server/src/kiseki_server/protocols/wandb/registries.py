"""Registries: projects of an organisation's own entity, as the client knows them."""

from __future__ import annotations

from typing import Any

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.accounts.types import Entity, EntityKind, Organization
from kiseki_server.domain.artifacts.types import CollectionKind
from kiseki_server.domain.projects.types import Project, ProjectKind, Visibility
from kiseki_server.domain.registry.names import PREFIX
from kiseki_server.domain.registry.types import (
    CollectionQuery,
    RegistryChange,
    RegistryQuery,
    VersionQuery,
)
from kiseki_server.kit.errors import BadRequest, NotFound
from kiseki_server.protocols.wandb import artifact_filters, identifiers, registry_filters
from kiseki_server.protocols.wandb.connections import connection, page_size
from kiseki_server.protocols.wandb.context import Context

Given = dict[str, Any]
Payload = dict[str, Any]

_ACCESS = {"PRIVATE": Visibility.ORGANIZATION, "RESTRICTED": Visibility.PRIVATE}
"""Of registries; what is private in a project is the organisation's here."""


def access(project: Project) -> str:
    """Who sees a registry, in the client's words."""
    return "RESTRICTED" if project.visibility is Visibility.PRIVATE else "PRIVATE"


def list_registries(
    context: Context,
    entity: Entity,
    first: int | None,
    after: str | None,
    filters: str | None,
    order: str | None,
) -> dict[str, Any]:
    """An organisation's registries that the caller may read."""
    org = context.accounts.organization_of(context.actor, entity)
    if org is None:
        return connection([], None, 0)
    query = RegistryQuery(
        registries=registry_filters.parse(filters),
        order=tuple(registry_filters.parse_order(order)),
        limit=page_size(first),
        cursor=after or None,
    )
    page = context.registry_search.registries(context.actor, org, query)
    return connection(list(page.items), page.cursor, page.total)


def list_collections(
    context: Context,
    entity: Entity,
    first: int | None,
    after: str | None,
    filters: str | None,
    project_filters: str | None,
    order: str | None,
    types: list[str] | None,
) -> dict[str, Any]:
    """Collections of an organisation's registries that the caller may read."""
    org = _organization(context, entity)
    if org is None or (types and CollectionKind.PORTFOLIO.value.upper() not in types):
        return connection([], None, 0)  # registries hold no sequences
    query = CollectionQuery(
        registries=registry_filters.parse(project_filters),
        collections=registry_filters.collections(filters),
        order=tuple(artifact_filters.collection_order(order)),
        limit=page_size(first),
        cursor=after or None,
    )
    page = context.registry_search.collections(context.actor, org, query)
    return connection(list(page.items), page.cursor, page.total)


def list_versions(
    context: Context,
    entity: Entity,
    first: int | None,
    after: str | None,
    filters: str | None,
    collection_filters: str | None,
    project_filters: str | None,
    order: str | None,
) -> dict[str, Any]:
    """Versions in an organisation's registries that the caller may read."""
    org = _organization(context, entity)
    if org is None:
        return connection([], None, 0)
    query = VersionQuery(
        registries=registry_filters.parse(project_filters),
        collections=registry_filters.collections(collection_filters),
        versions=registry_filters.versions(filters),
        order=tuple(artifact_filters.version_order(order)),
        limit=page_size(first),
        cursor=after or None,
    )
    page = context.registry_search.versions(context.actor, org, query)
    return connection(list(page.items), page.cursor, page.total)


def _organization(context: Context, entity: Entity) -> Organization | None:
    """Whose own entity it is; others hold no registries."""
    if entity.kind is not EntityKind.ORGANIZATION:
        return None
    return context.accounts.organization_of(context.actor, entity)


def upsert(context: Context, given: Given) -> Payload | None:
    """Create or change a registry; nothing when the input is about a usual project."""
    found = _named(context, given)
    owner = given.get("entityName")
    entity = None
    if found is None and owner and (given.get("name") or "").startswith(PREFIX):
        entity = context.accounts.entity(context.actor, owner, Action.READ)
    if found is None and (entity is None or entity.kind is not EntityKind.ORGANIZATION):
        return None
    visibility = _visibility(given.get("access"))
    types = tuple(item["name"] for item in given.get("artifactTypes") or ())
    if found is None:
        assert entity is not None
        org = context.accounts.organization_of(context.actor, entity)
        if org is None:
            raise NotFound(f"There is no organisation with the entity `{owner}`")
        if given.get("allowAllArtifactTypesInRegistry") is False and not types:
            raise BadRequest("A registry accepts any type of artifact, or those that you name")
        made = context.registries.create(
            context.actor,
            org,
            given["name"],
            description=given.get("description") or "",
            visibility=visibility or Visibility.ORGANIZATION,
            types=types,
        )
        return {"project": made, "model": made, "inserted": True}
    change = RegistryChange(
        description=given.get("description"),
        visibility=visibility,
        any_type=given.get("allowAllArtifactTypesInRegistry"),
        add_types=types,
    )
    changed = context.registries.change(context.actor, found, change)
    return {"project": changed, "model": changed, "inserted": False}


def _named(context: Context, given: Given) -> Project | None:
    """The registry that an input names by id or by name, if there is one to be seen."""
    try:
        if given.get("id"):
            found = context.projects.get(context.actor, identifiers.project_place(given["id"]))
        elif given.get("name"):
            owner = given.get("entityName") or None
            found = context.projects.find(context.actor, owner, given["name"])
        else:
            return None
    except NotFound:
        return None
    return found if found.kind is ProjectKind.REGISTRY else None


def _visibility(access: str | None) -> Visibility | None:
    if access is None:
        return None
    if access not in _ACCESS:
        raise BadRequest(
            f"`{access[:40]}` is no access that a registry can have",
            hint="Choose PRIVATE (the organisation) or RESTRICTED (members).",
        )
    return _ACCESS[access]
