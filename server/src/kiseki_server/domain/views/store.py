"""What a store of saved views promises."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from kiseki_server.domain.views.types import SavedView, ViewKind
from kiseki_server.kit.ids import ProjectId, UserId, ViewId


class ViewStore(Protocol):
    """Saved views of projects. All methods run inside the caller's transaction."""

    def add(self, view: SavedView) -> SavedView:
        """Keep a new view; its id is chosen here."""
        ...

    def get(self, project: ProjectId, view: ViewId) -> SavedView | None: ...

    def seen(
        self, project: ProjectId, user: UserId, kind: ViewKind | None = None
    ) -> Sequence[SavedView]:
        """The shared views of the project and those of the user, by name and then by id."""
        ...

    def own(self, project: ProjectId, user: UserId) -> int:
        """How many views of the project the user owns."""
        ...

    def replace(self, view: SavedView, revision: int) -> bool:
        """Put the view in the place of the one with its id, if that still has the revision."""
        ...

    def clear_usual(self, project: ProjectId, kind: ViewKind, *, but: ViewId, at: datetime) -> None:
        """No view of the kind is the usual one any more, except for one."""
        ...

    def remove(self, view: ViewId) -> None: ...
