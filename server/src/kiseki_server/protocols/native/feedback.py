"""Feedback about calls: reactions, notes, and values by a form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, cast
from uuid import uuid4

import msgspec
from litestar import delete, get, post
from msgspec import Meta

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.calls.service import CallService
from kiseki_server.domain.feedback.service import ANNOTATION_CLASS, FeedbackService
from kiseki_server.domain.feedback.types import (
    ANNOTATION,
    NOTE,
    REACTION,
    RUNNABLE,
    Feedback,
)
from kiseki_server.domain.objects.refs import CallRef, ObjectRef
from kiseki_server.domain.objects.service import ObjectService
from kiseki_server.domain.objects.types import Kind, ObjectFilter
from kiseki_server.domain.projects.types import Project
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import BadRequest, NotFound
from kiseki_server.kit.json import from_text
from kiseki_server.protocols.native.places import Places


class CallFeedback(msgspec.Struct, kw_only=True):
    """One statement about a call."""

    id: str
    type: Annotated[str, Meta(description="`reaction`, `note`, `annotation`, `score` or its own")]
    name: Annotated[str | None, Meta(description="Of the form or the scorer.")]
    emoji: str | None
    note: str | None
    value: Annotated[Any, Meta(description="Of a form or a scorer; the payload of other types.")]
    user: str
    creator: str | None
    created_at: datetime
    own: Annotated[bool, Meta(description="The caller gave it.")]


class FeedbackForm(msgspec.Struct, kw_only=True):
    """What people are asked about calls: an annotation of the project."""

    name: str
    version: int
    title: str
    description: str | None
    schema: Annotated[dict[str, Any], Meta(description="JSON Schema of the value.")]


class CallFeedbackList(msgspec.Struct, kw_only=True):
    items: Annotated[list[CallFeedback], Meta(description="The oldest first.")]
    forms: list[FeedbackForm]


class NewFeedback(msgspec.Struct, kw_only=True):
    """Exactly one of them, or a form with its value."""

    emoji: str | None = None
    note: str | None = None
    form: str | None = None
    value: Any = None


class ReactionCount(msgspec.Struct, kw_only=True):
    emoji: str
    count: int


class FeedbackSummary(msgspec.Struct, kw_only=True):
    """What a list shows of the feedback on a call."""

    reactions: list[ReactionCount]
    notes: int
    last_note: str | None
    values: Annotated[
        dict[str, Any], Meta(description="The newest value of each form and scorer, by its name.")
    ]


def _place(places: Places, entity: str, project: str, action: Action = Action.READ) -> Project:
    with places.database.transaction():
        return places.project(entity, project, action)


def ref_of(at: Project, call: str) -> str:
    """The stored reference of a call."""
    return str(CallRef(at.id, call))


@get("/projects/{entity:str}/{project:str}/calls/{call:str}/feedback", sync_to_thread=True)
def list_call_feedback(
    places: Places,
    calls: CallService,
    feedback: FeedbackService,
    objects: ObjectService,
    entity: str,
    project: str,
    call: str,
) -> CallFeedbackList:
    """Feedback about a call, and the forms that there are for more of it."""
    at = _place(places, entity, project)
    calls.get(at.id, call)
    ref = ref_of(at, call)
    with places.database.transaction():
        found = feedback.of(at.id, [ref]).get(ref, ())
        forms = _forms(at, objects)
    me = places.actor.user.name
    return CallFeedbackList(items=[_shown(each, me) for each in found], forms=forms)


@post("/projects/{entity:str}/{project:str}/calls/{call:str}/feedback", sync_to_thread=True)
def give_call_feedback(
    places: Places,
    calls: CallService,
    feedback: FeedbackService,
    objects: ObjectService,
    clock: Clock,
    entity: str,
    project: str,
    call: str,
    data: NewFeedback,
) -> CallFeedback:
    """React to a call, write a note, or give the value of a form."""
    at = _place(places, entity, project, Action.WRITE)
    calls.get(at.id, call)
    given = [data.emoji is not None, data.note is not None, data.form is not None]
    if sum(given) != 1:
        raise BadRequest("Feedback is one of `emoji`, `note` and `form`")
    annotation = None
    payload: dict[str, Any]
    if data.emoji is not None:
        type, payload = REACTION, {"emoji": data.emoji}
    elif data.note is not None:
        type, payload = NOTE, {"note": data.note}
    else:
        name = cast("str", data.form)
        with places.database.transaction():
            form = objects.get(at, name, kind=Kind.OBJECT, values=False)
        type, payload = f"{ANNOTATION}{name}", {"value": data.value}
        annotation = str(ObjectRef(at.id, Kind.OBJECT, form.name, form.digest))
    said = Feedback(
        id=str(uuid4()),
        project=at.id,
        ref=ref_of(at, call),
        type=type,
        payload=payload,
        user=places.actor.user.name,
        created_at=clock.now(),
        annotation_ref=annotation,
    )
    with places.database.transaction(write=True):
        (stored,) = feedback.give(at, [said])
    return _shown(stored, places.actor.user.name)


@delete("/projects/{entity:str}/{project:str}/feedback/{feedback_id:str}", sync_to_thread=True)
def take_feedback_back(
    places: Places, feedback: FeedbackService, entity: str, project: str, feedback_id: str
) -> None:
    """Remove a statement."""
    at = _place(places, entity, project, Action.WRITE)
    with places.database.transaction(write=True):
        if not feedback.remove(at, feedback_id):
            raise NotFound(f"There is no feedback {feedback_id[:100]}")


def summaries(
    at: Project, feedback: FeedbackService, calls: Sequence[str]
) -> dict[str, FeedbackSummary]:
    """The feedback of calls that have any, by their ids; inside of a transaction."""
    by_ref = {ref_of(at, call): call for call in calls}
    return {by_ref[ref]: _summary(said) for ref, said in feedback.of(at.id, list(by_ref)).items()}


def _summary(said: Sequence[Feedback]) -> FeedbackSummary:
    reactions = Counter(
        str(each.payload.get("detoned") or each.payload.get("emoji"))
        for each in said
        if each.type == REACTION
    )
    notes = [str(each.payload.get("note")) for each in said if each.type == NOTE]
    values: dict[str, Any] = {}
    for each in said:
        name = _name(each)
        if name is not None:
            values[name] = _value(each)
    return FeedbackSummary(
        reactions=[
            ReactionCount(emoji=emoji, count=count) for emoji, count in reactions.most_common(8)
        ],
        notes=len(notes),
        last_note=notes[-1][:200] if notes else None,
        values=values,
    )


def _forms(at: Project, objects: ObjectService) -> list[FeedbackForm]:
    filter = ObjectFilter(kind=Kind.OBJECT, latest=True, base_classes=(ANNOTATION_CLASS,))
    forms: list[FeedbackForm] = []
    for spec in objects.find(at, filter, limit=100):
        fields: dict[str, Any] = from_text(objects.text(spec))
        forms.append(
            FeedbackForm(
                name=spec.name,
                version=spec.index,
                title=str(fields.get("name") or spec.name),
                description=fields.get("description"),
                schema=fields.get("field_schema") or {},
            )
        )
    return forms


def _name(said: Feedback) -> str | None:
    for prefix in (ANNOTATION, RUNNABLE):
        if said.type.startswith(prefix):
            return said.type.removeprefix(prefix)
    return None


def _value(said: Feedback) -> Any:
    if said.type.startswith(ANNOTATION):
        value = said.payload.get("value")
        # The weave client's own pages put the value below the name of the form.
        name = _name(said)
        if isinstance(value, dict) and list(cast("dict[str, Any]", value)) == [name]:
            return cast("dict[str, Any]", value)[cast("str", name)]
        return value
    if said.type.startswith(RUNNABLE):
        return said.payload.get("output")
    return dict(said.payload)


def _shown(said: Feedback, me: str) -> CallFeedback:
    kinds = {REACTION: "reaction", NOTE: "note"}
    kind = kinds.get(said.type)
    if kind is None and said.type.startswith(ANNOTATION):
        kind = "annotation"
    if kind is None and said.type.startswith(RUNNABLE):
        kind = "score"
    emoji = said.payload.get("emoji") if kind == "reaction" else None
    note = said.payload.get("note") if kind == "note" else None
    return CallFeedback(
        id=said.id,
        type=kind or said.type,
        name=_name(said),
        emoji=None if emoji is None else str(emoji),
        note=None if note is None else str(note),
        value=None if kind in {"reaction", "note"} else _value(said),
        user=said.user,
        creator=said.creator,
        created_at=said.created_at,
        own=said.user == me,
    )


routes: list[Any] = [list_call_feedback, give_call_feedback, take_feedback_back]
