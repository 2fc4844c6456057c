"""The dialect's scalars."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLScalarType,
    GraphQLSchema,
    IntValueNode,
    StringValueNode,
    ValueNode,
    value_from_ast_untyped,
)

from kiseki_server.protocols.wandb import json_lines


def time_text(time: datetime | None) -> str | None:
    """RFC 3339 with microseconds where there are any, as both halves of the client read it."""
    if time is None:
        return None
    return time.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _json_text(value: Any) -> str:
    return value if isinstance(value, str) else json_lines.write(value)


def _read_text(value: Any) -> str:
    if not isinstance(value, str):
        raise GraphQLError(f"A JSONString is a string that holds JSON, not {str(value)[:80]!r}")
    return value


def _read_text_literal(node: ValueNode, variables: dict[str, Any] | None = None) -> str:
    if not isinstance(node, StringValueNode):
        raise GraphQLError("A JSONString is a string that holds JSON")
    return node.value


def _read_whole(value: Any) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**63) <= value < 2**63:
        raise GraphQLError(f"{str(value)[:80]!r} is no integer of 64 bits")
    return value


def _read_whole_literal(node: ValueNode, variables: dict[str, Any] | None = None) -> int:
    if not isinstance(node, IntValueNode):
        raise GraphQLError("Not an integer of 64 bits")
    return _read_whole(int(node.value))


def _write_whole(value: Any) -> int:
    return _read_whole(value)


def _write_time(value: Any) -> str | None:
    return time_text(value) if isinstance(value, datetime) else str(value)


def _read_inline(node: ValueNode, variables: dict[str, Any] | None = None) -> Any:
    return value_from_ast_untyped(node, variables)


def fit(schema: GraphQLSchema) -> None:
    """Give the schema's own scalars their meaning."""

    def scalar(name: str) -> GraphQLScalarType:
        found = schema.type_map[name]
        assert isinstance(found, GraphQLScalarType)
        return found

    text = scalar("JSONString")
    text.serialize = _json_text
    text.parse_value = _read_text
    text.parse_literal = _read_text_literal
    for name in ("Int64", "Duration"):
        whole = scalar(name)
        whole.serialize = _write_whole
        whole.parse_value = _read_whole
        whole.parse_literal = _read_whole_literal
    scalar("DateTime").serialize = _write_time
    scalar("JSON").parse_literal = _read_inline


def time_of_micros(micros: int) -> str:
    """The same for microseconds since 1970."""
    return (datetime(1970, 1, 1) + timedelta(microseconds=micros)).isoformat() + "Z"  # noqa: DTZ001
