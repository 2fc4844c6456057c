"""Collections of artifacts and their types, read."""

from __future__ import annotations

from typing import Any

from kiseki_server.domain.artifacts.types import (
    ArtifactType,
    Collection,
    CollectionKind,
    Membership,
    Version,
)
from kiseki_server.domain.projects.types import Project
from kiseki_server.kit.errors import Forbidden, NotFound
from kiseki_server.protocols.wandb import artifact_filters, identifiers
from kiseki_server.protocols.wandb.artifacts import (
    ALGORITHMS,
    tag_list,
    type_of,
    versioned,
)
from kiseki_server.protocols.wandb.connections import connection, page_size
from kiseki_server.protocols.wandb.context import Context


class CollectionNode:
    """`ArtifactCollection`."""

    def __init__(self, context: Context, collection: Collection) -> None:
        self._context = context
        self._collection = collection
        self.id = identifiers.collection_id(collection.id)
        self.name = collection.name
        self.description = collection.description
        self.state = "READY" if collection.deleted_at is None else "DELETED"
        self.created_at = collection.created_at
        self.updated_at = collection.updated_at

    @property
    def project(self) -> Project | None:
        """None for who sees a version of it through a link alone."""
        return find_home(self._context, self._collection)

    @property
    def default_artifact_type(self) -> ArtifactType | None:
        return type_of(self._context, self._collection)

    @property
    def tags(self) -> dict[str, Any]:
        return connection(tag_list(self._collection.tags), None)

    def aliases(self, after: str | None = None, first: int | None = None) -> dict[str, Any]:
        """All of them, each once."""
        if self.project is None:
            return connection([], None)
        names = self._context.artifacts.aliases(self._collection)
        start = int(after) if after and after.isdigit() and len(after) < 10 else 0
        end = start + page_size(first)
        nodes = [
            {
                "id": identifiers.encode("ArtifactAlias", self._collection.id, alias),
                "alias": alias,
                "artifactCollection": self._collection,
            }
            for alias in names[start:end]
        ]
        return connection(nodes, str(end) if end < len(names) else None, len(names))

    def artifact_membership(self, alias_name: str) -> Membership | None:
        if self.project is None:
            return None
        try:
            return self._context.artifacts.pick(self._collection, alias_name)
        except NotFound:
            return None

    def artifacts(
        self,
        after: str | None = None,
        filters: str | None = None,
        first: int | None = None,
        order: str | None = None,
    ) -> dict[str, Any]:
        """Its versions, the newest first unless an order is given."""
        if self.project is None:
            return versioned(connection([], None, 0))
        page = self._context.artifacts.memberships(
            self._collection,
            filter=artifact_filters.versions(filters),
            order=artifact_filters.version_order(order),
            limit=page_size(first),
            cursor=after or None,
        )
        shown = connection([one.version for one in page.items], page.cursor, page.total)
        for edge, one in zip(shown["edges"], page.items, strict=True):
            edge["version"] = f"v{one.index}"
        return shown


class SequenceNode(CollectionNode):
    """`ArtifactSequence`."""

    @property
    def digest_algorithm(self) -> str:
        return ALGORITHMS[self._collection.digest_algorithm]

    @property
    def latest_artifact(self) -> Version | None:
        """The newest committed version."""
        if self.project is None:
            return None
        newest = self._context.artifacts.newest([self._collection.id])
        found = newest.get(self._collection.id)
        return None if found is None else found.version


class PortfolioNode(CollectionNode):
    """`ArtifactPortfolio`."""


def collection_node(context: Context, collection: Collection) -> CollectionNode:
    """The node of either kind."""
    if collection.kind is CollectionKind.SEQUENCE:
        return SequenceNode(context, collection)
    return PortfolioNode(context, collection)


class TypeNode:
    """`ArtifactType`, of a project."""

    def __init__(self, context: Context, type: ArtifactType) -> None:
        self._context = context
        self._type = type
        self.id = identifiers.encode("ArtifactType", type.id)
        self.name = self.ramp_key = type.name
        self.description = type.description
        self.created_at = type.created_at

    @property
    def _home(self) -> Project | None:
        if self._context.projects.most(self._context.actor, self._type.project) is None:
            return None
        return self._context.projects.known(self._type.project)

    def artifact(self, name: str) -> Version | None:
        found = None if self._home is None else find_membership(self._context, self._home, name)
        if found is None or found.collection.type != self._type.name:
            return None
        return found.version

    def artifact_collection(self, name: str | None = None) -> Collection | None:
        home = self._home
        found = self._context.artifacts.collection(home, name) if home and name else None
        return found if found is not None and found.type == self._type.name else None

    def artifact_sequence(self, name: str | None = None) -> Collection | None:
        found = self.artifact_collection(name)
        return found if found is not None and found.kind is CollectionKind.SEQUENCE else None

    def artifact_collections(
        self,
        after: str | None = None,
        filters: str | None = None,
        first: int | None = None,
        order: str | None = None,
    ) -> dict[str, Any]:
        if self._home is None:
            return connection([], None, 0)
        return list_collections(
            self._context, self._home, after, filters, first, order, type=self._type.name
        )


def list_collections(
    context: Context,
    project: Project,
    after: str | None,
    filters: str | None,
    first: int | None,
    order: str | None,
    *,
    type: str | None = None,
) -> dict[str, Any]:
    """Collections of a project, by name unless an order is given."""
    page = context.artifacts.collections(
        project,
        type=type,
        filter=artifact_filters.collections(filters),
        order=artifact_filters.collection_order(order),
        limit=page_size(first),
        cursor=after or None,
    )
    return connection(list(page.items), page.cursor, page.total)


def find_membership(context: Context, project: Project, name: str) -> Membership | None:
    """`collection:alias`, or nothing when there is none."""
    try:
        return context.artifacts.resolve(project, name)
    except NotFound:
        return None


def find_collection(context: Context, id: str) -> Collection | None:
    """The collection, or nothing when there is none that the caller may see."""
    try:
        return context.artifacts.collection_by_id(context.actor, identifiers.collection_place(id))
    except (NotFound, Forbidden):
        return None


def find_home(context: Context, collection: Collection) -> Project | None:
    """The project of a collection, if the caller may see it."""
    if context.projects.most(context.actor, collection.project) is None:
        return None
    return context.projects.known(collection.project)
