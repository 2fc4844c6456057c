"""The dialect of the weave client, unmodified."""

from __future__ import annotations

from litestar import Router
from litestar.types import ControllerRouterHandler

from kiseki_server.protocols.weave import (
    call_reads,
    call_stats,
    calls,
    costs,
    feedback,
    files,
    objects,
    reading,
    service,
    tables,
)
from kiseki_server.protocols.weave.errors import HANDLERS

PREFIX = "/traces"

routes: list[ControllerRouterHandler] = [
    Router(
        PREFIX,
        exception_handlers=HANDLERS,
        route_handlers=[
            *service.routes,
            *calls.routes,
            *call_reads.routes,
            *call_stats.routes,
            *objects.routes,
            *tables.routes,
            *files.routes,
            *reading.routes,
            *feedback.routes,
            *costs.routes,
        ],
    )
]
