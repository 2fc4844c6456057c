"""Filters and sort orders as SQL over the table of runs. Values are always bound."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from kiseki_server.domain.filters.fields import HISTORY, Kind, dotted, kind_of, number_of
from kiseki_server.domain.filters.rules import operand
from kiseki_server.domain.filters.tree import (
    And,
    Compare,
    Contains,
    Exists,
    Field,
    Filter,
    In,
    Matches,
    Not,
    Or,
    Path,
    Scalar,
    Sized,
    SortKey,
)
from kiseki_server.domain.runs.paging import Place
from kiseki_server.kit.errors import BadRequest
from kiseki_server.storage.columnar.documents import branch_path, column_path, item, items

LOGGED = """
run IN (SELECT run FROM keys WHERE project = {project:UInt64} AND stream = 0 AND key = {key})
"""
"""Whether something was logged under a key."""

NEVER, ALWAYS = "0", "1"
_COLUMNS = {"duration": "duration", "group": "`group`"}
_LONGEST = 2**63
"""No list is as long as this."""


@dataclass(frozen=True, slots=True)
class Column:
    """SQL for the values of a field, by their type; ``None`` where it never has that type."""

    kind: Kind
    there: str
    number: str | None = None
    text: str | None = None
    truth: str | None = None
    list: str | None = None


@dataclass(slots=True)
class Conditions:
    """Compiles, and collects what has to be bound."""

    parameters: dict[str, Any] = field(default_factory=dict[str, Any])
    expressions: list[str] = field(default_factory=list[str])
    """Regular expressions, which the engine has to accept."""

    def bind(self, value: Any, type: str) -> str:
        """A placeholder for the value.

        Raises:
            BadRequest: It is text that cannot be written as UTF-8.
        """
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and not _is_unicode(text):
                raise BadRequest("A text in the filter is no valid Unicode.")
        name = f"p{len(self.parameters)}"
        self.parameters[name] = value
        return f"{{{name}:{type}}}"

    def condition(self, filter: Filter) -> str:
        """SQL that is 1 for the runs that match and 0 for the others, never null."""
        match filter:
            case And(items):
                return self._joined(items, " AND ", ALWAYS)
            case Or(items):
                return self._joined(items, " OR ", NEVER)
            case Not(inner):
                return f"(NOT {self.condition(inner)})"
            case Exists(Field((root, *_)) as field) if root == HISTORY:
                key = self.bind(dotted(field.path), "String")
                return f"({LOGGED.strip().replace('{key}', key)})"
            case Exists(field):
                return f"({column(field.path).there})"
            case Compare(Field((root, *_)) as field, operator, _) if root == HISTORY:
                there = Exists(field)
                return self.condition(there if operator == "!=" else Not(there))
            case Sized(field, count):
                return self._sized(field, count)
            case Compare(field, "=", value):
                return self._equal(field, value)
            case Compare(field, "!=", value):
                return f"(NOT {self._equal(field, value)})"
            case Compare(field, operator, value):
                return self._ordered(field, operator, value)
            case In(field, values):
                return self._any_of(field, values)
            case Contains(field, value):
                return self._contains(field, value)
            case Matches(field, regex):
                return self._matches(field, regex)

    def _joined(self, items: Sequence[Filter], word: str, empty: str) -> str:
        return f"({word.join(self.condition(item) for item in items)})" if items else empty

    def _equal(self, field: Field, value: Scalar) -> str:
        found, value = column(field.path), operand(field.path, value)
        if value is None:
            return f"(NOT ({found.there}))"
        if isinstance(value, bool):
            return _true(found.truth, f"= {self.bind(value, 'Bool')}")
        if isinstance(value, str):
            return _true(found.text, f"= {self.bind(value, 'String')}")
        if math.isnan(number_of(value)):
            return NEVER
        return _true(found.number, f"= {self._number(found, value)}")

    def _ordered(
        self, field: Field, operator: Literal["=", "!=", "<", "<=", ">", ">="], value: Scalar
    ) -> str:
        found, value = column(field.path), operand(field.path, value)
        if isinstance(value, str):
            return _true(found.text, f"{operator} {self.bind(value, 'String')}")
        if value is None or isinstance(value, bool) or math.isnan(number_of(value)):
            return NEVER
        return _true(found.number, f"{operator} {self._number(found, value)}")

    def _any_of(self, field: Field, values: Sequence[Scalar]) -> str:
        found = column(field.path)
        wanted = [operand(field.path, value) for value in values]
        parts: list[str] = []
        if found.kind is not Kind.LIST:
            texts = [value for value in values if isinstance(value, str)]
            if texts and found.text is not None:
                parts.append(_true(found.text, f"IN {self.bind(texts, 'Array(String)')}"))
                values = [value for value in values if not isinstance(value, str)]
            parts += [self._equal(field, value) for value in values]
        elif None in wanted:
            parts.append(f"(NOT ({found.there}))")
        if found.list is not None:
            held = (
                items(wanted)
                if found.kind is Kind.ANY
                else [value for value in wanted if isinstance(value, str)]
            )
            if held:
                parts.append(f"hasAny({found.list}, {self.bind(held, 'Array(String)')})")
        return f"({' OR '.join(parts)})" if parts else NEVER

    def _contains(self, field: Field, value: str) -> str:
        found = column(field.path)
        parts: list[str] = []
        if found.text is not None:
            needle = self.bind(value, "String")
            parts.append(
                f"ifNull(positionCaseInsensitiveUTF8(assumeNotNull({found.text}), {needle}) > 0 "
                f"AND isNotNull({found.text}), 0)"
            )
        if found.list is not None:
            held = item(value) if found.kind is Kind.ANY else value
            parts.append(f"has({found.list}, {self.bind(held, 'String')})")
        return f"({' OR '.join(parts)})" if parts else NEVER

    def _matches(self, field: Field, regex: str) -> str:
        found = column(field.path)
        self.expressions.append(regex)
        expression = self.bind(regex, "String")
        parts: list[str] = []
        if found.text is not None:
            parts.append(f"ifNull(match({found.text}, {expression}), 0)")
        if found.list is not None and found.kind is Kind.ANY:
            parts.append(
                "arrayExists(i -> startsWith(assumeNotNull(i), 's') "
                f"AND match(substring(assumeNotNull(i), 2), {expression}), {found.list})"
            )
        elif found.list is not None:
            parts.append(f"arrayExists(i -> match(i, {expression}), {found.list})")
        return f"({' OR '.join(parts)})" if parts else NEVER

    def _sized(self, field: Field, count: int) -> str:
        found = column(field.path)
        if found.list is None:
            return NEVER
        held = count + 1 if found.kind is Kind.ANY else count  # see `documents.LIST`
        return f"(length({found.list}) = {self.bind(min(held, _LONGEST), 'UInt64')})"

    def _number(self, found: Column, value: float) -> str:
        if found.kind is Kind.TIME:
            return self.bind(value, "Int64")
        return self.bind(number_of(value), "Float64")

    def behind(self, place: Place, sort: Sequence[SortKey]) -> str:
        """SQL for the runs behind a place in an order."""
        steps: list[tuple[str, str, str]] = []
        for number, (key, (rank, value, text)) in enumerate(zip(sort, place.keys, strict=True)):
            sign = "<" if key.descending else ">"
            steps += [
                (f"(rank{number} = 2)", ">", self.bind(int(rank == 2), "UInt8")),
                (f"rank{number}", sign, self.bind(rank, "UInt8")),
                (f"number{number}", sign, self.bind(value, "Float64")),
                (f"text{number}", sign, self.bind(text, "String")),
            ]
        steps += [
            ("created_at", "<", self.bind(place.created_at, "Int64")),
            ("run", "<", self.bind(place.run, "UInt64")),
        ]
        sql = NEVER
        for expression, sign, value in reversed(steps):
            sql = f"({expression} {sign} {value} OR ({expression} = {value} AND {sql}))"
        return sql


def column(path: Path) -> Column:
    """Where a field stands in the table.

    Raises:
        BadRequest: There is no such field.
    """
    kind, root = kind_of(path), path[0]
    if kind is Kind.ANY:
        name = f"{root}.`{column_path(dotted(path))}`"
        branch = f"{root}.`{branch_path(dotted(path))}`"
        return Column(
            kind,
            there=f"isNotNull({name}) OR isNotNull({branch})",
            number=f"ifNull({name}.:Float64, {name}.:Int64 / 0)",
            text=f"{name}.:String",
            truth=f"{name}.:Bool",
            list=f"{name}.:`Array(Nullable(String))`",
        )
    name = _COLUMNS.get(root, root)
    if kind is Kind.LIST:
        return Column(kind, there=f"notEmpty({name})", list=name)
    there = f"isNotNull({name})"
    if kind is Kind.TEXT:
        return Column(kind, there=there, text=name)
    return Column(kind, there=there, number=name)


def sort_columns(sort: Sequence[SortKey]) -> str:
    """What orders the runs: for each key its rank, number and text, as in `filters.rules.order`."""
    parts: list[str] = []
    for index, key in enumerate(sort):
        found = column(key.field.path)
        rank, number, text = "toUInt8(2)", "toFloat64(0)", "''"
        if found.kind is Kind.ANY:
            value = f"coalesce(if(isNaN({found.number}), NULL, {found.number}), {found.truth})"
            rank = f"toUInt8(multiIf(isNotNull({value}), 0, isNotNull({found.text}), 1, 2))"
            number = f"toFloat64(ifNull({value}, 0))"
            text = f"ifNull({found.text}, '')"
        elif found.text is not None:
            rank, text = f"toUInt8(if({found.there}, 1, 2))", f"ifNull({found.text}, '')"
        elif found.number is not None:
            rank = f"toUInt8(if({found.there}, 0, 2))"
            number = f"toFloat64(ifNull({found.number}, 0))"
        parts.append(f"{rank} AS rank{index}, {number} AS number{index}, {text} AS text{index}")
    return "".join(f", {part}" for part in parts)


def truth_columns(fields: Sequence[Field]) -> str:
    """Whether the number of `sort_columns` stands for true or false."""
    truths = [column(field.path).truth for field in fields]
    return "".join(
        f", toUInt8({'0' if truth is None else f'isNotNull({truth})'}) AS truth{index}"
        for index, truth in enumerate(truths)
    )


def measure_columns(fields: Sequence[Field]) -> str:
    """The finite numbers of fields, null for everything else."""
    numbers = [column(field.path).number for field in fields]
    return "".join(
        f", CAST({'NULL' if number is None else f'if(isFinite({number}), {number}, NULL)'}"
        f" AS Nullable(Float64)) AS measure{index}"
        for index, number in enumerate(numbers)
    )


def sort_order(sort: Sequence[SortKey]) -> str:
    """The order itself; what cannot be ordered comes last, then newer runs first."""
    parts: list[str] = []
    for index, key in enumerate(sort):
        direction = "DESC" if key.descending else "ASC"
        parts.append(f"rank{index} = 2 ASC")
        parts += [f"{name}{index} {direction}" for name in ("rank", "number", "text")]
    return ", ".join([*parts, "created_at DESC", "run DESC"])


def _true(expression: str | None, test: str) -> str:
    return NEVER if expression is None else f"ifNull({expression} {test}, 0)"


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
