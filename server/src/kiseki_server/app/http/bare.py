"""The trace API at the server's own address, for clients that are told to use that."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, cast

from litestar.types import ASGIApp, Receive, Scope, Send

_PARAMETER = re.compile(r"\{[^}]*\}")


class BareTraces:
    """Sends what belongs to the trace API below its prefix.

    The addresses are those of the API and no others, so nothing else is taken; pages, which a
    browser asks for, stay pages.

    Args:
        addresses: Method and path of each route, without the prefix.
    """

    def __init__(self, app: ASGIApp, prefix: str, addresses: Iterable[tuple[str, str]]) -> None:
        self._app = app
        self._prefix = prefix
        paths = sorted(
            f"{method} " + "[^/]+".join(map(re.escape, _PARAMETER.split(path)))
            for method, path in addresses
        )
        self._known = re.compile("|".join(paths)) if paths else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._is_meant(scope):
            known = cast("dict[str, Any]", scope)
            known["path"] = self._prefix + scope["path"]
            known["raw_path"] = self._prefix.encode() + scope["raw_path"]
        await self._app(scope, receive, send)

    def _is_meant(self, scope: Scope) -> bool:
        method, path = str(scope.get("method")), scope["path"]
        if self._known is None or self._known.fullmatch(f"{method} {path}") is None:
            return False
        headers = dict(scope["headers"])
        return method != "GET" or b"text/html" not in headers.get(b"accept", b"")
