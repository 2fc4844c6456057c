"""Leases on finished calls, in SQL."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from kiseki_server.domain.calls.feed import Lease
from kiseki_server.kit.ids import ProjectId
from kiseki_server.storage.sql.conflicts import upsert
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.schema import call_consumers, call_leases

_consumers = call_consumers.c
_leases = call_leases.c


class SqlLeaseStore:
    """`LeaseStore` on SQLite and PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def place(self, project: ProjectId, consumer: str) -> int | None:
        query = sa.select(_consumers.place).where(
            _consumers.project_id == project, _consumers.name == consumer
        )
        return self._database.current().execute(query.with_for_update()).scalar_one_or_none()

    def move(self, project: ProjectId, consumer: str, place: int) -> None:
        key = {"project_id": project, "name": consumer}
        upsert(self._database.current(), call_consumers, key, {"place": place})

    def put(self, lease: Lease) -> None:
        values = {
            "project_id": lease.project,
            "consumer": lease.consumer,
            "after": lease.after,
            "through": lease.through,
            "until": lease.until,
            "attempts": lease.attempts,
        }
        upsert(self._database.current(), call_leases, {"id": lease.id}, values)

    def expired(self, project: ProjectId, consumer: str, now: datetime) -> Lease | None:
        query = (
            sa.select(call_leases)
            .where(
                _leases.project_id == project, _leases.consumer == consumer, _leases.until <= now
            )
            .order_by(_leases.until, _leases.after)
            .limit(1)
        )
        row = self._database.current().execute(query).one_or_none()
        if row is None:
            return None
        return Lease(
            id=row.id,
            project=ProjectId(row.project_id),
            consumer=row.consumer,
            after=row.after,
            through=row.through,
            until=row.until,
            attempts=row.attempts,
        )

    def end(self, id: str) -> bool:
        gone = self._database.current().execute(sa.delete(call_leases).where(_leases.id == id))
        return gone.rowcount > 0

    def remove(self, project: ProjectId, consumer: str) -> None:
        connection = self._database.current()
        connection.execute(
            sa.delete(call_leases).where(
                _leases.project_id == project, _leases.consumer == consumer
            )
        )
        connection.execute(
            sa.delete(call_consumers).where(
                _consumers.project_id == project, _consumers.name == consumer
            )
        )

    def forget(self, project: ProjectId) -> None:
        connection = self._database.current()
        connection.execute(sa.delete(call_leases).where(_leases.project_id == project))
        connection.execute(sa.delete(call_consumers).where(_consumers.project_id == project))
