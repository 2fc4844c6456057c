"""Accepted types, protected aliases and the history of registries, in memory, for tests."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import datetime

from kiseki_server.domain.artifacts.types import ArtifactAction, ArtifactType, Json
from kiseki_server.kit.ids import ProjectId, UserId


class MemoryRegistryStore:
    """`RegistryStore` in memory."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._types: dict[tuple[ProjectId, str], ArtifactType] = {}
        self._protected: dict[ProjectId, frozenset[str]] = {}
        self._actions: list[ArtifactAction] = []

    def types(self, project: ProjectId) -> Sequence[ArtifactType]:
        found = [known for (at, _), known in self._types.items() if at == project]
        return sorted(found, key=lambda known: known.name)

    def ensure_type(self, project: ProjectId, name: str, at: datetime) -> None:
        made = ArtifactType(next(self._ids), project, name, None, at)
        self._types.setdefault((project, name), made)

    def protected(self, project: ProjectId) -> frozenset[str]:
        return self._protected.get(project, frozenset())

    def protect(self, project: ProjectId, aliases: Sequence[str]) -> None:
        self._protected[project] = frozenset(aliases)

    def append(
        self,
        project: ProjectId,
        action: str,
        *,
        user: UserId,
        at: datetime,
        details: Mapping[str, Json],
    ) -> None:
        made = ArtifactAction(next(self._ids), at, user, action, project, None, None, dict(details))
        self._actions.append(made)

    def actions(
        self, projects: Sequence[ProjectId], *, limit: int, before: int | None = None
    ) -> Sequence[ArtifactAction]:
        found = [
            action
            for action in reversed(self._actions)
            if action.project in projects and (before is None or action.id < before)
        ]
        return found[:limit]
