"""Refusals as exporters log them: the fields of a ``google.rpc.Status``."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException

from kiseki_server.kit.errors import KisekiError, message_of

_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 413: 8, 422: 3, 503: 14, 507: 8}
"""Codes of gRPC (https://grpc.io/docs/guides/status-codes/) by HTTP status."""
_UNKNOWN = 2


def _answer(status: int, message: str) -> Response[bytes]:
    body = msgspec.json.encode({"code": _CODES.get(status, _UNKNOWN), "message": message})
    headers = {"Retry-After": "2"} if status == 503 else {}
    return Response(body, status_code=status, media_type=MediaType.JSON, headers=headers)


def render_error(_request: Request[Any, Any, Any], error: KisekiError) -> Response[bytes]:
    """An error that we raised on purpose."""
    return _answer(error.status, message_of(error))


def render_http_error(_request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """An error that the web framework raised."""
    return _answer(error.status_code, error.detail)


HANDLERS: dict[Any, Any] = {KisekiError: render_error, HTTPException: render_http_error}
