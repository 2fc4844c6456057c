"""Conditions on calls as SQL, with the meaning that `domain.calls.evaluation` gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from kiseki_server.domain.calls.evaluation import Instant, instant
from kiseki_server.domain.calls.query import (
    BODIES,
    TIMES,
    Among,
    And,
    Contains,
    Convert,
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
    Or,
    Scalar,
    Size,
    Type,
    is_dynamic,
)
from kiseki_server.domain.calls.store import ANY_VERSION, STARTED, CallFilter, Sort
from kiseki_server.kit.errors import BadRequest
from kiseki_server.storage.columnar.call_leaves import MAPS, path_of
from kiseki_server.storage.columnar.call_rows import AWAY

STATUS = (
    "multiIf(isNotNull(exception), 'error', isNull(ended_at), 'running', "
    "failed, 'descendant_error', 'success')"
)
"""How a call went."""
LATENCY_MS = "toInt64(floor((ended_at - started_at) / 1000))"
_INTEGER = "^[+-]?[0-9]{1,19}$"
_NUMBER = r"^[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]{1,4})?$"


class Kind(Enum):
    """Type of an expression; every one of them may be null."""

    TEXT = auto()
    INT = auto()
    FLOAT = auto()
    BOOL = auto()
    TIME = auto()
    """Microseconds since 1970."""
    NULL = auto()


@dataclass(frozen=True, slots=True)
class Sql:
    """An expression and its type."""

    text: str
    kind: Kind


NULL = Sql("NULL", Kind.NULL)
_SIGNS = {Eq: "=", Gt: ">", Gte: ">=", Lt: "<", Lte: "<="}


@dataclass(slots=True)
class CallConditions:
    """Compiles, and collects what has to be bound.

    Args:
        names: Names that were given to calls after they were stored.
    """

    names: dict[str, str] = field(default_factory=dict[str, str])
    parameters: dict[str, Any] = field(default_factory=dict[str, Any])
    definitions: dict[str, str] = field(default_factory=dict[str, str])
    """Expressions that are used more than once, with their names, in the order of their use."""
    _leaves: dict[str, str] = field(default_factory=dict[str, str])
    """By the names of texts in bodies: the same text where it stands among the leaves."""
    _elsewhere: dict[str, None] = field(default_factory=dict[str, None])
    _from_json: set[str] = field(default_factory=set[str])
    _whole_bodies: bool = False

    @property
    def preamble(self) -> str:
        """The ``WITH`` that the expressions need in front of their ``SELECT``."""
        return _with({name: sql for sql, name in self.definitions.items()})

    @property
    def preamble_of_leaves(self) -> str:
        """The same for calls that are not `elsewhere`; what it names reads no body."""
        return _with(
            {
                name: self._leaves.get(name, sql)
                for sql, name in self.definitions.items()
                if name not in self._from_json
            }
        )

    @property
    def elsewhere(self) -> str:
        """SQL that holds for calls of which a text has to be read from the JSON of a body.

        Empty where the leaves are of no help, or not asked.
        """
        return "" if self._whole_bodies else " OR ".join(self._elsewhere)

    def define(self, sql: str) -> str:
        """A name for an expression: written out in full, deep queries would grow without bound."""
        return self.definitions.setdefault(sql, f"e{len(self.definitions)}")

    def bind(self, value: Any, type: str) -> str:
        """A placeholder for the value.

        Raises:
            BadRequest: It is text that cannot be written as UTF-8.
        """
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str):
                try:
                    text.encode()
                except UnicodeEncodeError:
                    raise BadRequest("A text in the query is no valid Unicode") from None
        name = f"p{len(self.parameters)}"
        self.parameters[name] = value
        return f"{{{name}:{type}}}"

    def filter(self, filter: CallFilter) -> str:
        """SQL of the simple conditions, never null."""
        parts: list[str] = []
        for column, values in (
            ("id", filter.ids),
            ("ifNull(parent_id, '')", filter.parent_ids),
            ("trace_id", filter.trace_ids),
            ("ifNull(run, '')", filter.runs),
            ("ifNull(user, '')", filter.users),
        ):
            if values:
                parts.append(self._among(column, values))
        for column, wanted in (("thread_id", filter.thread_ids), ("turn_id", filter.turn_ids)):
            if wanted is not None:
                parts.append(self._among(f"ifNull({column}, '')", wanted) if wanted else "0")
        if filter.ops:
            exact = [op for op in filter.ops if not op.endswith(ANY_VERSION)]
            starts = [op[:-1] for op in filter.ops if op.endswith(ANY_VERSION)]
            choices = [f"startsWith(op, {self.bind(start, 'String')})" for start in starts]
            choices += [self._among("op", exact)] if exact else []
            parts.append(f"({' OR '.join(choices)})")
        for column, refs in (
            ("input_refs", filter.input_refs),
            ("output_refs", filter.output_refs),
        ):
            if refs:
                parts.append(self._refers(column, refs))
        if filter.roots_only:
            parts.append("isNull(parent_id)")
        if filter.since is not None:
            parts.append(f"started_at >= {self.bind(filter.since, 'Int64')}")
        if filter.until is not None:
            parts.append(f"started_at < {self.bind(filter.until, 'Int64')}")
        return " AND ".join(parts) or "1"

    def _among(self, column: str, values: Sequence[str]) -> str:
        if len(values) == 1:
            return f"{column} = {self.bind(values[0], 'String')}"
        return f"{column} IN {self.bind(list(values), 'Array(String)')}"

    def _refers(self, column: str, refs: Sequence[str]) -> str:
        exact = [ref for ref in refs if not ref.endswith(ANY_VERSION)]
        starts = [ref[:-1] for ref in refs if ref.endswith(ANY_VERSION)]
        choices = [f"hasAny({column}, {self.bind(exact, 'Array(String)')})"] if exact else []
        choices += [
            f"arrayExists(r -> startsWith(r, {self.bind(start, 'String')}), {column})"
            for start in starts
        ]
        return f"({' OR '.join(choices)})"

    def condition(self, node: Node) -> str:
        """SQL that is 1 where the condition holds, and 0 or null elsewhere."""
        return self._truth(self.expression(node))

    def expression(self, node: Node) -> Sql:
        """The value of a node."""
        match node:
            case Literal(value):
                return self._literal(value)
            case Field(path):
                return self.field(path)
            case Convert(operand, to):
                return self._convert(self.expression(operand), to)
            case Size(operand):
                return self._size(self.expression(operand))
            case And(conditions):
                return self._joined(conditions, " AND ")
            case Or(conditions):
                return self._joined(conditions, " OR ")
            case Not(condition):
                return Sql(f"(NOT {self.condition(condition)})", Kind.BOOL)
            case In(operand, values):
                return self._in(self.expression(operand), values)
            case Lookup(key, texts, otherwise):
                return self._looked_up(self.field(key.path), texts, self.expression(otherwise))
            case Among(field, texts):
                wanted = self.bind(sorted(texts), "Array(String)")
                return Sql(f"(ifNull({self.field(field.path).text}, '') IN {wanted})", Kind.BOOL)
            case Contains(operand, part, ignore_case):
                return self._contains(self.expression(operand), self.expression(part), ignore_case)
            case Eq(left, right) if Literal(None) in (left, right):
                other = self.expression(right if left == Literal(None) else left)
                return Sql(f"isNull({other.text})", Kind.BOOL)
            case Eq(left, right) | Gt(left, right) | Gte(left, right) | Lt(left, right):
                return self._compared(_SIGNS[type(node)], left, right)
            case Lte(left, right):
                return self._compared("<=", left, right)

    def _looked_up(self, key: Sql, texts: Mapping[str, str], otherwise: Sql) -> Sql:
        if not texts:
            return otherwise
        keys = self.bind(list(texts), "Array(String)")
        values = self.bind(list(texts.values()), "Array(String)")
        fallback = f"ifNull({otherwise.text}, '')"
        found = f"transform(ifNull({key.text}, ''), {keys}, {values}, {fallback})"
        return Sql(self.define(found), Kind.TEXT)

    def field(self, path: tuple[str, ...]) -> Sql:
        """Where a field stands."""
        root = path[0]
        if path[:2] == ("summary", "weave"):
            match path[2]:
                case "status":
                    return Sql(STATUS, Kind.TEXT)
                case "latency_ms":
                    return Sql(LATENCY_MS, Kind.INT)
                case _:
                    shown = f"nullIf({self._display_name()}, '')"
                    return Sql(f"ifNull({shown}, op_name)", Kind.TEXT)
        if root in TIMES:
            return Sql(root, Kind.TIME)
        if root in BODIES:
            return Sql(self._body(path), Kind.TEXT)
        if root in ("run_step", "run_step_end"):
            return Sql(root, Kind.INT)
        return Sql(self._display_name() if root == "display_name" else root, Kind.TEXT)

    def _display_name(self) -> str:
        if not self.names:
            return "display_name"
        ids = self.bind(list(self.names), "Array(String)")
        names = self.bind(list(self.names.values()), "Array(String)")
        return f"nullIf(transform(id, {ids}, {names}, ifNull(display_name, '')), '')"

    def _body(self, path: tuple[str, ...]) -> str:
        """The text of a place in a body: from its leaf, else from the JSON."""
        if len(path) == 1:
            self._whole_bodies = True
        name = path_of(path)
        above = [path_of(path[:end]) for end in range(1, len(path))]
        elsewhere = [f"isNotNull(leaves.`{name}`.:{mark})" for mark in ("Bool", "Float64")]
        elsewhere.append(f"position(ifNull(leaves.{MAPS}.:String, ''), '|{name}|') > 0")
        elsewhere += [f"isNotNull(leaves.`{each}`.:Int64)" for each in (name, *above)]
        before = set(self.definitions.values())
        extracted = self._extracted(path)
        self._from_json |= set(self.definitions.values()) - before
        self._elsewhere.update(dict.fromkeys(elsewhere))
        leaf = f"leaves.`{name}`.:String"
        text = self.define(f"ifNull({leaf}, if({' OR '.join(elsewhere)}, {extracted}, ''))")
        self._leaves[text] = f"ifNull({leaf}, '')"
        return text

    def _extracted(self, path: tuple[str, ...]) -> str:
        """The text of a place in a body, read from the JSON."""
        root = path[0]
        # A large body stands behind the name and the size of its blob.
        behind = f"position({root}, ' ', position({root}, ' ') + 1) + 1"
        raw = self.define(f"if(startsWith({root}, '{AWAY}'), substring({root}, {behind}), {root})")
        keys: list[str] = []
        for key in path[1:]:
            if not (key.isascii() and key.isdigit()):
                keys.append(self.bind(key, "String"))
                continue
            raw = self.define(_raw(raw, keys))
            keys = []
            item = f"JSONExtractRaw({raw}, {int(key) + 1})" if len(key) <= 10 else "''"
            entry = f"JSONExtractRaw({raw}, {self.bind(key, 'String')})"
            raw = self.define(f"if(startsWith({raw}, '['), {item}, {entry})")
        raw = self.define(_raw(raw, keys))
        return (
            f"multiIf({raw} IN ('', 'null'), '', "
            f"startsWith({raw}, '\"'), JSONExtractString({raw}), {raw})"
        )

    def _literal(self, value: Scalar) -> Sql:
        if value is None:
            return NULL
        if isinstance(value, bool):
            return Sql(self.bind(int(value), "UInt8"), Kind.BOOL)
        if isinstance(value, int):
            return Sql(self.bind(value, "Int64"), Kind.INT)
        if isinstance(value, float):
            return Sql(self.bind(value, "Float64"), Kind.FLOAT)
        return Sql(self.bind(value, "String"), Kind.TEXT)

    def _joined(self, conditions: Sequence[Node], word: str) -> Sql:
        return Sql(f"({word.join(self.condition(each) for each in conditions)})", Kind.BOOL)

    def _truth(self, value: Sql) -> str:
        return value.text if value.kind is Kind.BOOL else "CAST(NULL, 'Nullable(UInt8)')"

    def _compared(self, sign: str, left: Node, right: Node) -> Sql:
        times = (_is_time(left), _is_time(right))
        if any(times):
            sides = [self._instant(node, self.expression(node)) for node in (left, right)]
            return Sql(f"({sides[0]} {sign} {sides[1]})", Kind.BOOL)
        return self._values_compared(sign, self.expression(left), self.expression(right))

    def _values_compared(self, sign: str, left: Sql, right: Sql) -> Sql:
        if Kind.NULL in (left.kind, right.kind):
            return Sql("CAST(NULL, 'Nullable(UInt8)')", Kind.BOOL)
        if Kind.TEXT in (left.kind, right.kind) and left.kind is not right.kind:
            text, other = (left, right) if left.kind is Kind.TEXT else (right, left)
            readings = self._readings(text.text, other.kind)
            compared = [
                f"{reading} {sign} {right.text}"
                if text is left
                else f"{left.text} {sign} {reading}"
                for reading in readings
            ]
            whole = compared[0] if len(compared) == 1 else f"ifNull({compared[0]}, {compared[1]})"
            return Sql(f"({whole})", Kind.BOOL)
        return Sql(f"({left.text} {sign} {right.text})", Kind.BOOL)

    def _instant(self, node: Node, value: Sql) -> str:
        """A side of a comparison with a time, in microseconds."""
        if isinstance(node, Literal):
            moment: Instant | None = instant(node.value)
            return "NULL" if moment is None else self.bind(moment.microseconds, "Int64")
        match value.kind:
            case Kind.TIME | Kind.NULL:
                return value.text
            case Kind.TEXT:
                return (
                    "toUnixTimestamp64Micro("
                    f"parseDateTime64BestEffortOrNull({value.text}, 6, 'UTC'))"
                )
            case _:
                return f"toInt64(round({value.text} * 1000000))"

    def _in(self, operand: Sql, values: Sequence[Node]) -> Sql:
        if not values:
            return Sql("0", Kind.BOOL)
        texts = [
            value.value
            for value in values
            if isinstance(value, Literal) and isinstance(value.value, str)
        ]
        if operand.kind is Kind.TEXT and len(texts) == len(values):
            found = f"has({self.bind(texts, 'Array(String)')}, assumeNotNull({operand.text}))"
            return Sql(f"if(isNull({operand.text}), NULL, {found})", Kind.BOOL)
        equal: list[str] = []
        for value in values:
            if operand.kind is Kind.TIME:
                moment = self._instant(value, self.expression(value))
                equal.append(f"({operand.text} = {moment})")
            else:
                equal.append(self._values_compared("=", operand, self.expression(value)).text)
        return Sql(f"({' OR '.join(equal)})", Kind.BOOL)

    def _contains(self, value: Sql, part: Sql, ignore_case: bool) -> Sql:
        if (value.kind, part.kind) != (Kind.TEXT, Kind.TEXT):
            return Sql("CAST(NULL, 'Nullable(UInt8)')", Kind.BOOL)
        function = "positionCaseInsensitiveUTF8" if ignore_case else "position"
        return Sql(f"({function}({value.text}, {part.text}) > 0)", Kind.BOOL)

    def _convert(self, value: Sql, to: Type) -> Sql:
        if to is Type.EXISTS:
            return Sql(f"isNotNull({value.text})", Kind.BOOL)
        if value.kind is Kind.NULL:
            return NULL
        if value.kind is Kind.TIME:
            value = Sql(f"({value.text} / 1000000)", Kind.FLOAT)
        match to:
            case Type.STRING:
                if value.kind is Kind.TEXT:
                    return value
                if value.kind is Kind.BOOL:
                    return Sql(_chosen(value.text, "'true'", "'false'"), Kind.TEXT)
                return Sql(f"toString({value.text})", Kind.TEXT)
            case Type.BOOL:
                if value.kind is Kind.BOOL:
                    return value
                if value.kind is Kind.TEXT:
                    return Sql(self._readings(value.text, Kind.BOOL)[0], Kind.BOOL)
                return Sql(f"({value.text} != 0)", Kind.BOOL)
            case Type.DOUBLE:
                if value.kind is Kind.TEXT:
                    return Sql(self._readings(value.text, Kind.FLOAT)[0], Kind.FLOAT)
                return Sql(f"toFloat64({value.text})", Kind.FLOAT)
            case Type.INT:
                if value.kind is Kind.TEXT:
                    return Sql(self._readings(value.text, Kind.INT)[0], Kind.INT)
                return Sql(f"toInt64({value.text})", Kind.INT)

    def _size(self, value: Sql) -> Sql:
        if value.kind is not Kind.TEXT:
            return NULL
        text = value.text
        return Sql(
            f"if((startsWith({text}, '[') OR startsWith({text}, '{{')) AND isValidJSON({text}), "
            f"toInt64(JSONLength({text})), NULL)",
            Kind.INT,
        )

    def _readings(self, text: str, kind: Kind) -> list[str]:
        """A text as another type; of an integer first as one, then as any number."""
        if kind is Kind.BOOL:
            return [f"multiIf({text} = 'true', 1, {text} = 'false', 0, NULL)"]
        number = self.define(f"if(match({text}, '{_NUMBER}'), toFloat64OrNull({text}), NULL)")
        finite = self.define(f"if(isFinite({number}), {number}, NULL)")
        if kind is Kind.FLOAT:
            return [finite]
        whole = self.define(f"if(match({text}, '{_INTEGER}'), toInt64OrNull({text}), NULL)")
        return [whole, finite]

    def order(self, sort: Sequence[Sort]) -> list[tuple[str, bool]]:
        """Expressions to sort by, each with whether it descends; ``id`` breaks ties."""
        parts: list[tuple[str, bool]] = []
        for each in sort:
            value = self.expression(each.field)
            if is_dynamic(each.field):
                number = self._readings(value.text, Kind.FLOAT)[0]
                parts += [
                    (f"({value.text} = '')", False),
                    (f"isNull({number})", False),
                    (number, each.descending),
                    (value.text, each.descending),
                ]
            elif each.field == STARTED:
                parts.append(("started_at", each.descending))
            else:
                parts += [(f"isNull({value.text})", False), (value.text, each.descending)]
        by_time = bool(sort) and sort[-1].field == STARTED
        if not sort:
            return [("started_at", False), ("id", False)]
        return [*parts, ("id", sort[-1].descending if by_time else True)]


def _with(expressions: Mapping[str, str]) -> str:
    if not expressions:
        return ""
    return "WITH " + ", ".join(f"{sql} AS {name}" for name, sql in expressions.items())


def _is_time(node: Node) -> bool:
    return isinstance(node, Field) and node.path[0] in TIMES


def _raw(text: str, keys: Sequence[str]) -> str:
    return f"JSONExtractRaw({', '.join([text, *keys])})" if keys else text


def _chosen(condition: str, yes: str, no: str) -> str:
    """Like ``if``, but null where the condition is."""
    return f"multiIf(isNull({condition}), NULL, {condition}, {yes}, {no})"
