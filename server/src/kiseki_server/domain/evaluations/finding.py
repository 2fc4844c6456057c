"""Which evaluations are meant, as conditions on their calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kiseki_server.domain.calls.query import (
    And,
    Contains,
    Eq,
    Field,
    In,
    Literal,
    Node,
    Not,
    Or,
    parse_path,
)
from kiseki_server.domain.calls.store import Sort
from kiseki_server.domain.evaluations.reading import is_evaluation
from kiseki_server.domain.evaluations.types import Status
from kiseki_server.kit.errors import BadRequest

MAX_NAMED = 1_000
_STATUS = Field(("summary", "weave", "status"))
_SELVES = (Field(("inputs", "self")), Field(("inputs", "this")))
"""The evaluation object; the second is how the TypeScript client calls it."""
_MODEL = Field(("inputs", "model"))
_STATES = {
    Status.RUNNING: ("running",),
    Status.STALLED: ("running",),
    Status.COMPLETED: ("success", "descendant_error"),
    Status.FAILED: ("error",),
}
_SORTS = {
    "started_at": ("started_at",),
    "ended_at": ("ended_at",),
    "duration": ("summary", "weave", "latency_ms"),
    "name": ("summary", "weave", "trace_name"),
}


@dataclass(frozen=True, slots=True)
class Version:
    """Versions of an object by name: all of them, or one."""

    name: str
    digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationFilter:
    """Fields are joined by *and*, values of a field by *or*."""

    search: str | None = None
    """Part of the name."""
    models: tuple[Version, ...] = ()
    evaluations: tuple[Version, ...] = ()
    datasets: tuple[Version, ...] = ()
    statuses: tuple[Status, ...] = ()
    run: str | None = None
    since: int | None = None
    """Started at this time or later; microseconds since 1970."""
    until: int | None = None


def condition(
    filter: EvaluationFilter, evaluations: Sequence[str] | None, without: Sequence[str]
) -> Node:
    """The condition on calls.

    Args:
        filter: What is asked for.
        evaluations: References of the evaluation objects that have the datasets asked for.
        without: Ids of evaluations that are open, in the state that is not asked for.
    """
    parts: list[Node] = [is_evaluation()]
    if filter.search:
        name = Field(("summary", "weave", "trace_name"))
        parts.append(Contains(name, Literal(filter.search), ignore_case=True))
    if filter.models:
        parts.append(Or(tuple(_is(_MODEL, each) for each in filter.models)))
    if filter.evaluations:
        parts.append(
            Or(tuple(_is(field, each) for field in _SELVES for each in filter.evaluations))
        )
    if evaluations is not None:
        refs = tuple(Literal(ref) for ref in evaluations[:MAX_NAMED])
        parts.append(Or(tuple(In(field, refs or (Literal(""),)) for field in _SELVES)))
        if not refs:
            parts.append(Eq(Field(("id",)), Literal(None)))
    if filter.statuses:
        states = dict.fromkeys(state for each in filter.statuses for state in _STATES[each])
        parts.append(In(_STATUS, tuple(map(Literal, states))))
    if without:
        parts.append(Not(In(Field(("id",)), tuple(map(Literal, without)))))
    return And(tuple(parts))


def order(text: str | None) -> Sort:
    """The order that a name means, ``-`` before it for descending.

    Raises:
        BadRequest: There is no such order.
    """
    if not text:
        return Sort(Field(("started_at",)), descending=True)
    name, descending = text.removeprefix("-"), text.startswith("-")
    if name.startswith("summary."):
        return Sort(Field(("output", *parse_path(name)[1:])), descending=descending)
    if name not in _SORTS:
        known = ", ".join([*_SORTS, "summary.<path>"])
        raise BadRequest(f"Evaluations cannot be sorted by `{name[:100]}`", hint=f"use {known}")
    return Sort(Field(_SORTS[name]), descending=descending)


def _is(field: Field, version: Version) -> Node:
    return Contains(field, Literal(f"/{version.name}:{version.digest or ''}"))
