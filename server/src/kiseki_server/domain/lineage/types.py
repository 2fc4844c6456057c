"""Where things come from and where they go: one graph over runs, versions and links.

Edges point the way that data flows: from a version to the runs that use it, from a run to the
versions that it makes, from a version to the links that show it in other collections.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from kiseki_server.kit.ids import ProjectId

Way = Literal["up", "down"]
"""Against the flow of data, or with it."""

Direction = Literal["up", "down", "both"]


class NodeKind(StrEnum):
    RUN = "run"
    VERSION = "version"
    LINK = "link"
    """A version's place in a collection that it was not born in, such as a registry's."""


@dataclass(frozen=True, slots=True, order=True)
class NodeKey:
    """A node by the server's number of what it stands for; a link's is its membership's."""

    kind: NodeKind
    number: int

    def __str__(self) -> str:
        return f"{self.kind.value}:{self.number}"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One node beside another, and how many alike there are.

    Neighbours of a node are alike when they lie the same way and are of the same kind, project
    and type (a run's job type).
    """

    way: Way
    near: NodeKey
    far: NodeKey
    used_as: str | None
    alike: int
    first: int
    """The smallest number among those that are alike, which names them all."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about a node."""

    project: ProjectId
    name: str
    """A run's name, or that of a version's collection."""
    title: str
    """What people call it: a run's display name, or `collection:v3`."""
    type: str | None
    """A version's type, or a run's job type."""
    index: int | None
    state: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Node:
    """A node as somebody may see it."""

    key: NodeKey
    facts: Facts | None
    """``None``: the reader may not see what it is."""
    entity: str | None = None
    project: str | None = None


@dataclass(frozen=True, slots=True)
class Cluster:
    """Many alike neighbours of one node, shown as one until somebody opens it."""

    id: str
    kind: NodeKind
    type: str | None
    entity: str | None
    project: str | None
    """Nothing of all three when the reader may not see what they are."""
    count: int
    sample: tuple[NodeKey, ...]


@dataclass(frozen=True, slots=True)
class Edge:
    """Data flows from ``source`` to ``target``, which are ids of nodes or clusters."""

    source: str
    target: str
    used_as: str | None = None


@dataclass(frozen=True, slots=True)
class Graph:
    start: NodeKey
    nodes: tuple[Node, ...]
    clusters: tuple[Cluster, ...]
    edges: tuple[Edge, ...]
    truncated: bool
    """There is more than the greatest number of nodes."""
