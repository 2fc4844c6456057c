"""The graph around a node: how far it goes, what it gathers and what it hides."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from kiseki_server.domain.accounts.types import Actor
from kiseki_server.domain.lineage.service import LineageService
from kiseki_server.domain.lineage.types import (
    Edge,
    Facts,
    Graph,
    Neighbour,
    Node,
    NodeKey,
    NodeKind,
)
from kiseki_server.domain.projects.types import Project, Visibility
from kiseki_server.kit.errors import BadRequest
from kiseki_server.kit.ids import EntityId, ProjectId
from kiseki_server.storage.memory.lineage import Drawing, MemoryLineage

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
ANYBODY: Any = None
OURS, SHARED, HIDDEN = ProjectId(1), ProjectId(2), ProjectId(3)


class _Projects:
    """Of three projects, two can be read."""

    def readable(self, actor: Actor) -> Sequence[Project]:
        return [
            Project(id, EntityId(1), "ada", name, "", Visibility.PRIVATE, NOON, NOON)
            for id, name in ((OURS, "ours"), (SHARED, "shared"))
        ]


class _Counting(MemoryLineage):
    """Counts the questions."""

    asked = 0

    def neighbours(
        self, up: Collection[NodeKey], down: Collection[NodeKey], **more: Any
    ) -> Sequence[Neighbour]:
        self.asked += 1
        return super().neighbours(up, down, **more)


class World:
    def __init__(self) -> None:
        self.drawing = Drawing()
        self.store = _Counting(lambda: self.drawing)
        projects: Any = _Projects()
        self.service = LineageService(self.store, projects)

    def node(
        self, text: str, *, type: str | None = None, project: ProjectId = OURS, title: str = ""
    ) -> NodeKey:
        """Such as `run:1`."""
        kind, number = text.split(":")
        key = NodeKey(NodeKind(kind), int(number))
        if key not in self.drawing.facts:
            self.drawing.facts[key] = Facts(
                project, text, title or text, type, None, "committed", NOON
            )
        return key

    def flow(self, *texts: str, **more: Any) -> None:
        """Data flows from each to the next."""
        keys = [self.node(text, **more) for text in texts]
        for source, target in pairwise(keys):
            self.drawing.edges.append((source, target, None))

    def graph(self, start: str, **more: Any) -> Graph:
        return self.service.graph(ANYBODY, self.node(start), **more)


@pytest.fixture
def world() -> World:
    return World()


def names(graph: Graph) -> set[str]:
    return {str(node.key) for node in graph.nodes}


def edges(graph: Graph) -> set[str]:
    return {f"{edge.source} > {edge.target}" for edge in graph.edges}


CHAIN = ("run:1", "version:1", "run:2", "version:2", "run:3")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, {*CHAIN, "link:1"}),
        ({"direction": "up"}, {"run:1", "version:1", "run:2"}),
        ({"direction": "down"}, {"run:2", "version:2", "run:3", "link:1"}),
        ({"depth": 1}, {"version:1", "run:2", "version:2"}),
        ({"depth": 20, "max_nodes": 2}, {"run:2", "version:2"}),
    ],
)
def test_a_graph_goes_as_far_as_asked(
    world: World, asked: dict[str, Any], expected: set[str]
) -> None:
    world.flow(*CHAIN)
    world.flow("version:2", "link:1")
    # A brother: neither above nor below the start.
    world.flow("version:1", "run:9")
    graph = world.graph("run:2", **asked)
    assert names(graph) == expected
    assert graph.truncated == ("max_nodes" in asked)
    for edge in graph.edges:
        assert {edge.source, edge.target} <= expected


def test_circles_end(world: World) -> None:
    world.flow("run:1", "version:1", "run:2", "version:2", "run:1")
    graph = world.graph("run:1", depth=20)
    assert names(graph) == {"run:1", "version:1", "run:2", "version:2"}
    assert len(graph.edges) == 4
    world.flow("version:3", "run:3", "version:3")
    assert edges(world.graph("run:3")) == {"version:3 > run:3", "run:3 > version:3"}


def test_large_fans_are_gathered_until_somebody_opens_them(world: World) -> None:
    world.flow("run:1", "version:1")
    for number in range(100, 150):
        world.flow("version:1", f"run:{number}", type="evaluate")
        world.flow(f"run:{number}", f"version:{number}")
    graph = world.graph("run:1")
    assert names(graph) == {"run:1", "version:1"}
    (cluster,) = graph.clusters
    assert (cluster.kind, cluster.type, cluster.count) == (NodeKind.RUN, "evaluate", 50)
    assert [str(key) for key in cluster.sample] == [f"run:{number}" for number in range(100, 105)]
    assert f"version:1 > {cluster.id}" in edges(graph)
    opened = world.graph("run:1", expand=[cluster.id], depth=2)
    assert opened.clusters == ()
    assert len(opened.nodes) == 2 + 50
    assert len(world.graph("run:1", expand=[cluster.id]).nodes) == 2 + 50 + 50
    few = world.graph("run:1", expand=[cluster.id], max_nodes=10)
    assert (len(few.nodes), few.truncated) == (10, True)


@pytest.mark.parametrize(
    "asked",
    [
        {"depth": 0},
        {"depth": 21},
        {"max_nodes": 0},
        {"max_nodes": 5001},
        {"expand": ["cluster"]},
        {"expand": ["cluster:down:run:1:run:x"]},
        {"expand": ["cluster:down:run:1:star:1"]},
        {"expand": ["cluster:down:star:1:run:1"]},
        {"expand": ["cluster:left:run:1:run:1"]},
        {"expand": [f"cluster:down:run:{'9' * 30}:run:1"]},
        {"expand": [f"cluster:down:run:{number}:run:1" for number in range(101)]},
    ],
)
def test_nonsense_is_refused(world: World, asked: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        world.graph("run:1", **asked)


def test_what_the_reader_may_not_see_has_no_name(world: World) -> None:
    world.flow("run:1", "version:1")
    world.flow("version:1", "run:2", project=HIDDEN, type="secret")
    world.flow("run:2", "version:2", project=SHARED)
    for number in range(10, 20):
        world.flow("version:1", f"run:{number}", project=HIDDEN, type="very secret")
    graph = world.graph("run:1", depth=4)
    hidden = NodeKey(NodeKind.RUN, 2)
    assert Node(hidden, None) in graph.nodes
    seen = {str(node.key): node.project for node in graph.nodes}
    assert seen == {"run:1": "ours", "version:1": "ours", "run:2": None, "version:2": "shared"}
    (cluster,) = graph.clusters
    assert (cluster.count, cluster.type, cluster.project) == (10, None, None)


def test_a_version_is_seen_through_its_link(world: World) -> None:
    world.flow("run:1", "version:1", project=HIDDEN)
    world.drawing.facts[NodeKey(NodeKind.RUN, 2)] = world.drawing.facts[world.node("run:2")]
    world.flow("version:1", "run:2")
    world.node("link:1", project=SHARED, title="shelf:v0")
    world.flow("version:1", "link:1")
    graph = world.graph("run:2", direction="up")
    seen = {str(node.key): node.facts and node.facts.title for node in graph.nodes}
    assert seen == {"run:2": "run:2", "version:1": "shelf:v0", "run:1": None}


def test_thousands_of_nodes_take_one_question_a_step(world: World) -> None:
    # A tree: each version is used by two runs, each of which makes two versions.
    level, number, total = ["version:1"], 1, 1
    while total < 5000:
        grown: list[str] = []
        for above in level:
            for _ in range(4):
                number += 1
                kind = "run" if above.startswith("version") else "version"
                world.flow(above, f"{kind}:{number}")
                grown.append(f"{kind}:{number}")
        level, total = grown, total + len(grown)
    graph = world.graph("version:1", depth=20)
    assert len(graph.nodes) == 5000
    assert graph.truncated
    assert world.store.asked <= 8
    assert Edge("version:1", "run:2") in graph.edges
