"""GraphQL documents: parsed, validated and measured once, then remembered."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    parse,
    validate,
)

from kiseki_server.kit.errors import BadRequest, TooLarge

MAX_LENGTH = 256 << 10
"""Characters of a document; what is large belongs into variables."""
MAX_TOKENS = 5_000
MAX_DEPTH = 25
MAX_ALIASES = 100
MAX_FIELDS = 5_000
MAX_COST = 500_000
PAGE = 50
"""How many items a list is expected to have when the query does not say."""

_REMEMBERED = 1 << 20
"""Characters of all the documents that are remembered: those of several clients."""
_SHOWN = 300
"""Characters of a message that may repeat parts of the document."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document that is valid and not too large."""

    ast: DocumentNode

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """The operation to execute.

        Raises:
            BadRequest: There is none of this name, or several and no name.
        """
        found = [node for node in self.ast.definitions if isinstance(node, OperationDefinitionNode)]
        if name:
            found = [node for node in found if node.name is not None and node.name.value == name]
        if len(found) != 1:
            raise BadRequest(
                f"The document has no operation `{name[:80]}`"
                if name
                else f"The document has {len(found)} operations; say which by operationName"
            )
        return found[0]

    def operation_name(self, name: str | None) -> str:
        """How the document names the operation; empty when it does not."""
        found = self.operation(name).name
        return "" if found is None else found.value

    def cost(self, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> int:
        """How many values an answer may hold: fields times the sizes of the lists around them.

        Raises:
            TooLarge: More than the server computes for one request.
        """
        cost = _cost(operation.selection_set, _fragments(self.ast), variables, 1)
        if cost > MAX_COST:
            raise TooLarge(
                f"The query may have to compute {cost} values; {MAX_COST} are allowed",
                hint="Ask for fewer items in a page.",
            )
        return cost


class Documents:
    """Reads documents for one schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Document] = OrderedDict()
        self._length = 0

    def __len__(self) -> int:
        return len(self._known)

    def read(self, text: str) -> Document:
        """The document.

        Raises:
            BadRequest: It is no GraphQL, not valid for the schema, or too deep or too wide.
        """
        with self._lock:
            if (known := self._known.get(text)) is not None:
                self._known.move_to_end(text)
                return known
        document = Document(self._checked(text))
        with self._lock:
            if text not in self._known:
                self._known[text] = document
                self._length += len(text)
            while self._length > _REMEMBERED:
                forgotten, _ = self._known.popitem(last=False)
                self._length -= len(forgotten)
        return document

    def _checked(self, text: str) -> DocumentNode:
        if len(text) > MAX_LENGTH:
            raise TooLarge(
                f"The query is {len(text)} characters long; {MAX_LENGTH} are allowed",
                hint="Pass large values as variables.",
            )
        try:
            ast = parse(text, no_location=True, max_tokens=MAX_TOKENS)
        except GraphQLSyntaxError as error:
            raise BadRequest(f"The query is no GraphQL: {_short(error.message)}") from None
        except RecursionError:
            raise BadRequest("The query is nested too deeply") from None
        fragments = _fragments(ast)
        for node in ast.definitions:
            if isinstance(node, OperationDefinitionNode):
                _measure(node, fragments)
        errors = validate(self._schema, ast, max_errors=5)
        if errors and errors[0].message == "Validation aborted.":
            raise BadRequest("The query repeats too much to be checked; ask for each field once")
        if errors:
            raise BadRequest("; ".join(_short(error.message) for error in errors))
        return ast


def _short(message: str) -> str:
    return message if len(message) <= _SHOWN else f"{message[:_SHOWN]}…"


def writes(operation: OperationDefinitionNode) -> bool:
    """The operation changes something."""
    return operation.operation is not OperationType.QUERY


def _fragments(ast: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    return {
        node.name.value: node
        for node in ast.definitions
        if isinstance(node, FragmentDefinitionNode)
    }


def _measure(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> None:
    """Refuse what is deep, wide or goes in circles, before anything costly looks at it."""
    aliases = 0
    walk = _walk(operation.selection_set, fragments, 1, ())
    for fields, (field, depth) in enumerate(walk, 1):
        aliases += field.alias is not None
        if depth > MAX_DEPTH:
            raise BadRequest(f"The query is more than {MAX_DEPTH} levels deep")
        if aliases > MAX_ALIASES:
            raise BadRequest(f"The query has more than {MAX_ALIASES} aliases")
        if fields > MAX_FIELDS:
            raise BadRequest(f"The query has more than {MAX_FIELDS} fields")


def _walk(
    selections: SelectionSetNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    depth: int,
    inside: tuple[str, ...],
) -> Iterator[tuple[FieldNode, int]]:
    for node in selections.selections:
        if isinstance(node, FieldNode):
            yield node, depth
            if node.selection_set is not None:
                yield from _walk(node.selection_set, fragments, depth + 1, inside)
        elif isinstance(node, InlineFragmentNode):
            yield from _walk(node.selection_set, fragments, depth, inside)
        elif isinstance(node, FragmentSpreadNode):
            name = node.name.value
            if name in inside:
                raise BadRequest(f"The fragment `{name}` contains itself")
            if (fragment := fragments.get(name)) is not None:
                yield from _walk(fragment.selection_set, fragments, depth, (*inside, name))


def _cost(
    selections: SelectionSetNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: Mapping[str, Any],
    times: int,
) -> int:
    cost = 0
    for node in selections.selections:
        if isinstance(node, FieldNode):
            cost += times
            if node.selection_set is not None:
                inner = times * _size(node, variables)
                cost += _cost(node.selection_set, fragments, variables, inner)
        elif isinstance(node, InlineFragmentNode):
            cost += _cost(node.selection_set, fragments, variables, times)
        elif isinstance(node, FragmentSpreadNode):
            inner = fragments[node.name.value].selection_set
            cost += _cost(inner, fragments, variables, times)
    return cost


def _size(field: FieldNode, variables: Mapping[str, Any]) -> int:
    """How many items the field's list has at most; 1 for what is no list."""
    for argument in field.arguments or ():
        if argument.name.value not in ("first", "last"):
            continue
        value = argument.value
        if isinstance(value, IntValueNode):
            return max(1, int(value.value))
        if isinstance(value, VariableNode):
            given = variables.get(value.name.value)
            return max(1, given) if isinstance(given, int) else PAGE
    return 1
