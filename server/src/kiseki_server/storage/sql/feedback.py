"""Feedback, in SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from kiseki_server.domain.feedback.types import Agent, Feedback, FeedbackFilter, Scores
from kiseki_server.kit.ids import ProjectId
from kiseki_server.storage.sql.chunks import chunks
from kiseki_server.storage.sql.conflicts import upsert
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.schema import feedback as table

_columns = table.c
_PLAIN = (
    "ref",
    "type",
    "payload",
    "created_at",
    "creator",
    "annotation_ref",
    "runnable_ref",
    "call_ref",
    "trigger_ref",
    "queue_id",
)


class SqlFeedbackStore:
    """`FeedbackStore` on SQLite and PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database
        collation = "BINARY" if database.dialect == "sqlite" else "C"
        self._id = _columns.id.collate(collation)

    def put(self, feedback: Sequence[Feedback]) -> None:
        for each in feedback:
            values: dict[str, Any] = {name: getattr(each, name) for name in _PLAIN}
            scores = asdict(each.scores)
            values |= {
                "payload": dict(each.payload),
                "user_name": each.user,
                "scores": None if each.scores.empty else {**scores, "tags": list(each.scores.tags)},
                "agent": None if each.agent == Agent() else asdict(each.agent),
            }
            key = {"project_id": each.project, "id": each.id}
            upsert(self._database.current(), table, key, values)

    def find(self, project: ProjectId, filter: FeedbackFilter) -> Sequence[Feedback]:
        found: list[Feedback] = []
        for conditions in _conditions(filter):
            query = (
                sa.select(table)
                .where(_columns.project_id == project, *conditions)
                .order_by(_columns.created_at, self._id)
                .limit(filter.limit)
            )
            found += map(_feedback, self._database.current().execute(query))
        found.sort(key=lambda each: (each.created_at, each.id.encode()))
        return found[: filter.limit]

    def delete(self, project: ProjectId, ids: Sequence[str]) -> int:
        gone = 0
        for chunk in chunks(list(dict.fromkeys(ids))):
            query = sa.delete(table).where(_columns.project_id == project, _columns.id.in_(chunk))
            gone += self._database.current().execute(query).rowcount
        return gone

    def forget(self, project: ProjectId) -> None:
        gone = sa.delete(table).where(_columns.project_id == project)
        self._database.current().execute(gone)


def _conditions(filter: FeedbackFilter) -> Iterator[list[sa.ColumnElement[bool]]]:
    """Conditions of one query after the other, since long lists are cut."""
    common: list[sa.ColumnElement[bool]] = []
    if filter.since is not None:
        common.append(_columns.created_at >= filter.since)
    if filter.before is not None:
        common.append(_columns.created_at < filter.before)
    lists = [
        (_columns[name], sorted(set(values)))
        for name, values in (
            ("id", filter.ids),
            ("ref", filter.refs),
            ("type", filter.types),
        )
        if values is not None
    ]
    lists.sort(key=lambda item: len(item[1]))
    if not lists:
        yield common
        return
    # The longest list is cut; the others are short in practice.
    column, longest = lists.pop()
    common += [other.in_(values) for other, values in lists]
    for chunk in chunks(longest):
        yield [*common, column.in_(chunk)]


def _feedback(row: Any) -> Feedback:
    scores: dict[str, Any] = row.scores or {}
    return Feedback(
        id=row.id,
        project=ProjectId(row.project_id),
        user=row.user_name,
        scores=Scores(**{**scores, "tags": tuple(scores.get("tags", ()))}),
        agent=Agent(**(row.agent or {})),
        **{name: getattr(row, name) for name in _PLAIN},
    )
