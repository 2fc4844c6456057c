"""The HTTP application: routes, what handlers may ask for, and what happens around them."""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

from anyio import to_thread
from litestar import Litestar, MediaType, Response
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import LitestarDeprecationWarning
from litestar.handlers import BaseRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from kiseki_server.app import openapi
from kiseki_server.app.http.bare import BareTraces
from kiseki_server.app.http.bodies import RequestBodies
from kiseki_server.app.http.headers import SecurityHeaders
from kiseki_server.app.http.heads import HeadRequests
from kiseki_server.app.http.hosts import HostCheck
from kiseki_server.app.http.observe import Observation
from kiseki_server.app.services import Services
from kiseki_server.app.ui import WebUi, ui_routes
from kiseki_server.kit import json
from kiseki_server.protocols import native, otlp, signed, wandb, weave
from kiseki_server.protocols.native.places import provide_places
from kiseki_server.protocols.native.problems import HANDLERS
from kiseki_server.protocols.native.security import Connection, Gate, provide_actor
from kiseki_server.protocols.native.traced import TracedStores
from kiseki_server.protocols.wandb.arrival_steps import ArrivalSteps
from kiseki_server.protocols.wandb.scans import Scans
from kiseki_server.protocols.weave.call_reads import provide_joins
from kiseki_server.protocols.weave.door import provide_door
from kiseki_server.protocols.weave.evaluation_runs import provide_desk

_AT_THE_ROOT = {("GET", "/health")}
"""Addresses of the trace API that have an answer of their own without its prefix."""


class Answer(Response[Any]):
    """An answer whose JSON says what JSON cannot: NaN and the infinities, as strings."""

    def render(self, content: Any, media_type: str, enc_hook: Any = None) -> bytes:
        if media_type.startswith(MediaType.JSON) and not isinstance(content, bytes):
            return json.encode(content)
        return super().render(content, media_type, enc_hook)


class Application(Litestar):
    """Litestar with our layers outside of its router, so that its own errors pass them too.

    To register the routes takes half a second, so what they are served with can be set anew.
    """

    outer: ASGIApp | None = None
    services: Services
    gate: Gate
    offered: dict[str, Any]
    """What handlers may ask for, by the name of their parameter."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self.outer is None or scope["type"] == "lifespan":
            await super().__call__(scope, receive, send)
        else:
            await self.outer(scope, receive, send)

    async def inner(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Litestar alone."""
        await super().__call__(scope, receive, send)

    def serve(self, services: Services) -> None:
        """Answer with these services from now on; not while the application runs."""
        self.services = services
        self.gate = Gate(services.accounts, services.credentials, services.database)
        self.offered.update(_offered(services, self.gate))
        self.state = State({"base_url": services.settings.base_url})
        outer: ASGIApp = RequestBodies(self.inner, services.settings)
        outer = BareTraces(outer, weave.PREFIX, weave.addresses() - _AT_THE_ROOT)
        outer = HeadRequests(outer)
        outer = HostCheck(outer, services.settings)
        outer = SecurityHeaders(outer)
        self.outer = Observation(outer)


def build_application(services: Services, *, ui: WebUi | None = None) -> Application:
    """The application over composed services; its lifespan starts and closes them."""
    offered = _offered(services, Gate(services.accounts, services.credentials, services.database))
    with warnings.catch_warnings():
        # Handlers name their parameters plainly, which ends with Litestar 3; we require 2.
        warnings.simplefilter("ignore", LitestarDeprecationWarning)
        app = Application(
            route_handlers=[
                *native.routes,
                *wandb.routes,
                *weave.routes,
                *otlp.routes,
                *signed.routes,
                *ui_routes(ui or WebUi()),
            ],
            guards=[_guard],
            dependencies=_dependencies(offered),
            exception_handlers=HANDLERS,
            lifespan=[_lifespan],
            response_class=Answer,
            request_max_body_size=None,
            logging_config=None,
            openapi_config=openapi.config(),
        )
    app.offered = offered
    app.serve(services)
    return app


@asynccontextmanager
async def _lifespan(app: Litestar) -> AsyncIterator[None]:
    services = cast("Application", app).services
    to_thread.current_default_thread_limiter().total_tokens = services.settings.threads
    await to_thread.run_sync(services.start)
    try:
        yield
    finally:
        await to_thread.run_sync(services.close)


async def _guard(connection: Connection, handler: BaseRouteHandler) -> None:
    await cast("Application", connection.app).gate(connection, handler)


def _offered(services: Services, gate: Gate) -> dict[str, Any]:
    return {
        "accounts": services.accounts,
        "alerts": services.alerts,
        "branching": services.branching,
        "mover": services.mover,
        "artifacts": services.artifacts,
        "lineage": services.lineage,
        "arrival_steps": ArrivalSteps(services.stores.history),
        "checks": services.stores.checks,
        "clock": services.clock,
        "calls": services.calls,
        "evaluations": services.evaluations,
        "console": services.console,
        "console_store": services.stores.console,
        "credentials": services.credentials,
        "database": services.database,
        "exports": services.exports,
        "exporter": services.exporter,
        "files": services.files,
        "fresh_keys": services.fresh_keys,
        "gate": gate,
        "history": services.history,
        "history_store": services.stores.history,
        "ingest": services.ingest,
        "live": services.live,
        "media": services.media,
        "members": services.members,
        "objects": services.objects,
        "project_files": services.project_files,
        "feedback": services.feedback,
        "queues": services.queues,
        "costs": services.costs,
        "completions": services.completions,
        "tables": services.tables,
        "projects": services.projects,
        "registries": services.registries,
        "registry_search": services.registry_search,
        "teams": services.teams,
        "runs": services.runs,
        "scans": Scans(services.clock),
        "tickets": services.tickets,
        "traced_stores": TracedStores(
            services.calls,
            services.objects,
            services.tables,
            services.project_files,
            services.feedback,
            services.database,
            services.clock,
        ),
        "views": services.views,
    }


def _dependencies(offered: Mapping[str, Any]) -> dict[str, Provide]:
    providers: dict[str, Callable[..., Any]] = {name: _from(offered, name) for name in offered}
    providers |= {
        "actor": provide_actor,
        "places": provide_places,
        "door": provide_door,
        "joins": provide_joins,
        "desk": provide_desk,
    }
    return {name: Provide(it, sync_to_thread=False) for name, it in providers.items()}


def _from(offered: Mapping[str, Any], name: str) -> Callable[[], Any]:
    def provide() -> Any:
        return offered[name]

    return provide
