"""What a store of registries promises, beside what projects and their members promise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from kiseki_server.domain.artifacts.types import ArtifactAction, ArtifactType, Json
from kiseki_server.kit.ids import ProjectId, UserId


class RegistryStore(Protocol):
    """Accepted types, protected aliases, and who did what; inside the caller's transaction."""

    def types(self, project: ProjectId) -> Sequence[ArtifactType]:
        """The project's types by name."""
        ...

    def ensure_type(self, project: ProjectId, name: str, at: datetime) -> None:
        """Add a type, if it is not there."""
        ...

    def protected(self, project: ProjectId) -> frozenset[str]:
        """Aliases that only administrators of the project move."""
        ...

    def protect(self, project: ProjectId, aliases: Sequence[str]) -> None:
        """Say which aliases are protected, instead of those before."""
        ...

    def append(
        self,
        project: ProjectId,
        action: str,
        *,
        user: UserId,
        at: datetime,
        details: Mapping[str, Json],
    ) -> None:
        """Keep what somebody did."""
        ...

    def actions(
        self, projects: Sequence[ProjectId], *, limit: int, before: int | None = None
    ) -> Sequence[ArtifactAction]:
        """What was done in these projects, the latest first, with ids below ``before``."""
        ...
