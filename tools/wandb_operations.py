"""List every GraphQL operation that an installed wandb package ships.

    python tools/wandb_operations.py .clients/wandb-0.31.0 [--names | --json FILE]

The documents are the client's property: they are read from the installation when they are
needed and never stored in this repository. Python sources are evaluated without running them:
a text that is put together from other texts gives every variant that can be told statically.
The Go process keeps its documents as plain text in the binary.
"""

from __future__ import annotations

import argparse
import ast
import itertools
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from graphql import GraphQLSyntaxError, OperationDefinitionNode, parse

MAX_VARIANTS = 32

_OPERATION = re.compile(r"\A\s*(?:#graphql\s*)?(query|mutation|subscription)\b\s*\w*\s*[({]")
_BINARY_OPERATION = re.compile(rb"(?:query|mutation) [A-Za-z]\w+ ?(?:\(|\{)")
_BINARY_FRAGMENT = re.compile(rb"\s*fragment \w+ on \w+ \{")


@dataclass(frozen=True)
class Operation:
    """One operation, with the file that it was found in."""

    name: str
    document: str
    source: str


class _UnknownText(Exception):
    """The text depends on something that only a running client knows."""


@dataclass
class _Scope:
    """Names and what is assigned to them, innermost function first."""

    parent: _Scope | None = None
    assigned: dict[str, list[ast.expr]] = field(default_factory=lambda: defaultdict(list))
    added: dict[str, list[ast.expr]] = field(default_factory=lambda: defaultdict(list))

    def lookup(self, name: str) -> tuple[_Scope, list[ast.expr], list[ast.expr]]:
        if name in self.assigned:
            return self, self.assigned[name], self.added.get(name, [])
        if self.parent is None:
            raise _UnknownText(name)
        return self.parent.lookup(name)


class _Evaluator:
    """Evaluates text expressions to all the texts that they may become."""

    def __init__(self, functions: dict[str, list[ast.FunctionDef]], shared: _Scope) -> None:
        self.consumed: set[ast.expr] = set()
        self._under_way: list[ast.expr] = []
        self._functions = functions
        self._shared = shared

    def whole(self, node: ast.expr, scope: _Scope) -> list[str]:
        """All the texts of an outermost expression."""
        self._under_way = [node]
        return self.texts(node, scope)

    def texts(self, node: ast.expr, scope: _Scope, depth: int = 0) -> list[str]:
        if depth > 12:
            raise _UnknownText
        match node:
            case ast.Constant(value=str(text)):
                return [text]
            case ast.JoinedStr(values=parts):
                return self._joined([self._part(part, scope, depth) for part in parts])
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._joined([self._part(side, scope, depth) for side in (left, right)])
            case ast.IfExp(body=body, orelse=orelse):
                return [*self.texts(body, scope, depth + 1), *self.texts(orelse, scope, depth + 1)]
            case ast.Name(id=name):
                return self._named(name, scope, depth)
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
                return self._named(name, scope, depth)
            case ast.Attribute(value=ast.Name(), attr=name) if name.isupper():
                return self._named(name, self._shared, depth)  # of another module
            case ast.Call():
                return self._called(node, scope, depth)
        raise _UnknownText

    def _part(self, node: ast.expr, scope: _Scope, depth: int) -> list[str]:
        if isinstance(node, ast.FormattedValue):
            node = node.value
        if isinstance(node, ast.Name):
            # What is replaced in a text that is then assigned to the same name.
            self.consumed.update(
                each for each in scope.lookup(node.id)[1] if each not in self._under_way
            )
        return self.texts(node, scope, depth + 1)

    def _named(self, name: str, scope: _Scope, depth: int) -> list[str]:
        home, assigned, added = scope.lookup(name)
        found: list[str] = []
        waiting = [node for node in assigned if node not in self._under_way]
        # Of a text in which places are filled later, only what it becomes.
        for node in [node for node in waiting if _fills(node, name)] or waiting:
            self._under_way.append(node)
            try:
                found.extend(self.texts(node, home, depth + 1))
            finally:
                self._under_way.pop()
        if added:
            tail = "".join(self.texts(node, home, depth + 1)[0] for node in added)
            self.consumed.update(assigned)
            found.extend([text + tail for text in found])
        return found

    def _called(self, node: ast.Call, scope: _Scope, depth: int) -> list[str]:
        match node:
            case ast.Call(func=ast.Attribute(value=subject, attr="replace"), args=[old, new, *_]):
                return [
                    text.replace(before, after)
                    for text, before, after in itertools.product(
                        self._part(subject, scope, depth),
                        self.texts(old, scope, depth + 1),
                        self._part(new, scope, depth),
                    )
                ][:MAX_VARIANTS]
            case ast.Call(func=ast.Attribute(value=subject, attr="format"), args=args, keywords=[]):
                filled = [self._part(arg, scope, depth) for arg in args]
                return [
                    text.format(*values)
                    for text in self._part(subject, scope, depth)
                    for values in itertools.product(*filled)
                ][:MAX_VARIANTS]
            case ast.Call(
                func=ast.Attribute(value=subject, attr="join"), args=[ast.Name(id=listed)]
            ):
                between = self.texts(subject, scope, depth + 1)[0]
                return [between.join(self._listed(listed, scope, depth))]
            case ast.Call(
                func=ast.Name(id="gql" | "dedent" | "gql_compat" | "print_ast"), args=[inner, *_]
            ):
                return self.texts(inner, scope, depth + 1)
            case ast.Call(func=ast.Name(id=name)):
                return self._returned(name, depth)
        raise _UnknownText

    def _returned(self, name: str, depth: int) -> list[str]:
        """What a function gives that takes no part of its text from its arguments."""
        found: list[str] = []
        for function in self._functions.get(name, ()):
            inner = _Scope(self._shared)
            for _ in _fill(inner, function.body):
                pass
            for node in ast.walk(function):
                if isinstance(node, ast.Return) and node.value is not None:
                    found.extend(self.texts(node.value, inner, depth + 1))
        if not found:
            raise _UnknownText
        return found

    def _listed(self, name: str, scope: _Scope, depth: int) -> list[str]:
        home, assigned, added = scope.lookup(name)
        elements: list[str] = []
        for node in [*assigned, *added]:
            items = node.elts if isinstance(node, (ast.List, ast.Tuple)) else [node]
            elements.extend(self.texts(item, home, depth + 1)[0] for item in items)
        return elements

    @staticmethod
    def _joined(parts: list[list[str]]) -> list[str]:
        return ["".join(choice) for choice in itertools.product(*parts)][:MAX_VARIANTS]


def _fills(node: ast.expr, name: str) -> bool:
    """The expression fills places in the text of this name."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=subject), attr="replace" | "format")):
            return subject == name
    return False


def _fill(scope: _Scope, body: Iterable[ast.AST]) -> Iterator[tuple[ast.AST, _Scope]]:
    """Note assignments of one scope; give the functions and classes inside, each with its own."""
    waiting = list(body)
    while waiting:
        node = waiting.pop(0)
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node, _Scope(scope)
                continue
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                scope.assigned[name].append(value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                scope.assigned[name].append(value)
            case ast.AugAssign(target=ast.Name(id=name), value=value):
                scope.added[name].append(value)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append"), args=[value]):
                scope.added[name].append(value)
        waiting.extend(ast.iter_child_nodes(node))


def _expressions(body: Iterable[ast.AST]) -> Iterator[ast.expr]:
    """Outermost expressions of a scope that may be text, each once."""
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        texty = isinstance(node, (ast.Constant, ast.JoinedStr, ast.BinOp, ast.Call))
        if texty and isinstance(node, ast.expr):
            yield node
        if isinstance(node, (ast.JoinedStr, ast.BinOp)):
            continue
        match node:
            case ast.Call(func=ast.Attribute(attr="replace" | "format")):
                continue
        yield from _expressions(ast.iter_child_nodes(node))


def _passed(tree: ast.Module) -> dict[str, list[ast.Call]]:
    """Calls in a module, by the name of what is called."""
    calls: dict[str, list[ast.Call]] = defaultdict(list)
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                calls[name].append(node)
    return calls


def _take_arguments(scope: _Scope, function: ast.AST, calls: dict[str, list[ast.Call]]) -> None:
    """Treat what callers in the module pass as assignments to the function's parameters."""
    if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return
    names = [arg.arg for arg in function.args.args if arg.arg not in {"self", "cls"}]
    for call in calls.get(function.name, []):
        for name, value in zip(names, call.args, strict=False):
            scope.assigned[name].append(value)
        for keyword in call.keywords:
            if keyword.arg in names:
                scope.assigned[keyword.arg].append(keyword.value)


def _module_texts(
    tree: ast.Module, shared: _Scope, functions: dict[str, list[ast.FunctionDef]]
) -> Iterator[str]:
    evaluator = _Evaluator(functions, shared)
    calls = _passed(tree)
    scopes: list[tuple[Iterable[ast.AST], _Scope]] = []
    waiting: list[tuple[list[ast.AST], _Scope]] = [(list(tree.body), _Scope(shared))]
    while waiting:
        body, scope = waiting.pop()
        scopes.append((body, scope))
        for inner, inner_scope in _fill(scope, body):
            _take_arguments(inner_scope, inner, calls)
            waiting.append((list(ast.iter_child_nodes(inner)), inner_scope))
    found: list[tuple[ast.expr, list[str]]] = []
    for body, scope in scopes:
        for node in _expressions(body):
            try:
                found.append((node, evaluator.whole(node, scope)))
            except (_UnknownText, IndexError, KeyError, ValueError):
                continue
    for node, texts in found:
        if node not in evaluator.consumed:
            yield from texts


def _from_python(root: Path) -> Iterator[Operation]:
    trees: dict[Path, ast.Module] = {}
    shared = _Scope()
    functions: dict[str, list[ast.FunctionDef]] = defaultdict(list)
    for path in sorted(root.rglob("*.py")):
        if "vendor" in path.parts or path.name.endswith("_pb2.py"):
            continue
        trees[path] = ast.parse(path.read_text(encoding="utf-8"))
        for node in trees[path].body:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    shared.assigned[name].append(value)
                case ast.FunctionDef(name=name):
                    functions[name].append(node)
    for path, tree in trees.items():
        for text in _module_texts(tree, shared, functions):
            if _OPERATION.match(text):
                yield from _operations(text, str(path.relative_to(root)))


def _from_binary(path: Path) -> Iterator[Operation]:
    data = path.read_bytes()
    for match in _BINARY_OPERATION.finditer(data):
        end = _balanced(data, match.start())
        while end is not None and (more := _BINARY_FRAGMENT.match(data, end)):
            end = _balanced(data, more.start())
        if end is not None:
            text = data[match.start() : end].decode("utf-8", "replace")
            yield from _operations(text, path.name)


def _balanced(data: bytes, start: int) -> int | None:
    """The end of the selection set that begins behind ``start``."""
    depth = parentheses = 0
    for index in range(start, min(start + 50_000, len(data))):
        character = data[index : index + 1]
        if character in b"()":
            parentheses += 1 if character == b"(" else -1
        elif character == b"{":
            depth += 1
        elif character == b"}":
            depth -= 1
            if depth == 0 and parentheses == 0:
                return index + 1
    return None


def _operations(text: str, source: str) -> Iterator[Operation]:
    try:
        document = parse(text, no_location=True)
    except GraphQLSyntaxError:
        return
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            name = definition.name.value if definition.name else ""
            yield Operation(name, text, source)


def _consistent(document: str) -> bool:
    """The document uses exactly the fragments and variables that it declares."""
    used = set(re.findall(r"\.\.\.\s*(?!on\b)(\w+)", document))
    if used != set(re.findall(r"\bfragment\s+(\w+)\s+on\b", document)):
        return False
    declared = set(re.findall(r"\$(\w+)\s*:", document))
    return declared == set(re.findall(r"\$(\w+)\b(?!\s*:)", document))


def operations(environment: Path) -> list[Operation]:
    """Every operation of the wandb package installed in ``environment``, without repeats.

    Raises:
        FileNotFoundError: There is no wandb package.
    """
    roots = sorted(environment.glob("lib/python*/site-packages/wandb"))
    if not roots:
        raise FileNotFoundError(f"No wandb package is installed in {environment}")
    found: dict[tuple[str, str], Operation] = {}
    for operation in itertools.chain(
        _from_python(roots[0]), _from_binary(roots[0] / "bin" / "wandb-core")
    ):
        found.setdefault((operation.name, " ".join(operation.document.split())), operation)
    sound = {each.name for each in found.values() if _consistent(each.document)}
    return [each for each in found.values() if each.name not in sound or _consistent(each.document)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("environment", type=Path, help="a virtual environment with wandb in it")
    parser.add_argument("--names", action="store_true", help="print only the names")
    parser.add_argument("--json", type=Path, help="write names, documents and sources to a file")
    arguments = parser.parse_args()
    found = operations(arguments.environment)
    if arguments.json:
        rows = [vars(operation) for operation in found]
        arguments.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    elif arguments.names:
        print("\n".join(sorted({operation.name for operation in found})))
    else:
        for operation in sorted(found, key=lambda each: each.name):
            print(f"{operation.name:45}{operation.source}")


if __name__ == "__main__":
    main()
