"""The description of our own API: what Litestar reads from the handlers, put in order.

It is served under ``/api/schema/openapi.json`` and kept in ``schemas/openapi.json``, from which
the web UI's types are made.
"""

from __future__ import annotations

import inspect
from typing import Any

from litestar import Litestar, Request
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import Method

import kiseki_server
from kiseki.wire.batch import CONTENT_TYPE
from kiseki_server.protocols.native import API
from kiseki_server.protocols.native.arrow import ARROW
from kiseki_server.protocols.native.security import SESSION_COOKIE
from kiseki_server.protocols.native.series import FRAMES

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_ANSWERS: dict[str, dict[str, Any]] = {
    "readRows": {ARROW: _BINARY},
    "readSeries": {ARROW: _BINARY},
    "readSeriesBatch": {FRAMES: _BINARY},
    "sendBatch": {CONTENT_TYPE: _BINARY},
    "readPosition": {CONTENT_TYPE: _BINARY},
}
"""Answers that are no JSON, by operation."""

_BODIES: dict[str, dict[str, Any]] = {
    "sendBatch": {
        "description": "A batch as `kiseki.wire.batch` defines it, plain or with gzip.",
        "content": {CONTENT_TYPE: _BINARY},
        "required": True,
    },
    "uploadFile": {
        "description": "The bytes as they are.",
        "content": {"application/octet-stream": _BINARY},
        "required": True,
    },
}
_PROBLEM: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "What went wrong, and what to do.",
    "properties": {
        "error": {"type": "string", "description": "A word for programs, e.g. `not_found`."},
        "message": {"type": "string"},
        "hint": {"type": "string"},
        "next": {
            "type": "integer",
            "description": "With `position_gap`: the position from which to send.",
        },
    },
    "required": ["error", "message"],
}
_SUMMARY = "Experiments and their histories: what the SDK, the command line and the UI speak."


def config() -> OpenAPIConfig:
    """How the application describes itself."""
    return OpenAPIConfig(
        title="Kiseki",
        version=kiseki_server.__version__,
        description=_SUMMARY,
        path="/api/schema",
        # Plugins that show pages would load them from elsewhere.
        render_plugins=[_Tidy()],
        operation_id_creator=_operation_id,
        use_handler_docstrings=True,
        components=Components(
            security_schemes={
                "key": SecurityScheme(type="http", scheme="bearer", description="An API key."),
                "basic": SecurityScheme(
                    type="http", scheme="basic", description="The user `api` with an API key."
                ),
                "session": SecurityScheme(
                    type="apiKey",
                    name=SESSION_COOKIE,
                    security_scheme_in="cookie",
                    description="A browser's session; unsafe methods need X-CSRF-Token too.",
                ),
            }
        ),
        security=[{"key": []}, {"basic": []}, {"session": []}],
    )


def document(app: Litestar) -> dict[str, Any]:
    """The description as data."""
    return _tidied(app.openapi_schema.to_schema())


class _Tidy(JsonRenderPlugin):
    """Serves the same document that is kept in the repository."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return super().render(request, _tidied(openapi_schema))


def _operation_id(
    handler: HTTPRouteHandler,
    method: Method,
    path: list[Any],
) -> str:
    if API.split("/")[1:3] != path[:2]:  # not in our document; unique is all that it has to be
        return f"{handler.handler_name} {method} {path}"
    first, *rest = handler.handler_name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _tidied(schema: dict[str, Any]) -> dict[str, Any]:
    """Only our own dialect, every failure described as the problem that it is."""
    problem = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    paths: dict[str, Any] = {}
    for path, methods in schema["paths"].items():
        if not path.startswith(API):
            continue
        paths[path] = {
            method: _operation(operation, problem) for method, operation in methods.items()
        }
    components = {**schema["components"]}
    known = {**components.get("schemas", {}), "Problem": _PROBLEM}
    components["schemas"] = dict(sorted(known.items()))
    return {**schema, "paths": paths, "components": components}


def _operation(operation: Any, problem: dict[str, Any]) -> Any:
    if not isinstance(operation, dict) or "responses" not in operation:
        return operation
    id: str = operation["operationId"]
    answers = {code: it for code, it in operation["responses"].items() if code < "400"}
    for code, answer in answers.items():
        if id in _ANSWERS and "content" in answer:
            described = {
                media: content
                for media, content in answer["content"].items()
                if content["schema"] not in ({}, {"type": "string"})
            }
            answers[code] = {**answer, "content": {**described, **_ANSWERS[id]}}
    answers["default"] = {"description": "What went wrong.", "content": problem}
    described = {**operation, "responses": answers}
    summary, _, rest = inspect.cleandoc(operation.get("description", "")).partition("\n\n")
    described["summary"] = " ".join(summary.split())
    described["description"] = rest
    if not rest:
        del described["description"]
    if id in _BODIES:
        described["requestBody"] = _BODIES[id]
    return described
