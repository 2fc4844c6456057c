"""Answers that are no success, in the form that the client shows to its user."""

from __future__ import annotations

from typing import Any

import msgspec
import structlog
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException

from kiseki_server.kit.errors import (
    Conflict,
    Deleted,
    KisekiError,
    MissingDigests,
    Unsupported,
    message_of,
)

_log = structlog.get_logger("kiseki.weave")


def answer(status: int, reason: str, **more: Any) -> Response[bytes]:
    """What the client looks for, and when it need not try again."""
    headers: dict[str, str] = {}
    if status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="kiseki"'
    if status == 503:
        headers["Retry-After"] = "2"
    if status in {Conflict.status, Unsupported.status}:
        headers["x-should-retry"] = "false"
    body = msgspec.json.encode({"reason": reason, **more})
    return Response(body, status_code=status, media_type=MediaType.JSON, headers=headers)


def render_error(_request: Request[Any, Any, Any], error: KisekiError) -> Response[bytes]:
    """An error that we raised on purpose."""
    more: dict[str, Any] = {}
    if isinstance(error, Deleted):
        more["deleted_at"] = error.deleted_at
    if isinstance(error, MissingDigests):
        more["missing_object_digests"] = error.digests
    return answer(error.status, message_of(error), **more)


def render_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """An error that the web framework raised."""
    if error.status_code >= 500:
        return render_unexpected(request, error)
    return answer(error.status_code, error.detail)


def render_too_deep(_request: Request[Any, Any, Any], _error: RecursionError) -> Response[bytes]:
    """JSON nested beyond what the parser follows."""
    return answer(413, "The body is nested too deeply")


def render_unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """A mistake of ours. 500 makes the client try again, which loses nothing."""
    id = request.scope.get("kiseki_request_id", "unknown")
    _log.error("request failed", path=request.scope["path"], exc_info=error)
    return answer(500, f"Something went wrong in the server (request {id}); its log says more")


HANDLERS: dict[Any, Any] = {
    KisekiError: render_error,
    HTTPException: render_http_error,
    RecursionError: render_too_deep,
    Exception: render_unexpected,
}
