"""The schema with life in it: how the value of a field is found."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from graphql import (
    GraphQLInterfaceType,
    GraphQLResolveInfo,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
)

from kiseki_server.domain.accounts.types import Entity, Organization, User
from kiseki_server.domain.artifacts.types import ArtifactType, Collection, Membership, Version
from kiseki_server.domain.projects.types import Project
from kiseki_server.protocols.wandb import not_supported, scalars
from kiseki_server.protocols.wandb.artifact_collections import (
    PortfolioNode,
    SequenceNode,
    TypeNode,
    collection_node,
)
from kiseki_server.protocols.wandb.artifacts import ArtifactNode, MembershipNode
from kiseki_server.protocols.wandb.people import EntityNode, OrganizationNode, UserNode
from kiseki_server.protocols.wandb.places import PlacedFile, PlacedRun
from kiseki_server.protocols.wandb.projects import ProjectNode
from kiseki_server.protocols.wandb.roots import MutationRoot, QueryRoot
from kiseki_server.protocols.wandb.run_files import FileNode
from kiseki_server.protocols.wandb.runs import RunNode
from kiseki_server.protocols.wandb.server_info import ServerInfoNode

DRESSED: dict[type, Callable[[Any, Any], Any]] = {
    ArtifactType: TypeNode,
    Collection: collection_node,
    Entity: EntityNode,
    Membership: MembershipNode,
    Organization: OrganizationNode,
    PlacedFile: FileNode,
    PlacedRun: RunNode,
    Project: ProjectNode,
    User: UserNode,
    Version: ArtifactNode,
}
"""What becomes of the domain's values that resolvers return."""

NODES: dict[str, type] = {
    "Artifact": ArtifactNode,
    "ArtifactCollectionMembership": MembershipNode,
    "ArtifactPortfolio": PortfolioNode,
    "ArtifactSequence": SequenceNode,
    "ArtifactType": TypeNode,
    "Entity": EntityNode,
    "File": FileNode,
    "Mutation": MutationRoot,
    "Organization": OrganizationNode,
    "Project": ProjectNode,
    "Query": QueryRoot,
    "Run": RunNode,
    "ServerInfo": ServerInfoNode,
    "User": UserNode,
}
"""The classes whose attributes are the fields of a type; other types are plain dicts."""


def load_schema() -> GraphQLSchema:
    """The dialect's schema."""
    text = Path(__file__).with_name("schema.graphql").read_text(encoding="utf-8")
    schema = build_schema(text)
    scalars.fit(schema)
    for name in ("ArtifactCollection", "ArtifactCreator"):
        several = schema.type_map[name]
        assert isinstance(several, GraphQLInterfaceType | GraphQLUnionType)
        several.resolve_type = _type_of
    return schema


def _type_of(value: Any, info: Any, type: Any) -> str:
    """Which of several types a value is of."""
    if isinstance(value, Mapping):
        return value["__typename"]
    return next(name for name, node in NODES.items() if node is value.__class__)


def resolve(source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
    """The value of a field of ``source``: a dict's item, or an attribute, called if it can be."""
    if isinstance(source, Mapping):
        return _dressed(source.get(info.field_name), info)
    attribute = snake(info.field_name)
    if not hasattr(type(source), attribute) and attribute not in vars(source):
        field = f"{info.parent_type.name}.{info.field_name}"
        return not_supported.answer(field, info.return_type)
    value = getattr(source, attribute)
    if callable(value):
        value = value(**{snake(name): given for name, given in arguments.items()})
    return _dressed(value, info)


def _dressed(value: Any, info: GraphQLResolveInfo) -> Any:
    dress = DRESSED.get(type(value))
    return value if dress is None else dress(info.context, value)


@cache
def snake(name: str) -> str:
    """`historyLineCount` as `history_line_count`."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
