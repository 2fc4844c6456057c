"""litellm: completions, embeddings, plain and streamed."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import Any

from kiseki.tracing.integrations.openai_chat import join_chat
from kiseki.tracing.integrations.patches import Patches
from kiseki.tracing.integrations.recording import Recorder


def patch(patches: Patches) -> None:
    """Record calls of the library. Only the names that users call are replaced: inside, the
    library goes on calling itself unrecorded."""
    module: Any = import_module("litellm")
    for name, later, kind in (
        ("completion", False, "llm"),
        ("acompletion", True, "llm"),
        ("embedding", False, "embedding"),
        ("aembedding", True, "embedding"),
    ):
        patches.replace(module, name, partial(_recorded, name, later, kind))


def _recorded(name: str, later: bool, kind: str, function: Any) -> Any:
    join = join_chat if kind == "llm" else None
    return Recorder(function, f"litellm.{name}", asynchronous=later, join=join, kind=kind).wrapper()
