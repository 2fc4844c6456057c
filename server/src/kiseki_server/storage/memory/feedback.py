"""Feedback in memory, for tests."""

from __future__ import annotations

from collections.abc import Sequence

from kiseki_server.domain.feedback.types import Feedback, FeedbackFilter
from kiseki_server.kit.ids import ProjectId


class MemoryFeedbackStore:
    """A `FeedbackStore` in a dict."""

    def __init__(self) -> None:
        self._feedback: dict[tuple[ProjectId, str], Feedback] = {}

    def put(self, feedback: Sequence[Feedback]) -> None:
        self._feedback |= {(each.project, each.id): each for each in feedback}

    def find(self, project: ProjectId, filter: FeedbackFilter) -> Sequence[Feedback]:
        found = [
            each
            for each in self._feedback.values()
            if each.project == project
            and (filter.ids is None or each.id in filter.ids)
            and (filter.refs is None or each.ref in filter.refs)
            and (filter.types is None or each.type in filter.types)
            and (filter.since is None or each.created_at >= filter.since)
            and (filter.before is None or each.created_at < filter.before)
        ]
        found.sort(key=lambda each: (each.created_at, each.id.encode()))
        return found[: filter.limit]

    def delete(self, project: ProjectId, ids: Sequence[str]) -> int:
        gone = [self._feedback.pop((project, id), None) for id in dict.fromkeys(ids)]
        return sum(each is not None for each in gone)

    def forget(self, project: ProjectId) -> None:
        for key in [key for key in self._feedback if key[0] == project]:
            del self._feedback[key]
