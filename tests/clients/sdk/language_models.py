"""A server that answers like those of OpenAI and Anthropic, always the same."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WORDS = ["Mount", " Fuji"]
TOOL_ARGUMENTS = '{"place": "Tokyo"}'
USAGE = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
_VERSIONS = {"gpt-4o-mini": "gpt-4o-mini-2024-07-18"}
"""The model that answers for one that has a price."""
RESPONSE_USAGE = {
    "input_tokens": 9,
    "output_tokens": 2,
    "total_tokens": 11,
    "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 0},
    "output_tokens_details": {"reasoning_tokens": 1},
}


def _model(asked: dict[str, Any]) -> str:
    return _VERSIONS.get(asked.get("model", ""), "stub-1")


def _chunk(
    asked: dict[str, Any], delta: dict[str, Any], finish: str | None = None
) -> dict[str, Any]:
    return {
        "id": "c1", "object": "chat.completion.chunk", "created": 1, "model": _model(asked),
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }  # fmt: skip


def _chat(asked: dict[str, Any]) -> dict[str, Any]:
    """The first of the tools is called, if there are any and it has not answered yet."""
    message: dict[str, Any] = {"role": "assistant", "content": "".join(WORDS), "refusal": None}
    calls_tool = "tools" in asked and asked["messages"][-1]["role"] != "tool"
    if calls_tool:
        function = {"name": asked["tools"][0]["function"]["name"], "arguments": TOOL_ARGUMENTS}
        message["content"] = None
        message["tool_calls"] = [{"id": "t1", "type": "function", "function": function}]
    finish = "tool_calls" if calls_tool else "stop"
    return {
        "id": "c1", "object": "chat.completion", "created": 1, "model": _model(asked),
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
        "usage": USAGE,
    }  # fmt: skip


def _chat_stream(asked: dict[str, Any]) -> Iterator[tuple[str | None, Any]]:
    yield None, _chunk(asked, {"role": "assistant", "content": ""})
    for word in WORDS:
        yield None, _chunk(asked, {"content": word})
    yield None, _chunk(asked, {}, "stop")
    if (asked.get("stream_options") or {}).get("include_usage"):
        yield None, {**_chunk(asked, {}), "choices": [], "usage": USAGE}
    yield None, "[DONE]"


def _response(asked: dict[str, Any]) -> dict[str, Any]:
    text = {"type": "output_text", "text": "".join(WORDS), "annotations": []}
    return {
        "id": "r1", "object": "response", "created_at": 1, "model": _model(asked),
        "status": "completed",
        "output": [
            {"id": "m1", "type": "message", "role": "assistant", "status": "completed",
             "content": [text]}
        ],
        "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "usage": RESPONSE_USAGE,
    }  # fmt: skip


def _response_stream(asked: dict[str, Any]) -> Iterator[tuple[str | None, Any]]:
    begun = {**_response(asked), "status": "in_progress", "output": [], "usage": None}
    yield (
        "response.created",
        {"type": "response.created", "sequence_number": 0, "response": begun},
    )
    for number, word in enumerate(WORDS):
        yield (
            "response.output_text.delta",
            {"type": "response.output_text.delta", "sequence_number": number + 1, "delta": word,
             "item_id": "m1", "output_index": 0, "content_index": 0, "logprobs": []},
        )  # fmt: skip
    yield (
        "response.completed",
        {"type": "response.completed", "sequence_number": 9, "response": _response(asked)},
    )


def _embedding(asked: dict[str, Any]) -> dict[str, Any]:
    data = [{"object": "embedding", "index": 0, "embedding": [0.1, 0.2]}]
    usage = {"prompt_tokens": 3, "total_tokens": 3}
    return {"object": "list", "data": data, "model": _model(asked), "usage": usage}


def _message(asked: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "a1", "type": "message", "role": "assistant", "model": "stub-1",
        "content": [{"type": "text", "text": "".join(WORDS)}], "stop_reason": "end_turn",
        "stop_sequence": None, "usage": {"input_tokens": 9, "output_tokens": 2},
    }  # fmt: skip


def _message_stream(asked: dict[str, Any]) -> Iterator[tuple[str | None, Any]]:
    begun = {**_message(asked), "content": [], "stop_reason": None}
    begun["usage"] = {"input_tokens": 9, "output_tokens": 0}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": begun},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *(
            {"type": "content_block_delta", "index": 0,
             "delta": {"type": "text_delta", "text": word}}
            for word in WORDS
        ),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None},
         "usage": {"output_tokens": 2}},
        {"type": "message_stop"},
    ]  # fmt: skip
    for event in events:
        yield event["type"], event


_ANSWERS = {
    "chat/completions": (_chat, _chat_stream),
    "responses": (_response, _response_stream),
    "embeddings": (_embedding, _chat_stream),
    "messages": (_message, _message_stream),
}


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        path = self.path.partition("?")[0].partition("/v1/")[2]
        if path not in _ANSWERS or asked.get("model") == "broken":
            error = {"error": {"message": "no such model", "type": "invalid_request_error"}}
            self._send(404, "application/json", json.dumps(error).encode())
            return
        whole, pieces = _ANSWERS[path]
        if not asked.get("stream"):
            self._send(200, "application/json", json.dumps(whole(asked)).encode())
            return
        body = b""
        for event, data in pieces(asked):
            text = data if isinstance(data, str) else json.dumps(data)
            body += (f"event: {event}\n" if event else "").encode() + f"data: {text}\n\n".encode()
        self._send(200, "text/event-stream", body)

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def language_models() -> Iterator[str]:
    """Its address, without the ``/v1``."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
