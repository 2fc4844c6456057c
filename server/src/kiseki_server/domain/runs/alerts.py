"""Alerts that a run's own code raises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol, cast, get_args

from kiseki_server.domain.projects.types import Project
from kiseki_server.domain.runs.events import Event, EventLog, LiveEvents, RunChanged
from kiseki_server.domain.runs.service import RunService
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import BadRequest, Conflict
from kiseki_server.kit.ids import RunId
from kiseki_server.kit.transactions import UnitOfWork

Severity = Literal["info", "warning", "error"]

MAX_TITLE = 300
MAX_TEXT = 20_000
MOST = 10_000
"""Alerts that are kept of one run."""


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that a run has to say."""

    id: int
    run: RunId
    at: datetime
    title: str
    text: str
    level: Severity


@dataclass(frozen=True, slots=True)
class AlertPage:
    """Alerts, newest first; ``before`` opens the next page, ``None`` at the end."""

    alerts: tuple[Alert, ...]
    before: int | None
    total: int


class AlertStore(Protocol):
    """Alerts of runs; works inside the caller's transaction. `RunStore.remove` takes away those
    of a run."""

    def add(self, draft: Alert) -> Alert:
        """Keep an alert; the store chooses its id, which rises."""
        ...

    def of_run(self, run: RunId, *, before: int | None = None, limit: int = 100) -> Sequence[Alert]:
        """The run's alerts with smaller ids than ``before``, newest first."""
        ...

    def latest(self, run: RunId, title: str) -> Alert | None:
        """The run's last alert of that title."""
        ...

    def count(self, run: RunId) -> int: ...


class AlertService:
    """Keeps alerts, and puts them into the log of events, where whoever tells people finds them."""

    def __init__(
        self,
        runs: RunService,
        alerts: AlertStore,
        events: EventLog,
        live: LiveEvents,
        work: UnitOfWork,
        clock: Clock,
    ) -> None:
        self._runs = runs
        self._alerts = alerts
        self._events = events
        self._live = live
        self._work = work
        self._clock = clock

    def tell(
        self,
        project: Project,
        run: str,
        *,
        title: str,
        text: str,
        level: Severity = "info",
        quiet: timedelta = timedelta(0),
    ) -> Alert | None:
        """Keep the alert; ``None`` if one of this title came less than ``quiet`` ago.

        Raises:
            UnknownRun, Gone: There is no such run.
            BadRequest: The title or the text is too long, or the level is none.
            Conflict: The run has too many alerts.
        """
        if not 1 <= len(title) <= MAX_TITLE:
            raise BadRequest(f"An alert's title has 1 to {MAX_TITLE} characters, not {len(title)}")
        if len(text) > MAX_TEXT:
            raise BadRequest(f"An alert's text has at most {MAX_TEXT} characters, not {len(text)}")
        if "\0" in title or "\0" in text:
            raise BadRequest("An alert cannot hold the character NUL")
        if level not in get_args(Severity):
            raise BadRequest(f"An alert's level is info, warning or error, not `{level[:40]}`")
        known = self._runs.get(project, run)
        now = self._clock.now()
        last = self._alerts.latest(known.id, title) if quiet > timedelta(0) else None
        if last is not None and now - last.at < quiet:
            return None
        if self._alerts.count(known.id) >= MOST:
            raise Conflict(
                f"The run `{known.name}` has raised {MOST} alerts, as many as are kept",
                hint="Give them a time to be quiet in.",
            )
        alert = self._alerts.add(Alert(0, known.id, now, title, text, level))
        payload = {"title": title, "text": text, "severity": level}
        self._events.append([Event("run.alert", now, project.id, known.name, payload)])
        changed = RunChanged(project.id, known.name, known.state, known.updated_at)
        self._work.on_commit(lambda: self._live.publish([changed]))
        return alert

    def page(
        self, project: Project, run: str, *, before: int | None = None, limit: int = 100
    ) -> AlertPage:
        """What a run has said, newest first.

        Raises:
            UnknownRun, Gone: There is no such run.
        """
        known = self._runs.get(project, run)
        found = self._alerts.of_run(known.id, before=before, limit=limit + 1)
        shown = tuple(found[:limit])
        more = shown[-1].id if len(found) > limit else None
        return AlertPage(shown, more, self._alerts.count(known.id))


def level_of(text: str) -> Severity:
    """A level that a store has kept."""
    return cast("Severity", text)
