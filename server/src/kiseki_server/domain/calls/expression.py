"""Conditions on calls as people type them: the filters of runs, on other fields.

    inputs.model = "gpt" and latency > 2 and (status = "error" or output.text contains "sorry")

``latency`` is in seconds, ``name`` what a list shows, ``op`` the op's name, ``error`` the
exception's text. Fields below ``inputs``, ``output``, ``attributes`` and ``summary`` are read as
`evaluation` says.
"""

from __future__ import annotations

from kiseki_server.domain.calls import query as syntax
from kiseki_server.domain.calls.query import BODIES, Node, Type
from kiseki_server.domain.filters import expression, tree
from kiseki_server.domain.filters.fields import Kind
from kiseki_server.kit.errors import BadRequest

NAMES: dict[str, tuple[str, ...]] = {
    "id": ("id",),
    "trace": ("trace_id",),
    "parent": ("parent_id",),
    "op": ("op_name",),
    "name": ("summary", "weave", "trace_name"),
    "status": ("summary", "weave", "status"),
    "latency": ("summary", "weave", "latency_ms"),
    "started_at": ("started_at",),
    "ended_at": ("ended_at",),
    "thread": ("thread_id",),
    "turn": ("turn_id",),
    "user": ("user",),
    "run": ("run",),
    "run_step": ("run_step",),
    "error": ("exception",),
    "source": ("source",),
}
"""Fields that stand beside the bodies, and what they are in a query."""
_TIMES = {"started_at", "ended_at"}
_NUMBERS = {"latency", "run_step"}
_NULL = syntax.Literal(None)
_COMPARISONS = {"<": syntax.Lt, "<=": syntax.Lte, ">": syntax.Gt, ">=": syntax.Gte}
_MS = 1_000


def parse(text: str) -> Node:
    """The condition that an expression means.

    Raises:
        BadRequest: Says where the expression cannot be understood, and what was expected.
    """
    return _node(expression.parse(text, _kind))


def field(text: str) -> syntax.Field:
    """The field of a name, as in ``inputs.model`` or ``latency``.

    Raises:
        BadRequest: There is no such field.
    """
    path = expression.parse_path(text)
    _kind(path)
    return syntax.Field(_path(path))


def is_word(part: str) -> bool:
    """Whether a part of a field's name can stand without quotes."""
    return expression.WORD.fullmatch(part) is not None and part not in expression.KEYWORDS


def _kind(path: tree.Path) -> Kind:
    root = path[0]
    if root in BODIES:
        return Kind.ANY
    if root not in NAMES or len(path) > 1:
        known = ", ".join([*NAMES, *(f"{body}.…" for body in sorted(BODIES))])
        raise BadRequest(f"Calls have no field `{'.'.join(path)[:200]}`", hint=f"known are {known}")
    return Kind.TIME if root in _TIMES else Kind.NUMBER if root in _NUMBERS else Kind.TEXT


def _path(path: tree.Path) -> tuple[str, ...]:
    return path if path[0] in BODIES else NAMES[path[0]]


def _node(filter: tree.Filter) -> Node:
    match filter:
        case tree.And(items):
            return syntax.And(tuple(map(_node, items)))
        case tree.Or(items):
            return syntax.Or(tuple(map(_node, items)))
        case tree.Not(item):
            return _not(_node(item))
        case tree.Exists(where):
            return syntax.Not(_missing(where))
        case tree.Compare(where, "=", value):
            return _equal(where, value)
        case tree.Compare(where, "!=", value):
            return _not(_equal(where, value))
        case tree.Compare(where, sign, value):
            return _COMPARISONS[sign](_field(where), _literal(where, value))
        case tree.In(where, values):
            return syntax.Or(tuple(_equal(where, value) for value in values) or (_never(),))
        case tree.Sized(where, count):
            return syntax.Eq(syntax.Size(_field(where)), syntax.Literal(count))
        case tree.Contains(where, value):
            return syntax.Contains(_field(where), syntax.Literal(value), ignore_case=True)
        case tree.Matches():
            raise BadRequest(
                "Calls cannot be matched with regular expressions", hint="use `contains`"
            )


def _not(condition: Node) -> Node:
    """True wherever the condition is not, also where it can say nothing."""
    return syntax.Not(syntax.And((syntax.Convert(condition, Type.EXISTS), condition)))


def _equal(where: tree.Field, value: tree.Scalar) -> Node:
    if value is None:
        return _missing(where)
    return syntax.Eq(_field(where), _literal(where, value))


def _missing(where: tree.Field) -> Node:
    empty = syntax.Literal("") if where.path[0] in BODIES else _NULL
    return syntax.Eq(_field(where), empty)


def _never() -> Node:
    return syntax.Eq(syntax.Field(("id",)), _NULL)


def _field(where: tree.Field) -> syntax.Field:
    return syntax.Field(_path(where.path))


def _literal(where: tree.Field, value: tree.Scalar) -> syntax.Literal:
    if where.path == ("latency",) and isinstance(value, int | float):
        return syntax.Literal(value * _MS)
    return syntax.Literal(value)
