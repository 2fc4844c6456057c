"""Lineage in memory, for tests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from kiseki_server.domain.artifacts.types import Collection as ArtifactCollection
from kiseki_server.domain.artifacts.types import Version, VersionState
from kiseki_server.domain.lineage.store import Fan
from kiseki_server.domain.lineage.types import Facts, Neighbour, NodeKey, NodeKind, Way
from kiseki_server.domain.runs.types import Run
from kiseki_server.storage.memory.artifact_uploads import MemoryEdgeStore
from kiseki_server.storage.memory.artifacts import ArtifactTables


@dataclass(slots=True)
class Drawing:
    """A whole graph; edges point the way that data flows."""

    facts: dict[NodeKey, Facts] = field(default_factory=dict[NodeKey, Facts])
    edges: list[tuple[NodeKey, NodeKey, str | None]] = field(
        default_factory=list["tuple[NodeKey, NodeKey, str | None]"]
    )


def drawing(tables: ArtifactTables, edges: MemoryEdgeStore, runs: Iterable[Run]) -> Drawing:
    """The whole graph of runs and artifacts."""
    made = Drawing()
    for run in runs:
        if run.deleted_at is None and run.archived_of is None:
            made.facts[NodeKey(NodeKind.RUN, run.id)] = Facts(
                run.project,
                run.name,
                run.display_name,
                run.job_type,
                None,
                run.state.value,
                run.created_at,
            )
    for version in tables.versions.values():
        if version.state is not VersionState.PENDING:
            home = tables.collections[version.collection]
            made.facts[NodeKey(NodeKind.VERSION, version.id)] = _facts(
                home, version, version.index, version.created_at
            )
    for place in tables.places.values():
        version, at = tables.versions[place.version], tables.collections[place.collection]
        if version.collection == at.id or at.deleted_at or version.state is VersionState.PENDING:
            continue
        key = NodeKey(NodeKind.LINK, place.id)
        made.facts[key] = _facts(at, version, place.index, place.created_at)
        made.edges.append((NodeKey(NodeKind.VERSION, version.id), key, None))
    for edge in edges.all():
        run, version = NodeKey(NodeKind.RUN, edge.run), NodeKey(NodeKind.VERSION, edge.version)
        if run in made.facts and version in made.facts:
            ends = (run, version) if edge.direction == "output" else (version, run)
            made.edges.append((*ends, edge.used_as))
    return made


def _facts(
    at: ArtifactCollection, version: Version, index: int | None, created_at: datetime
) -> Facts:
    title = f"{at.name}:v{index}"
    return Facts(at.project, at.name, title, at.type, index, version.state.value, created_at)


class MemoryLineage:
    """A `LineageStore` over a graph that is drawn anew for every question."""

    def __init__(self, draw: Callable[[], Drawing]) -> None:
        self._draw = draw

    def neighbours(
        self,
        up: Collection[NodeKey],
        down: Collection[NodeKey],
        *,
        most: int,
        opened: Collection[Fan] = (),
        limit: int,
    ) -> Sequence[Neighbour]:
        drawing = self._draw()
        ends: dict[tuple[Way, NodeKey], list[tuple[NodeKey, str | None]]] = defaultdict(list)
        for source, target, used_as in drawing.edges:
            if target in up:
                ends["up", target].append((source, used_as))
            if source in down:
                ends["down", source].append((target, used_as))
        found = [
            one
            for (way, near), far in ends.items()
            for one in _ranked(way, near, far, drawing.facts, most, opened)
        ]
        return sorted(found, key=lambda one: (one.way, one.near, one.far))[:limit]

    def facts(self, nodes: Collection[NodeKey]) -> Mapping[NodeKey, Facts]:
        known = self._draw().facts
        return {key: known[key] for key in nodes if key in known}

    def places(self, versions: Collection[NodeKey]) -> Mapping[NodeKey, Sequence[Facts]]:
        drawing = self._draw()
        found: dict[NodeKey, list[Facts]] = defaultdict(list)
        for source, target, _ in sorted(drawing.edges, key=lambda edge: edge[1]):
            if source in versions and target.kind is NodeKind.LINK:
                found[source].append(drawing.facts[target])
        return found


def _ranked(
    way: Way,
    near: NodeKey,
    far: Iterable[tuple[NodeKey, str | None]],
    facts: Mapping[NodeKey, Facts],
    most: int,
    opened: Collection[Fan],
) -> Iterator[Neighbour]:
    groups: dict[object, list[tuple[NodeKey, str | None]]] = defaultdict(list)
    for key, used_as in sorted(far):
        groups[key.kind, facts[key].project, facts[key].type].append((key, used_as))
    for alike in groups.values():
        first = alike[0][0].number
        shown = alike if Fan(way, near, first) in opened else alike[:most]
        for key, used_as in shown:
            yield Neighbour(way, near, key, used_as, len(alike), first)
