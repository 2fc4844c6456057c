"""What one can do with saved views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.accounts.types import Actor
from kiseki_server.domain.projects.service import ProjectService
from kiseki_server.domain.projects.types import Project
from kiseki_server.domain.views.rules import MAX_OWN, check_document, check_name
from kiseki_server.domain.views.store import ViewStore
from kiseki_server.domain.views.types import SavedView, ViewKind
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import BadRequest, Conflict, NotFound
from kiseki_server.kit.ids import ProjectId, ViewId


class ViewService:
    """Use-cases of saved views; the caller has opened a transaction.

    Who reads a project keeps views of their own there. Sharing one, and changing or removing a
    shared one, is for those who may change things in the project.
    """

    def __init__(self, views: ViewStore, projects: ProjectService, clock: Clock) -> None:
        self._views = views
        self._projects = projects
        self._clock = clock

    def all(
        self, actor: Actor, project: Project, kind: ViewKind | None = None
    ) -> Sequence[SavedView]:
        """Views that the actor sees in the project."""
        return self._views.seen(project.id, actor.user.id, kind)

    def get(self, actor: Actor, project: Project, view: ViewId) -> SavedView:
        """One view.

        Raises:
            NotFound: There is none, or it is somebody else's own.
        """
        return self._visible(actor, project.id, view)

    def create(
        self,
        actor: Actor,
        project: Project,
        kind: ViewKind,
        name: str,
        document: Mapping[str, Any],
        *,
        shared: bool = False,
    ) -> SavedView:
        """Keep a view.

        Raises:
            Forbidden: It is to be shared, and the actor may not change things in the project.
            BadRequest, TooLarge: The name or the document cannot be.
            Conflict: The actor has very many views there.
        """
        if shared:
            self._projects.check(actor, project, Action.WRITE)
        if self._views.own(project.id, actor.user.id) >= MAX_OWN:
            raise Conflict(
                f"You have {MAX_OWN} views in `{project.name}`, which is the most",
                hint="remove views that you do not need any more",
            )
        now = self._clock.now()
        return self._views.add(
            SavedView(
                id=ViewId(0),
                project=project.id,
                kind=kind,
                name=check_name(name),
                owner=actor.user.id,
                owner_name=actor.user.name,
                shared=shared,
                usual=False,
                document=check_document(document),
                revision=1,
                created_at=now,
                updated_at=now,
                updated_by=actor.user.name,
            )
        )

    def change(
        self,
        actor: Actor,
        project: Project,
        view: ViewId,
        revision: int,
        *,
        name: str | None = None,
        shared: bool | None = None,
        usual: bool | None = None,
        document: Mapping[str, Any] | None = None,
    ) -> SavedView:
        """Change what is given of the view that has this revision.

        Raises:
            Conflict: Somebody changed it meanwhile; nothing was written.
            Forbidden, BadRequest, TooLarge, NotFound: As in `create` and `get`.
        """
        known = self._writable(actor, project, view, shared=bool(shared or usual))
        after = replace(
            known,
            name=known.name if name is None else check_name(name),
            shared=known.shared if shared is None else shared,
            usual=known.usual if usual is None else usual,
            document=known.document if document is None else check_document(document),
        )
        if after.usual and not after.shared:
            if usual:
                raise BadRequest("Share the view first; the usual view is everybody's")
            after = replace(after, usual=False)
        now = self._clock.now()
        after = replace(after, revision=revision + 1, updated_at=now, updated_by=actor.user.name)
        if not self._views.replace(after, revision):
            raise Conflict(
                f"`{known.name}` was changed by {known.updated_by} since you opened it",
                hint="save it under another name, or load it again",
            )
        if after.usual:
            self._views.clear_usual(project.id, after.kind, but=after.id, at=now)
        return after

    def delete(self, actor: Actor, project: Project, view: ViewId) -> None:
        """Remove a view; raises like `change`."""
        self._views.remove(self._writable(actor, project, view, shared=False).id)

    def _visible(self, actor: Actor, project: ProjectId, view: ViewId) -> SavedView:
        found = self._views.get(project, view)
        if found is None or not (found.shared or found.owner == actor.user.id):
            raise NotFound("There is no such view, or it is somebody else's own")
        return found

    def _writable(self, actor: Actor, project: Project, view: ViewId, *, shared: bool) -> SavedView:
        found = self._visible(actor, project.id, view)
        if found.shared or shared:
            self._projects.check(actor, project, Action.WRITE)
        return found
