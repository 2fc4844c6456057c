"""Pages of other sites may use a signed address: it allows one thing to whoever holds it."""

from __future__ import annotations

from typing import Any

from litestar import Response

SHARED = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
"""Headers of an answer to a signed address."""


def preflight() -> Response[Any]:
    """What a page of another site may ask for."""
    return Response(
        b"",
        status_code=204,
        headers={
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Allow-Methods": "GET, HEAD, PUT, OPTIONS",
            "Access-Control-Allow-Headers": "Content-Type, Content-MD5, Range, If-Range, "
            "If-None-Match",
            "Access-Control-Expose-Headers": "Content-Length, Content-Range, ETag",
            "Access-Control-Max-Age": "600",
        },
    )


def stored(etag: str) -> Response[bytes]:
    """The answer to an upload."""
    return Response(b"", headers={"ETag": f'"{etag}"', **SHARED})
