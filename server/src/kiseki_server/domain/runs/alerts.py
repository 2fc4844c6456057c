"""Alerts that a run's own code raises."""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Literal

from kiseki_server.domain.projects.types import Project
from kiseki_server.domain.runs.events import Event, EventLog
from kiseki_server.domain.runs.service import RunService
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import BadRequest
from kiseki_server.kit.ids import RunId

Severity = Literal["info", "warning", "error"]

MAX_TITLE = 300
MAX_TEXT = 20_000
_REMEMBERED = 10_000


class AlertService:
    """Puts alerts into the log of events, where whoever tells people finds them.

    How long an alert of the same title stays quiet is remembered by this process alone: after a
    restart, or beside another server, one may come twice, but none is lost.
    """

    def __init__(self, runs: RunService, events: EventLog, clock: Clock) -> None:
        self._runs = runs
        self._events = events
        self._clock = clock
        self._lock = threading.Lock()
        self._quiet: OrderedDict[tuple[RunId, str], datetime] = OrderedDict()

    def tell(
        self,
        project: Project,
        run: str,
        *,
        title: str,
        text: str,
        severity: Severity = "info",
        quiet: timedelta = timedelta(0),
    ) -> bool:
        """Note the alert, unless one of this title came less than its ``quiet`` ago.

        Raises:
            UnknownRun, Gone: There is no such run.
            BadRequest: The title or the text is too long.
        """
        if not 1 <= len(title) <= MAX_TITLE:
            raise BadRequest(f"An alert's title has 1 to {MAX_TITLE} characters, not {len(title)}")
        if len(text) > MAX_TEXT:
            raise BadRequest(f"An alert's text has at most {MAX_TEXT} characters, not {len(text)}")
        known = self._runs.get(project, run)
        now = self._clock.now()
        with self._lock:
            until = self._quiet.get((known.id, title))
            if until is not None and now < until:
                return False
            self._quiet[known.id, title] = now + quiet
            self._quiet.move_to_end((known.id, title))
            while len(self._quiet) > _REMEMBERED:
                self._quiet.popitem(last=False)
        payload = {"title": title, "text": text, "severity": severity}
        self._events.append([Event("run.alert", now, project.id, known.name, payload)])
        return True
