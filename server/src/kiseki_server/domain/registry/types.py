"""Registries: what an organisation shows of its teams' artifacts, under roles of their own.

A registry is a project of the organisation's own entity. Its collections are portfolios: they
hold links to versions that were made elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from kiseki_server.domain.artifacts.types import ArtifactType
from kiseki_server.domain.filters.tree import Filter, SortKey
from kiseki_server.domain.projects.types import Project, Visibility
from kiseki_server.domain.registry.names import bare_name


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry with what it accepts."""

    project: Project
    types: tuple[ArtifactType, ...]
    """The accepted types; of a registry that takes any, those that were used or named."""
    protected: frozenset[str]
    """Aliases that only its administrators move."""

    @property
    def name(self) -> str:
        return bare_name(self.project.name)


@dataclass(frozen=True, slots=True)
class RegistryChange:
    """Fields to change; ``None`` leaves a field as it is. Types can only be added."""

    name: str | None = None
    description: str | None = None
    visibility: Visibility | None = None
    any_type: bool | None = None
    add_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RegistryQuery:
    """Which registries. Fields of the filter and the order are ``id``, ``name`` (in full),
    ``entity_id``, ``description``, ``visibility``, ``created_at`` and ``updated_at``."""

    registries: Filter | None = None
    order: tuple[SortKey, ...] = ()
    """By name unless given."""
    limit: int = 100
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class CollectionQuery:
    """Which collections of which registries; fields as those of `RegistryQuery`, and as those
    of collections of artifacts."""

    registries: Filter | None = None
    collections: Filter | None = None
    order: tuple[SortKey, ...] = ()
    """By registry and name unless given."""
    limit: int = 100
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class VersionQuery:
    """Which versions in which collections of which registries."""

    registries: Filter | None = None
    collections: Filter | None = None
    versions: Filter | None = None
    order: tuple[SortKey, ...] = ()
    """By registry and name of the collection, there the newest first, unless given."""
    limit: int = 100
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class RegistryPage:
    items: tuple[Project, ...]
    cursor: str | None
    total: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A registry in which a text was found."""

    registry: Project
    field: str
    """Where the text stands: `name` or `description`."""
    text: str
    """What stands there."""
