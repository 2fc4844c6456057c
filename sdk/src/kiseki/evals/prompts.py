"""Prompts: texts and messages with versions and places to fill in."""

from __future__ import annotations

import copy
from typing import Any

from kiseki.evals.objects import Object


class Prompt(Object):
    """The ground of prompts."""


class StringPrompt(Prompt):
    """A text with places such as ``{question}``."""

    content: str

    def __init__(
        self, content: str, *, name: str | None = None, description: str | None = None
    ) -> None:
        """Make a prompt of a text."""
        self._fill({"content": content, "name": name, "description": description})

    def format(self, **values: Any) -> str:
        """The text with values in its places."""
        return self.content.format(**values)


class MessagesPrompt(Prompt):
    """Messages with roles, with places such as ``{question}`` in their contents."""

    messages: list[dict[str, Any]]

    def __init__(
        self,
        messages: list[dict[str, Any]],
        *,
        name: str | None = None,
        description: str | None = None,
    ) -> None:
        """Make a prompt of messages, each a map with ``role`` and ``content``."""
        self._fill({"messages": messages, "name": name, "description": description})

    def format(self, **values: Any) -> list[dict[str, Any]]:
        """The messages with values in their places."""
        return [_filled(message, values) for message in copy.deepcopy(self.messages)]


def _filled(message: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    content = message.get("content")
    if isinstance(content, str):
        return {**message, "content": content.format(**values)}
    return message
