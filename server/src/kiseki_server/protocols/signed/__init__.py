"""Upload and download by signed address, which clients use without credentials."""

from __future__ import annotations

from litestar.types import ControllerRouterHandler

from kiseki_server.protocols.signed import artifacts, contents, exports, manifests, runs

routes: list[ControllerRouterHandler] = [
    *artifacts.routes,
    *contents.routes,
    *exports.routes,
    *manifests.routes,
    *runs.routes,
]
