"""Statements that ask for calls, from a query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from kiseki_server.domain.calls.store import CallQuery
from kiseki_server.kit.ids import ProjectId
from kiseki_server.storage.columnar import call_rows
from kiseki_server.storage.columnar import call_statements as statements
from kiseki_server.storage.columnar.call_conditions import CallConditions


@dataclass(slots=True)
class Marks:
    """What is remembered of the small tables, so that most queries need not read them."""

    halves: dict[ProjectId, dict[str, int]] = field(default_factory=dict)
    """Open ids with the half that has come."""
    repeats: set[ProjectId] = field(default_factory=set)
    deletions: set[ProjectId] = field(default_factory=set)
    names: dict[ProjectId, dict[str, str]] = field(default_factory=dict)


class Bodies(Enum):
    """What has to be read of the bodies to answer a query."""

    WHOLE = auto()
    """The JSON of every call, wherever a text does not stand among the leaves."""
    SOME = auto()
    """Of some calls, which are told apart first: a column that is not named is not read."""
    NONE = auto()
    """The leaves alone: of no call the text stands elsewhere."""


class CallSelect:
    """Builds the statements of one query."""

    def __init__(self, query: CallQuery, marks: Marks) -> None:
        self.bodies = Bodies.WHOLE
        self._query = query
        self.conditions = CallConditions(marks.names.get(query.project, {}))
        parts = ["project = {project:UInt64}", self.conditions.filter(query.filter)]
        self._among = " AND ".join(parts)
        if query.condition is not None:
            parts.append(self.conditions.condition(query.condition))
        if query.after is not None:
            backwards = bool(query.sort) and query.sort[-1].descending
            time, id = query.after
            parts.append(
                f"(started_at, id) {'<' if backwards else '>'} "
                f"({self.conditions.bind(time, 'Int64')}, {self.conditions.bind(id, 'String')})"
            )
        self._where = " AND ".join(parts)
        self._order = self.conditions.order(query.sort)
        self._final = query.project in marks.repeats
        self._tables = [("calls FINAL" if self._final else "calls", "")]
        if call_rows.START in marks.halves.get(query.project, {}).values():
            self._tables.append(("open_calls FINAL", f" AND half = {call_rows.START}"))

    @property
    def parameters(self) -> dict[str, Any]:
        """What the statements have bound."""
        return {"project": self._query.project, **self.conditions.parameters}

    @property
    def is_union(self) -> bool:
        """Whether some calls are open, or some have to be read in another way."""
        return len(self._tables) > 1 or self.bodies is Bodies.SOME

    @property
    def probe(self) -> str:
        """Asks whether `bodies` has to be `Bodies.SOME`, or can be `Bodies.NONE`.

        Empty where it stays as it is: filtered before versions are compared, an old version of a
        call could come in the place of its newest.
        """
        if self._final or not self.conditions.elsewhere:
            return ""
        return statements.PROBE.replace("{among}", self._among).replace(
            "{elsewhere}", self.conditions.elsewhere
        )

    def source(self, columns: str) -> str:
        """The calls that match, in no order."""
        return " UNION ALL ".join(self._branches(columns))

    def _branches(self, columns: str) -> list[str]:
        whole, leaves = self.conditions.preamble, self.conditions.preamble_of_leaves
        elsewhere = f"({self.conditions.elsewhere})"
        branches: list[str] = []
        for table, more in self._tables:
            ways = [(whole, "")]
            if table == "calls" and self.bodies is Bodies.NONE:
                ways = [(leaves, "")]
            elif table == "calls" and self.bodies is Bodies.SOME:
                ways = [(leaves, f"PREWHERE NOT {elsewhere}"), (whole, f"PREWHERE {elsewhere}")]
            branches += [
                statements.SELECT.replace("{with}", preamble)
                .replace("{columns}", columns)
                .replace("{table}", f"{table} {first}".rstrip())
                .replace("{where}", self._where + more)
                for preamble, first in ways
            ]
        return branches

    def ordered(self, columns: Sequence[str]) -> str:
        """The calls that match, in order, a page of them."""
        query = self._query
        chosen = ", ".join(columns)
        if not self.is_union:
            order = ", ".join(_direction(sql, down) for sql, down in self._order)
            return f"{self.source(chosen)} ORDER BY {order}{limited(query.limit, query.offset)}"
        keys = ", ".join(f"{sql} AS k{n}" for n, (sql, _) in enumerate(self._order))
        inner = ", ".join(_direction(sql, down) for sql, down in self._order)
        outer = ", ".join(_direction(f"k{n}", down) for n, (_, down) in enumerate(self._order))
        most = None if query.limit is None else query.limit + query.offset
        branches = " UNION ALL ".join(
            f"({statements.UNION.replace('{columns}', '*').replace('{branches}', branch)})"
            for branch in (
                f"{select} ORDER BY {inner}{limited(most, 0)}"
                for select in self._branches(f"{chosen}, {keys}")
            )
        )
        both = statements.UNION.replace("{columns}", chosen).replace("{branches}", branches)
        return f"{both} ORDER BY {outer}{limited(query.limit, query.offset)}"


def _direction(sql: str, descending: bool) -> str:
    return f"{sql} {'DESC' if descending else 'ASC'}"


def limited(limit: int | None, offset: int) -> str:
    if limit is None:
        return f" OFFSET {offset:d}" if offset else ""
    return f" LIMIT {limit:d} OFFSET {offset:d}"
