"""Bodies that are files: received piece by piece, in memory of a bounded size."""

from __future__ import annotations

from typing import Any, TypeVar

from anyio import to_thread
from litestar import Request

from kiseki_server.domain.files.arrival import Arrival
from kiseki_server.domain.files.incoming import Announced

UNBOUNDED = {"body_limit": 1 << 50}
"""``opt`` of a route whose service bounds what a file may have."""

_BUFFER = 1 << 20
_Stored = TypeVar("_Stored")


async def receive(request: Request[Any, Any, Any], upload: Arrival[_Stored]) -> _Stored:
    """Store the request's body; it is durable and visible when this returns.

    Raises:
        BadRequest: It is not what its headers say, or not what was announced before.
        TooLarge: It is larger than this server accepts.
    """
    try:
        upload.announce(_said(request))
        waiting = bytearray()
        async for piece in request.stream():
            waiting += piece
            if len(waiting) >= _BUFFER:
                await to_thread.run_sync(upload.write, bytes(waiting))
                waiting.clear()
        await to_thread.run_sync(upload.write, bytes(waiting))
        return await to_thread.run_sync(upload.finish)
    finally:
        await to_thread.run_sync(upload.discard)


def _said(request: Request[Any, Any, Any]) -> Announced:
    length = request.headers.get("content-length", "")
    size = int(length) if length.isdigit() and len(length) < 19 else None
    return Announced(size=size, md5=request.headers.get("content-md5"))
