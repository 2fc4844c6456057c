"""Conditions on feedback: the same language as for calls, over other fields.

A field is one of `COLUMNS`, or ``payload`` with the keys of a place in it behind. What conditions
mean, is said in `domain/calls/evaluation.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast

from kiseki_server.domain.calls.evaluation import Instant, evaluate, text_of
from kiseki_server.domain.calls.query import (
    MAX_NODES,
    And,
    Contains,
    Convert,
    Eq,
    Field,
    In,
    Literal,
    Node,
    Or,
    Type,
    children,
)
from kiseki_server.domain.feedback.types import FeedbackFilter
from kiseki_server.kit.errors import BadRequest

COLUMNS = frozenset(
    {
        "id",
        "ref",
        "type",
        "creator",
        "user",
        "created_at",
        "annotation_ref",
        "runnable_ref",
        "call_ref",
        "trigger_ref",
        "queue_id",
    }
)
DOCUMENTS = frozenset({"payload", "scores", "agent"})

_NULL = Convert(Literal(""), Type.INT)
"""A value that is null without being written as null."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_CALL: Any = None


def check_size(query: Node) -> None:
    """Refuse a condition with more parts than are evaluated.

    Raises:
        BadRequest: Says how many are.
    """
    waiting, nodes = [query], 0
    while waiting:
        nodes += 1
        if nodes > MAX_NODES:
            raise BadRequest(f"the query has more than {MAX_NODES} parts")
        waiting += children(waiting.pop())


def holds(query: Node, feedback: Any) -> bool:
    """Whether the condition is true for the feedback, or for anything else with such fields; a
    null is not."""
    return evaluate(_filled(query, feedback), _NO_CALL) is True


def value(path: Sequence[str], feedback: Any) -> Any:
    """What stands at a place."""
    found: Any = getattr(feedback, path[0])
    for key in path[1:]:
        if is_dataclass(found):
            found = getattr(found, key, None)
        elif isinstance(found, Mapping):
            found = cast("Mapping[str, Any]", found).get(key)
        elif isinstance(found, list | tuple) and key.isascii() and key.isdigit():
            items = cast("Sequence[Any]", found)
            found = items[int(key[:9])] if int(key[:9]) < len(items) else None
        else:
            return None
    return found


def narrowed(query: Node | None) -> FeedbackFilter:
    """What of a condition a store can find by itself; the rest is left to `holds`."""
    known: dict[str, tuple[str, ...]] = {}
    for part in query.conditions if isinstance(query, And) else (query,):
        column, values = _values(part)
        if column in {"id", "ref", "type"} and values is not None:
            known.setdefault(column, values)
    return FeedbackFilter(ids=known.get("id"), refs=known.get("ref"), types=known.get("type"))


def ids_of(query: Node) -> Sequence[str]:
    """The ids that a condition consists of: ``id`` equal to a text, or one of several.

    Raises:
        BadRequest: It asks for anything else.
    """
    parts = query.conditions if isinstance(query, Or) else (query,)
    found: list[str] = []
    for part in parts:
        column, values = _values(part)
        if column != "id" or values is None:
            raise BadRequest("Only `id` equal to a text may be asked for here, or several of it")
        found += values
    return found


def _values(node: Node | None) -> tuple[str, tuple[str, ...] | None]:
    match node:
        case Eq(Field(path), Literal(str(text))) | Eq(Literal(str(text)), Field(path)):
            return path[0], (text,) if len(path) == 1 else None
        case In(Field(path), values):
            texts = [each.value for each in values if isinstance(each, Literal)]
            plain = len(path) == 1 and len(texts) == len(values)
            words = tuple(text for text in texts if isinstance(text, str))
            return path[0], words if plain and len(words) == len(texts) else None
        case _:
            return "", None


def _filled(node: Node, feedback: Any) -> Node:
    """The condition with the feedback's values in the place of its fields."""
    match node:
        case Field(path):
            return _literal(path, feedback)
        case Contains(Field(path), part, ignore_case) if isinstance(value(path, feedback), tuple):
            wanted = evaluate(_filled(part, feedback), _NO_CALL)
            words: tuple[str, ...] = value(path, feedback)
            if not isinstance(wanted, str):
                raise BadRequest("What a list is asked for must be text")
            if ignore_case:
                return Literal(wanted.lower() in {word.lower() for word in words})
            return Literal(wanted in words)
        case Contains(_, Literal(part), _) if isinstance(part, int | float):
            raise BadRequest("What a text is asked for must be text")
        case Literal():
            return node
        case _:
            changes: dict[str, Any] = {}
            for field in fields(node):
                inner: Any = getattr(node, field.name)
                if isinstance(inner, tuple):
                    nodes = cast("tuple[Node, ...]", inner)
                    changes[field.name] = tuple(_filled(each, feedback) for each in nodes)
                elif is_dataclass(inner):
                    changes[field.name] = _filled(cast("Node", inner), feedback)
            return replace(node, **changes)


def _literal(path: tuple[str, ...], feedback: Any) -> Node:
    found = value(path, feedback)
    if isinstance(found, datetime):
        since = found - _EPOCH
        micros = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
        return Literal(cast("Any", Instant(micros)))
    if path[0] in DOCUMENTS:
        # Places in documents are read as text, and as empty text where there is nothing.
        items = list(cast("tuple[Any, ...]", found)) if isinstance(found, tuple) else found
        return Literal(text_of(cast("object", items)))
    return _NULL if found is None else Literal(found)
