"""Saved views of a project's pages."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import delete, get, patch, post
from msgspec import UNSET, Meta, UnsetType

from kiseki_server.domain.views.service import ViewService
from kiseki_server.domain.views.types import SavedView, ViewKind
from kiseki_server.kit.ids import ViewId
from kiseki_server.protocols.native.places import Places

ViewKindName = Literal["workspace", "runs", "run", "comparison"]


class ViewInfo(msgspec.Struct, kw_only=True):
    """A saved view without its document."""

    id: int
    kind: ViewKindName
    name: str
    owner: str
    shared: Annotated[bool, Meta(description="Seen by everybody who may read the project.")]
    usual: Annotated[bool, Meta(description="Shown to those who have chosen no view.")]
    revision: Annotated[int, Meta(description="Rises with every change.")]
    created_at: datetime
    updated_at: datetime
    updated_by: str


class ViewDetails(ViewInfo, kw_only=True):
    """A saved view."""

    document: dict[str, Any]


class ViewList(msgspec.Struct, kw_only=True):
    items: list[ViewInfo]


class NewView(msgspec.Struct, kw_only=True):
    kind: ViewKindName
    name: str
    shared: bool = False
    document: Annotated[
        dict[str, Any],
        Meta(description="Whatever the page needs, with a `version`; at most 512 KiB of JSON."),
    ]


class ViewChange(msgspec.Struct, kw_only=True):
    """What is absent stays as it is."""

    revision: Annotated[int, Meta(description="That of the view that was changed.")]
    name: str | UnsetType = UNSET
    shared: bool | UnsetType = UNSET
    usual: bool | UnsetType = UNSET
    document: dict[str, Any] | UnsetType = UNSET


@get("/projects/{entity:str}/{project:str}/views", sync_to_thread=True)
def list_views(
    places: Places,
    views: ViewService,
    entity: str,
    project: str,
    kind: ViewKindName | None = None,
) -> ViewList:
    """The project's shared views, and one's own."""
    with places.database.transaction():
        found = places.project(entity, project)
        only = None if kind is None else ViewKind(kind)
        return ViewList(items=[_info(view) for view in views.all(places.actor, found, only)])


@post("/projects/{entity:str}/{project:str}/views", sync_to_thread=True)
def create_view(
    places: Places, views: ViewService, entity: str, project: str, data: NewView
) -> ViewDetails:
    """Save a view, for oneself or for all."""
    with places.database.transaction(write=True):
        found = places.project(entity, project)
        made = views.create(
            places.actor, found, ViewKind(data.kind), data.name, data.document, shared=data.shared
        )
        return _details(made)


@get("/projects/{entity:str}/{project:str}/views/{view:int}", sync_to_thread=True)
def read_view(
    places: Places, views: ViewService, entity: str, project: str, view: int
) -> ViewDetails:
    """One view with its document."""
    with places.database.transaction():
        found = places.project(entity, project)
        return _details(views.get(places.actor, found, ViewId(view)))


@patch("/projects/{entity:str}/{project:str}/views/{view:int}", sync_to_thread=True)
def change_view(
    places: Places, views: ViewService, entity: str, project: str, view: int, data: ViewChange
) -> ViewDetails:
    """Change a view, unless somebody else did since the given revision."""
    with places.database.transaction(write=True):
        changed = views.change(
            places.actor,
            places.project(entity, project),
            ViewId(view),
            data.revision,
            name=_given(data.name),
            shared=_given(data.shared),
            usual=_given(data.usual),
            document=_given(data.document),
        )
        return _details(changed)


@delete("/projects/{entity:str}/{project:str}/views/{view:int}", sync_to_thread=True)
def delete_view(places: Places, views: ViewService, entity: str, project: str, view: int) -> None:
    """Remove a view."""
    with places.database.transaction(write=True):
        views.delete(places.actor, places.project(entity, project), ViewId(view))


def _fields(view: SavedView) -> dict[str, Any]:
    return {
        "id": view.id,
        "kind": view.kind.value,
        "name": view.name,
        "owner": view.owner_name,
        "shared": view.shared,
        "usual": view.usual,
        "revision": view.revision,
        "created_at": view.created_at,
        "updated_at": view.updated_at,
        "updated_by": view.updated_by,
    }


def _info(view: SavedView) -> ViewInfo:
    return ViewInfo(**_fields(view))


def _details(view: SavedView) -> ViewDetails:
    return ViewDetails(**_fields(view), document=dict(view.document))


def _given(value: Any) -> Any:
    return None if value is UNSET else value


routes = [list_views, create_view, read_view, change_view, delete_view]
