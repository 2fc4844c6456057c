"""Filters as text that `expression.parse` reads back."""

from __future__ import annotations

import json
import math

from kiseki_server.domain.filters.expression import WORD
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
)


def render(filter: Filter) -> str:
    """The expression that means the tree."""
    match filter:
        case And(()):
            return "true"
        case Or(()):
            return "false"
        case And((item,)) | Or((item,)):
            return render(item)
        case And(items):
            return " and ".join(_grouped(item) for item in items)
        case Or(items):
            return " or ".join(_grouped(item) for item in items)
        case Not(item):
            return f"not {_grouped(item)}"
        case Compare(field, operator, value):
            return f"{_field(field)} {operator} {_value(value)}"
        case In(field, values):
            return f"{_field(field)} in [{', '.join(_value(value) for value in values)}]"
        case Contains(field, value):
            return f"{_field(field)} contains {_value(value)}"
        case Matches(field, regex):
            return f"{_field(field)} ~ {_value(regex)}"
        case Exists(field):
            return f"{_field(field)} exists"
        case Sized(field, count):
            return f"{_field(field)} size {count}"


def render_path(path: Path) -> str:
    """The field's name as `expression.parse_path` reads it."""
    return ".".join(part if WORD.fullmatch(part) else json.dumps(part) for part in path)


def _field(field: Field) -> str:
    return render_path(field.path)


def _grouped(filter: Filter) -> str:
    match filter:
        case And((item,)) | Or((item,)):
            return _grouped(item)
        case And((_, _, *_)) | Or((_, _, *_)):
            return f"({render(filter)})"
        case _:
            return render(filter)


def _value(value: Scalar) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, str):
        return json.dumps(value)
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else repr(value)
