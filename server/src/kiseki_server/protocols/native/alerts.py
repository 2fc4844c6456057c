"""Alerts that runs raise."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec
from litestar import get, post
from msgspec import Meta

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.runs.alerts import MAX_TEXT, MAX_TITLE, Alert, AlertService
from kiseki_server.kit.pagination import checked_limit, decode_cursor, encode_cursor
from kiseki_server.protocols.native.places import Places

Level = Literal["info", "warning", "error"]


class NewAlert(msgspec.Struct, kw_only=True):
    title: Annotated[str, Meta(min_length=1, max_length=MAX_TITLE)]
    text: Annotated[str, Meta(max_length=MAX_TEXT)] = ""
    level: Level = "info"
    wait_s: Annotated[
        float,
        Meta(
            ge=0,
            le=10**9,
            description="Say nothing if an alert of this title came less than so long ago.",
        ),
    ] = 0


class AlertInfo(msgspec.Struct, kw_only=True):
    id: int
    at: datetime
    title: str
    text: str
    level: Level


class Told(msgspec.Struct, kw_only=True):
    alert: Annotated[
        AlertInfo | None, Meta(description="Null: one of this title came too shortly before.")
    ]


class AlertPageInfo(msgspec.Struct, kw_only=True):
    items: list[AlertInfo]
    cursor: Annotated[str | None, Meta(description="Opens the next page; null at the end.")]
    total: int


@post("/projects/{entity:str}/{project:str}/runs/{run:str}/alerts", sync_to_thread=True)
def raise_alert(
    places: Places, alerts: AlertService, entity: str, project: str, run: str, data: NewAlert
) -> Told:
    """Keep an alert of a run, and tell whoever wants to hear of it."""
    with places.database.transaction(write=True):
        alert = alerts.tell(
            places.project(entity, project, Action.WRITE),
            run,
            title=data.title,
            text=data.text,
            level=data.level,
            quiet=timedelta(seconds=data.wait_s),
        )
    return Told(alert=None if alert is None else _render(alert))


@get("/projects/{entity:str}/{project:str}/runs/{run:str}/alerts", sync_to_thread=True)
def list_alerts(
    places: Places,
    alerts: AlertService,
    entity: str,
    project: str,
    run: str,
    limit: int = 100,
    cursor: str | None = None,
) -> AlertPageInfo:
    """Alerts of a run, newest first."""
    before = decode_cursor(cursor, int)[0] if cursor else None
    with places.database.transaction():
        found = places.project(entity, project)
        page = alerts.page(found, run, before=before, limit=checked_limit(limit))
    return AlertPageInfo(
        items=[_render(alert) for alert in page.alerts],
        cursor=None if page.before is None else encode_cursor(page.before),
        total=page.total,
    )


def _render(alert: Alert) -> AlertInfo:
    return AlertInfo(
        id=alert.id, at=alert.at, title=alert.title, text=alert.text, level=alert.level
    )


routes = [raise_alert, list_alerts]
