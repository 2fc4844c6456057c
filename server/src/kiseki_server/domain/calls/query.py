"""The syntax tree of conditions on calls.

Every dialect parses into it and every adapter compiles it; `evaluation.holds` says what it means.
A field is a path whose first part is one of `COLUMNS` (alone), one of `BODIES` (with any keys and
list positions behind it), or ``summary``, ``weave`` and one of `DERIVED`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kiseki_server.kit.errors import BadRequest

MAX_DEPTH = 100
MAX_NODES = 2_000

TIMES = frozenset({"started_at", "ended_at", "expires_at"})
COLUMNS = TIMES | {
    "id",
    "trace_id",
    "parent_id",
    "thread_id",
    "turn_id",
    "op",
    "op_name",
    "display_name",
    "exception",
    "user",
    "run",
    "run_step",
    "run_step_end",
    "source",
}
BODIES = frozenset({"attributes", "inputs", "output", "summary"})
DERIVED = frozenset({"status", "latency_ms", "trace_name"})

Scalar = str | int | float | bool | None


class Type(StrEnum):
    """What `Convert` makes of a value; ``exists`` asks whether there is one."""

    DOUBLE = "double"
    INT = "int"
    STRING = "string"
    BOOL = "bool"
    EXISTS = "exists"


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written in the query."""

    value: Scalar


@dataclass(frozen=True, slots=True)
class Field:
    """A place in a call."""

    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Convert:
    """The operand as another type; null where it is not written like one."""

    operand: Node
    to: Type


@dataclass(frozen=True, slots=True)
class Size:
    """How many entries a list or a map has; null for anything else."""

    operand: Node


@dataclass(frozen=True, slots=True)
class And:
    """False if a condition is false, else null if one is null, else true."""

    conditions: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """True if a condition is true, else null if one is null, else false."""

    conditions: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; null stays null."""

    condition: Node


@dataclass(frozen=True, slots=True)
class Eq:
    """Equal; beside a null literal: the other side is null."""

    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Gt:
    """The left side is greater."""

    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Gte:
    """The left side is greater or equal."""

    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Lt:
    """The left side is less."""

    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Lte:
    """The left side is less or equal."""

    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class In:
    """Equal to one of the values; a null among them equals nothing."""

    operand: Node
    values: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Contains:
    """The text has the part somewhere; null when either is no text."""

    operand: Node
    part: Node
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class Lookup:
    """A text that is known beside the calls, found by the text of one of their fields."""

    key: Field
    texts: Mapping[str, str]
    otherwise: Node = field(default_factory=lambda: Literal(""))
    """For calls whose field has none of the texts."""


@dataclass(frozen=True, slots=True)
class Among:
    """A field is one of many texts; never null."""

    field: Field
    texts: frozenset[str]


Comparison = Eq | Gt | Gte | Lt | Lte
Node = (
    Literal | Field | Convert | Size | And | Or | Not | Comparison | In | Contains | Lookup | Among
)


def parse_path(text: str) -> tuple[str, ...]:
    r"""Split a dotted path; ``\.`` is a dot inside a key, ``\\`` a backslash.

    Raises:
        BadRequest: A part is empty.
    """
    parts = [""]
    characters = iter(text)
    for character in characters:
        if character == "\\":
            after = next(characters, "")
            parts[-1] += after if after in {".", "\\"} else character + after
        elif character == ".":
            parts.append("")
        else:
            parts[-1] += character
    if not all(parts):
        raise BadRequest(f"{text!r} is not a path: a part of it is empty")
    return tuple(parts)


def check(query: Node) -> None:
    """Refuse a query that is too large, or has a field or a number that no call can have.

    Raises:
        BadRequest: Says which.
    """
    # A loop, not a recursion: a hostile tree must not use up the stack before it is refused.
    waiting: list[tuple[Node, int]] = [(query, 1)]
    nodes = 0
    while waiting:
        node, depth = waiting.pop()
        nodes += 1
        if depth > MAX_DEPTH:
            raise BadRequest(f"the query is nested more than {MAX_DEPTH} deep")
        if nodes > MAX_NODES:
            raise BadRequest(f"the query has more than {MAX_NODES} parts")
        if isinstance(node, Field):
            _check_field(node.path)
        if isinstance(node, Literal):
            _check_number(node.value)
        if isinstance(node, And | Or) and not node.conditions:
            raise BadRequest("`and` and `or` need at least one condition")
        waiting += ((child, depth + 1) for child in children(node))


def children(node: Node) -> Iterator[Node]:
    """The nodes directly under this one."""
    match node:
        case Literal() | Field():
            return
        case Convert(operand, _) | Size(operand):
            yield operand
        case Lookup(key, _, otherwise):
            yield key
            yield otherwise
        case Among(where, _):
            yield where
        case And(conditions) | Or(conditions):
            yield from conditions
        case Not(condition):
            yield condition
        case In(operand, values):
            yield operand
            yield from values
        case Contains(operand, part, _):
            yield operand
            yield part
        case Eq(left, right) | Gt(left, right) | Gte(left, right) | Lt(left, right):
            yield left
            yield right
        case Lte(left, right):
            yield left
            yield right


def is_dynamic(node: Field | Lookup) -> bool:
    """Whether the value may be anything, read as text: so in bodies, and what is looked up."""
    if isinstance(node, Lookup):
        return True
    return node.path[0] in BODIES and node.path[:2] != ("summary", "weave")


def _check_number(value: Scalar) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise BadRequest(f"{value} is not a number to compare with")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise BadRequest("an integer in the query has more than 64 bits")


def _check_field(path: tuple[str, ...]) -> None:
    root, rest = path[0] if path else "", path[1:]
    if root in COLUMNS and not rest:
        return
    if path[:2] == ("summary", "weave") and (len(path) != 3 or path[2] not in DERIVED):
        raise BadRequest(f"a call has no field {'.'.join(path)!r}")
    if root not in BODIES:
        raise BadRequest(f"a call has no field {'.'.join(path)!r}")
