"""Live events for open pages, as server-sent events."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Annotated, Any

from anyio import to_thread
from litestar import Request, get
from litestar.params import Parameter
from litestar.response import Stream

from kiseki_server.domain.accounts.types import Actor
from kiseki_server.domain.projects.service import ProjectService
from kiseki_server.domain.projects.types import Project
from kiseki_server.domain.runs.events import (
    ArtifactsChanged,
    CallsChanged,
    ConsoleAppended,
    HistoryAppended,
    LiveEvent,
    LiveSource,
    Missed,
    RunChanged,
    Subscription,
)
from kiseki_server.kit import json
from kiseki_server.kit.errors import BadRequest, Forbidden, NotFound, NotSignedIn, Unavailable
from kiseki_server.kit.ids import ProjectId
from kiseki_server.kit.transactions import UnitOfWork
from kiseki_server.protocols.native.security import Gate

QUIET_SECONDS = 15.0
"""After so much silence a comment shows that the stream lives."""
RECHECK_SECONDS = 15.0
"""So long the caller's credential, and that they may read a project, is believed."""
MAX_RUNS = 500
MAX_RECENT_SECONDS = 60.0


@get("/stream", media_type="text/event-stream")
async def listen(
    request: Request[Any, Any, Any],
    gate: Gate,
    actor: Actor,
    projects: ProjectService,
    database: UnitOfWork,
    live: LiveSource,
    project: Annotated[
        str | None, Parameter(description="`entity/project`; all readable projects without it")
    ] = None,
    run: Annotated[
        list[str] | None, Parameter(description="Ids of runs; all of the project without any")
    ] = None,
    recent: Annotated[
        float,
        Parameter(
            ge=0,
            le=MAX_RECENT_SECONDS,
            description="Also what happened in so many seconds before: since the page was read",
        ),
    ] = 0.0,
) -> Stream:
    """Server-sent events about what changes: `run.changed`, `history.appended`,
    `console.appended`, `project.changed`, `artifacts.changed`, `calls.changed`.

    They say where to look again, and are merged: at most four of a kind a second for one run.
    The event `resync` says that some were lost. The first event is `hello`; a comment comes
    every 15 seconds.
    """
    if run and project is None:
        raise BadRequest("`run` needs the `project` in which the runs are")
    if run and len(run) > MAX_RUNS:
        raise BadRequest(f"At most {MAX_RUNS} runs can be watched one by one, not {len(run)}")
    readable = _Readable(actor, projects, database)
    watched = None if project is None else await to_thread.run_sync(readable.find, project)
    return Stream(
        _events(
            partial(live.subscribe, watched, run or None, recent=recent),
            readable,
            partial(gate.admit, request),
        ),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


class _Readable:
    """Which projects the caller may read, by id, asked again every minute."""

    def __init__(self, actor: Actor, projects: ProjectService, database: UnitOfWork) -> None:
        self.actor = actor
        self._projects = projects
        self._database = database
        self._known: dict[ProjectId, tuple[float, Project | None]] = {}

    def find(self, place: str) -> ProjectId:
        entity, slash, name = place.partition("/")
        if not slash or not entity or not name:
            raise BadRequest(f"`project` is `{place[:80]}`; it must be `entity/project`")
        with self._database.transaction():
            project = self._projects.find(self.actor, entity, name)
        self._known[project.id] = (time.monotonic(), project)
        return project.id

    async def get(self, project: ProjectId) -> Project | None:
        asked, known = self._known.get(project, (float("-inf"), None))
        if time.monotonic() - asked > RECHECK_SECONDS:
            known = await to_thread.run_sync(partial(self._ask, project))
            self._known[project] = (time.monotonic(), known)
        return known

    def _ask(self, project: ProjectId) -> Project | None:
        try:
            with self._database.transaction():
                return self._projects.get(self.actor, project)
        except (NotFound, Forbidden):
            return None


async def _events(
    subscribe: Callable[[], Subscription],
    readable: _Readable,
    admit: Callable[[], Awaitable[Actor]],
) -> AsyncIterator[bytes]:
    try:
        subscription = subscribe()
    except Unavailable as error:  # the answer has begun; the browser tries again later
        yield b": %s\nretry: 10000\n\n" % error.message.encode()
        return
    try:
        yield _frame("hello", {})
        admitted = time.monotonic()
        while True:
            events = await subscription.next(QUIET_SECONDS)
            if events is None:
                return
            if time.monotonic() - admitted >= RECHECK_SECONDS:
                try:
                    readable.actor = await admit()
                except (NotSignedIn, Forbidden):  # the key or the session was revoked
                    return
                admitted = time.monotonic()
            frames = b""
            for event in events:
                if isinstance(event, Missed):
                    frames += _frame("resync", {})
                elif (project := await readable.get(event.project)) is not None:
                    frames += _render(event, project)
            yield frames or b":\n\n"
    finally:
        subscription.close()


def _render(event: LiveEvent, project: Project) -> bytes:
    data: dict[str, object] = {"entity": project.entity_name, "project": project.name}
    if isinstance(event, RunChanged):
        data |= {"run": event.run, "state": event.state, "updated_at": event.updated_at}
        return _frame("run.changed", data)
    if isinstance(event, HistoryAppended):
        data |= {
            "run": event.run,
            "stream": event.stream,
            "last_step": event.last_step,
            "keys_added": event.keys_added,
        }
        return _frame("history.appended", data)
    if isinstance(event, ConsoleAppended):
        return _frame("console.appended", data | {"run": event.run})
    if isinstance(event, CallsChanged):
        return _frame("calls.changed", data)
    if isinstance(event, ArtifactsChanged):
        return _frame("artifacts.changed", data)
    return _frame("project.changed", data)


def _frame(name: str, data: dict[str, object]) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), json.encode(data))


routes = [listen]
