"""The dialect of the wandb client, unmodified."""

from __future__ import annotations

from litestar.types import ControllerRouterHandler

from kiseki_server.protocols.wandb import artifact_downloads, file_stream, graphql

routes: list[ControllerRouterHandler] = [
    *graphql.routes,
    *file_stream.routes,
    *artifact_downloads.routes,
]
