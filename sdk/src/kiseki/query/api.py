"""Reading what a server has: runs, histories, files, artifacts, projects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kiseki.artifacts.artifact import Artifact, find, version_path
from kiseki.artifacts.names import Place, place_of
from kiseki.errors import NotFoundError, UsageError
from kiseki.query.filters import expression, order_fields
from kiseki.query.runs import LoggedRun, Runs
from kiseki.query.server import Server, part
from kiseki.settings import load_settings


@dataclass(frozen=True, slots=True)
class Project:
    """A project that the server has."""

    entity: str
    name: str
    description: str
    created_at: str
    run_count: int


@dataclass(frozen=True, slots=True)
class ArtifactCollection:
    """An artifact by name, with all its versions."""

    server: Server
    entity: str
    project: str
    name: str
    type: str
    description: str | None
    tags: list[str]
    version_count: int

    def versions(self) -> Iterator[Artifact]:
        """Its versions, the newest first."""
        place = Place(self.entity, self.project, self.name, "latest")
        path = version_path(place).rpartition("/")[0]
        for item in self.server.pages(path):
            yield Artifact.of(self.server, item)


@dataclass(frozen=True, slots=True)
class Lineage:
    """What led to something, and what came of it."""

    start: str
    nodes: list[dict[str, Any]]
    """Runs, versions and links, each with its ``id``."""
    edges: list[dict[str, Any]]
    """Data flows from ``source`` to ``target``, which are ids of nodes or clusters."""
    clusters: list[dict[str, Any]]
    """Many neighbours of one kind."""
    truncated: bool
    """There is more than could be given."""


class Api:
    """Reads what a server has.

    ```python
    api = kiseki.Api()
    for run in api.runs("digits", filters="config.lr < 0.1", order="-summary.accuracy"):
        print(run.name, run.summary["accuracy"])
    ```

    Args:
        base_url: Address of the server; as in `init` if not given.
        api_key: The key; as in `init` if not given.
        overrides: ``entity`` and ``project`` for paths that lack them, and ``base_url``.
        timeout: Accepted for W&B's sake.
        server: Connections that are there already.
    """

    def __init__(
        self,
        base_url: str | None = None,
        *,
        api_key: str | None = None,
        overrides: Mapping[str, str] | None = None,
        timeout: float | None = None,
        server: Server | None = None,
    ) -> None:
        given = dict(overrides or {})
        settings = load_settings()
        self._server = server or Server(base_url or given.get("base_url"), api_key)
        self._entity = given.get("entity") or settings.entity
        self._project = given.get("project") or settings.project

    @property
    def default_entity(self) -> str:
        """Who owns projects whose owner is not named."""
        return self._entity or self._server.default_entity

    @property
    def viewer(self) -> dict[str, Any]:
        """Whose key it is: ``name``, ``email``, ``admin``."""
        return dict(self._server.session["user"])

    # Runs

    def runs(
        self,
        path: str | None = None,
        filters: str | Mapping[str, Any] | None = None,
        order: str = "+created_at",
        per_page: int = 100,
    ) -> Runs:
        """Runs of a project, page by page as they are needed.

        Args:
            path: "entity/project" or "project".
            filters: An expression such as ``config.lr > 0.01 and state = "finished"``; or a dict
                of conditions as W&B's scripts have it, ``{"config.lr": {"$gt": 0.01}}``.
            order: Fields, each with + or - before it and commas between.
            per_page: Runs a request.

        Raises:
            NotFoundError: There is no such project.
            UsageError: A filter is none.
        """
        entity, project = self._project_of(path)
        question = {"filter": expression(filters), "sort": order_fields(order)}
        address = f"{_project_path(entity, project)}/runs/search"
        runs = Runs(self._server, address, question, per_page)
        len(runs)  # a mistake is told here, not at the first use
        return runs

    def run(self, path: str) -> LoggedRun:
        """One run: "entity/project/id", "project/id", or "id" in the project of the settings.

        Raises:
            NotFoundError: There is no such run.
        """
        names = path.strip("/").replace("/runs/", "/").split("/")
        if not 1 <= len(names) <= 3 or not all(names):
            raise UsageError(f"{path!r} is no run", hint="use 'entity/project/id'")
        *before, run = names
        entity, project = self._project_of("/".join(before) or None)
        return LoggedRun(
            self._server, self._server.get(f"{_project_path(entity, project)}/runs/{part(run)}")
        )

    def users_of(self, artifact: Artifact) -> list[LoggedRun]:
        """The runs that used a version."""
        graph = self.lineage(artifact, direction="down", depth=1)
        return [
            self.run(f"{node['entity']}/{node['project']}/{node['name']}")
            for node in graph.nodes
            if node["kind"] == "run" and node["name"] and node["id"] in _targets(graph)
        ]

    # Projects

    def projects(self, entity: str | None = None) -> Iterator[Project]:
        """Projects of an entity, or of yours."""
        for item in self._server.pages("/projects", entity=entity or self.default_entity):
            yield _project(item)

    def project(self, name: str, entity: str | None = None) -> Project:
        """One project.

        Raises:
            NotFoundError: There is no such project.
        """
        owner, _, name = name.rpartition("/")
        path = _project_path(owner or entity or self.default_entity, name)
        return _project(self._server.get(path))

    # Artifacts

    def artifact(self, name: str, type: str | None = None) -> Artifact:
        """One version: "entity/project/name:version", or the end of that.

        Raises:
            NotFoundError: There is no such artifact.
            UsageError: It is of another type.
        """
        return find(self._server, self._place(name), type)

    def artifact_exists(self, name: str, type: str | None = None) -> bool:
        """Whether there is such a version."""
        try:
            return type in (None, find(self._server, self._place(name)).type)
        except NotFoundError:
            return False

    def artifact_versions(self, name: str) -> Iterator[Artifact]:
        """All versions of an artifact, the newest first."""
        return self.artifact_collection(name).versions()

    def artifacts(
        self, type_name: str, name: str, per_page: int = 100, tags: Sequence[str] | None = None
    ) -> Iterator[Artifact]:
        """Versions of an artifact that have all these tags, the newest first."""
        for version in self.artifact_versions(name):
            if version.type == type_name and set(tags or ()) <= set(version.tags):
                yield version

    def artifact_collection(self, name: str) -> ArtifactCollection:
        """An artifact without a version.

        Raises:
            NotFoundError: There is no such artifact.
        """
        place = self._place(name)
        path = version_path(place).rpartition("/versions/")[0]
        return self._collection(place.entity, place.project, self._server.get(path))

    def artifact_collections(
        self, project_name: str | None = None, type_name: str | None = None
    ) -> Iterator[ArtifactCollection]:
        """The artifacts of a project, all or those of a type."""
        entity, project = self._project_of(project_name)
        path = f"{_project_path(entity, project)}/artifacts/collections"
        for item in self._server.pages(path, type=type_name):
            yield self._collection(entity, project, item)

    def artifact_types(self, project: str | None = None) -> list[str]:
        """The types of a project's artifacts."""
        path = f"{_project_path(*self._project_of(project))}/artifacts/types"
        return [str(item["name"]) for item in self._server.get(path)["items"]]

    def lineage(
        self, of: Artifact | LoggedRun | str, direction: str = "both", depth: int = 3
    ) -> Lineage:
        """What led to a version or a run, and what came of it.

        Args:
            of: A version, a run, or the name of a version.
            direction: "up": what led to it; "down": what came of it; "both".
            depth: How many steps.
        """
        if isinstance(of, str):
            of = self.artifact(of)
        path = f"{_project_path(of.entity, of.project)}/lineage"
        about: dict[str, Any] = (
            {"run": of.id} if isinstance(of, LoggedRun) else {"version": of.name}
        )
        found = self._server.get(path, direction=direction, depth=depth, **about)
        return Lineage(
            found["start"], found["nodes"], found["edges"], found["clusters"], found["truncated"]
        )

    def _collection(self, entity: str, project: str, item: dict[str, Any]) -> ArtifactCollection:
        return ArtifactCollection(
            self._server,
            entity,
            project,
            item["name"],
            item["type"],
            item["description"],
            item["tags"],
            item["versions"],
        )

    def _place(self, name: str) -> Place:
        return place_of(name, self._server, self._entity, self._project)

    def _project_of(self, path: str | None) -> tuple[str, str]:
        entity, _, project = (path or "").strip("/").rpartition("/")
        if "/" in entity:
            raise UsageError(f"{path!r} is no project", hint="use 'entity/project'")
        project = project or self._project or ""
        if not project:
            raise UsageError(
                "Which project?", hint="name it: 'entity/project', or set KISEKI_PROJECT"
            )
        return entity or self.default_entity, project


def _targets(graph: Lineage) -> set[str]:
    return {edge["target"] for edge in graph.edges if edge["source"] == graph.start}


def _project_path(entity: str, project: str) -> str:
    return f"/projects/{part(entity)}/{part(project)}"


def _project(item: dict[str, Any]) -> Project:
    return Project(
        item["entity"], item["name"], item["description"], item["created_at"], item["runs"]
    )
