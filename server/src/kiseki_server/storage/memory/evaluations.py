"""What evaluations need of calls, from those in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from kiseki_server.domain.calls import rules
from kiseki_server.domain.calls.query import BODIES
from kiseki_server.domain.calls.store import CallQuery
from kiseki_server.domain.calls.types import Call, Status
from kiseki_server.domain.evaluations.store import Outline, Place, Tally
from kiseki_server.kit.json import from_text, to_text
from kiseki_server.storage.memory.calls import MemoryCallStore


class MemoryEvaluationStore:
    """An `EvaluationStore` over a `MemoryCallStore`."""

    def __init__(self, calls: MemoryCallStore) -> None:
        self._calls = calls

    def outlines(
        self, query: CallQuery, places: Sequence[Place], *, used: bool = False
    ) -> Sequence[Outline]:
        calls = self._calls.page(replace(query, sort=(), limit=None, offset=0, bodies=BODIES))
        chosen = [call for call in calls if not used or rules.usage(call)]
        return [_outline(call, places) for call in chosen[: query.limit]]

    def tallies(self, query: CallQuery) -> Mapping[str, Tally]:
        below: dict[str, list[Call]] = defaultdict(list)
        for call in self._calls.page(replace(query, sort=(), limit=None, offset=0, bodies=BODIES)):
            if call.parent_id is not None:
                below[call.parent_id].append(call)
        return {
            parent: Tally(
                calls=len(calls),
                ended=sum(call.ended_at is not None for call in calls),
                failed=sum(map(_failed, calls)),
                last=max(call.ended_at or call.started_at for call in calls),
                mark=hash(tuple(calls)),
            )
            for parent, calls in below.items()
        }


def _failed(call: Call) -> bool:
    return rules.status(call) in (Status.ERROR, Status.DESCENDANT_ERROR)


def _outline(call: Call, places: Sequence[Place]) -> Outline:
    return Outline(
        id=call.id,
        parent_id=call.parent_id,
        op=call.op,
        op_name=call.op_name,
        started_at=call.started_at,
        ended_at=call.ended_at,
        exception=call.exception,
        failed=_failed(call),
        input_refs=call.input_refs,
        usage=tuple(rules.usage(call)),
        texts=tuple(_text(call, place) for place in places),
    )


def _text(call: Call, place: Place) -> str:
    body, *keys = place.path
    text: str = getattr(call, body)
    if keys:
        value: Any = from_text(text)
        for key in keys:
            if not isinstance(value, Mapping) or key not in value:
                return ""
            value = cast("Mapping[str, Any]", value)[key]
        text = to_text(value)
    if len(text.encode()) <= place.longest:
        return text
    if not place.entry or not text.startswith("{"):
        return ""
    whole = cast("Mapping[str, Any]", from_text(text))
    return to_text(
        {key: part for key, part in whole.items() if len(to_text(part).encode()) <= place.entry}
    )
