"""Fields that are not the calls' own: what is known of a call elsewhere, put into its query.

Such a field is written as a `Field` whose path a `Source` knows. Before a store sees the query,
`resolved` puts what the source has found in its place: a store need not know where else to look.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Protocol, cast

from kiseki_server.domain.calls.evaluation import evaluate
from kiseki_server.domain.calls.query import (
    Among,
    Contains,
    Eq,
    Field,
    Gt,
    Gte,
    In,
    Literal,
    Lookup,
    Lt,
    Lte,
    Node,
    Not,
)
from kiseki_server.domain.calls.store import CallQuery, Sort

ID = Field(("id",))
_NULL = Literal(None)
_NO_CALL: Any = None


@dataclass(frozen=True, slots=True)
class Known:
    """What a source has found for a field.

    Args:
        key: The field of calls by which it is found.
        texts: For each text of the key one value or more, the one that counts first.
        repeats: Each of the values is asked: one that fits is enough.
    """

    key: Field
    texts: Mapping[str, Sequence[str]]
    repeats: bool = False


class Source(Protocol):
    """Knows fields that calls do not have themselves."""

    def find(self, path: tuple[str, ...], query: CallQuery) -> Known | None:
        """What it has found for a field; nothing if it does not know the field."""
        ...


def resolved(query: CallQuery, sources: Sequence[Source]) -> CallQuery:
    """The query with what the sources know in the place of their fields."""
    work = _Resolving(query, sources)
    condition = None if query.condition is None else work.node(query.condition)
    sort = tuple(Sort(work.order(each.field), each.descending) for each in query.sort)
    return replace(query, condition=condition, sort=sort)


class _Resolving:
    def __init__(self, query: CallQuery, sources: Sequence[Source]) -> None:
        self._query = query
        self._sources = sources
        self._known: dict[tuple[str, ...], Known | None] = {}

    def node(self, node: Node) -> Node:
        match node:
            case Field():
                return self.order(node)
            case Eq(left, right) | Gt(left, right) | Gte(left, right) | Lt(left, right):
                return self._compared(node, left, right)
            case Lte(left, right):
                return self._compared(node, left, right)
            case In(operand, values):
                return self._compared(node, operand, *values)
            case Contains(operand, part, _):
                return self._compared(node, operand, part)
            case _:
                return self._inside(node)

    def order(self, field: Field | Lookup) -> Field | Lookup:
        """What stands in the place of a field where one value is asked for."""
        known = self._of(field)
        if known is None:
            return field
        texts = {key: values[0] for key, values in known.texts.items()}
        own = isinstance(field, Field) and known.key.path == field.path[: len(known.key.path)]
        return Lookup(known.key, texts, cast("Field", field) if own else Literal(""))

    def _compared(self, node: Node, *operands: Node) -> Node:
        foreign = [each for each in operands if self._of(each) is not None]
        known = self._of(foreign[0]) if len(foreign) == 1 else None
        if known is None or any(
            each not in foreign and not isinstance(each, Literal) for each in operands
        ):
            return self._inside(node)
        if isinstance(node, Eq) and _NULL in operands and known.key == ID:
            return Not(Among(known.key, frozenset(known.texts)))
        if not known.repeats:
            return self._inside(node)
        # The whole test is made here: any of the values may pass it.
        outcomes: dict[str, bool] = {}
        passed: set[str] = set()
        for key, values in known.texts.items():
            for value in values:
                if value not in outcomes:
                    test = _with(node, cast("Field", foreign[0]), Literal(value))
                    outcomes[value] = evaluate(test, _NO_CALL) is True
                if outcomes[value]:
                    passed.add(key)
        return Among(known.key, frozenset(passed))

    def _inside(self, node: Node) -> Node:
        changes: dict[str, Any] = {}
        for part in fields(node):
            inner: Any = getattr(node, part.name)
            if isinstance(inner, tuple):
                changes[part.name] = tuple(self.node(it) for it in cast("tuple[Node, ...]", inner))
            elif is_dataclass(inner):
                changes[part.name] = self.node(cast("Node", inner))
        return replace(node, **changes) if changes else node

    def _of(self, node: Node) -> Known | None:
        if not isinstance(node, Field):
            return None
        if node.path not in self._known:
            found = (source.find(node.path, self._query) for source in self._sources)
            self._known[node.path] = next((each for each in found if each is not None), None)
        return self._known[node.path]


def _with(node: Node, field: Field, value: Literal) -> Node:
    """A comparison with the value in the place of the field."""
    changes: dict[str, Any] = {}
    for part in fields(node):
        inner: Any = getattr(node, part.name)
        if inner == field:
            changes[part.name] = value
        elif isinstance(inner, tuple):
            items = cast("tuple[Node, ...]", inner)
            changes[part.name] = tuple(value if it == field else it for it in items)
    return replace(node, **changes)
