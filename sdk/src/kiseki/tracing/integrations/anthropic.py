"""anthropic: messages, plain and streamed, with both clients."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import Any, cast

from kiseki.tracing.call import Call
from kiseki.tracing.definition import SKIPPED, Definition
from kiseki.tracing.guard import complain
from kiseki.tracing.integrations.patches import Patches
from kiseki.tracing.integrations.recording import Recorder, finish, maps
from kiseki.tracing.record import fail

_NAME = "anthropic.messages"


def patch(patches: Patches) -> None:
    """Record calls of the library."""
    module: Any = import_module("anthropic.resources.messages")
    for owner, later in (("Messages", False), ("AsyncMessages", True)):
        cls = getattr(module, owner, None)
        if cls is not None:
            patches.replace(cls, "create", partial(_recorded, later))
            patches.replace(cls, "stream", _streaming)


def _recorded(later: bool, function: Any) -> Any:
    return Recorder(function, f"{_NAME}.create", asynchronous=later, join=join_message).wrapper()


def _streaming(function: Any) -> Any:
    op = Definition.foreign(f"{_NAME}.stream", "llm")

    def stream(self: Any, *args: Any, **kwargs: Any) -> Any:
        manager = function(self, *args, **kwargs)
        try:
            call = op.begin((), kwargs)
        except Exception as error:  # noqa: BLE001
            complain("A stream of anthropic is not recorded", error)
            return manager
        return manager if call is None or call is SKIPPED else _Manager(manager, call)

    return stream


class _Manager:
    """The library's manager of a stream; ends the call when the stream is left."""

    def __init__(self, manager: Any, call: Call) -> None:
        self._manager = manager
        self._call = call
        self._stream: Any = None

    def __enter__(self) -> Any:
        self._stream = self._manager.__enter__()
        return self._stream

    def __exit__(self, *error: object) -> Any:
        self._finish(cast("Any", error[1]))
        return self._manager.__exit__(*error)

    async def __aenter__(self) -> Any:
        self._stream = await self._manager.__aenter__()
        return self._stream

    async def __aexit__(self, *error: object) -> Any:
        self._finish(cast("Any", error[1]))
        return await self._manager.__aexit__(*error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._manager, name)

    def _finish(self, error: BaseException | None) -> None:
        if error is not None:
            fail(self._call, error)
            return
        try:
            message = self._stream.current_message_snapshot
        except Exception:  # noqa: BLE001
            message = None  # left before the first piece
        finish(self._call, message)


def join_message(events: list[Any]) -> Any:
    """One message of its events."""
    message: dict[str, Any] = {"content": []}
    for event in maps(events):
        kind = event.get("type")
        if kind == "message_start":
            message = {**event["message"], "content": []}
        elif kind == "content_block_start":
            message["content"].append(dict(event["content_block"]))
        elif kind == "content_block_delta" and message["content"]:
            _add(message["content"][-1], event["delta"])
        elif kind == "message_delta":
            message.update(_given(event["delta"]))
            message["usage"] = {**(message.get("usage") or {}), **_given(event.get("usage") or {})}
    for block in message["content"]:
        block.pop("_json", None)
    return message


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _add(block: dict[str, Any], delta: dict[str, Any]) -> None:
    for name, value in delta.items():
        if name == "type" or not isinstance(value, str):
            continue
        target = "input" if name == "partial_json" else name
        before = block.get(target)
        block[target] = (before if isinstance(before, str) else "") + value
