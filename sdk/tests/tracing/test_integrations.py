"""Libraries are patched when they are imported, and put back; their streams become answers."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
from sdk.tests.tracing.conftest import Traces

from kiseki.tracing import integrations
from kiseki.tracing.integrations.anthropic import join_message
from kiseki.tracing.integrations.openai_chat import join_chat
from kiseki.tracing.integrations.patches import Patches
from kiseki.tracing.integrations.recording import Recorder, counts
from kiseki.wire.traced import CallEnd


def test_a_library_is_patched_when_it_is_imported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "some_library.py").write_text("def ask(): return 1\n")
    (tmp_path / "other_library.py").write_text("def ask(): return 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    ours: Any = ModuleType("kiseki.tracing.integrations.some")

    def patch(patches: Patches) -> None:
        patches.replace(sys.modules["some_library"], "ask", lambda before: lambda: before() + 1)
        patches.replace(sys.modules["some_library"], "not_there", lambda before: None)

    ours.patch = patch
    monkeypatch.setitem(sys.modules, ours.__name__, ours)
    libraries = {"some_library": "some", "other_library": "no_such_file"}
    monkeypatch.setattr(integrations, "LIBRARIES", libraries)
    integrations.install()
    try:
        some: Any = importlib.import_module("some_library")
        assert some.ask() == 2
        other: Any = importlib.import_module("other_library")
        assert other.ask() == 1
        assert "Calls of other_library are not recorded" in capsys.readouterr().err
    finally:
        integrations.uninstall()
    assert some.ask() == 1


def test_what_somebody_else_replaced_since_stays() -> None:
    class Library:
        def ask(self) -> str:
            return "before"

    patches = Patches()
    patches.replace(Library, "ask", lambda before: lambda self: "ours")
    Library.ask = lambda self: "theirs"  # type: ignore[method-assign]
    patches.undo()
    assert Library().ask() == "theirs"


def test_functions_of_a_library_are_recorded_as_they_are_read(traces: Traces) -> None:
    def ask(self: Any, *, model: str, stream: bool = False) -> Any:
        if stream:
            return iter([{"a": 1}, {"a": 2}])
        return {"model": model, "usage": {"prompt_tokens": 1}}

    async def ask_later(self: Any, *, model: str) -> AsyncIterator[Any]:
        async def pieces() -> AsyncIterator[Any]:
            yield {"a": 3}

        return pieces()

    def join(pieces: list[Any]) -> Any:
        return {"model": "m", "sum": sum(piece["a"] for piece in pieces)}

    recorded = Recorder(ask, "lib.ask", join=join).wrapper()
    later = Recorder(ask_later, "lib.later", asynchronous=True, join=join).wrapper()
    assert recorded(None, model="m")["usage"] == {"prompt_tokens": 1}
    stream: Iterator[Any] = recorded(None, model="m", stream=True)
    assert traces.calls()[1]["output"] is ...
    assert list(stream) == [{"a": 1}, {"a": 2}]

    async def read() -> list[Any]:
        return [piece async for piece in await later(None, model="m")]

    assert asyncio.run(read()) == [{"a": 3}]
    assert [(c["op"], c["inputs"], c["output"]) for c in traces.calls()] == [
        ("lib.ask", {"model": "m", "stream": False}, {"model": "m", "usage": {"prompt_tokens": 1}}),
        ("lib.ask", {"model": "m", "stream": True}, {"model": "m", "sum": 3}),
        ("lib.later", {"model": "m"}, {"model": "m", "sum": 3}),
    ]
    usage = msgspec.json.decode(traces.of(CallEnd)[0].summary)["usage"]
    assert usage == {"m": {"requests": 1, "prompt_tokens": 1}}


def test_pieces_of_tool_calls_are_put_together() -> None:
    def chunk(**delta: Any) -> dict[str, Any]:
        return {"id": "c", "model": "m", "choices": [{"index": 0, "delta": delta}]}

    first = {"index": 0, "id": "t", "type": "function", "function": {"name": "f", "arguments": ""}}
    rest = {"index": 0, "function": {"arguments": '{"x":'}}
    last = {"index": 0, "function": {"arguments": "1}"}}
    whole = join_chat(
        [
            chunk(role="assistant", content=None, tool_calls=[first]),
            chunk(tool_calls=[rest]),
            chunk(tool_calls=[last]),
            {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
            {"choices": [], "usage": {"prompt_tokens": 3}},
        ]
    )
    assert whole["choices"] == [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "tool_calls": [
                    {
                        "id": "t",
                        "type": "function",
                        "function": {"name": "f", "arguments": '{"x":1}'},
                    }
                ],
            },
            "finish_reason": "tool_calls",
        }
    ]
    assert whole["usage"] == {"prompt_tokens": 3}
    block = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
    message = join_message(
        [
            {"type": "message_start", "message": {"model": "m", "usage": {"input_tokens": 3}}},
            {"type": "content_block_start", "index": 0, "content_block": block},
            {
                "type": "content_block_delta",
                "delta": {"type": "input_json_delta", "partial_json": '{"x":1}'},
            },
            {
                "type": "message_delta",
                "delta": {"stop_reason": "tool_use"},
                "usage": {"output_tokens": 2},
            },
        ]
    )
    assert message["content"] == [{**block, "input": '{"x":1}'}]
    assert (message["stop_reason"], message["usage"]) == (
        "tool_use",
        {"input_tokens": 3, "output_tokens": 2},
    )


def test_counts_have_one_name_each() -> None:
    assert counts(
        {
            "prompt_tokens": 5,
            "x": None,
            "prompt_tokens_details": {"cached_tokens": 4},
            "completion_tokens_details": {"reasoning_tokens": 1},
        }
    ) == {"prompt_tokens": 5, "cache_read_input_tokens": 4, "reasoning_tokens": 1}
