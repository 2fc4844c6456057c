"""What the protocol has and Kiseki does not have yet: one sentence names the feature, at once."""

from __future__ import annotations

from typing import Any

from litestar import Response, route
from litestar.types import ControllerRouterHandler

from kiseki_server.kit.errors import Unsupported

_PLACE = "/v2/{entity:str}/{project:str}"

LATER: dict[str, tuple[tuple[str, str], ...]] = {
    "The store of agents (conversations, turns and spans)": (
        ("POST", "/agents/query"),
        ("POST", "/agents/agent-versions/query"),
        ("POST", "/agents/spans/query"),
        ("POST", "/agents/spans/stats"),
        ("POST", "/agents/spans/custom-attrs/schema"),
        ("POST", "/agents/traces/chat"),
        ("POST", "/agents/conversations/chat"),
        ("POST", "/agents/conversations/spans"),
        ("POST", "/agents/search"),
        ("POST", "/agents/otel/v1/traces"),
    ),
    "Making images through the server": (("POST", "/image/create"),),
    "Scoring of calls by the server": (("POST", "/calls/score"),),
    "Running evaluations in the server, rather than in a program of one's own": (
        ("POST", "/evaluations/evaluate_model"),
        ("POST", "/evaluations/rescore"),
    ),
    "Sources of the rows of datasets": (
        ("POST", "/dataset_sources/link"),
        ("POST", "/dataset_sources/link_delete"),
        ("POST", "/dataset_sources/query"),
        ("POST", "/dataset_sources/source_datasets_query"),
    ),
    "Runtimes of one's own": (("PUT", f"{_PLACE}/runtimes/{{runtime:str}}"),),
    "Linking prompts to a registry": (("POST", "/link_to_registry"),),
    "Batches of actions, which only clients of 2024 send": (("POST", "/actions/execute_batch"),),
}
"""Routes by the feature that they belong to."""


def _refusal(feature: str, method: str, path: str) -> ControllerRouterHandler:
    def refuse() -> Response[bytes]:
        raise Unsupported(f"{feature}: Kiseki does not have this yet")

    refuse.__doc__ = f"{feature}: not supported yet."
    names = [part.partition(":")[0].strip("{") for part in path.split("/") if part[:1] == "{"]
    refuse.__annotations__ |= dict.fromkeys(names, str)
    return route(
        path,
        http_method=[method],  # pyright: ignore[reportArgumentType]
        sync_to_thread=False,
        include_in_schema=False,
    )(refuse)


routes: list[Any] = [
    _refusal(feature, method, path) for feature, known in LATER.items() for method, path in known
]
