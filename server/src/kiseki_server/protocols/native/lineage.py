"""Where artifacts come from and what came of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar import get
from litestar.params import Parameter
from msgspec import Meta

from kiseki_server.domain.artifacts.service import ArtifactService
from kiseki_server.domain.lineage.service import MAX_DEPTH, LineageService
from kiseki_server.domain.lineage.types import Cluster, Graph, Node, NodeKey, NodeKind
from kiseki_server.kit.errors import BadRequest
from kiseki_server.protocols.native.places import Places


class LineageNode(msgspec.Struct, kw_only=True):
    """A run, a version or a link; without a name when the caller may not see what it is."""

    id: str
    kind: Literal["run", "version", "link"]
    entity: str | None
    project: str | None
    name: Annotated[str | None, Meta(description="A run's id, or the artifact's name.")]
    title: str | None
    type: Annotated[str | None, Meta(description="The artifact's type, or the run's job type.")]
    index: int | None
    state: str | None
    created_at: datetime | None


class LineageCluster(msgspec.Struct, kw_only=True):
    """Many neighbours of one kind; pass its id as `expand` to open it."""

    id: str
    kind: Literal["run", "version", "link"]
    type: str | None
    entity: str | None
    project: str | None
    count: int


class LineageEdge(msgspec.Struct, kw_only=True):
    """Data flows from `source` to `target`."""

    source: str
    target: str
    used_as: str | None


class LineageGraph(msgspec.Struct, kw_only=True):
    start: str
    nodes: list[LineageNode]
    clusters: list[LineageCluster]
    edges: list[LineageEdge]
    truncated: Annotated[bool, Meta(description="There is more than could be shown.")]


@get("/projects/{entity:str}/{project:str}/lineage", sync_to_thread=True)
def lineage_graph(
    places: Places,
    artifacts: ArtifactService,
    lineage: LineageService,
    entity: str,
    project: str,
    version: Annotated[str | None, Parameter(description="`name:v3`, `name:alias`")] = None,
    run: Annotated[str | None, Parameter(description="A run's id, instead of a version")] = None,
    direction: Literal["up", "down", "both"] = "both",
    depth: Annotated[int, Parameter(description=f"Steps, at most {MAX_DEPTH}")] = 3,
    expand: Annotated[list[str] | None, Parameter(description="Ids of clusters to open")] = None,
) -> LineageGraph:
    """The graph around a version or a run; large fans of alike neighbours are clusters."""
    if (version is None) == (run is None):
        raise BadRequest("Name either a `version` or a `run` to begin from")
    with places.database.transaction():
        at = places.project(entity, project)
        if version is not None:
            start = NodeKey(NodeKind.VERSION, artifacts.resolve(at, version).version.id)
        else:
            start = NodeKey(NodeKind.RUN, places.runs.get(at, run or "").id)
        found = lineage.graph(
            places.actor, start, direction=direction, depth=depth, expand=expand or ()
        )
    return _graph(found)


def _graph(graph: Graph) -> LineageGraph:
    return LineageGraph(
        start=str(graph.start),
        nodes=[_node(node) for node in graph.nodes],
        clusters=[_cluster(cluster) for cluster in graph.clusters],
        edges=[
            LineageEdge(source=edge.source, target=edge.target, used_as=edge.used_as)
            for edge in graph.edges
        ],
        truncated=graph.truncated,
    )


def _node(node: Node) -> LineageNode:
    facts = node.facts
    return LineageNode(
        id=str(node.key),
        kind=node.key.kind.value,
        entity=node.entity,
        project=node.project,
        name=None if facts is None else facts.name,
        title=None if facts is None else facts.title,
        type=None if facts is None else facts.type,
        index=None if facts is None else facts.index,
        state=None if facts is None else facts.state,
        created_at=None if facts is None else facts.created_at,
    )


def _cluster(cluster: Cluster) -> LineageCluster:
    return LineageCluster(
        id=cluster.id,
        kind=cluster.kind.value,
        type=cluster.type,
        entity=cluster.entity,
        project=cluster.project,
        count=cluster.count,
    )


routes = [lineage_graph]
