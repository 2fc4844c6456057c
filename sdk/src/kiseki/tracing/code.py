"""The code of an op: its source, and the functions, classes and globals of the user that it uses.

What is installed is imported in the text, what the user wrote is copied into it. So the text says
all that a change of the program can change, and its digest is the op's version.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import inspect
import os
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any, cast

import msgspec

MOST_BYTES = 1 << 20
_MOST_LITERAL = 2000
_MOST_PARTS = 200

PLACEHOLDER = '''"""The code of this op was not captured."""


def func(*args, **kwargs): ...
'''

_literal = msgspec.msgpack.Encoder().encode


def code_of(function: Callable[..., Any], is_secret: Callable[[str], bool]) -> str:
    """The text; of a function without source its signature and a digest of what it does.

    ``is_secret`` names globals whose values are not to be shown.
    """
    capture = _Capture(is_secret)
    capture.add(_inner(function))
    text = capture.text()
    return text if len(text.encode()) <= MOST_BYTES else _without_source(_inner(function))


class _Capture:
    def __init__(self, is_secret: Callable[[str], bool]) -> None:
        self._is_secret = is_secret
        self._imports: dict[str, None] = {}
        self._literals: dict[str, str] = {}
        self._parts: list[str] = []
        self._seen: set[int] = set()

    def add(self, thing: Any) -> None:
        """Add a function or a class, after all that it uses."""
        if id(thing) in self._seen or len(self._seen) >= _MOST_PARTS:
            return
        self._seen.add(id(thing))
        source = _source(thing)
        if source is None:
            self._parts.append(_without_source(thing))
            return
        for name, value in _used(thing, source):
            self._use(name, value)
        self._parts.append(source)

    def text(self) -> str:
        head = ["\n".join(sorted(self._imports)), "\n".join(self._literals.values())]
        return "\n\n\n".join(filter(None, ["\n\n".join(filter(None, head)), *self._parts])) + "\n"

    def _use(self, name: str, value: Any) -> None:
        if isinstance(value, ModuleType):
            plain = value.__name__ == name
            self._imports[f"import {value.__name__}" + ("" if plain else f" as {name}")] = None
            return
        value = _inner(value)
        if isinstance(value, (FunctionType, type)):
            if _is_own(value):
                self.add(value)
                if value.__name__ != name:
                    self._literals[name] = f"{name} = {value.__name__}"
            else:
                renamed = "" if value.__name__ == name else f" as {name}"
                self._imports[f"from {value.__module__} import {value.__name__}{renamed}"] = None
        elif self._is_secret(name):
            self._literals[name] = f"{name} = ...  # REDACTED"
        elif _is_literal(value):
            self._literals[name] = f"{name} = {value!r}"
        else:
            kind = cast("type[Any]", type(value))
            self._literals[name] = f"{name} = ...  # {kind.__module__}.{kind.__qualname__}"


def _inner(value: Any) -> Any:
    """The function behind wrappers."""
    for _ in range(20):
        if isinstance(value, (classmethod, staticmethod)):
            value = cast("Any", value).__func__
        elif inspect.ismethod(value):
            value = value.__func__
        elif callable(value) and hasattr(value, "__wrapped__") and not isinstance(value, type):
            value = cast("Any", value).__wrapped__
        else:
            break
    return value


def _source(thing: Any) -> str | None:
    try:
        source = textwrap.dedent(inspect.getsource(thing)).rstrip()
        ast.parse(source)
    except (OSError, TypeError, SyntaxError, ValueError, IndentationError):
        return None  # typed in, or part of a larger expression
    return source


def _used(thing: Any, source: str) -> Iterator[tuple[str, Any]]:
    """Names of the source that mean something outside of it, with what they mean."""
    free = _free_of(thing)
    space = vars(sys.modules[thing.__module__]) if thing.__module__ in sys.modules else {}
    names = getattr(thing, "__globals__", space)
    seen: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Name) or node.id in seen:
            continue
        seen.add(node.id)
        if node.id in free:
            yield node.id, free[node.id]
        elif node.id in names and not hasattr(builtins, node.id):
            yield node.id, names[node.id]


def _free_of(thing: Any) -> dict[str, Any]:
    code = getattr(thing, "__code__", None)
    found: dict[str, Any] = {}
    if isinstance(code, CodeType) and thing.__closure__:
        for name, cell in zip(code.co_freevars, thing.__closure__, strict=False):
            try:
                found[name] = cell.cell_contents
            except ValueError:  # not bound yet
                continue
    return found


def _is_literal(value: Any) -> bool:
    """Data that says itself what it is."""
    if isinstance(value, (str, int, float, bool, type(None), list, tuple, dict)):
        try:
            return len(_literal(value)) <= _MOST_LITERAL
        except Exception:  # noqa: BLE001
            return False
    return False


_INSTALLED = re.compile(r"[/\\](site|dist)-packages[/\\]")
_STANDARD = os.path.dirname(os.__file__)


def _is_own(thing: Any) -> bool:
    """The user wrote it: it is neither installed nor part of Python or of this package."""
    module = str(thing.__module__)
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names and top != "__main__":
        return False
    if top == "kiseki":
        return False
    file = getattr(sys.modules.get(module), "__file__", None)
    return file is None or not (
        _INSTALLED.search(str(file)) or str(file).startswith(_STANDARD + os.sep)
    )


def _without_source(thing: Any) -> str:
    try:
        signature = str(inspect.signature(thing))
    except (TypeError, ValueError):
        signature = "(...)"
    code = getattr(thing, "__code__", None)
    digest = ""
    if isinstance(code, CodeType):
        what = f"{code.co_code.hex()} {code.co_names} {_constants(code)}"
        digest = f"    # digest of its instructions: {hashlib.sha256(what.encode()).hexdigest()}\n"
    name = getattr(thing, "__name__", "func")
    return f"def {name}{signature}:\n    # the source is not available\n{digest}    ..."


def _constants(code: CodeType) -> str:
    """The constants without addresses, those of inner functions included."""
    return ", ".join(
        f"({_constants(each)} {each.co_code.hex()})" if isinstance(each, CodeType) else repr(each)
        for each in code.co_consts
    )
