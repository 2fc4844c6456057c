"""Queries that select everything, written from the schema: a new field is in them at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Undefined,
    get_named_type,
    parse,
)

from kiseki_server.protocols.wandb.not_supported import EMPTY, REFUSED

_WRAPPING = ("Connection", "Edge", "Payload")
"""Types that stand around things, and cost no depth."""

_TOKENS = 2_000
"""Of one document; the server reads at most 5,000."""


class Selector:
    """Writes selections over a schema.

    ``arguments`` are those of fields that take some, by `Type.field`.
    """

    def __init__(self, schema: GraphQLSchema, arguments: Mapping[str, str]) -> None:
        self.schema = schema
        self._arguments = arguments

    def queries(self, call: str, *, mutation: bool = False, depth: int = 3) -> Iterator[str]:
        """Documents with everything below a root field, one for each member of its unions."""
        parsed = parse("{" + call + "}").definitions[0]
        assert isinstance(parsed, OperationDefinitionNode)
        (node,) = parsed.selection_set.selections
        assert isinstance(node, FieldNode)
        root = self.schema.mutation_type if mutation else self.schema.query_type
        assert root is not None
        type = get_named_type(root.fields[node.name.value].type)
        head = "mutation " if mutation else ""
        seen: set[str] = set()
        for choice in range(8):
            for selected in self._selected(type, depth, choice):
                if selected not in seen:
                    seen.add(selected)
                    yield f"{head}{{ {call} {selected} }}"

    def _selected(self, type: Any, depth: int, choice: int) -> list[str]:
        """Selections that hold everything together, none of them too long for one document."""
        if isinstance(type, (GraphQLUnionType, GraphQLInterfaceType)):
            members = sorted(self.schema.get_possible_types(type), key=lambda each: each.name)
            member = members[choice % len(members)]
            return [
                f"{{ __typename ... on {member.name} {inner} }}"
                for inner in self._selected(member, depth, choice)
            ]
        if not isinstance(type, GraphQLObjectType):
            return [""]
        parts: list[str] = []
        for name, field in type.fields.items():
            if (written := self.call(type.name, name, field)) is None:
                continue
            below = get_named_type(field.type)
            if isinstance(below, (GraphQLUnionType, GraphQLInterfaceType, GraphQLObjectType)):
                left = depth if below.name.endswith(_WRAPPING) else depth - 1
                if left < 0 or (below.name == type.name):
                    continue
                parts += [f"{written} {inner}" for inner in self._selected(below, left, choice)]
            else:
                parts.append(written)
        return ["{ __typename " + " ".join(packed) + " }" for packed in _packed(parts)]

    def call(self, type: str, name: str, field: GraphQLField) -> str | None:
        """The field as it is asked for; `None` for what is not served or lacks arguments."""
        full = f"{type}.{name}"
        if full in REFUSED or full in EMPTY:
            return None
        if full in self._arguments:
            return name + self._arguments[full]
        return None if _demands(field) else name

    def without_arguments(self) -> set[str]:
        """Reachable fields that need arguments, and none are given for."""
        types = self.schema.type_map
        return {
            full
            for full in self.reachable() - self._arguments.keys()
            for type, _, name in [full.partition(".")]
            if type != "Query" and _demands(types[type].fields[name])  # pyright: ignore[reportAttributeAccessIssue]
        }

    def reachable(self) -> set[str]:
        """Every served field of every type that a query can arrive at, as `Type.field`."""
        assert self.schema.query_type is not None
        waiting: list[Any] = [self.schema.query_type]
        visited: set[str] = set()
        found: set[str] = set()
        while waiting:
            type = waiting.pop()
            if type.name in visited:
                continue
            visited.add(type.name)
            if isinstance(type, (GraphQLUnionType, GraphQLInterfaceType)):
                waiting += self.schema.get_possible_types(type)
            elif isinstance(type, GraphQLObjectType):
                for name, field in type.fields.items():
                    if f"{type.name}.{name}" not in REFUSED.keys() | EMPTY:
                        found.add(f"{type.name}.{name}")
                        waiting.append(get_named_type(field.type))
        return found


def _packed(parts: list[str]) -> Iterator[list[str]]:
    """The parts in groups of at most `_TOKENS`."""
    group: list[str] = []
    size = 0
    for part in parts:
        length = len(re.findall(r"\w+|[^\w\s]", part))
        if group and size + length > _TOKENS:
            yield group
            group, size = [], 0
        group.append(part)
        size += length
    yield group


def _demands(field: GraphQLField) -> bool:
    return any(
        isinstance(argument.type, GraphQLNonNull) and argument.default_value is Undefined
        for argument in field.args.values()
    )


def answered(query: str, data: Any) -> set[str]:
    """The fields, as `Type.field`, of all the objects that an answer holds."""
    document = parse(query)
    found: set[str] = set()
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    _walk(operation.selection_set, data, operation.operation.value.capitalize(), found)
    return found


def _walk(selections: SelectionSetNode, value: Any, type: str, found: set[str]) -> None:
    if isinstance(value, list):
        for each in value:
            _walk(selections, each, type, found)
        return
    if not isinstance(value, dict):
        return
    type = value.get("__typename", type)
    for node in selections.selections:
        if isinstance(node, InlineFragmentNode):
            assert node.type_condition is not None
            if node.type_condition.name.value == type:
                _walk(node.selection_set, value, type, found)
            continue
        assert not isinstance(node, FragmentSpreadNode)
        name = node.name.value
        if name == "__typename":
            continue
        found.add(f"{type}.{name}")
        if node.selection_set is not None:
            key = node.alias.value if node.alias else name
            _walk(node.selection_set, value.get(key), "", found)
