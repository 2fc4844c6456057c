"""Annotation queues: calls that people are asked to judge, and how far they agree."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import delete, get, patch, post, put
from litestar.params import Parameter
from msgspec import Meta

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.annotations.service import QueueService
from kiseki_server.domain.annotations.types import ItemView, Queue, QueueStats, State
from kiseki_server.domain.projects.types import Project
from kiseki_server.kit.json import from_text, to_text
from kiseki_server.kit.pagination import checked_limit, decode_cursor, encode_cursor
from kiseki_server.protocols.native.places import Places
from kiseki_server.protocols.weave.door import Door
from kiseki_server.protocols.weave.refs import References

_PATH = "/projects/{entity:str}/{project:str}/queues"


class AnnotatorProgress(msgspec.Struct, kw_only=True):
    """How many items one annotator has in which state."""

    user: str
    in_progress: int
    completed: int
    skipped: int


class AnnotationQueue(msgspec.Struct, kw_only=True):
    id: str
    name: str
    description: str
    scorers: Annotated[
        list[str], Meta(description="References of the annotations that are asked for.")
    ]
    created_by: str
    created_at: datetime
    updated_at: datetime
    items: int
    completed: Annotated[
        int, Meta(description="Items that an annotator at least has completed or skipped.")
    ]
    annotators: list[AnnotatorProgress]


class NewQueue(msgspec.Struct, kw_only=True):
    name: str
    description: str = ""
    scorers: list[str] = []


class QueuePatch(msgspec.Struct, kw_only=True):
    name: str | None = None
    description: str | None = None
    scorers: list[str] | None = None


class AnnotatorState(msgspec.Struct, kw_only=True):
    user: str
    state: State


class QueueItem(msgspec.Struct, kw_only=True):
    id: str
    position: int
    call: str
    trace: str
    op: str
    display_fields: list[str]
    added_by: str
    created_at: datetime
    updated_at: datetime
    state: Annotated[State, Meta(description="The most recent one of its annotators.")]
    annotator: Annotated[str | None, Meta(description="Whose that is.")]
    states: list[AnnotatorState]


class QueueItemPage(msgspec.Struct, kw_only=True):
    items: list[QueueItem]
    cursor: str | None
    total: int


class NewItems(msgspec.Struct, kw_only=True):
    calls: list[str]
    display_fields: list[str] = []


class AddedItems(msgspec.Struct, kw_only=True):
    added: int
    duplicates: int


class ItemState(msgspec.Struct, kw_only=True):
    state: State


class PairAgreement(msgspec.Struct, kw_only=True):
    first: str
    second: str
    items: Annotated[int, Meta(description="That both have judged.")]
    kappa: Annotated[float | None, Meta(description="Cohen's kappa; null where it is unknown.")]


class QueueAgreement(msgspec.Struct, kw_only=True):
    """How far the annotators of one question agree."""

    name: str
    annotators: int
    items: int
    alpha: Annotated[
        float | None,
        Meta(
            description="Krippendorff's alpha, on an interval scale where all values are numbers "
            "and else nominal; null where it is unknown."
        ),
    ]
    pairs: list[PairAgreement]


class QueueResults(msgspec.Struct, kw_only=True):
    agreement: list[QueueAgreement]
    rows: Annotated[
        list[dict[str, Any]],
        Meta(
            description="For a dataset: `inputs`, `output`, `annotations` (the commonest value, "
            "of numbers the mean) and `call` of each call that somebody has judged."
        ),
    ]


def _find(places: Places, entity: str, project: str, action: Action = Action.READ) -> Project:
    with places.database.transaction():
        return places.project(entity, project, action)


def _references(places: Places) -> References:
    return References(Door(places.actor, places.projects, places.database))


def _named(places: Places, text: str) -> str:
    """Stored JSON with references as the reader may see them."""
    return _references(places).outward(text)


def _stored(places: Places, refs: list[str]) -> list[str]:
    return [_references(places).inward_text(ref) for ref in refs]


def _queue(places: Places, queue: Queue, stats: QueueStats) -> AnnotationQueue:
    return AnnotationQueue(
        id=queue.id,
        name=queue.name,
        description=queue.description,
        scorers=from_text(_named(places, to_text(list(queue.scorers)))),
        created_by=queue.created_by,
        created_at=queue.created_at,
        updated_at=queue.updated_at,
        items=stats.total,
        completed=stats.completed,
        annotators=[
            AnnotatorProgress(
                user=user,
                in_progress=counts.get(State.IN_PROGRESS, 0),
                completed=counts.get(State.COMPLETED, 0),
                skipped=counts.get(State.SKIPPED, 0),
            )
            for user, counts in sorted(stats.annotators.items())
        ],
    )


def _item(places: Places, view: ItemView) -> QueueItem:
    item = view.item
    return QueueItem(
        id=item.id,
        position=view.position,
        call=item.call,
        trace=item.trace_id,
        op=from_text(_named(places, to_text(item.op))),
        display_fields=list(item.display_fields),
        added_by=item.added_by,
        created_at=item.created_at,
        updated_at=view.updated_at,
        state=view.state,
        annotator=view.annotator,
        states=[
            AnnotatorState(user=user, state=state) for user, state in sorted(view.states.items())
        ],
    )


def _shown(places: Places, queues: QueueService, at: Project, queue: Queue) -> AnnotationQueue:
    return _queue(places, queue, queues.stats(at, [queue.id])[queue.id])


@get(_PATH, sync_to_thread=True)
def list_queues(
    places: Places, queues: QueueService, entity: str, project: str, search: str = ""
) -> list[AnnotationQueue]:
    """Annotation queues with how far they are, the oldest first."""
    at = _find(places, entity, project)
    return [_shown(places, queues, at, queue) for queue in queues.all(at, search)]


@post(_PATH, sync_to_thread=True)
def create_queue(
    places: Places, queues: QueueService, entity: str, project: str, data: NewQueue
) -> AnnotationQueue:
    """Make an annotation queue."""
    at = _find(places, entity, project, Action.WRITE)
    user = places.actor.user.name
    made = queues.create(at, data.name, data.description, _stored(places, data.scorers), by=user)
    return _shown(places, queues, at, made)


@get(f"{_PATH}/{{queue:str}}", sync_to_thread=True)
def read_queue(
    places: Places, queues: QueueService, entity: str, project: str, queue: str
) -> AnnotationQueue:
    """One annotation queue."""
    at = _find(places, entity, project)
    return _shown(places, queues, at, queues.get(at, queue))


@patch(f"{_PATH}/{{queue:str}}", sync_to_thread=True)
def change_queue(
    places: Places,
    queues: QueueService,
    entity: str,
    project: str,
    queue: str,
    data: QueuePatch,
) -> AnnotationQueue:
    """Change what is given of an annotation queue."""
    at = _find(places, entity, project, Action.WRITE)
    scorers = None if data.scorers is None else _stored(places, data.scorers)
    changed = queues.change(
        at, queue, name=data.name, description=data.description, scorers=scorers
    )
    return _shown(places, queues, at, changed)


@delete(f"{_PATH}/{{queue:str}}", sync_to_thread=True)
def delete_queue(
    places: Places, queues: QueueService, entity: str, project: str, queue: str
) -> None:
    """Delete an annotation queue; what was said about its calls stays."""
    queues.delete(_find(places, entity, project, Action.WRITE), queue)


@get(f"{_PATH}/{{queue:str}}/items", sync_to_thread=True)
def list_items(
    places: Places,
    queues: QueueService,
    entity: str,
    project: str,
    queue: str,
    states: Annotated[
        list[State] | None, Parameter(description="Items whose most recent state is one of these")
    ] = None,
    mine: Annotated[
        bool, Parameter(description="Judge the state by what the caller has done alone")
    ] = False,
    limit: int = 50,
    cursor: str | None = None,
) -> QueueItemPage:
    """Items of a queue, in the order in which they were added."""
    checked_limit(limit)
    (after,) = (0,) if cursor is None else decode_cursor(cursor, int)
    at = _find(places, entity, project)
    user = places.actor.user.name
    found = [
        view
        for view in queues.items(at, queue)
        if not states or (view.states.get(user, State.UNSTARTED) if mine else view.state) in states
    ]
    page = [view for view in found if view.position > after]
    more = encode_cursor(page[limit - 1].position) if len(page) > limit else None
    return QueueItemPage(
        items=[_item(places, view) for view in page[:limit]], cursor=more, total=len(found)
    )


@post(f"{_PATH}/{{queue:str}}/items", sync_to_thread=True)
def add_items(
    places: Places,
    queues: QueueService,
    entity: str,
    project: str,
    queue: str,
    data: NewItems,
) -> AddedItems:
    """Add calls to a queue; those that there are not are left out."""
    at = _find(places, entity, project, Action.WRITE)
    added, duplicates = queues.add_calls(
        at, queue, data.calls, data.display_fields, by=places.actor.user.name
    )
    return AddedItems(added=added, duplicates=duplicates)


@put(f"{_PATH}/{{queue:str}}/items/{{item:str}}/state", sync_to_thread=True)
def set_state(
    places: Places,
    queues: QueueService,
    entity: str,
    project: str,
    queue: str,
    item: str,
    data: ItemState,
) -> QueueItem:
    """Note how far the caller is with an item."""
    at = _find(places, entity, project, Action.WRITE)
    view = queues.set_state(at, queue, item, data.state, by=places.actor.user.name)
    return _item(places, view)


@get(f"{_PATH}/{{queue:str}}/results", sync_to_thread=True)
def queue_results(
    places: Places, queues: QueueService, entity: str, project: str, queue: str
) -> QueueResults:
    """What annotators have said, and how far they agree."""
    at = _find(places, entity, project)
    return QueueResults(
        agreement=[
            QueueAgreement(
                name=each.name,
                annotators=each.annotators,
                items=each.items,
                alpha=each.alpha,
                pairs=[
                    PairAgreement(first=first, second=second, items=items, kappa=kappa)
                    for (first, second), (kappa, items) in each.kappas.items()
                ],
            )
            for each in queues.agreement(at, queue)
        ],
        rows=from_text(_named(places, to_text(list(queues.rows(at, queue))))),
    )


routes: list[Any] = [
    list_queues,
    create_queue,
    read_queue,
    change_queue,
    delete_queue,
    list_items,
    add_items,
    set_state,
    queue_results,
]
