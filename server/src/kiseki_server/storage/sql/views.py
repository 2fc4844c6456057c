"""Saved views, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from kiseki_server.domain.views.types import SavedView, ViewKind
from kiseki_server.kit.ids import ProjectId, UserId, ViewId
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.schema import saved_views, users


class SqlViewStore:
    """`ViewStore` on SQLite and PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, view: SavedView) -> SavedView:
        values = {
            "project_id": view.project,
            "kind": view.kind.value,
            "owner_id": view.owner,
            "created_at": view.created_at,
            **_changing(view),
        }
        statement = sa.insert(saved_views).values(**values).returning(saved_views.c.id)
        return replace(view, id=ViewId(self._database.current().execute(statement).scalar_one()))

    def get(self, project: ProjectId, view: ViewId) -> SavedView | None:
        query = _select().where(saved_views.c.project_id == project, saved_views.c.id == view)
        row = self._database.current().execute(query).first()
        return None if row is None else _read(row)

    def seen(
        self, project: ProjectId, user: UserId, kind: ViewKind | None = None
    ) -> Sequence[SavedView]:
        query = _select().where(
            saved_views.c.project_id == project,
            sa.or_(saved_views.c.shared, saved_views.c.owner_id == user),
        )
        if kind is not None:
            query = query.where(saved_views.c.kind == kind.value)
        found = [_read(row) for row in self._database.current().execute(query)]
        return sorted(found, key=lambda view: (view.name, view.id))

    def own(self, project: ProjectId, user: UserId) -> int:
        query = sa.select(sa.func.count()).where(
            saved_views.c.project_id == project, saved_views.c.owner_id == user
        )
        return self._database.current().execute(query).scalar_one()

    def replace(self, view: SavedView, revision: int) -> bool:
        changed = self._database.current().execute(
            sa.update(saved_views)
            .where(saved_views.c.id == view.id, saved_views.c.revision == revision)
            .values(**_changing(view))
        )
        return changed.rowcount > 0

    def clear_usual(self, project: ProjectId, kind: ViewKind, *, but: ViewId, at: datetime) -> None:
        self._database.current().execute(
            sa.update(saved_views)
            .where(
                saved_views.c.project_id == project,
                saved_views.c.kind == kind.value,
                saved_views.c.usual,
                saved_views.c.id != but,
            )
            .values(usual=False, revision=saved_views.c.revision + 1, updated_at=at)
        )

    def remove(self, view: ViewId) -> None:
        self._database.current().execute(sa.delete(saved_views).where(saved_views.c.id == view))


def _changing(view: SavedView) -> dict[str, Any]:
    """The columns that a change may touch."""
    return {
        "name": view.name,
        "shared": view.shared,
        "usual": view.usual,
        "document": dict(view.document),
        "revision": view.revision,
        "updated_at": view.updated_at,
        "updated_by": view.updated_by,
    }


def _select() -> sa.Select[Any]:
    return sa.select(saved_views, users.c.name.label("owner_name")).select_from(
        saved_views.join(users, users.c.id == saved_views.c.owner_id)
    )


def _read(row: Any) -> SavedView:
    return SavedView(
        id=ViewId(row.id),
        project=ProjectId(row.project_id),
        kind=ViewKind(row.kind),
        name=row.name,
        owner=UserId(row.owner_id),
        owner_name=row.owner_name,
        shared=row.shared,
        usual=row.usual,
        document=row.document,
        revision=row.revision,
        created_at=row.created_at,
        updated_at=row.updated_at,
        updated_by=row.updated_by,
    )
