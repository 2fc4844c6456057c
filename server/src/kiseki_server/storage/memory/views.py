"""Saved views in memory, for tests."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from kiseki_server.domain.views.types import SavedView, ViewKind
from kiseki_server.kit.ids import ProjectId, UserId, ViewId


class MemoryViewStore:
    """`ViewStore` in memory."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._views: dict[ViewId, SavedView] = {}

    def add(self, view: SavedView) -> SavedView:
        kept = replace(view, id=ViewId(next(self._ids)))
        self._views[kept.id] = kept
        return kept

    def get(self, project: ProjectId, view: ViewId) -> SavedView | None:
        found = self._views.get(view)
        return found if found is not None and found.project == project else None

    def seen(
        self, project: ProjectId, user: UserId, kind: ViewKind | None = None
    ) -> Sequence[SavedView]:
        found = [
            view
            for view in self._views.values()
            if view.project == project
            and (view.shared or view.owner == user)
            and kind in (None, view.kind)
        ]
        return sorted(found, key=lambda view: (view.name, view.id))

    def own(self, project: ProjectId, user: UserId) -> int:
        return sum(view.project == project and view.owner == user for view in self._views.values())

    def replace(self, view: SavedView, revision: int) -> bool:
        known = self._views.get(view.id)
        if known is None or known.revision != revision:
            return False
        self._views[view.id] = view
        return True

    def clear_usual(self, project: ProjectId, kind: ViewKind, *, but: ViewId, at: datetime) -> None:
        for view in list(self._views.values()):
            if (view.project, view.kind, view.usual) == (project, kind, True) and view.id != but:
                self._views[view.id] = replace(
                    view, usual=False, revision=view.revision + 1, updated_at=at
                )

    def remove(self, view: ViewId) -> None:
        self._views.pop(view, None)
