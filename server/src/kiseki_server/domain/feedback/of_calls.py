"""Feedback as fields of the calls that it is about.

Such a field is ``feedback``, a type (``*`` for any), and ``payload`` with the keys of a place in
it, ``runnable_ref`` or ``trigger_ref``. Where there is none, the text is empty.
"""

from __future__ import annotations

from collections.abc import Sequence

from kiseki_server.domain.calls.evaluation import text_of
from kiseki_server.domain.calls.lookups import ID, Known
from kiseki_server.domain.calls.store import CallQuery
from kiseki_server.domain.feedback.conditions import value
from kiseki_server.domain.feedback.store import FeedbackStore
from kiseki_server.domain.feedback.types import (
    AGENT_USER,
    NOTE,
    REACTION,
    Feedback,
    FeedbackFilter,
)
from kiseki_server.domain.objects.refs import CallRef, parse
from kiseki_server.kit.errors import BadRequest
from kiseki_server.kit.transactions import UnitOfWork

ROOT = "feedback"
ANY_TYPE = "*"
PARTS = frozenset({"payload", "runnable_ref", "trigger_ref"})
MOST = 250_000
"""Feedback that one condition may be about."""
_REPEATABLE = frozenset({REACTION, NOTE, AGENT_USER})


class FeedbackOfCalls:
    """Finds what feedback says about calls; a `calls.lookups.Source`."""

    def __init__(self, feedback: FeedbackStore, database: UnitOfWork) -> None:
        self._feedback = feedback
        self._database = database

    def find(self, path: tuple[str, ...], query: CallQuery) -> Known | None:
        if path[0] != ROOT:
            return None
        type, place = path[1], path[2:]
        texts: dict[str, list[str]] = {}
        for each in self._rows(query, type):
            call = _call(each)
            if call is None:
                continue
            text = text_of(value(place, each))
            known = texts.setdefault(call, [])
            if type in _REPEATABLE:
                known.append(text)
            elif not known or (type == ANY_TYPE and not known[0]):
                known[:] = [text]
        return Known(ID, texts, repeats=type in _REPEATABLE)

    def _rows(self, query: CallQuery, type: str) -> Sequence[Feedback]:
        refs = None
        if query.filter.ids:
            refs = tuple(str(CallRef(query.project, id)) for id in query.filter.ids)
        types = None if type == ANY_TYPE else (type,)
        filter = FeedbackFilter(refs=refs, types=types, limit=MOST + 1)
        with self._database.transaction():
            found = self._feedback.find(query.project, filter)
        if len(found) > MOST:
            raise BadRequest(
                f"There is more feedback of type `{type[:100]}` than the {MOST} that a condition "
                "can look through",
                hint="name the calls in the filter",
            )
        return found


def _call(feedback: Feedback) -> str | None:
    try:
        ref = parse(feedback.ref)
    except BadRequest:
        return None
    if not isinstance(ref, CallRef) or ref.path or ref.project != feedback.project:
        return None
    return ref.id
