"""The log of events in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from kiseki_server.domain.runs.events import Event, LoggedEvent
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.schema import entities, events, projects


class SqlEventLog:
    """`EventLog` on SQLite and PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, new: Sequence[Event]) -> None:
        if not new:
            return
        connection = self._database.current()
        places = {
            row[0]: (row[1], row[2])
            for row in connection.execute(
                sa.select(projects.c.id, entities.c.name, projects.c.name)
                .join_from(projects, entities, entities.c.id == projects.c.entity_id)
                .where(projects.c.id.in_({event.project for event in new}))
            )
        }
        rows = [
            {
                "time": event.time,
                "kind": event.kind,
                "entity": places[event.project][0],
                "project": places[event.project][1],
                "project_id": event.project,
                "run": event.run,
                "payload": dict(event.payload),
            }
            for event in new
        ]
        connection.execute(sa.insert(events), rows)

    def since(self, after: int, *, limit: int = 500) -> Sequence[LoggedEvent]:
        query = sa.select(events).where(events.c.id > after).order_by(events.c.id).limit(limit)
        return [
            LoggedEvent(
                id=row.id,
                event=Event(
                    kind=row.kind,
                    time=row.time,
                    project=row.project_id,
                    run=row.run,
                    payload=row.payload,
                ),
            )
            for row in self._database.current().execute(query)
        ]

    def trim(self, before: datetime) -> int:
        return (
            self._database.current()
            .execute(sa.delete(events).where(events.c.time < before))
            .rowcount
        )
