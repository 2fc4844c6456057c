"""Gives every request an id, counts it, times it and logs it."""

from __future__ import annotations

import secrets
import time
from typing import Any, cast

import structlog
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from kiseki_server.kit.metrics import REQUEST_SECONDS, REQUESTS

_log = structlog.get_logger("kiseki.http")


class Observation:
    """Outermost of all: sees the answers of everything below, errors included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        known = cast("dict[str, Any]", scope)
        id = secrets.token_hex(6)
        known["kiseki_request_id"] = id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request=id)
        began = time.perf_counter()
        status = 0

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", id.encode())]
                route = known.get("path_template") or "none"
                REQUEST_SECONDS.labels(route).observe(time.perf_counter() - began)
                REQUESTS.labels(scope["method"], route, str(status)).inc()
            await send(message)

        try:
            await self._app(scope, receive, send_observed)
        finally:
            _log.debug(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=status,
                ms=round((time.perf_counter() - began) * 1000, 1),
            )
