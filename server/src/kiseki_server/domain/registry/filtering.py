"""Filters and orders of registries."""

from __future__ import annotations

from collections.abc import Mapping

from kiseki_server.domain.filters.fields import Kind, Value, microseconds
from kiseki_server.domain.filters.rules import Lookup
from kiseki_server.domain.filters.tree import Path
from kiseki_server.domain.projects.types import Project
from kiseki_server.kit.errors import BadRequest

REGISTRY_FIELDS: Mapping[str, Kind] = {
    "id": Kind.NUMBER,
    "name": Kind.TEXT,
    "entity_id": Kind.NUMBER,
    "description": Kind.TEXT,
    "visibility": Kind.TEXT,
    "created_at": Kind.TIME,
    "updated_at": Kind.TIME,
}


def registry_kind(path: Path) -> Kind:
    """What a field of a registry holds; raises `BadRequest` when there is none."""
    kind = REGISTRY_FIELDS.get(path[0]) if len(path) == 1 else None
    if kind is None:
        raise BadRequest(
            f"There is no field `{'.'.join(path)[:80]}` of registries",
            hint=f"Fields are {', '.join(REGISTRY_FIELDS)}.",
        )
    return kind


def registry_lookup(project: Project) -> Lookup:
    """The fields of a registry."""
    values: dict[str, Value] = {
        "id": project.id,
        "name": project.name,
        "entity_id": project.entity,
        "description": project.description,
        "visibility": project.visibility.value,
        "created_at": microseconds(project.created_at),
        "updated_at": microseconds(project.updated_at),
    }
    return lambda path: values.get(path[0])
