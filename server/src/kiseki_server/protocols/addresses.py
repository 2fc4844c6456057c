"""The address under which whoever asks knows this server."""

from __future__ import annotations

from typing import Any

from litestar import Request


def base_url(request: Request[Any, Any, Any]) -> str:
    """The configured public address, or else the one of the request; without a slash behind."""
    configured: str | None = request.app.state.get("base_url")
    return (configured or str(request.base_url)).rstrip("/")
