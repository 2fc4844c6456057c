"""Bodies that are files: received piece by piece, in memory of a bounded size."""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

from anyio import to_thread
from litestar import Request

from kiseki_server.domain.files.arrival import Arrival
from kiseki_server.domain.files.incoming import Announced

UNBOUNDED = {"body_limit": 1 << 50}
"""``opt`` of a route whose service bounds what a file may have."""

SMALL = 1 << 18
"""Files of so many bytes are held in memory, and stored together with others."""

_BUFFER = 1 << 18
"""Of a body, before a thread writes it: a client may send a hundred parts at once."""
_Stored = TypeVar("_Stored")


async def receive(request: Request[Any, Any, Any], upload: Arrival[_Stored]) -> _Stored:
    """Store the request's body; it is durable and visible when this returns.

    Raises:
        BadRequest: It is not what its headers say, or not what was announced before.
        TooLarge: It is larger than this server accepts.
    """
    if small(request):
        return await _receive_small(request, upload)
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


async def _receive_small(request: Request[Any, Any, Any], upload: Arrival[_Stored]) -> _Stored:
    """The same without a thread of its own: there are often thousands of them."""
    with upload:
        upload.announce(_said(request))
        async for piece in request.stream():
            upload.write(piece)
        return await asyncio.wrap_future(upload.submit())


def small(request: Request[Any, Any, Any]) -> bool:
    """The body says that it is so short that it is stored together with others."""
    size = _length(request)
    return size is not None and size <= SMALL


def _said(request: Request[Any, Any, Any]) -> Announced:
    return Announced(size=_length(request), md5=request.headers.get("content-md5"))


def _length(request: Request[Any, Any, Any]) -> int | None:
    length = request.headers.get("content-length", "")
    return int(length) if length.isdigit() and len(length) < 19 else None
