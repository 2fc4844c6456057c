"""Where the client sends what a run logs while it runs.

The client sends the same body again until it is acknowledged, so everything here may happen
twice: rows and lines go by their numbers, the rest replaces what was there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
from anyio import to_thread
from litestar import Request, post

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.accounts.types import Actor
from kiseki_server.domain.history.ingest import Arrival, Ingest
from kiseki_server.domain.history.inherited import overlaid
from kiseki_server.domain.history.types import RunRef
from kiseki_server.domain.projects.service import ProjectService
from kiseki_server.domain.runs.service import RunService
from kiseki_server.domain.runs.types import Json, RunChange, RunState
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import BadRequest, KisekiError
from kiseki_server.kit.transactions import UnitOfWork
from kiseki_server.protocols.wandb import console_lines, json_lines, rows
from kiseki_server.protocols.wandb.arrival_steps import ArrivalSteps
from kiseki_server.protocols.wandb.errors import HANDLERS

WRITER = "wandb"
"""The one process that writes a run, unless the client says that there are several."""

HISTORY = "wandb-history.jsonl"
EVENTS = "wandb-events.jsonl"
SUMMARY = "wandb-summary.json"
OUTPUT = "output.log"

BODY_LIMIT = 24 << 20
MAX_OFFSET = 2**53
_PROTOBUF = "application/vnd.wandb.filestream"


class Chunk(msgspec.Struct):
    """Consecutive lines of one file."""

    offset: int = 0
    content: list[str] = []


class Update(msgspec.Struct):
    """One request."""

    files: dict[str, Chunk | None] | None = None
    uploaded: list[str] | None = None
    preempting: bool | None = None
    complete: bool | None = None
    exitcode: int | None = None
    dropped: int | None = None


_decoder = msgspec.json.Decoder(Update)


def read_update(body: bytes) -> Update:
    """The request's body.

    Raises:
        BadRequest: It is none; the message says why.
    """
    try:
        return _decoder.decode(body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"The body is no file_stream request: {error}") from None


@dataclass(frozen=True, slots=True)
class Sender:
    """Which of a run's processes sends."""

    writer: str
    shared: bool
    """Others write the same run and number their lines and steps apart."""


def sender(headers: Any) -> Sender:
    """Who the request's headers say it is."""
    client = headers.get("x-wandb-async-client-id", "").strip()
    if not client:
        return Sender(WRITER, shared=False)
    if len(client) > 100 or not client.isascii() or not client.isprintable():
        raise BadRequest("The header X-Wandb-Async-Client-Id is no client id")
    return Sender(f"{WRITER}-{client}", shared=True)


def to_arrival(
    update: Update,
    run: RunRef,
    who: Sender,
    now: datetime,
    steps: ArrivalSteps,
    begun_with: Mapping[str, Json] | None = None,
) -> Arrival:
    """What the request brings, in our terms.

    ``begun_with`` is the summary of a run that took one over from another; the client, which
    does not know it, sends the summary of its own part.

    Raises:
        BadRequest: A line is malformed; the message names it.
    """
    files = {name: chunk for name, chunk in (update.files or {}).items() if chunk is not None}
    micros = round(now.timestamp() * 1e6)

    def lines(name: str) -> tuple[int, list[str]]:
        chunk = files.get(name) or Chunk()
        if not 0 <= chunk.offset <= MAX_OFFSET:
            raise BadRequest(f"The offset {chunk.offset} of {name} is no line number")
        return chunk.offset, chunk.content

    appends = (
        rows.history(
            run,
            who.writer,
            *lines(HISTORY),
            now=micros,
            take_steps=partial(steps.take, run),
            by_arrival=who.shared,
        ),
        rows.events(run, who.writer, *lines(EVENTS), now=micros),
    )
    return Arrival(
        run=run,
        writer=who.writer,
        appends=[append for append in appends if append is not None],
        console=console_lines.parse(who.writer, *lines(OUTPUT), now=micros, labelled=who.shared),
        change=_change(update, lines(SUMMARY)[1], now, begun_with, shared=who.shared),
        end=_end(update, now),
        derive_summary=False,
    )


def _change(
    update: Update,
    summary: list[str],
    now: datetime,
    begun_with: Mapping[str, Json] | None,
    *,
    shared: bool,
) -> RunChange:
    # Of several writers one tells the end, and what the others still had to say comes after it.
    state = RunState.PREEMPTING if update.preempting else None if shared else RunState.RUNNING
    # Every line is the whole summary; the last one counts.
    whole = json_lines.read_object(summary[-1], SUMMARY) if summary else None
    if whole is not None and begun_with is not None:
        whole = overlaid(begun_with, whole)
    return RunChange(
        state=None if update.complete else state, heartbeat_at=now, replace_summary=whole
    )


def _end(update: Update, now: datetime) -> RunChange | None:
    if not update.complete:
        return None
    code = update.exitcode or 0
    state = RunState.FAILED if code else RunState.FINISHED
    return RunChange(state=state, exit_code=code, finished_at=now)


@dataclass(frozen=True, slots=True)
class _Door:
    """Finds the run and reads what has come for it."""

    actor: Actor
    projects: ProjectService
    runs: RunService
    database: UnitOfWork
    steps: ArrivalSteps
    clock: Clock

    def open(self, place: tuple[str, str, str], who: Sender, body: bytes) -> Arrival:
        entity, project, run = place
        with self.database.transaction():
            found = self.projects.find(self.actor, entity, project, Action.WRITE)
            known = self.runs.get(found, run)
        ref = RunRef(found.id, known.id)
        begun_with = None if known.branch is None else known.summary
        return to_arrival(read_update(body), ref, who, self.clock.now(), self.steps, begun_with)


@post(
    "/files/{entity:str}/{project:str}/{run:str}/file_stream",
    status_code=200,
    opt={"body_limit": BODY_LIMIT},
    exception_handlers=HANDLERS,
    include_in_schema=False,
)
async def file_stream(
    request: Request[Any, Any, Any],
    entity: str,
    project: str,
    run: str,
    actor: Actor,
    projects: ProjectService,
    runs: RunService,
    ingest: Ingest,
    arrival_steps: ArrivalSteps,
    database: UnitOfWork,
    clock: Clock,
) -> dict[str, Any]:
    """Store what a run has logged; the answer comes when it is durable."""
    if request.headers.get("content-type", "").startswith(_PROTOBUF):
        raise _NotJson
    who = sender(request.headers)
    body = await request.body()
    door = _Door(actor, projects, runs, database, arrival_steps, clock)
    arrival = await to_thread.run_sync(partial(door.open, (entity, project, run), who, body))
    accepted = await asyncio.wrap_future(ingest.submit(arrival))
    return {"exitcode": None, "limits": {}, "stopped": accepted.stop}


class _NotJson(KisekiError):
    """The protobuf form of file_stream is not supported; send JSON."""

    status = 415
    code = "unsupported_media_type"


routes = [file_stream]
