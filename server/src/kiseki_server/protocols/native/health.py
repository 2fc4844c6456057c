"""Whether the server lives, whether it can work, and what it has counted."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any, NewType

from litestar import Request, Response, get
from prometheus_client import generate_latest

from kiseki_server.kit.errors import Forbidden, KisekiError, Unavailable
from kiseki_server.kit.metrics import REGISTRY
from kiseki_server.protocols.native.security import PUBLIC, Gate

Checks = NewType("Checks", dict[str, Callable[[], None]])
"""What has to answer before requests can be served, by name."""


@get("/health", opt=PUBLIC, sync_to_thread=False)
def health() -> dict[str, str]:
    """The process is alive."""
    return {"status": "alive"}


@get("/ready", opt=PUBLIC, sync_to_thread=True)
def ready(checks: Checks) -> Mapping[str, str]:
    """Every store answers."""
    for name, check in checks.items():
        try:
            check()
        except KisekiError as error:
            raise Unavailable(f"The {name} does not answer: {error.message}") from error
    return {"status": "ready", **dict.fromkeys(checks, "ok")}


@get("/metrics", opt=PUBLIC, media_type="text/plain")
async def metrics(request: Request[Any, Any, Any], gate: Gate) -> Response[bytes]:
    """Counters for Prometheus; from other machines for administrators alone."""
    client = request.client
    forwarded = "x-forwarded-for" in request.headers or "forwarded" in request.headers
    if client is None or forwarded or not _is_loopback(client.host):
        actor = await gate.admit(request)
        if not actor.user.admin:
            raise Forbidden("Only administrators may read the server's metrics")
    return Response(
        generate_latest(REGISTRY), media_type="text/plain; version=0.0.4; charset=utf-8"
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


routes = [health, ready, metrics]
