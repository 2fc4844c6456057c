"""What feedback of each type must have. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import emoji

from kiseki_server.domain.feedback.types import (
    AGENT_MONITOR,
    AGENT_USER,
    ANNOTATION,
    NOTE,
    REACTION,
    RUNNABLE,
    Feedback,
)
from kiseki_server.domain.objects.refs import STORED, ObjectRef, parse
from kiseki_server.domain.objects.types import Kind
from kiseki_server.kit.errors import BadRequest
from kiseki_server.kit.json import to_text

MAX_PAYLOAD = 1 << 20
MAX_NOTE = 1024
MAX_TEXT = 1024
"""Characters of an id, a type, a creator or a reference."""

_SKIN_TONES = "".join(map(chr, range(0x1F3FB, 0x1F400)))
_REFS = ("annotation_ref", "runnable_ref", "call_ref", "trigger_ref")


def checked(feedback: Feedback) -> Feedback:
    """The feedback as it is stored, unless it needs an annotation's spec to be checked.

    Raises:
        BadRequest: It is not what its type asks for; the message says what is missing.
    """
    _check_texts(feedback)
    size = len(to_text(feedback.payload))
    if size > MAX_PAYLOAD:
        raise BadRequest(f"The payload has {size} bytes; {MAX_PAYLOAD >> 20} MiB are accepted")
    type = feedback.type
    scored = type.startswith(RUNNABLE) or type in {AGENT_MONITOR, AGENT_USER}
    if not scored and not feedback.scores.empty:
        raise BadRequest(f"Feedback of type `{type}` has no scorer's fields")
    if type == REACTION:
        return replace(feedback, payload=reaction(feedback.payload))
    if type == NOTE:
        note: object = feedback.payload.get("note")
        if not isinstance(note, str) or not 1 <= len(note) <= MAX_NOTE:
            raise BadRequest(f"A note is text of 1 to {MAX_NOTE} characters, as `note`")
    elif type.startswith(ANNOTATION):
        _check_annotation(feedback)
    elif type.startswith(RUNNABLE):
        _check_runnable(feedback)
    elif type == AGENT_MONITOR:
        _need(feedback, "runnable_ref", "call_ref", "trigger_ref")
    elif type == AGENT_USER:
        if not feedback.scores.tags:
            raise BadRequest("A user's feedback on an agent needs `scorer_tags`")
    elif any(getattr(feedback, name) for name in _REFS):
        raise BadRequest(f"Feedback of type `{type}` has none of {', '.join(_REFS)}")
    return feedback


def reaction(payload: Mapping[str, Any]) -> dict[str, Any]:
    """A reaction with the names of its emoji.

    Raises:
        BadRequest: It is not exactly one emoji.
    """
    sign: object = payload.get("emoji")
    if not isinstance(sign, str) or not emoji.is_emoji(sign):
        raise BadRequest("A reaction is exactly one emoji, as `emoji`")
    plain = sign.translate({ord(tone): None for tone in _SKIN_TONES})
    plain = plain if emoji.is_emoji(plain) else sign
    return {
        **payload,
        "emoji": sign,
        "alias": emoji.demojize(sign),
        "detoned": plain,
        "detoned_alias": emoji.demojize(plain),
    }


def _check_texts(feedback: Feedback) -> None:
    texts = {
        "id": feedback.id,
        "feedback_type": feedback.type,
        "weave_ref": feedback.ref,
        "creator": feedback.creator,
        **{name: getattr(feedback, name) for name in _REFS},
    }
    for name, text in texts.items():
        if text is not None and ("\0" in text or len(text) > MAX_TEXT):
            raise BadRequest(f"`{name}` has more than {MAX_TEXT} characters, or a NUL among them")
    if not feedback.id or not feedback.type:
        raise BadRequest("Feedback needs an id and a type")
    for name in ("ref", *_REFS):
        text = getattr(feedback, name)
        if text is not None and text.startswith(STORED):
            parse(text)


def _check_annotation(feedback: Feedback) -> None:
    name = feedback.type.removeprefix(ANNOTATION)
    _need(feedback, "annotation_ref")
    ref = _object(feedback.annotation_ref, "annotation_ref")
    if ref.kind is not Kind.OBJECT or ref.name != name or ref.project != feedback.project:
        raise BadRequest(
            f"`annotation_ref` must name the annotation `{name}` in the same project",
            hint="publish an AnnotationSpec under that name",
        )
    if "value" not in feedback.payload:
        raise BadRequest("An annotation's payload holds its `value`")


def _check_runnable(feedback: Feedback) -> None:
    name = feedback.type.removeprefix(RUNNABLE)
    _need(feedback, "runnable_ref")
    ref = _object(feedback.runnable_ref, "runnable_ref")
    if ref.name != name:
        raise BadRequest(f"`runnable_ref` names `{ref.name}`, and the type says `{name}`")
    if ref.kind is Kind.OP:
        _need(feedback, "call_ref")
    if "output" not in feedback.payload:
        raise BadRequest("The payload of a scorer's feedback holds its `output`")


def _need(feedback: Feedback, *names: str) -> None:
    for name in names:
        if not getattr(feedback, name):
            raise BadRequest(f"Feedback of type `{feedback.type}` needs `{name}`")


def _object(text: str | None, name: str) -> ObjectRef:
    ref = parse(text or "")
    if not isinstance(ref, ObjectRef):
        raise BadRequest(f"`{name}` must name an object or an op")
    return ref
