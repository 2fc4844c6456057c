"""What a store of feedback promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from kiseki_server.domain.feedback.types import Feedback, FeedbackFilter
from kiseki_server.kit.ids import ProjectId


class QueueBook(Protocol):
    """Knows which annotation queues there are, inside the caller's transaction."""

    def has(self, project: ProjectId, id: str) -> bool:
        """Whether there is such a living queue."""
        ...


class FeedbackStore(Protocol):
    """Feedback by project and id, inside the caller's transaction."""

    def put(self, feedback: Sequence[Feedback]) -> None:
        """Store feedback; what has the id of one that is there takes its place."""
        ...

    def find(self, project: ProjectId, filter: FeedbackFilter) -> Sequence[Feedback]:
        """Feedback by time of creation, then id."""
        ...

    def delete(self, project: ProjectId, ids: Sequence[str]) -> int:
        """Remove feedback; how much there was."""
        ...

    def forget(self, project: ProjectId) -> None:
        """Remove everything of a project."""
        ...
