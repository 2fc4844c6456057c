"""Requests of the OpenTelemetry protocol, in protobuf or JSON, as plain spans.

The protocol: https://opentelemetry.io/docs/specs/otlp/ (OTLP/HTTP). In its JSON, ids are
hexadecimal and not base64 as in other JSON of protobuf messages.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage

from kiseki_server.kit.errors import BadRequest, TooLarge

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
_KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
_STATUS = ("unset", "ok", "error")
_DEEPEST = 60

Attributes = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened within a span."""

    name: str
    time: int
    """Nanoseconds since 1970."""
    attributes: Attributes


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A span with what its resource and its scope say."""

    trace_id: str
    """32 hexadecimal digits."""
    span_id: str
    """16 hexadecimal digits."""
    parent_id: str | None
    name: str
    kind: str
    start: int
    """Nanoseconds since 1970."""
    end: int
    status: str
    """``unset``, ``ok`` or ``error``."""
    message: str
    attributes: Attributes
    events: tuple[Event, ...] = ()
    links: tuple[Mapping[str, Any], ...] = ()
    trace_state: str = ""
    resource: Attributes = field(default_factory=dict[str, Any])
    scope: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Refused:
    """A span that cannot be kept, and why."""

    name: str
    reason: str


def from_protobuf(body: bytes) -> Iterator[Span | Refused]:
    """The spans of a request.

    Raises:
        BadRequest: It is no such message.
    """
    request = ExportTraceServiceRequest()
    try:
        request.ParseFromString(body)
    except (DecodeError, RecursionError) as error:
        raise BadRequest(f"The body is no ExportTraceServiceRequest: {error}") from None
    for group in request.resource_spans:
        resource = _attributes(group.resource.attributes)
        for scoped in group.scope_spans:
            scope = {"name": scoped.scope.name, "version": scoped.scope.version}
            for message in scoped.spans:
                yield _checked(_from_message(message, resource, scope))


def from_json(body: bytes) -> Iterator[Span | Refused]:
    """The same of a request in JSON.

    Raises:
        BadRequest: It is no such message.
    """
    try:
        request: object = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequest(f"The body is no JSON: {error}") from None
    except RecursionError:
        raise TooLarge("The body is nested too deeply") from None
    try:
        for group in _maps(_map(request).get("resourceSpans")):
            resource = _json_attributes(_map(group.get("resource")).get("attributes"))
            for scoped in _maps(group.get("scopeSpans")):
                named = _map(scoped.get("scope"))
                scope = {
                    "name": str(named.get("name", "")),
                    "version": str(named.get("version", "")),
                }
                for span in _maps(scoped.get("spans")):
                    yield _checked(_from_map(span, resource, scope))
    except (TypeError, ValueError, IndexError) as error:
        raise BadRequest(f"The body is no ExportTraceServiceRequest: {error}") from None


def response(refused: Iterable[Refused], media_type: str) -> bytes:
    """What the sender is told."""
    refused = list(refused)
    message = "; ".join(f"{each.name[:100]!r}: {each.reason}" for each in refused[:5])
    if media_type == JSON:
        partial = {"rejectedSpans": str(len(refused)), "errorMessage": message}
        return msgspec.json.encode({"partialSuccess": partial} if refused else {})
    answer = ExportTraceServiceResponse()
    if refused:
        answer.partial_success.rejected_spans = len(refused)
        answer.partial_success.error_message = message
    return answer.SerializeToString()


def _checked(span: Span) -> Span | Refused:
    if len(span.trace_id) != 32 or span.trace_id == "0" * 32:
        return Refused(span.name, "its trace id is not 16 bytes, one of them not zero")
    if len(span.span_id) != 16 or span.span_id == "0" * 16:
        return Refused(span.name, "its span id is not 8 bytes, one of them not zero")
    if not 0 < span.start < 1 << 63 or not 0 <= span.end < 1 << 63:
        return Refused(span.name, "its times are not nanoseconds since 1970")
    return span


def _from_message(message: SpanMessage, resource: Attributes, scope: Mapping[str, str]) -> Span:
    return Span(
        trace_id=message.trace_id.hex(),
        span_id=message.span_id.hex(),
        parent_id=_parent(message.parent_span_id.hex()),
        name=message.name,
        kind=_named(_KINDS, message.kind),
        start=message.start_time_unix_nano,
        end=message.end_time_unix_nano,
        status=_named(_STATUS, message.status.code),
        message=message.status.message,
        attributes=_attributes(message.attributes),
        events=tuple(
            Event(event.name, event.time_unix_nano, _attributes(event.attributes))
            for event in message.events
        ),
        links=tuple(
            {
                "trace_id": link.trace_id.hex(),
                "span_id": link.span_id.hex(),
                "attributes": _attributes(link.attributes),
            }
            for link in message.links
        ),
        trace_state=message.trace_state,
        resource=resource,
        scope=scope,
    )


def _from_map(span: Mapping[str, Any], resource: Attributes, scope: Mapping[str, str]) -> Span:
    status = _map(span.get("status"))
    return Span(
        trace_id=_hex(span.get("traceId")),
        span_id=_hex(span.get("spanId")),
        parent_id=_parent(_hex(span.get("parentSpanId"))),
        name=str(span.get("name", "")),
        kind=_enum(_KINDS, span.get("kind", 0), "SPAN_KIND_"),
        start=int(span.get("startTimeUnixNano", 0)),
        end=int(span.get("endTimeUnixNano", 0)),
        status=_enum(_STATUS, status.get("code", 0), "STATUS_CODE_"),
        message=str(status.get("message", "")),
        attributes=_json_attributes(span.get("attributes")),
        events=tuple(
            Event(
                str(event.get("name", "")),
                int(event.get("timeUnixNano", 0)),
                _json_attributes(event.get("attributes")),
            )
            for event in _maps(span.get("events"))
        ),
        links=tuple(
            {
                "trace_id": _hex(link.get("traceId")),
                "span_id": _hex(link.get("spanId")),
                "attributes": _json_attributes(link.get("attributes")),
            }
            for link in _maps(span.get("links"))
        ),
        trace_state=str(span.get("traceState", "")),
        resource=resource,
        scope=scope,
    )


def _parent(id: str) -> str | None:
    return id if id.strip("0") else None


def _hex(value: object) -> str:
    text = str(value or "").lower()
    try:
        bytes.fromhex(text)
    except ValueError:
        return ""
    return text


def _named(names: tuple[str, ...], number: int) -> str:
    return names[number] if 0 <= number < len(names) else names[0]


def _enum(names: tuple[str, ...], value: object, prefix: str) -> str:
    if isinstance(value, str) and not value.isdigit():
        name = value.removeprefix(prefix).lower()
        return name if name in names else names[0]
    return _named(names, int(cast("Any", value)))


def _attributes(pairs: Iterable[KeyValue]) -> Attributes:
    return {pair.key: _value(pair.value, 0) for pair in pairs}


def _value(value: AnyValue, depth: int) -> Any:
    if depth > _DEEPEST:
        return None
    match value.WhichOneof("value"):
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "int_value":
            return value.int_value
        case "double_value":
            return value.double_value
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
        case "array_value":
            return [_value(item, depth + 1) for item in value.array_value.values]
        case "kvlist_value":
            return {pair.key: _value(pair.value, depth + 1) for pair in value.kvlist_value.values}
        case _:
            return None


def _json_attributes(pairs: object) -> Attributes:
    return {str(pair.get("key", "")): _json_value(pair.get("value"), 0) for pair in _maps(pairs)}


def _json_value(value: object, depth: int) -> Any:
    known = _map(value)
    if depth > _DEEPEST or not known:
        return None
    ((kind, content),) = list(known.items())[:1]
    match kind:
        case "intValue":
            return int(content)
        case "doubleValue":
            return float(content)
        case "arrayValue":
            return [_json_value(item, depth + 1) for item in _list(_map(content).get("values"))]
        case "kvlistValue":
            return {
                str(pair.get("key", "")): _json_value(pair.get("value"), depth + 1)
                for pair in _maps(_map(content).get("values"))
            }
        case "bytesValue":
            try:
                return base64.b64encode(base64.b64decode(str(content))).decode()
            except binascii.Error:
                return str(content)
        case _:
            return content


def _map(value: object) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TypeError(f"a map was expected, not {type(value).__name__}")
    return cast("dict[str, Any]", value)


def _list(value: object) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise TypeError(f"a list was expected, not {type(value).__name__}")
    return cast("list[Any]", value)


def _maps(value: object) -> Iterator[Mapping[str, Any]]:
    return (_map(item) for item in _list(value))
