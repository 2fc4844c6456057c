"""Annotation queues in memory, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kiseki_server.domain.annotations.types import Item, Progress, Queue
from kiseki_server.kit.ids import ProjectId


class MemoryQueueStore:
    """A `QueueStore` in dicts."""

    def __init__(self) -> None:
        self._queues: dict[str, Queue] = {}
        self._items: dict[str, list[Item]] = {}
        self._progress: dict[tuple[str, str], Progress] = {}

    def put(self, queue: Queue) -> None:
        self._queues[queue.id] = queue

    def get(self, project: ProjectId, id: str) -> Queue | None:
        found = self._queues.get(id)
        return found if found is not None and found.project == project else None

    def all(self, project: ProjectId) -> Sequence[Queue]:
        own = [it for it in self._queues.values() if it.project == project and not it.deleted_at]
        return sorted(own, key=lambda queue: (queue.created_at, queue.id))

    def has(self, project: ProjectId, id: str) -> bool:
        found = self.get(project, id)
        return found is not None and found.deleted_at is None

    def add_items(self, items: Sequence[Item]) -> int:
        added = 0
        for item in items:
            known = self._items.setdefault(item.queue, [])
            if all(each.call != item.call for each in known):
                known.append(item)
                added += 1
        return added

    def items(self, queue: str) -> Sequence[Item]:
        return list(self._items.get(queue, ()))

    def progress(self, queue: str) -> Sequence[Progress]:
        own = {item.id for item in self.items(queue)}
        found = [each for each in self._progress.values() if each.item in own]
        return sorted(found, key=lambda each: each.at)

    def set_progress(self, progress: Progress) -> None:
        self._progress.pop((progress.item, progress.user), None)
        self._progress[progress.item, progress.user] = progress

    def queues_of_calls(self, project: ProjectId) -> Mapping[str, Sequence[str]]:
        found: dict[str, list[str]] = {}
        for queue in self.all(project):
            for item in self.items(queue.id):
                found.setdefault(item.call, []).append(queue.id)
        return found

    def forget(self, project: ProjectId) -> None:
        for id in [id for id, queue in self._queues.items() if queue.project == project]:
            gone = {item.id for item in self._items.pop(id, [])}
            self._progress = {
                key: each for key, each in self._progress.items() if key[0] not in gone
            }
            del self._queues[id]
