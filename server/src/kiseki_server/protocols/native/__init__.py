"""Our own dialect: what the SDK, the command line and the web UI speak."""

from __future__ import annotations

from litestar import Router
from litestar.types import ControllerRouterHandler

from kiseki_server.protocols.native import (
    admin,
    alerts,
    artifact_uploads,
    artifacts,
    branches,
    calls,
    comparisons,
    evaluations,
    exports,
    feedback,
    files,
    health,
    history,
    ingest,
    keys,
    lineage,
    logs,
    media,
    objects,
    organizations,
    project_members,
    projects,
    queues,
    registries,
    run_actions,
    runs,
    series,
    session,
    stream,
    teams,
    threads,
    views,
)

API = "/api/v1"

routes: list[ControllerRouterHandler] = [
    *health.routes,
    Router(
        API,
        route_handlers=[
            *session.routes,
            *keys.routes,
            *admin.routes,
            *organizations.routes,
            *teams.routes,
            *projects.routes,
            *project_members.routes,
            *registries.routes,
            *runs.routes,
            *branches.routes,
            *run_actions.routes,
            *alerts.routes,
            *history.routes,
            *series.routes,
            *logs.routes,
            *media.routes,
            *exports.routes,
            *files.routes,
            *artifacts.routes,
            *artifact_uploads.routes,
            *lineage.routes,
            *calls.routes,
            *threads.routes,
            *feedback.routes,
            *objects.routes,
            *evaluations.routes,
            *comparisons.routes,
            *queues.routes,
            *views.routes,
            *ingest.routes,
            *stream.routes,
        ],
    ),
]
