"""Lineage: the graph around a run, a version or a link."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from kiseki_server.domain.accounts.types import Actor
from kiseki_server.domain.lineage.store import Fan, LineageStore
from kiseki_server.domain.lineage.types import (
    Cluster,
    Direction,
    Edge,
    Facts,
    Graph,
    Neighbour,
    Node,
    NodeKey,
    NodeKind,
    Way,
)
from kiseki_server.domain.projects.service import ProjectService
from kiseki_server.domain.projects.types import Project
from kiseki_server.kit.errors import BadRequest
from kiseki_server.kit.ids import ProjectId

MAX_DEPTH = 20
MAX_NODES = 5000
FAN = 5
"""More alike neighbours than this become a cluster."""

_MAX_OPENED = 100
_KINDS = frozenset(kind.value for kind in NodeKind)


class LineageService:
    """Answers where something comes from and what came of it.

    Callers have authorized the start. Neighbours that the actor may not see are nodes without
    facts: that there is something is part of the story, what it is is not theirs to know.
    """

    def __init__(self, store: LineageStore, projects: ProjectService) -> None:
        self._store = store
        self._projects = projects

    def graph(
        self,
        actor: Actor,
        start: NodeKey,
        *,
        direction: Direction = "both",
        depth: int = 3,
        expand: Collection[str] = (),
        max_nodes: int = MAX_NODES,
    ) -> Graph:
        """What lies up to ``depth`` steps above and below; ``expand`` names clusters to open.

        It takes one query a step, however many nodes there are.

        Raises:
            BadRequest: The depth or the number of nodes is out of bounds, or there is no such
                cluster.
        """
        if not 1 <= depth <= MAX_DEPTH:
            raise BadRequest(f"`depth` must lie between 1 and {MAX_DEPTH}, not {depth}")
        if not 1 <= max_nodes <= MAX_NODES:
            raise BadRequest(f"`max_nodes` must lie between 1 and {MAX_NODES}, not {max_nodes}")
        opened = frozenset(map(read_cluster, expand))
        if len(opened) > _MAX_OPENED:
            raise BadRequest(f"At most {_MAX_OPENED} clusters can be opened, not {len(opened)}")
        walk = _Walk(start, opened, max_nodes)
        up = {start} if direction != "down" else set[NodeKey]()
        down = {start} if direction != "up" else set[NodeKey]()
        for _ in range(depth):
            if not up and not down:
                break
            limit = 4 * max_nodes
            found = self._store.neighbours(up, down, most=FAN, opened=opened, limit=limit)
            walk.truncated |= len(found) >= limit
            up, down = walk.step(found)
        return self._seen(actor, walk)

    def _seen(self, actor: Actor, walk: _Walk) -> Graph:
        readable = {project.id: project for project in self._projects.readable(actor)}
        shown = [fan[0].far for fan in walk.clusters.values()]
        facts = dict(self._store.facts({*walk.nodes, *shown}))
        hidden = [
            key
            for key, known in facts.items()
            if key.kind is NodeKind.VERSION and known.project not in readable
        ]
        for key, places in self._store.places(hidden).items():
            # A version can be read wherever it is linked.
            facts[key] = next((at for at in places if at.project in readable), facts[key])
        return Graph(
            start=walk.start,
            nodes=tuple(_node(key, facts[key], readable) for key in walk.nodes if key in facts),
            clusters=tuple(
                _cluster(id, fan, facts.get(fan[0].far), readable)
                for id, fan in walk.clusters.items()
            ),
            edges=tuple(walk.edges.values()),
            truncated=walk.truncated,
        )


@dataclass(slots=True)
class _Walk:
    """What has been found so far."""

    start: NodeKey
    opened: frozenset[Fan]
    max_nodes: int
    nodes: dict[NodeKey, None] = field(default_factory=dict[NodeKey, None])
    clusters: dict[str, list[Neighbour]] = field(default_factory=dict[str, "list[Neighbour]"])
    edges: dict[tuple[str, str], Edge] = field(default_factory=dict[tuple[str, str], Edge])
    truncated: bool = False
    visited: dict[Way, set[NodeKey]] = field(default_factory=dict[Way, "set[NodeKey]"])

    def __post_init__(self) -> None:
        self.nodes[self.start] = None
        self.visited = {"up": {self.start}, "down": {self.start}}

    def step(self, found: Collection[Neighbour]) -> tuple[set[NodeKey], set[NodeKey]]:
        """Take in neighbours; the nodes from which to go on, up and down."""
        further: dict[Way, set[NodeKey]] = {"up": set(), "down": set()}
        for one in found:
            fan = Fan(one.way, one.near, one.first)
            if one.alike > FAN and fan not in self.opened:
                self._gather(fan, one)
            elif self._take(one) and one.far not in self.visited[one.way]:
                self.visited[one.way].add(one.far)
                further[one.way].add(one.far)
        return further["up"], further["down"]

    def _gather(self, fan: Fan, one: Neighbour) -> None:
        id = cluster_id(fan, one.far.kind)
        self.clusters.setdefault(id, []).append(one)
        self._join(one.way, str(one.near), id, None)

    def _take(self, one: Neighbour) -> bool:
        if one.far not in self.nodes:
            if len(self.nodes) >= self.max_nodes:
                self.truncated = True
                return False
            self.nodes[one.far] = None
        self._join(one.way, str(one.near), str(one.far), one.used_as)
        return True

    def _join(self, way: Way, near: str, far: str, used_as: str | None) -> None:
        ends = (far, near) if way == "up" else (near, far)
        self.edges.setdefault(ends, Edge(*ends, used_as))


def cluster_id(fan: Fan, kind: NodeKind) -> str:
    """The name of a cluster, which `read_cluster` reads back."""
    return f"cluster:{fan.way}:{fan.near}:{kind.value}:{fan.first}"


def read_cluster(id: str) -> Fan:
    """What a cluster's name stands for.

    Raises:
        BadRequest: It is the name of no cluster.
    """
    try:
        word, way, near, number, kind, first = id.split(":")
        if word != "cluster" or way not in ("up", "down") or kind not in _KINDS:
            raise ValueError
        key = NodeKey(NodeKind(near), _number(number))
        return Fan("up" if way == "up" else "down", key, _number(first))
    except ValueError:
        raise BadRequest(
            f"`{id[:80]}` is no cluster", hint="Pass the `id` of a cluster of this graph."
        ) from None


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise ValueError
    return int(text)


def _node(key: NodeKey, facts: Facts, readable: Mapping[ProjectId, Project]) -> Node:
    project = readable.get(facts.project)
    if project is None:
        return Node(key, None)
    return Node(key, facts, project.entity_name, project.name)


def _cluster(
    id: str, fan: list[Neighbour], facts: Facts | None, readable: Mapping[ProjectId, Project]
) -> Cluster:
    project = None if facts is None else readable.get(facts.project)
    return Cluster(
        id=id,
        kind=fan[0].far.kind,
        type=facts.type if facts is not None and project is not None else None,
        entity=None if project is None else project.entity_name,
        project=None if project is None else project.name,
        count=fan[0].alike,
        sample=tuple(one.far for one in fan),
    )
