"""The dialect of the weave client, unmodified."""

from __future__ import annotations

from litestar import Router
from litestar.types import ControllerRouterHandler

from kiseki_server.protocols.weave import (
    call_reads,
    call_stats,
    calls,
    completions,
    costs,
    eval_results,
    evaluation_runs,
    feedback,
    files,
    later,
    objects,
    projects,
    queues,
    reading,
    service,
    tables,
    v2_objects,
)
from kiseki_server.protocols.weave.errors import HANDLERS

PREFIX = "/traces"

_handlers: list[ControllerRouterHandler] = [
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
    *completions.routes,
    *projects.routes,
    *queues.routes,
    *v2_objects.routes,
    *evaluation_runs.routes,
    *eval_results.routes,
    *later.routes,
]
routes: list[ControllerRouterHandler] = [
    Router(PREFIX, exception_handlers=HANDLERS, route_handlers=_handlers)
]


def addresses() -> set[tuple[str, str]]:
    """Method and path of each route, without the prefix."""
    return {
        (method, path)
        for handler in _handlers
        for path in getattr(handler, "paths", ())
        for method in getattr(handler, "http_methods", ())
    }
