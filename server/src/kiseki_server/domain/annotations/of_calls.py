"""The queues that a call is in, as a field of calls."""

from __future__ import annotations

from kiseki_server.domain.annotations.store import QueueStore
from kiseki_server.domain.calls.lookups import ID, Known
from kiseki_server.domain.calls.store import CallQuery
from kiseki_server.kit.transactions import UnitOfWork

QUEUE = ("annotation_queues", "id")
"""The path of the field."""


class QueuesOfCalls:
    """A `calls.lookups.Source`."""

    def __init__(self, queues: QueueStore, database: UnitOfWork) -> None:
        self._queues = queues
        self._database = database

    def find(self, path: tuple[str, ...], query: CallQuery) -> Known | None:
        if path != QUEUE:
            return None
        with self._database.transaction():
            return Known(ID, self._queues.queues_of_calls(query.project), repeats=True)
