"""Errors as JSON: what every answer that is no success looks like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from litestar import MediaType, Request, Response
from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)

from kiseki.wire.batch import Problem
from kiseki_server.kit.errors import KisekiError, PositionGap

_log = structlog.get_logger("kiseki.http")

_WORDS = {
    400: "bad_request",
    401: "not_signed_in",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    429: "too_many_requests",
    503: "unavailable",
}


def answer(
    status: int, problem: Problem, headers: Mapping[str, str] | None = None
) -> Response[Problem]:
    """An answer with a problem as its body."""
    extra = dict(headers or {})
    if status == 401:
        extra["WWW-Authenticate"] = 'Bearer realm="kiseki"'
    if status == 503:
        extra["Retry-After"] = "1"
    return Response(problem, status_code=status, media_type=MediaType.JSON, headers=extra)


def render_error(_request: Request[Any, Any, Any], error: KisekiError) -> Response[Problem]:
    """An error that we raised on purpose."""
    following = error.next if isinstance(error, PositionGap) else None
    problem = Problem(error=error.code, message=error.message, hint=error.hint, next=following)
    return answer(error.status, problem)


def render_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    """An error that the web framework raised: routing, parsing and validation."""
    status, message, hint = error.status_code, error.detail, None
    path = request.scope["path"]
    if isinstance(error, MethodNotAllowedException):
        message = f"{request.method} is not possible at {path}"
    elif isinstance(error, NotFoundException):
        message = f"There is nothing at {path}"
    elif isinstance(error, ValidationException):
        message = _validation_message(error)
    elif status == 400:
        # The parser names the byte, except where the text just ends.
        length = request.headers.get("content-length")
        end = f" (byte {length})" if length and "truncated" in error.detail else ""
        message = f"Malformed body: {error.detail}{end}"
    if status >= 500:
        return render_unexpected(request, error)
    word = _WORDS.get(status, "bad_request")
    return answer(status, Problem(error=word, message=message, hint=hint), error.headers)


def render_too_deep(_request: Request[Any, Any, Any], _error: RecursionError) -> Response[Problem]:
    """JSON or msgpack nested beyond what the parser follows."""
    return answer(400, Problem(error="bad_request", message="The body is nested too deeply"))


def render_unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """A mistake of ours: logged with everything, answered with an id to find it by."""
    id = request.scope.get("kiseki_request_id", "unknown")
    _log.error("request failed", method=request.method, path=request.scope["path"], exc_info=error)
    return answer(
        500,
        Problem(
            error="internal",
            message=f"Something went wrong in the server (request {id})",
            hint="the server's log says more under this id",
        ),
    )


def _validation_message(error: ValidationException) -> str:
    items: Any = error.extra
    if not isinstance(items, list) or not items:
        return error.detail
    parts: list[str] = []
    for item in items:
        source = item.get("source")
        places = (getattr(source, "value", source), item.get("key"))
        where = ".".join(str(place) for place in places if place)
        parts.append(f"{where}: {item.get('message')}" if where else str(item.get("message")))
    return "; ".join(parts)


HANDLERS: dict[Any, Any] = {
    KisekiError: render_error,
    HTTPException: render_http_error,
    RecursionError: render_too_deep,
    Exception: render_unexpected,
}
