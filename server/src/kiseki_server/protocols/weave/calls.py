"""Where clients send calls, change them and remove them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec
from anyio import to_thread
from litestar import Response, post

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.calls.ingest import Item
from kiseki_server.domain.calls.service import CallService
from kiseki_server.domain.calls.types import Call
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import BadRequest
from kiseki_server.protocols.weave.bodies import LIMITED, answer, nothing, read
from kiseki_server.protocols.weave.call_bodies import (
    CompleteBody,
    EndBody,
    Reader,
    StartBody,
    same_project,
)
from kiseki_server.protocols.weave.door import Door
from kiseki_server.protocols.weave.refs import References


class CompleteBatch(msgspec.Struct):
    batch: list[CompleteBody]


class StartRequest(msgspec.Struct):
    start: StartBody


class EndRequest(msgspec.Struct):
    end: EndBody


class StartItem(msgspec.Struct, tag="start", tag_field="mode"):
    req: StartRequest


class EndItem(msgspec.Struct, tag="end", tag_field="mode"):
    req: EndRequest


class UpsertBatch(msgspec.Struct):
    batch: list[StartItem | EndItem]


class UpdateRequest(msgspec.Struct):
    project_id: str
    call_id: str
    display_name: str | None = None


class DeleteRequest(msgspec.Struct):
    project_id: str
    call_ids: list[str]


class _Entry:
    """Reads requests that bring calls, and waits until they are stored."""

    def __init__(self, door: Door, calls: CallService, clock: Clock) -> None:
        self._door = door
        self._calls = calls
        self._clock = clock

    async def store(self, read_items: Callable[[], Sequence[Item]]) -> Sequence[Item]:
        """Store what the function reads, in a thread of its own; done when it is durable."""
        items = await to_thread.run_sync(read_items)
        if items:
            await asyncio.wrap_future(self._calls.submit(items))
        return items

    def reader(self, project_id: str) -> Reader:
        project = self._door.place(project_id, Action.WRITE)
        return Reader(
            project, References(self._door), self._door.actor.user.name, self._clock.now()
        )

    def complete(self, body: bytes, place: str) -> Sequence[Item]:
        batch = read(body, CompleteBatch).batch
        if not batch:
            return []
        _check_place([item.project_id for item in batch], place)
        reader = self.reader(place)
        return [reader.complete(item) for item in batch]

    def start(self, body: bytes, place: str | None = None) -> Sequence[Item]:
        start = read(body, StartRequest).start
        _check_place([start.project_id], place or start.project_id)
        return [self.reader(start.project_id).start(start)]

    def end(self, body: bytes, place: str | None = None) -> Sequence[Item]:
        end = read(body, EndRequest).end
        _check_place([end.project_id], place or end.project_id)
        return [self.reader(end.project_id).end(end)]

    def upsert(self, body: bytes) -> Sequence[Item]:
        batch = read(body, UpsertBatch).batch
        if not batch:
            return []
        parts = [item.req.start if isinstance(item, StartItem) else item.req.end for item in batch]
        reader = self.reader(same_project([part.project_id for part in parts]))
        return [
            reader.start(part) if isinstance(part, StartBody) else reader.end(part)
            for part in parts
        ]


@post("/v2/{entity:str}/{project:str}/calls/complete", opt=LIMITED, include_in_schema=False)
async def complete(
    body: bytes, entity: str, project: str, door: Door, calls: CallService, clock: Clock
) -> Response[bytes]:
    """Calls that are over."""
    entry = _Entry(door, calls, clock)
    await entry.store(partial(entry.complete, body, f"{entity}/{project}"))
    return nothing()


@post("/v2/{entity:str}/{project:str}/call/start", opt=LIMITED, include_in_schema=False)
async def start_eagerly(
    body: bytes, entity: str, project: str, door: Door, calls: CallService, clock: Clock
) -> Response[bytes]:
    """A call that begins, to be seen at once."""
    entry = _Entry(door, calls, clock)
    return _started(await entry.store(partial(entry.start, body, f"{entity}/{project}")))


@post("/v2/{entity:str}/{project:str}/call/end", opt=LIMITED, include_in_schema=False)
async def end_eagerly(
    body: bytes, entity: str, project: str, door: Door, calls: CallService, clock: Clock
) -> Response[bytes]:
    """How such a call ended. An end whose start is on its way waits for it."""
    entry = _Entry(door, calls, clock)
    await entry.store(partial(entry.end, body, f"{entity}/{project}"))
    return nothing()


@post("/call/start", opt=LIMITED, include_in_schema=False)
async def start(body: bytes, door: Door, calls: CallService, clock: Clock) -> Response[bytes]:
    """A call that begins."""
    entry = _Entry(door, calls, clock)
    return _started(await entry.store(partial(entry.start, body)))


@post("/call/end", opt=LIMITED, include_in_schema=False)
async def end(body: bytes, door: Door, calls: CallService, clock: Clock) -> Response[bytes]:
    """How a call ended."""
    entry = _Entry(door, calls, clock)
    await entry.store(partial(entry.end, body))
    return nothing()


@post("/call/upsert_batch", opt=LIMITED, include_in_schema=False)
async def upsert(body: bytes, door: Door, calls: CallService, clock: Clock) -> Response[bytes]:
    """Starts and ends, in any order."""
    entry = _Entry(door, calls, clock)
    items = await entry.store(partial(entry.upsert, body))
    return answer(
        {
            "res": [
                {"id": item.id, "trace_id": item.trace_id} if isinstance(item, Call) else {}
                for item in items
            ]
        }
    )


@post("/call/update", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def update(body: bytes, door: Door, calls: CallService) -> Response[bytes]:
    """Another name to show for a call; an empty one clears it."""
    request = read(body, UpdateRequest)
    if request.display_name is None:
        raise BadRequest("`display_name` is missing; an empty text clears the name")
    project = door.place(request.project_id, Action.WRITE)
    calls.rename(project.id, request.call_id, request.display_name)
    return nothing()


@post("/calls/delete", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def delete(body: bytes, door: Door, calls: CallService) -> Response[bytes]:
    """Remove calls with all that is below them."""
    request = read(body, DeleteRequest)
    project = door.place(request.project_id, Action.WRITE)
    return answer({"num_deleted": calls.delete(project.id, dict.fromkeys(request.call_ids))})


def _started(items: Sequence[Item]) -> Response[bytes]:
    (call,) = items
    assert isinstance(call, Call)
    return answer({"id": call.id, "trace_id": call.trace_id})


def _check_place(named: Sequence[str], place: str) -> None:
    if any(name != place for name in named):
        raise BadRequest(f"Every item must belong to the project `{place[:200]}` of the address")


routes: list[Any] = [
    complete,
    start_eagerly,
    end_eagerly,
    start,
    end,
    upsert,
    update,
    delete,
]
