"""openai: chat completions and responses, embeddings, plain and streamed, with both clients."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import Any

from kiseki.tracing.integrations.openai_chat import join_chat
from kiseki.tracing.integrations.patches import Patches
from kiseki.tracing.integrations.recording import Recorder, maps

_CHAT = "openai.resources.chat.completions"
_RESPONSES = "openai.resources.responses"


def patch(patches: Patches) -> None:
    """Record calls of the library."""
    for place, name, op, join in (
        (_CHAT, "Completions", "openai.chat.completions", join_chat),
        (_RESPONSES, "Responses", "openai.responses", _join_response),
        ("openai.resources.embeddings", "Embeddings", "openai.embeddings", None),
    ):
        try:
            module: Any = import_module(place)
        except ImportError:  # an earlier version has not all of them
            continue
        kind = "embedding" if join is None else "llm"
        for owner, later in ((name, False), (f"Async{name}", True)):
            cls = getattr(module, owner, None)
            if cls is None:
                continue
            for method in ("create", "parse"):
                make = partial(_recorded, f"{op}.{method}", join, kind, later)
                patches.replace(cls, method, make)


def _recorded(name: str, join: Any, kind: str, later: bool, function: Any) -> Any:
    return Recorder(function, name, asynchronous=later, join=join, kind=kind).wrapper()


def _join_response(events: list[Any]) -> Any:
    """The last event holds the whole response."""
    for event in reversed(maps(events)):
        if isinstance(event.get("response"), dict):
            return event["response"]
    return events
