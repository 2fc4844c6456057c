"""Leases on finished calls, in memory, for tests."""

from __future__ import annotations

from datetime import datetime

from kiseki_server.domain.calls.feed import Lease
from kiseki_server.kit.ids import ProjectId


class MemoryLeaseStore:
    """A `LeaseStore` in dicts."""

    def __init__(self) -> None:
        self._places: dict[tuple[ProjectId, str], int] = {}
        self._leases: dict[str, Lease] = {}

    def place(self, project: ProjectId, consumer: str) -> int | None:
        return self._places.get((project, consumer))

    def move(self, project: ProjectId, consumer: str, place: int) -> None:
        self._places[project, consumer] = place

    def put(self, lease: Lease) -> None:
        self._leases[lease.id] = lease

    def expired(self, project: ProjectId, consumer: str, now: datetime) -> Lease | None:
        found = [
            lease
            for lease in self._leases.values()
            if (lease.project, lease.consumer) == (project, consumer) and lease.until <= now
        ]
        return min(found, key=lambda lease: (lease.until, lease.after), default=None)

    def end(self, id: str) -> bool:
        return self._leases.pop(id, None) is not None

    def remove(self, project: ProjectId, consumer: str) -> None:
        self._places.pop((project, consumer), None)
        self._leases = {
            id: lease
            for id, lease in self._leases.items()
            if (lease.project, lease.consumer) != (project, consumer)
        }

    def forget(self, project: ProjectId) -> None:
        for key in [key for key in self._places if key[0] == project]:
            self.remove(*key)
