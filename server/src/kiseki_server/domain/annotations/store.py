"""What a store of annotation queues promises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from kiseki_server.domain.annotations.types import Item, Progress, Queue
from kiseki_server.kit.ids import ProjectId


class QueueStore(Protocol):
    """Queues by project and id, inside the caller's transaction."""

    def put(self, queue: Queue) -> None:
        """Add a queue, or change the one that has its id."""
        ...

    def get(self, project: ProjectId, id: str) -> Queue | None:
        """A queue, a deleted one as well."""
        ...

    def all(self, project: ProjectId) -> Sequence[Queue]:
        """The living queues, by time of creation, then id."""
        ...

    def has(self, project: ProjectId, id: str) -> bool:
        """Whether there is such a living queue."""
        ...

    def add_items(self, items: Sequence[Item]) -> int:
        """Add items of one queue; how many of their calls were not there yet."""
        ...

    def items(self, queue: str) -> Sequence[Item]:
        """The items, in the order in which they were added."""
        ...

    def progress(self, queue: str) -> Sequence[Progress]:
        """What annotators have done with the queue's items, by time."""
        ...

    def set_progress(self, progress: Progress) -> None: ...

    def queues_of_calls(self, project: ProjectId) -> Mapping[str, Sequence[str]]:
        """The living queues of each call that is in one."""
        ...

    def forget(self, project: ProjectId) -> None:
        """Remove everything of a project."""
        ...
