"""Where OpenTelemetry exporters send spans."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from anyio import to_thread
from litestar import Request, Response, post

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.accounts.types import Actor
from kiseki_server.domain.calls import rules
from kiseki_server.domain.calls.service import CallService
from kiseki_server.domain.calls.types import Call
from kiseki_server.domain.projects.service import ProjectService
from kiseki_server.domain.projects.types import Project
from kiseki_server.kit.errors import BadRequest, KisekiError, Malformed
from kiseki_server.kit.transactions import UnitOfWork
from kiseki_server.protocols.otlp.errors import HANDLERS
from kiseki_server.protocols.otlp.mapping import call_of
from kiseki_server.protocols.otlp.spans import (
    JSON,
    PROTOBUF,
    Attributes,
    Refused,
    Span,
    from_json,
    from_protobuf,
    response,
)

LIMIT = 32 << 20
"""Bytes of a request, packed and unpacked."""
HEADERS = ("x-kiseki-project", "project_id", "project-id")
"""Any of them may name the project."""
_DEFAULT = "default"


@dataclass(slots=True)
class _Sorting:
    """Puts spans into the projects that they name."""

    actor: Actor
    projects: ProjectService
    database: UnitOfWork
    header: str | None
    known: dict[str, Project | KisekiError] = field(
        default_factory=dict[str, "Project | KisekiError"]
    )
    """Projects that were found, or why one may not be written to, by place."""

    def read(self, body: bytes, media_type: str) -> tuple[Sequence[Call], Sequence[Refused]]:
        calls: list[Call] = []
        refused: list[Refused] = []
        spans = from_json(body) if media_type == JSON else from_protobuf(body)
        for span in spans:
            if isinstance(span, Refused):
                refused.append(span)
                continue
            project = self._project(span)
            if isinstance(project, KisekiError):
                refused.append(Refused(span.name, project.message))
                continue
            place = f"{project.entity_name}/{project.name}"
            call = call_of(span, project.id, place, self.actor.user.name)
            expires_at = rules.expiry(call.started_at, project.call_days)
            calls.append(replace(call, expires_at=expires_at) if expires_at else call)
        return calls, refused

    def _project(self, span: Span) -> Project | KisekiError:
        place = self.header or _place(span.resource, self.actor.default_entity.name)
        if place not in self.known:
            try:
                self.known[place] = self._find(place)
            except KisekiError as error:
                if self.header:  # nothing in the request can be kept
                    raise
                self.known[place] = error
        return self.known[place]

    def _find(self, place: str) -> Project:
        entity, slash, name = place.partition("/")
        if not (entity and slash and name) or "/" in name:
            raise BadRequest(f"`{place[:200]}` names no project", hint="write `entity/project`")
        with self.database.transaction(write=True):
            project = self.projects.ensure(self.actor, entity, name)
            return self.projects.check(self.actor, project, Action.WRITE)


def _place(resource: Attributes, entity: str) -> str:
    """Where the spans of a program go that names no project in a header."""
    if isinstance(named := resource.get("kiseki.project"), str):
        return named if "/" in named else f"{entity}/{named}"
    project = resource.get("wandb.project")
    if project is not None:
        return f"{resource.get('wandb.entity') or entity}/{project}"
    service = str(resource.get("service.name") or "").replace("/", "-").strip()
    if not service or service.startswith("unknown_service"):
        return f"{entity}/{_DEFAULT}"
    return f"{entity}/{service}"


@post(
    ["/v1/traces", "/otel/v1/traces", "/traces/otel/v1/traces"],
    opt={"body_limit": LIMIT, "decoded_limit": LIMIT},
    include_in_schema=False,
    exception_handlers=HANDLERS,
)
async def export(
    request: Request[Any, Any, Any],
    body: bytes,
    actor: Actor,
    projects: ProjectService,
    database: UnitOfWork,
    calls: CallService,
) -> Response[bytes]:
    """Keep spans as calls; what cannot be kept is said in the answer, the rest is kept.

    The project stands in the header `x-kiseki-project` (or `project_id`), in the resource as
    `kiseki.project`, or as `wandb.entity` and `wandb.project`; else the service's name is it.
    """
    media_type = _media_type(request)
    header = next((value for name in HEADERS if (value := request.headers.get(name))), None)
    sorting = _Sorting(actor, projects, database, header)
    kept, refused = await to_thread.run_sync(partial(sorting.read, body, media_type))
    if kept:
        await asyncio.wrap_future(calls.submit(kept))
    return Response(response(refused, media_type), status_code=200, media_type=media_type)


def _media_type(request: Request[Any, Any, Any]) -> str:
    named = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if named in (PROTOBUF, "application/protobuf"):
        return PROTOBUF
    if named == JSON:
        return JSON
    raise Malformed(
        f"Spans come as `{PROTOBUF}` or `{JSON}`, not as `{named[:100]}`",
        hint="set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
    )


routes = [export]
