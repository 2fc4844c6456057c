"""Puts the pieces of a chat together, as the API of OpenAI and all that speak it send them."""

from __future__ import annotations

from typing import Any, cast

from kiseki.tracing.integrations.recording import maps


def join_chat(chunks: list[Any]) -> Any:
    """One completion of its chunks."""
    whole: dict[str, Any] = {}
    choices: dict[int, dict[str, Any]] = {}
    for chunk in maps(chunks):
        for name in ("id", "model", "created", "system_fingerprint", "service_tier", "usage"):
            if chunk.get(name):
                whole[name] = chunk[name]
        for part in maps(chunk.get("choices")):
            index = int(part.get("index", 0))
            choice = choices.setdefault(index, {"index": index, "message": {}})
            _add(choice["message"], part.get("delta") or {})
            if part.get("finish_reason"):
                choice["finish_reason"] = part["finish_reason"]
    whole["object"] = "chat.completion"
    whole["choices"] = [choices[index] for index in sorted(choices)]
    return whole


def _add(message: dict[str, Any], delta: dict[str, Any]) -> None:
    for name, value in delta.items():
        if name == "tool_calls":
            _add_tools(message.setdefault("tool_calls", []), value or ())
        elif isinstance(value, str) and name != "role":
            message[name] = (message.get(name) or "") + value
        elif value is not None:
            message[name] = value


def _add_tools(tools: list[dict[str, Any]], parts: Any) -> None:
    for part in maps(parts):
        index = int(part.get("index", len(tools)))
        while len(tools) <= index:
            tools.append({"function": {"name": "", "arguments": ""}})
        tool = tools[index]
        for name in ("id", "type"):
            if part.get(name):
                tool[name] = part[name]
        for name, value in cast("dict[str, Any]", part.get("function") or {}).items():
            if isinstance(value, str):
                tool["function"][name] = (tool["function"].get(name) or "") + value
