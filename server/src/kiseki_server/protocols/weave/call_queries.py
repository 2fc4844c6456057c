"""Filters, queries and orders of this dialect, as ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import msgspec

from kiseki_server.domain.annotations.of_calls import QUEUE
from kiseki_server.domain.calls import query as syntax
from kiseki_server.domain.calls.query import BODIES, MAX_DEPTH, Field, Node, Type, parse_path
from kiseki_server.domain.calls.store import ANY_VERSION, CallFilter, CallQuery, Sort
from kiseki_server.domain.feedback import of_calls
from kiseki_server.domain.projects.types import Project
from kiseki_server.kit.errors import BadRequest, Malformed
from kiseki_server.protocols.weave.door import external
from kiseki_server.protocols.weave.refs import EXTERNAL, References

MOST = 1_000
"""Entries of a list in a filter."""

_COLUMNS = {
    "op_name": "op",
    "wb_user_id": "user",
    "wb_run_id": "run",
    "wb_run_step": "run_step",
    "wb_run_step_end": "run_step_end",
    "expire_at": "expires_at",
    **{
        name: name
        for name in (
            "id",
            "trace_id",
            "parent_id",
            "thread_id",
            "turn_id",
            "started_at",
            "ended_at",
            "exception",
            "display_name",
        )
    },
}
_COMPARISONS: dict[str, Callable[[Node, Node], Node]] = {
    "$eq": syntax.Eq,
    "$gt": syntax.Gt,
    "$gte": syntax.Gte,
    "$lt": syntax.Lt,
    "$lte": syntax.Lte,
}
_OPERATIONS = ("$and", "$or", "$not", "$in", "$contains", *_COMPARISONS)
_FEEDBACK = "feedback.["
QUEUE_ID = "annotation_queue_items.queue_id"
_ALL = BODIES | {"otel"}
_NEEDED = {"summary": ("ended_at", "exception", "display_name")}


class FilterBody(msgspec.Struct, kw_only=True):
    """The conditions that nearly every question has."""

    op_names: list[str] | None = None
    input_refs: list[str] | None = None
    output_refs: list[str] | None = None
    parent_ids: list[str] | None = None
    trace_ids: list[str] | None = None
    call_ids: list[str] | None = None
    thread_ids: list[str] | None = None
    turn_ids: list[str] | None = None
    trace_roots_only: bool | None = None
    wb_user_ids: list[str] | None = None
    wb_run_ids: list[str] | None = None


class QueryBody(msgspec.Struct, kw_only=True):
    """A condition as a tree of operations."""

    expr: Any = msgspec.field(name="$expr")


class SortBody(msgspec.Struct, kw_only=True):
    """An order by one field."""

    field: str
    direction: str = "asc"


class CallQueries:
    """Reads what asks for calls of one project."""

    def __init__(self, project: Project, references: References) -> None:
        self._project = project
        self._references = references

    def query(
        self,
        filter: FilterBody | None,
        query: QueryBody | None,
        sort_by: Sequence[SortBody] | None = None,
        *,
        limit: int | None = None,
        offset: int | None = None,
        columns: Sequence[str] | None = None,
    ) -> CallQuery:
        """The question; nothing in it is a condition on its own.

        Raises:
            BadRequest: A list is too long, or the query is none.
            Malformed: A field may not be asked for.
        """
        return CallQuery(
            project=self._project.id,
            filter=self.filter(filter or FilterBody()),
            condition=None if query is None else self.condition(query.expr),
            sort=tuple(self._sort(each) for each in sort_by or ()),
            limit=limit or None,
            offset=offset or 0,
            bodies=_ALL if not columns else bodies_of(columns),
        )

    def filter(self, body: FilterBody) -> CallFilter:
        """The simple conditions."""
        for name in body.__struct_fields__:
            values = getattr(body, name)
            if isinstance(values, list) and len(cast("list[str]", values)) > MOST:
                raise BadRequest(f"`{name}` may have {MOST} entries, not {len(values)}")  # pyright: ignore[reportUnknownArgumentType]
        prefix = external(self._project) + "/"
        return CallFilter(
            ops=self._refs(body.op_names),
            input_refs=self._refs(body.input_refs),
            output_refs=self._refs(body.output_refs),
            ids=tuple(body.call_ids or ()),
            parent_ids=tuple(body.parent_ids or ()),
            trace_ids=tuple(body.trace_ids or ()),
            runs=tuple(run.removeprefix(prefix) for run in body.wb_run_ids or ()),
            users=tuple(body.wb_user_ids or ()),
            thread_ids=None if body.thread_ids is None else tuple(body.thread_ids),
            turn_ids=None if body.turn_ids is None else tuple(body.turn_ids),
            roots_only=bool(body.trace_roots_only),
        )

    def _refs(self, refs: Sequence[str] | None) -> tuple[str, ...]:
        return tuple(self._ref(ref) for ref in refs or ())

    def _ref(self, ref: str) -> str:
        if not ref.startswith(EXTERNAL):
            return ref
        if not ref.endswith(ANY_VERSION):
            return self._references.inward_text(ref)
        return self._references.inward_text(ref[: -len(ANY_VERSION)]) + ANY_VERSION

    def condition(self, tree: Any) -> Node:
        """The tree of operations."""
        return self._node(tree, 1)

    def field(self, text: str) -> Field:
        """A field by its name in this dialect.

        Raises:
            Malformed: It may not be asked for.
        """
        if text.startswith(_FEEDBACK):
            return Field(_feedback_path(text))
        if text == QUEUE_ID:
            return Field(QUEUE)
        path = parse_path(text)
        if path[0] in BODIES:
            if path[:2] == ("summary", "weave") and path[2:] not in {
                (name,) for name in syntax.DERIVED
            }:
                raise Malformed(f"`{text[:200]}` may not be queried")
            return Field(path)
        column = _COLUMNS.get(path[0])
        if column is None or len(path) > 1:
            raise Malformed(f"`{text[:200]}` may not be queried")
        return Field((column,))

    def _sort(self, body: SortBody) -> Sort:
        if body.direction not in ("asc", "desc"):
            raise Malformed(f"The direction is `asc` or `desc`, not `{body.direction[:40]}`")
        return Sort(self.field(body.field), descending=body.direction == "desc")

    def _node(self, tree: Any, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise BadRequest(f"The query is nested more than {MAX_DEPTH} deep")
        if not isinstance(tree, dict) or len(cast("dict[str, Any]", tree)) != 1:
            raise BadRequest("Every part of a query is a map with one operation")
        ((operation, operand),) = cast("dict[str, Any]", tree).items()
        match operation:
            case "$literal":
                return syntax.Literal(self._literal(operand))
            case "$getField":
                if not isinstance(operand, str):
                    raise BadRequest("`$getField` takes the name of a field")
                return self.field(operand)
            case "$convert":
                parts = _map(operand, operation, "input", "to")
                try:
                    to = Type(parts["to"])
                except ValueError:
                    kinds = ", ".join(Type)
                    raise BadRequest(f"`$convert` makes one of: {kinds}") from None
                return syntax.Convert(self._node(parts["input"], depth + 1), to)
            case "$size":
                return syntax.Size(self._node(operand, depth + 1))
            case "$and" | "$or":
                conditions = self._nodes(operand, operation, depth)
                return syntax.And(conditions) if operation == "$and" else syntax.Or(conditions)
            case "$not":
                (condition,) = self._nodes(operand, operation, depth, 1)
                return syntax.Not(condition)
            case "$in":
                if not isinstance(operand, list) or len(cast("list[Any]", operand)) != 2:
                    raise BadRequest("`$in` takes an operand and a list")
                value, values = cast("list[Any]", operand)
                found = self._nodes(values, operation, depth) if values else ()
                return syntax.In(self._node(value, depth + 1), found)
            case "$contains":
                parts = _map(operand, operation, "input", "substr")
                return syntax.Contains(
                    self._node(parts["input"], depth + 1),
                    self._node(parts["substr"], depth + 1),
                    bool(parts.get("case_insensitive")),
                )
            case _ if operation in _COMPARISONS:
                left, right = self._nodes(operand, operation, depth, 2)
                return _COMPARISONS[operation](left, right)
            case _:
                known = ", ".join(_OPERATIONS)
                raise BadRequest(f"`{operation[:40]}` is no operation; there are {known}")

    def _nodes(
        self, trees: Any, operation: str, depth: int, count: int | None = None
    ) -> tuple[Node, ...]:
        if not isinstance(trees, list) or not trees:
            raise BadRequest(f"`{operation}` takes a list")
        items = cast("list[Any]", trees)
        if count is not None and len(items) != count:
            raise BadRequest(f"`{operation}` takes {count} operands, not {len(items)}")
        return tuple(self._node(item, depth + 1) for item in items)

    def _literal(self, value: Any) -> syntax.Scalar:
        if isinstance(value, str):
            run = external(self._project) + "/"
            if value.startswith(EXTERNAL):
                return self._ref(value)
            return value.removeprefix(run) if value.count("/") == 2 else value
        if value is None or isinstance(value, bool | int | float):
            return value
        raise BadRequest("`$literal` takes a text, a number, a truth value or null")


def _feedback_path(text: str) -> tuple[str, ...]:
    """The path of ``feedback.[TYPE].…``; a type has dots of its own."""
    type, bracket, rest = text.removeprefix(_FEEDBACK).partition("]")
    if not bracket or not type or not rest.startswith("."):
        raise Malformed(f"`{text[:200]}` may not be queried; write `feedback.[TYPE].payload.PLACE`")
    place = parse_path(rest[1:])
    if place[0] not in of_calls.PARTS or (place[0] != "payload" and len(place) > 1):
        raise Malformed(f"`{text[:200]}` may not be queried")
    return (of_calls.ROOT, type, *place)


def bodies_of(columns: Sequence[str]) -> frozenset[str]:
    """The bodies that the columns name, or that lie around what they name."""
    roots = {column.partition(".")[0] for column in columns}
    return frozenset(roots & BODIES) | (
        frozenset({"otel"}) if "attributes" in roots else frozenset()
    )


def fields_of(columns: Sequence[str]) -> frozenset[str]:
    """The fields of an answer that the columns name, with those that always come."""
    roots = {column.partition(".")[0] for column in columns}
    more = {field for root in roots for field in _NEEDED.get(root, ())}
    return frozenset(roots | more | {"id", "trace_id", "project_id", "op_name", "started_at"})


def _map(value: Any, operation: str, *names: str) -> Mapping[str, Any]:
    if not isinstance(value, dict) or any(name not in value for name in names):
        raise BadRequest(f"`{operation}` takes a map with {' and '.join(f'`{n}`' for n in names)}")
    return cast("dict[str, Any]", value)
