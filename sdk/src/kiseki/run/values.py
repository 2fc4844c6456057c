"""What can be logged, and how values of other libraries become plain ones.

numpy, torch, jax and the like are recognised by what their scalars and arrays can do
(``shape``, ``item``, ``tolist``), so none of them is imported.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from math import prod
from operator import index
from os import PathLike, fspath
from typing import Any, TypeAlias, cast

from kiseki.errors import ValueRangeError, ValueTypeError

Plain: TypeAlias = int | float | bool | str | list["Plain"] | dict[str, "Plain"] | None

LOWEST, HIGHEST = -(2**63), 2**64 - 1
MOST_ELEMENTS = 4096
"""Size of the largest array that is logged as a list."""
DEEPEST = 64

_PLAIN = frozenset({float, bool, str, type(None)})


Typed: TypeAlias = Callable[[Any, str], dict[str, Any] | None]
"""Gives what a row has, by key, of a value beside numbers; ``None``: it is none."""


def flatten(row: Mapping[str, Any], typed: Typed | None = None) -> dict[str, Plain]:
    """The values of a row by flat key: nested dicts are joined by dots.

    Raises:
        ValueTypeError: A key is no text, or a value has a type that cannot be logged.
        ValueRangeError: A value does not fit.
    """
    flat: dict[str, Plain] = {}
    _flatten(row, "", flat, 0, typed)
    return flat


def plain(value: Any, path: str, depth: int = 0) -> Plain:
    """The value as a plain one, nested dicts and lists kept; raises as `flatten`."""
    kind = cast("type[Any]", type(value))
    if kind in _PLAIN:
        return valid_text(value) if kind is str else value
    if isinstance(value, int):
        return _in_range(int(value), path)
    if isinstance(value, Enum):
        return plain(value.value, path, depth + 1)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str):
        return valid_text(str(value))
    _check_depth(path, depth)
    if isinstance(value, Mapping):
        items = cast("Mapping[Any, Any]", value).items()
        return {
            valid_text(_key(key, path)): plain(item, f"{path}.{key}", depth + 1)
            for key, item in items
        }
    if isinstance(value, (list, tuple)):
        elements = enumerate(cast("list[Any]", value))
        return [plain(item, f"{path}[{i}]", depth + 1) for i, item in elements]
    if isinstance(value, type):
        raise _wrong_type(cast("Any", value), path)
    if (shape := getattr(value, "shape", None)) is not None:
        return _from_array(value, shape, path, depth)
    if callable(item := getattr(value, "item", None)):
        return plain(_taken(item, path), path, depth + 1)
    raise _wrong_type(value, path)


def config_value(value: Any, path: str, depth: int = 0) -> Plain:
    """The value as a config keeps it: what has no plain form is kept as its text."""
    if isinstance(value, (str, int, float, list, tuple, Mapping)) or value is None:
        if isinstance(value, Mapping):
            mapping = cast("Mapping[Any, Any]", value)
            _check_depth(path, depth)
            return {
                valid_text(str(key)): config_value(item, f"{path}.{key}", depth + 1)
                for key, item in mapping.items()
            }
        if isinstance(value, (list, tuple)):
            _check_depth(path, depth)
            elements = enumerate(cast("list[Any]", value))
            return [config_value(item, f"{path}[{i}]", depth + 1) for i, item in elements]
        return plain(value, path, depth)
    if isinstance(value, (set, frozenset)):
        members = (config_value(item, path, depth + 1) for item in cast("set[Any]", value))
        return sorted(members, key=repr)
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, Enum):
        return config_value(value.value, path, depth + 1)
    if isinstance(value, PathLike):
        return valid_text(str(fspath(cast("PathLike[str]", value))))
    if hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        names = cast("dict[str, Any]", value.__dataclass_fields__)
        _check_depth(path, depth)
        return {n: config_value(getattr(value, n), f"{path}.{n}", depth + 1) for n in names}
    try:
        return plain(value, path, depth)
    except ValueTypeError:
        return valid_text(str(value))


def checked_row(data: object) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise ValueTypeError(f"log takes a dict of names to values, not {type(data).__name__}")
    return cast("Mapping[str, Any]", data)


def checked_step(step: Any) -> int:
    try:
        number = index(step)
    except TypeError:
        raise ValueTypeError(f"step is an integer, not {step!r} ({type(step).__name__})") from None
    if not 0 <= number < 2**63 - 1:
        raise ValueRangeError(f"step is between 0 and 2**63 - 2, not {number}")
    return number


def checked_text(what: str, text: Any) -> str:
    if not isinstance(text, str):
        raise ValueTypeError(f"{what}: text is wanted, not {text!r} ({type(text).__name__})")
    return text


def _flatten(
    row: Mapping[str, Any], prefix: str, flat: dict[str, Plain], depth: int, typed: Typed | None
) -> None:
    _check_depth(prefix, depth)
    for key, value in _items(row):
        path = prefix + valid_text(_key(key, prefix[:-1]))
        if isinstance(value, Mapping):
            _flatten(cast("Mapping[str, Any]", value), f"{path}.", flat, depth + 1, typed)
        elif (
            typed is not None
            and type(value) not in _PLAIN
            and (found := typed(value, path)) is not None
        ):
            flat.update(found)
        else:
            flat[path] = plain(value, path)


def _items(row: Mapping[Any, Any]) -> Iterator[tuple[Any, Any]]:
    yield from row.items()


def _key(key: Any, path: str) -> str:
    if not isinstance(key, str):
        where = f" in {path!r}" if path else ""
        raise ValueTypeError(f"keys are text; got {key!r} ({type(key).__name__}){where}")
    return key if type(key) is str else str(key)


def _in_range(value: int, path: str) -> int:
    if not LOWEST <= value <= HIGHEST:
        raise ValueRangeError(
            f"{path!r} is an integer of {value.bit_length()} bits; at most 64 can be logged",
            hint="log it as a float or as text",
        )
    return value


def valid_text(text: str) -> str:
    """Lone surrogates, which no file can hold, become their escapes."""
    if text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode()


def _from_array(value: Any, shape: Any, path: str, depth: int) -> Plain:
    try:
        size = prod(map(int, shape))
    except (TypeError, ValueError):
        raise _wrong_type(value, path) from None
    if not hasattr(value, "tolist") and callable(as_numpy := getattr(value, "numpy", None)):
        value = _taken(as_numpy, path)
    if size == 1 and callable(item := getattr(value, "item", None)):
        return plain(_taken(item, path), path, depth + 1)
    if size > MOST_ELEMENTS:
        raise ValueRangeError(
            f"{path!r} is an array of {size:,} elements; at most {MOST_ELEMENTS:,} can be logged",
            hint="log a statistic of it, or a part",
        )
    if callable(tolist := getattr(value, "tolist", None)):
        return plain(_taken(tolist, path), path, depth + 1)
    raise _wrong_type(value, path)


def _taken(method: Any, path: str) -> Any:
    try:
        return method()
    except Exception as error:
        raise ValueTypeError(f"{path!r} gives no plain value: {error}") from error


def _check_depth(path: str, depth: int) -> None:
    if depth > DEEPEST:
        raise ValueRangeError(
            f"{path[:200]!r} is nested deeper than {DEEPEST} levels, or contains itself"
        )


def _wrong_type(value: Any, path: str) -> ValueTypeError:
    kind = cast("type[Any]", type(value))
    name = (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )
    return ValueTypeError(
        f"{path!r} is of type {name}, which cannot be logged",
        hint="log numbers, text, booleans, None, lists or dicts of these, and kiseki.Image, "
        "Audio, Video, Table and the like",
    )
