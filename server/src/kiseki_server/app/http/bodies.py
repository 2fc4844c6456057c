"""Request bodies: bounded on the wire and after decompression, gzip undone on the way in."""

from __future__ import annotations

import zlib
from typing import Any, cast

from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from kiseki_server.app.settings import Settings
from kiseki_server.kit.errors import BadRequest, TooLarge

_MIB = 1 << 20
_PIECE = 1 << 20


class RequestBodies:
    """Counts what arrives and stops at the limit; handlers read plain bytes.

    A route changes its limits by ``opt={"body_limit": BYTES, "decoded_limit": BYTES}``. Errors
    are raised to the reader of the body, so that they are rendered in the dialect of the route.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._limit = settings.body_limit_mb * _MIB
        self._decoded_limit = settings.decoded_limit_mb * _MIB

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            receive = _Body(scope, receive, self._limit, self._decoded_limit)
        await self._app(scope, receive, send)


class _Body:
    """The ``receive`` of one request."""

    def __init__(self, scope: HTTPScope, receive: Receive, limit: int, decoded_limit: int) -> None:
        self._scope = cast("dict[str, Any]", scope)
        self._receive = receive
        self._limit = limit
        self._decoded_limit = decoded_limit
        self._arrived = 0
        self._decoded = 0
        headers = dict(scope["headers"])
        self._encoding = headers.get(b"content-encoding", b"identity").decode("latin-1").lower()
        length = headers.get(b"content-length", b"")
        self._announced = int(length) if length.isdigit() else 0
        self._inflate: Any = None
        self._inflating = False
        if self._encoding in {"gzip", "x-gzip"}:
            self._inflate = zlib.decompressobj(wbits=31)
            gone = {b"content-encoding", b"content-length"}
            scope["headers"] = [item for item in scope["headers"] if item[0] not in gone]

    async def __call__(self) -> Any:
        limit = self._scope_limit("body_limit", self._limit)
        if self._inflate is None and self._encoding != "identity":
            raise BadRequest(
                f"Bodies with Content-Encoding `{self._encoding[:40]}` are not accepted",
                hint="send it plain or with gzip",
            )
        if self._announced > limit:
            raise too_large(limit, "as sent")
        message: Any = await self._receive()
        if message["type"] != "http.request":
            return message
        body = message.get("body", b"")
        self._arrived += len(body)
        if self._arrived > limit:
            raise too_large(limit, "as sent")
        if self._inflate is not None:
            more = message.get("more_body", False)
            message = {**message, "body": self._decode(body, end=not more)}
        return message

    def _scope_limit(self, name: str, default: int) -> int:
        handler = self._scope.get("route_handler")
        return handler.opt.get(name, default) if handler is not None else default

    def _decode(self, data: bytes, *, end: bool) -> bytes:
        pieces: list[bytes] = []
        limit = self._scope_limit("decoded_limit", self._decoded_limit)
        try:
            while data:
                self._inflating = True
                piece = self._inflate.decompress(data, _PIECE)
                pieces.append(piece)
                self._decoded += len(piece)
                if self._decoded > limit:
                    raise too_large(limit, "after decompression")
                data = self._inflate.unconsumed_tail
                if self._inflate.eof:
                    data = self._inflate.unused_data
                    self._inflate = zlib.decompressobj(wbits=31)
                    self._inflating = False
        except zlib.error as error:
            raise BadRequest(f"The body is no gzip: {error}") from None
        if end and self._inflating:
            raise BadRequest("The gzip body ends in the middle")
        return b"".join(pieces)


def too_large(limit: int, what: str) -> TooLarge:
    """The error for a body above a limit, which it names."""
    return TooLarge(
        f"The body is larger than {limit / _MIB:g} MiB {what}, which is the most accepted here"
    )
