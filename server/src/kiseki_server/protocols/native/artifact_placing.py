"""Says of versions where they were made, by which run, and where they are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kiseki_server.domain.artifacts.service import ArtifactService
from kiseki_server.domain.artifacts.types import Membership
from kiseki_server.domain.projects.types import Project
from kiseki_server.kit.ids import ProjectId, VersionId
from kiseki_server.protocols.native.artifact_views import (
    RunPlace,
    VersionInfo,
    VersionPlace,
    version_info,
)
from kiseki_server.protocols.native.places import Places


def version_infos(
    places: Places, artifacts: ArtifactService, memberships: Sequence[Membership]
) -> list[VersionInfo]:
    """Versions as our API shows them to the caller, who may see them in these places."""
    seen = _Seen(places)
    made = _makers(places, artifacts, memberships, seen)
    homes = artifacts.homes([one.version for one in memberships])
    infos: list[VersionInfo] = []
    for one in memberships:
        at = places.projects.known(one.collection.project)
        assert at is not None
        source = None
        home = homes.get(one.version.id)
        if home is not None and home.id != one.collection.id and one.version.index is not None:
            project = seen.project(home.project)
            if project is not None:
                source = VersionPlace(
                    entity=project.entity_name,
                    project=project.name,
                    collection=home.name,
                    type=home.type,
                    index=one.version.index,
                )
        infos.append(version_info(at, one, source, made.get(one.version.id)))
    return infos


def one_version(places: Places, artifacts: ArtifactService, membership: Membership) -> VersionInfo:
    """One version; like `version_infos`."""
    return version_infos(places, artifacts, [membership])[0]


def _makers(
    places: Places, artifacts: ArtifactService, memberships: Sequence[Membership], seen: _Seen
) -> Mapping[VersionId, RunPlace]:
    edges = artifacts.makers([one.version.id for one in memberships])
    runs = places.runs.alive({edge.run for edge in edges.values()})
    found: dict[VersionId, RunPlace] = {}
    for version, edge in edges.items():
        run = runs.get(edge.run)
        project = None if run is None else seen.project(run.project)
        if run is not None and project is not None:
            found[version] = RunPlace(
                entity=project.entity_name,
                project=project.name,
                run=run.name,
                title=run.display_name or run.name,
            )
    return found


class _Seen:
    """Projects as far as the caller may see them, each asked for once."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._known: dict[ProjectId, Project | None] = {}

    def project(self, id: ProjectId) -> Project | None:
        if id not in self._known:
            projects = self._places.projects
            readable = projects.most(self._places.actor, id) is not None
            self._known[id] = projects.known(id) if readable else None
        return self._known[id]
