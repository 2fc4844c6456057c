"""Runs in SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import exc

from kiseki.wire.records import MetricDefinition
from kiseki_server.domain.runs.types import Branch, Run, RunState
from kiseki_server.kit.errors import Conflict
from kiseki_server.kit.ids import ProjectId, RunId
from kiseki_server.storage.sql.chunks import chunks
from kiseki_server.storage.sql.conflicts import insert_new
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.schema import (
    alerts,
    history_copies,
    projects,
    run_files,
    users,
    writer_positions,
)
from kiseki_server.storage.sql.schema import runs as table

_PLAIN = (
    "name", "archived_of", "display_name", "state_reason", "exit_code", "job_type", "notes", "host",
    "config", "summary", "environment", "client", "updated_at", "started_at", "heartbeat_at",
    "finished_at", "stop_requested", "deleted_at",
)  # fmt: skip
"""Fields that a column of the same name holds as they are."""

_READERS: Mapping[str, tuple[str, Callable[[Run], Any]]] = {
    "group": ("run_group", lambda run: run.group),
    "state": ("state", lambda run: run.state.value),
    "tags": ("tags", lambda run: list(run.tags)),
    "metrics": ("metrics", lambda run: [_metric(m) for m in run.metrics]),
    "summary_set": ("summary_set", lambda run: list(run.summary_set)),
    "project": ("project_id", lambda run: run.project),
    "branch": ("branch", lambda run: None if run.branch is None else asdict(run.branch)),
}
"""Field, its column, and how the column's value is made."""


class SqlRunStore:
    """`RunStore` on SQLite and PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, draft: Run) -> Run:
        values = {
            "user_id": draft.user,
            "created_at": draft.created_at,
            "revision": 1,
            "indexed_revision": 0,
            **_columns(draft, (*_PLAIN, *_READERS)),
        }
        id = insert_new(self._database.current(), table, values, table.c.id)
        if id is None:
            raise Conflict(f"The project has a run `{draft.name}` already")
        return self.get([id])[id]

    def get(self, ids: Sequence[RunId], *, lock: bool = False) -> Mapping[RunId, Run]:
        found: dict[RunId, Run] = {}
        for chunk in chunks(sorted(set(ids))):
            found.update((run.id, run) for run in self._select(table.c.id.in_(chunk), lock=lock))
        return found

    def find(self, project: ProjectId, name: str, *, lock: bool = False) -> Run | None:
        same = sa.and_(table.c.project_id == project, table.c.name == name)
        return next(iter(self._select(same, lock=lock)), None)

    def named(self, project: ProjectId, names: Sequence[str]) -> Mapping[str, Run]:
        found: dict[str, Run] = {}
        for chunk in chunks(sorted(set(names))):
            condition = sa.and_(
                table.c.project_id == project, table.c.name.in_(chunk), table.c.deleted_at.is_(None)
            )
            found.update((run.name, run) for run in self._select(condition))
        return found

    def update(self, changes: Sequence[tuple[Run, Run]]) -> None:
        batches: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
        for before, after in changes:
            fields = tuple(
                name
                for name in (*_PLAIN, *_READERS)
                if getattr(before, name) is not getattr(after, name)
                and getattr(before, name) != getattr(after, name)
            )
            if fields:
                batches[fields].append({"run_id": after.id, **_columns(after, fields)})
        for rows in batches.values():
            changed = {name: sa.bindparam(name) for name in rows[0] if name != "run_id"}
            statement = (
                sa.update(table)
                .where(table.c.id == sa.bindparam("run_id"))
                .values(revision=table.c.revision + 1, **changed)
            )
            try:
                self._database.current().execute(statement, rows)
            except exc.IntegrityError:
                raise Conflict("The project has a run of that name already") from None

    def forks(self, runs: Sequence[RunId]) -> Sequence[Run]:
        return self._of(table.c.forked_from, runs)

    def archived(self, runs: Sequence[RunId]) -> Sequence[Run]:
        return self._of(table.c.archived_of, runs)

    def _of(self, column: sa.Column[Any], ids: Sequence[RunId]) -> list[Run]:
        chosen = chunks(sorted(set(ids)))
        found = [run for chunk in chosen for run in self._select(column.in_(chunk))]
        return sorted(found, key=lambda run: run.id)

    def next_number(self, project: ProjectId) -> int:
        statement = (
            sa.update(projects)
            .where(projects.c.id == project)
            .values(run_counter=projects.c.run_counter + 1)
            .returning(projects.c.run_counter)
        )
        return self._database.current().execute(statement).scalar_one()

    def silent(self, states: Sequence[RunState], since: datetime) -> Sequence[Run]:
        condition = sa.and_(
            table.c.state.in_([state.value for state in states]),
            sa.func.coalesce(table.c.heartbeat_at, table.c.created_at) < since,
            table.c.deleted_at.is_(None),
        )
        return self._select(condition, lock=True)

    def unindexed(
        self, *, project: ProjectId | None = None, after: RunId | None = None, limit: int = 500
    ) -> Sequence[tuple[RunId, int]]:
        query = sa.select(table.c.id, table.c.revision).where(
            table.c.indexed_revision < table.c.revision
        )
        if project is not None:
            query = query.where(table.c.project_id == project)
        if after is not None:
            query = query.where(table.c.id > after)
        rows = self._database.current().execute(query.order_by(table.c.id).limit(limit))
        return [(row[0], row[1]) for row in rows]

    def mark_indexed(self, marks: Sequence[tuple[RunId, int]]) -> None:
        statement = (
            sa.update(table)
            .where(
                table.c.id == sa.bindparam("run_id"), table.c.indexed_revision < sa.bindparam("to")
            )
            .values(indexed_revision=sa.bindparam("to"))
        )
        if marks:
            rows = [{"run_id": id, "to": revision} for id, revision in marks]
            self._database.current().execute(statement, rows)

    def deleted(self, before: datetime, *, limit: int = 500) -> Sequence[Run]:
        gone = sa.select(projects.c.id).where(projects.c.deleted_at < before)
        condition = sa.or_(table.c.deleted_at < before, table.c.project_id.in_(gone))
        return self._select(condition, limit=limit)

    def remove(self, ids: Sequence[RunId]) -> None:
        connection = self._database.current()
        for chunk in chunks(sorted(set(ids))):
            for of_run in (writer_positions, run_files, alerts, history_copies):
                connection.execute(sa.delete(of_run).where(of_run.c.run_id.in_(chunk)))
            connection.execute(sa.delete(table).where(table.c.id.in_(chunk)))

    def _select(
        self, condition: sa.ColumnElement[bool], *, lock: bool = False, limit: int | None = None
    ) -> list[Run]:
        query = _query().where(condition).order_by(table.c.id).limit(limit)
        if lock:  # without effect on SQLite, whose writers take turns
            query = query.with_for_update(of=table)
        return [_read(row) for row in self._database.current().execute(query)]


_AS_RUN: tuple[Any, ...] = (
    table.c.id,
    table.c.user_id.label("user"),
    users.c.name.label("user_name"),
    table.c.created_at,
    *(table.c[name] for name in _PLAIN),
    *(table.c[column].label(name) for name, (column, _) in _READERS.items()),
)
"""Every field of `Run` under its own name."""


def _query() -> Any:
    return sa.select(*_AS_RUN).join_from(table, users, users.c.id == table.c.user_id)


def _read(row: Any) -> Run:
    fields: dict[str, Any] = row._asdict()
    fields["state"] = RunState(fields["state"])
    fields["tags"] = tuple(fields["tags"])
    if fields["branch"] is not None:
        fields["branch"] = Branch(**fields["branch"])
    fields["metrics"] = tuple(MetricDefinition(**metric) for metric in fields["metrics"])
    fields["summary_set"] = tuple(fields["summary_set"])
    return Run(**fields)


def _metric(metric: MetricDefinition) -> dict[str, Any]:
    fields = msgspec.structs.asdict(metric)
    return {name: value for name, value in fields.items() if value is not None}


def _columns(run: Run, fields: Iterable[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in fields:
        if name in _READERS:
            column, read = _READERS[name]
            values[column] = read(run)
            if name == "branch":
                values["forked_from"] = None if run.branch is None else run.branch.source
        else:
            values[name] = getattr(run, name)
    return values
