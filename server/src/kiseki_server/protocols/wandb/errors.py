"""Answers that are no success, in the form that the client shows to its user."""

from __future__ import annotations

from typing import Any

import structlog
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException

from kiseki_server.kit.errors import KisekiError, Unsupported, message_of

_log = structlog.get_logger("kiseki.wandb")

RETRIED = frozenset({408, 409, 425, 429})
"""Statuses that the client takes as *try again*, although trying again cannot help."""


def status_of(error: KisekiError) -> int:
    """The HTTP status: 5xx only for what a repeat of the request may heal."""
    if isinstance(error, Unsupported) or error.status in RETRIED:
        return 400
    return error.status


def answer(status: int, message: str, **more: Any) -> Response[dict[str, Any]]:
    """Both of the forms that the client looks for: ``errors`` of GraphQL and ``error``."""
    headers: dict[str, str] = {}
    if status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="kiseki"'
    if status == 503:
        headers["Retry-After"] = "2"
    body = {"data": None, "errors": [{"message": message}], "error": message, **more}
    return Response(body, status_code=status, media_type=MediaType.JSON, headers=headers)


def render_error(_request: Request[Any, Any, Any], error: KisekiError) -> Response[dict[str, Any]]:
    """An error that we raised on purpose."""
    return answer(status_of(error), message_of(error))


def render_http_error(
    request: Request[Any, Any, Any], error: HTTPException
) -> Response[dict[str, Any]]:
    """An error that the web framework raised."""
    if error.status_code >= 500:
        return render_unexpected(request, error)
    return answer(error.status_code, error.detail)


def render_unexpected(
    request: Request[Any, Any, Any], error: Exception
) -> Response[dict[str, Any]]:
    """A mistake of ours. 500 makes the client try again, which loses nothing of a run."""
    id = request.scope.get("kiseki_request_id", "unknown")
    _log.error("request failed", path=request.scope["path"], exc_info=error)
    return answer(500, f"Something went wrong in the server (request {id}); its log says more")


HANDLERS: dict[Any, Any] = {
    KisekiError: render_error,
    HTTPException: render_http_error,
    Exception: render_unexpected,
}
