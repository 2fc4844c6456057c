"""Annotation queues, in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from kiseki_server.domain.annotations.types import Item, Progress, Queue, State
from kiseki_server.kit.ids import ProjectId
from kiseki_server.storage.sql.conflicts import insert_new, upsert
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.schema import (
    annotation_items,
    annotation_progress,
    annotation_queues,
)

_queues = annotation_queues.c
_items = annotation_items.c
_progress = annotation_progress.c


class SqlQueueStore:
    """`QueueStore` on SQLite and PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, queue: Queue) -> None:
        values: dict[str, Any] = {
            "project_id": queue.project,
            "name": queue.name,
            "description": queue.description,
            "scorers": list(queue.scorers),
            "created_by": queue.created_by,
            "created_at": queue.created_at,
            "updated_at": queue.updated_at,
            "deleted_at": queue.deleted_at,
        }
        upsert(self._database.current(), annotation_queues, {"id": queue.id}, values)

    def get(self, project: ProjectId, id: str) -> Queue | None:
        found = self._read(_queues.project_id == project, _queues.id == id)
        return found[0] if found else None

    def all(self, project: ProjectId) -> Sequence[Queue]:
        return self._read(_queues.project_id == project, _queues.deleted_at.is_(None))

    def _read(self, *conditions: sa.ColumnElement[bool]) -> Sequence[Queue]:
        query = sa.select(annotation_queues).where(*conditions)
        query = query.order_by(_queues.created_at, _queues.id)
        return [
            Queue(
                id=row.id,
                project=ProjectId(row.project_id),
                name=row.name,
                description=row.description,
                scorers=tuple(row.scorers),
                created_by=row.created_by,
                created_at=row.created_at,
                updated_at=row.updated_at,
                deleted_at=row.deleted_at,
            )
            for row in self._database.current().execute(query)
        ]

    def has(self, project: ProjectId, id: str) -> bool:
        found = self.get(project, id)
        return found is not None and found.deleted_at is None

    def add_items(self, items: Sequence[Item]) -> int:
        added = 0
        for item in items:
            values: dict[str, Any] = {
                "id": item.id,
                "queue_id": item.queue,
                "call_id": item.call,
                "op": item.op,
                "trace_id": item.trace_id,
                "started_at": item.started_at,
                "ended_at": item.ended_at,
                "display_fields": list(item.display_fields),
                "added_by": item.added_by,
                "created_at": item.created_at,
            }
            new = insert_new(self._database.current(), annotation_items, values, _items.number)
            added += new is not None
        return added

    def items(self, queue: str) -> Sequence[Item]:
        query = sa.select(annotation_items).where(_items.queue_id == queue).order_by(_items.number)
        return [
            Item(
                id=row.id,
                queue=row.queue_id,
                call=row.call_id,
                op=row.op,
                trace_id=row.trace_id,
                started_at=row.started_at,
                ended_at=row.ended_at,
                display_fields=tuple(row.display_fields),
                added_by=row.added_by,
                created_at=row.created_at,
            )
            for row in self._database.current().execute(query)
        ]

    def progress(self, queue: str) -> Sequence[Progress]:
        query = (
            sa.select(annotation_progress)
            .join(annotation_items, _items.id == _progress.item_id)
            .where(_items.queue_id == queue)
            .order_by(_progress.updated_at, _progress.user_name)
        )
        return [
            Progress(
                item=row.item_id, user=row.user_name, state=State(row.state), at=row.updated_at
            )
            for row in self._database.current().execute(query)
        ]

    def set_progress(self, progress: Progress) -> None:
        key = {"item_id": progress.item, "user_name": progress.user}
        values = {"state": progress.state.value, "updated_at": progress.at}
        upsert(self._database.current(), annotation_progress, key, values)

    def queues_of_calls(self, project: ProjectId) -> Mapping[str, Sequence[str]]:
        query = (
            sa.select(_items.call_id, _items.queue_id)
            .join(annotation_queues, _queues.id == _items.queue_id)
            .where(_queues.project_id == project, _queues.deleted_at.is_(None))
            .order_by(_items.number)
        )
        found: dict[str, list[str]] = {}
        for call, queue in self._database.current().execute(query):
            found.setdefault(call, []).append(queue)
        return found

    def forget(self, project: ProjectId) -> None:
        connection = self._database.current()
        queues = sa.select(_queues.id).where(_queues.project_id == project)
        items = sa.select(_items.id).where(_items.queue_id.in_(queues))
        connection.execute(sa.delete(annotation_progress).where(_progress.item_id.in_(items)))
        connection.execute(sa.delete(annotation_items).where(_items.queue_id.in_(queues)))
        connection.execute(sa.delete(annotation_queues).where(_queues.project_id == project))
