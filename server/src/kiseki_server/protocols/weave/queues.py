"""Annotation queues."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Response, delete, get, post, put
from litestar.response import Stream

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.annotations.service import QueueService
from kiseki_server.domain.annotations.types import ItemView, Queue, State
from kiseki_server.domain.projects.types import Project
from kiseki_server.kit.errors import BadRequest
from kiseki_server.protocols.weave.bodies import LIMITED, answer, lines, read
from kiseki_server.protocols.weave.call_bodies import iso
from kiseki_server.protocols.weave.call_queries import SortBody
from kiseki_server.protocols.weave.door import Door, external
from kiseki_server.protocols.weave.objects import bounded
from kiseki_server.protocols.weave.refs import References

_QUEUE_SORTS = ("created_at", "updated_at", "name")
_ITEM_SORTS = ("created_at", "updated_at")


class Create(msgspec.Struct):
    project_id: str
    name: str
    scorer_refs: list[str] = []
    description: str | None = None


class Query(msgspec.Struct):
    project_id: str
    name: str | None = None
    sort_by: list[SortBody] | None = None
    limit: int | None = None
    offset: int | None = None


class Change(msgspec.Struct):
    project_id: str
    name: str | None = None
    description: str | None = None
    scorer_refs: list[str] | None = None


class AddCalls(msgspec.Struct):
    project_id: str
    call_ids: list[str]
    display_fields: list[str] = []


class ItemFilter(msgspec.Struct):
    id: str | None = None
    call_id: str | None = None
    call_op_name: str | None = None
    call_trace_id: str | None = None
    added_by: str | None = None
    annotation_states: list[State] | None = None


class ItemQuery(msgspec.Struct):
    project_id: str
    filter: ItemFilter | None = None
    sort_by: list[SortBody] | None = None
    limit: int | None = None
    offset: int | None = None
    include_position: bool = False


class Stats(msgspec.Struct):
    project_id: str
    queue_ids: list[str]


class ProgressBody(msgspec.Struct):
    project_id: str
    annotation_state: State


@post("/annotation_queues", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def create_queue(body: bytes, door: Door, queues: QueueService) -> Response[bytes]:
    """Make a queue."""
    asked = read(body, Create)
    at = door.place(asked.project_id, Action.WRITE)
    scorers = [References(door).inward_text(ref) for ref in asked.scorer_refs]
    made = queues.create(at, asked.name, asked.description or "", scorers, by=door.actor.user.name)
    return answer({"id": made.id})


@post(
    "/annotation_queues/query",
    status_code=200,
    opt=LIMITED,
    sync_to_thread=True,
    include_in_schema=False,
)
def query_queues(body: bytes, door: Door, queues: QueueService) -> Stream:
    """Queues, one a line."""
    asked = read(body, Query)
    at = door.place(asked.project_id)
    found = list(queues.all(at, asked.name or ""))
    for sort in reversed(asked.sort_by or []):
        _check_sort(sort, _QUEUE_SORTS)
        found.sort(
            key=lambda queue, name=sort.field: getattr(queue, name),
            reverse=sort.direction == "desc",
        )
    limit, offset = bounded(asked.limit, "limit"), bounded(asked.offset, "offset") or 0
    page = found[offset : offset + limit if limit else None]
    references = References(door)
    return lines([_queue(queue, at, references) for queue in page])


@get("/annotation_queues/{queue:str}", sync_to_thread=True, include_in_schema=False)
def read_queue(queue: str, project_id: str, door: Door, queues: QueueService) -> Response[bytes]:
    """One queue."""
    at = door.place(project_id)
    return answer({"queue": _queue(queues.get(at, queue), at, References(door))})


@put("/annotation_queues/{queue:str}", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def change_queue(queue: str, body: bytes, door: Door, queues: QueueService) -> Response[bytes]:
    """Change what is given of a queue."""
    asked = read(body, Change)
    at = door.place(asked.project_id, Action.WRITE)
    references = References(door)
    scorers = None
    if asked.scorer_refs is not None:
        scorers = [references.inward_text(ref) for ref in asked.scorer_refs]
    changed = queues.change(
        at, queue, name=asked.name, description=asked.description, scorers=scorers
    )
    return answer({"queue": _queue(changed, at, references)})


@delete(
    "/annotation_queues/{queue:str}", status_code=200, sync_to_thread=True, include_in_schema=False
)
def delete_queue(queue: str, project_id: str, door: Door, queues: QueueService) -> Response[bytes]:
    """Delete a queue."""
    at = door.place(project_id, Action.WRITE)
    return answer({"queue": _queue(queues.delete(at, queue), at, References(door))})


@post(
    "/annotation_queues/{queue:str}/items",
    opt=LIMITED,
    sync_to_thread=True,
    include_in_schema=False,
)
def add_calls(queue: str, body: bytes, door: Door, queues: QueueService) -> Response[bytes]:
    """Add calls to a queue."""
    asked = read(body, AddCalls)
    at = door.place(asked.project_id, Action.WRITE)
    added, duplicates = queues.add_calls(
        at, queue, asked.call_ids, asked.display_fields, by=door.actor.user.name
    )
    return answer({"added_count": added, "duplicates": duplicates})


@post(
    "/annotation_queues/{queue:str}/items/query",
    opt=LIMITED,
    sync_to_thread=True,
    include_in_schema=False,
)
def query_items(queue: str, body: bytes, door: Door, queues: QueueService) -> Response[bytes]:
    """Items of a queue."""
    asked = read(body, ItemQuery)
    at = door.place(asked.project_id)
    references = References(door)
    wanted = asked.filter or ItemFilter()
    op = None if wanted.call_op_name is None else references.inward_text(wanted.call_op_name)
    states = wanted.annotation_states
    found = [
        view
        for view in queues.items(at, queue)
        if wanted.id in (None, view.item.id)
        and wanted.call_id in (None, view.item.call)
        and op in (None, view.item.op)
        and wanted.call_trace_id in (None, view.item.trace_id)
        and wanted.added_by in (None, view.item.added_by)
        and (not states or view.state in states)
    ]
    for sort in reversed(asked.sort_by or []):
        _check_sort(sort, _ITEM_SORTS)
        found.sort(
            key=lambda view, name=sort.field: (
                view.updated_at if name == "updated_at" else view.item.created_at
            ),
            reverse=sort.direction == "desc",
        )
    limit, offset = bounded(asked.limit, "limit"), bounded(asked.offset, "offset") or 0
    places = list(enumerate(found, 1))[offset : offset + limit if limit else None]
    return answer(
        {
            "items": [
                _item(view, at, references, place if asked.include_position else None)
                for place, view in places
            ]
        }
    )


@post("/annotation_queues/stats", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def queue_stats(body: bytes, door: Door, queues: QueueService) -> Response[bytes]:
    """How far queues are."""
    asked = read(body, Stats)
    at = door.place(asked.project_id)
    found = queues.stats(at, asked.queue_ids)
    return answer(
        {
            "stats": [
                {"queue_id": id, "total_items": stats.total, "completed_items": stats.completed}
                for id, stats in found.items()
            ]
        }
    )


@post(
    "/annotation_queues/{queue:str}/items/{item:str}/progress",
    opt=LIMITED,
    sync_to_thread=True,
    include_in_schema=False,
)
def set_progress(
    queue: str, item: str, body: bytes, door: Door, queues: QueueService
) -> Response[bytes]:
    """Note how far the caller is with an item."""
    asked = read(body, ProgressBody)
    at = door.place(asked.project_id, Action.WRITE)
    view = queues.set_state(at, queue, item, asked.annotation_state, by=door.actor.user.name)
    return answer({"item": _item(view, at, References(door), None)})


def _queue(queue: Queue, at: Project, references: References) -> dict[str, Any]:
    return {
        "id": queue.id,
        "project_id": external(at),
        "name": queue.name,
        "description": queue.description,
        "scorer_refs": [references.outward_text(ref) for ref in queue.scorers],
        "created_by": queue.created_by,
        "created_at": queue.created_at,
        "updated_at": queue.updated_at,
        "deleted_at": queue.deleted_at,
    }


def _item(
    view: ItemView, at: Project, references: References, position: int | None
) -> dict[str, Any]:
    item = view.item
    return {
        "id": item.id,
        "project_id": external(at),
        "queue_id": item.queue,
        "call_id": item.call,
        "call_op_name": references.outward_text(item.op),
        "call_trace_id": item.trace_id,
        "call_started_at": iso(item.started_at),
        "call_ended_at": None if item.ended_at is None else iso(item.ended_at),
        "display_fields": list(item.display_fields),
        "added_by": item.added_by,
        "created_by": item.added_by,
        "created_at": item.created_at,
        "updated_at": view.updated_at,
        "annotation_state": view.state.value,
        "annotator_user_id": view.annotator,
        "position_in_queue": position,
        "deleted_at": None,
    }


def _check_sort(sort: SortBody, known: tuple[str, ...]) -> None:
    if sort.field not in known or sort.direction not in ("asc", "desc"):
        raise BadRequest(f"These can be sorted by {', '.join(known)}, `asc` or `desc`")


routes = [
    create_queue,
    query_queues,
    queue_stats,
    read_queue,
    change_queue,
    delete_queue,
    add_calls,
    query_items,
    set_progress,
]
