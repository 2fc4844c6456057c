"""Answers only to names of this server, so that no foreign page can reach it by a DNS trick."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import msgspec
from litestar.types import ASGIApp, Receive, Scope, Send

from kiseki.wire.batch import Problem
from kiseki_server.app.settings import Settings


class HostCheck:
    """Compares the ``Host`` header with the names that a browser may use for this server.

    A page of ``evil.example`` can let its own name resolve to 127.0.0.1 and would then count as
    the same site as a server there; the header still says ``evil.example``.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        extra = {name.strip().lower() for name in (settings.allowed_hosts or "").split(",")} - {""}
        if settings.base_url:
            extra.add((urlsplit(settings.base_url).hostname or "").lower())
        self._names = {"localhost", "127.0.0.1", "::1", settings.host.lower(), *extra}
        self._checks = settings.loopback or bool(settings.allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._checks:
            await self._app(scope, receive, send)
            return
        host = next((v for k, v in scope["headers"] if k == b"host"), b"").decode("latin-1")
        name = (urlsplit(f"//{host}").hostname or "").lower() if _plausible(host) else ""
        if name in self._names or name.endswith(".localhost"):
            await self._app(scope, receive, send)
            return
        problem = Problem(
            error="forbidden",
            message=f"This server is not called `{host[:200]}`",
            hint="open it by its own address, or start it with --allowed-hosts",
        )
        body = msgspec.json.encode(problem)
        headers: list[tuple[bytes, bytes]] = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
        start: Any = {"type": "http.response.start", "status": 403, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": body, "more_body": False})


def _plausible(host: str) -> bool:
    try:
        urlsplit(f"//{host}").port  # noqa: B018
    except ValueError:
        return False
    return bool(host) and not set(host) & set("/?#@\\ ")
