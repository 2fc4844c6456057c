"""Where the SDK's uploader sends what a run has logged."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from functools import partial
from typing import Any
from urllib.parse import quote

import msgspec
from anyio import to_thread
from litestar import Request, Response, get, post

from kiseki.wire.batch import CONTENT_TYPE, Acknowledgement, Batch
from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.accounts.types import Actor
from kiseki_server.domain.filters.fields import microseconds
from kiseki_server.domain.history.ingest import Arrival, Ingest
from kiseki_server.domain.history.types import RunRef
from kiseki_server.domain.projects.service import ProjectService
from kiseki_server.domain.projects.types import Project
from kiseki_server.domain.runs.service import RunService
from kiseki_server.domain.runs.types import Run, RunState
from kiseki_server.kit.errors import NotFound, UnknownRun
from kiseki_server.kit.transactions import UnitOfWork
from kiseki_server.protocols.native.batches import arrival, creation, read_batch
from kiseki_server.protocols.native.traced import Arrived, TracedStores


@post("/ingest", status_code=200)
async def send_batch(
    request: Request[Any, Any, Any],
    actor: Actor,
    projects: ProjectService,
    runs: RunService,
    ingest: Ingest,
    database: UnitOfWork,
    traced_stores: TracedStores,
) -> Response[bytes]:
    """Store a batch of records of one writer.

    The answer comes when everything in the batch is durable. Batches may be repeated and may
    overlap: each record is applied once. A batch that begins above the acknowledged position is
    refused with 409 `position_gap`, and the answer says from where to send.
    """
    body = await request.body()
    door = _Door(actor, projects, runs, database, traced_stores)
    project, arrived, traced = await to_thread.run_sync(partial(door.open, body))
    # Before the position: what is acknowledged is there, and a repeat changes nothing.
    if traced is not None:
        if (stored := traced.submit()) is not None:
            await asyncio.wrap_future(stored)
        if traced.more:
            await to_thread.run_sync(traced.finish)
    accepted = await asyncio.wrap_future(ingest.submit(arrived))
    if arrived.end is not None:
        broken_off = await to_thread.run_sync(partial(door.break_off, project, arrived))
        if broken_off is not None:
            await asyncio.wrap_future(broken_off)
    return _acknowledge(project, door.name, accepted.next or 0, stop=accepted.stop)


@get("/ingest/{entity:str}/{project:str}/{run:str}/{writer:str}", sync_to_thread=True)
def read_position(
    actor: Actor,
    entity: str,
    project: str,
    run: str,
    writer: str,
    projects: ProjectService,
    runs: RunService,
    database: UnitOfWork,
) -> Response[bytes]:
    """How far a writer of a run has got: everything below `next` is durable."""
    with database.transaction():
        found = projects.find(actor, _entity(entity), project, Action.WRITE)
        known, place = runs.writer(found, run, writer)
    return _acknowledge(found, known.name, place.next, stop=known.stop_requested)


class _Door:
    """Finds, or makes, the run that a batch is for."""

    def __init__(
        self,
        actor: Actor,
        projects: ProjectService,
        runs: RunService,
        database: UnitOfWork,
        traced: TracedStores,
    ) -> None:
        self._traced = traced
        self._actor = actor
        self._projects = projects
        self._runs = runs
        self._database = database
        self.name = ""

    def open(self, body: bytes) -> tuple[Project, Arrival, Arrived | None]:
        batch = read_batch(body)
        self.name = batch.run
        try:
            with self._database.transaction():
                project = self._projects.find(
                    self._actor, batch.entity, batch.project, Action.WRITE
                )
                run = self._runs.get(project, batch.run)
        except NotFound as error:
            if batch.start is None or batch.first > 0:
                raise UnknownRun(error.message, hint=error.hint) from None
            project, run = self._create(batch)
        arrived = arrival(batch, RunRef(project.id, run.id))
        if not batch.traced:
            return project, arrived, None
        user = self._actor.user.name
        return project, arrived, self._traced.arrival(batch.traced, project, batch.run, user)

    def break_off(self, project: Project, arrived: Arrival) -> Future[None] | None:
        """End calls that are still open, when the run has ended with its last writer."""
        with self._database.transaction():
            run = self._runs.get(project, self.name)
        if run.state is RunState.RUNNING or arrived.end is None:
            return None
        at = arrived.end.finished_at
        return self._traced.break_off(project, self.name, 0 if at is None else microseconds(at))

    def _create(self, batch: Batch) -> tuple[Project, Run]:
        # Checked in full first: a batch that is refused leaves no run behind.
        arrival(batch, RunRef(0, 0))  # pyright: ignore[reportArgumentType]
        change = creation(batch)
        with self._database.transaction(write=True):
            project = self._projects.ensure(self._actor, batch.entity, batch.project)
            return project, self._runs.ensure(project, batch.run, change, self._actor)


def _acknowledge(project: Project, run: str, next: int, *, stop: bool) -> Response[bytes]:
    place = "/".join(quote(part, safe="") for part in (project.entity_name, project.name))
    acknowledgement = Acknowledgement(
        next=next,
        entity=project.entity_name,
        project=project.name,
        run=run,
        url=f"/{place}/runs/{quote(run, safe='')}",
        stop=stop,
    )
    return Response(msgspec.msgpack.encode(acknowledgement), media_type=CONTENT_TYPE)


def _entity(entity: str) -> str | None:
    return None if entity == "-" else entity


routes = [send_batch, read_position]
