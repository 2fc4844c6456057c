"""Asks endpoints that speak OpenAI's chat completions."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

import httpx

from kiseki_server.domain.completions.types import Endpoint, ModelError
from kiseki_server.outbound.client import client
from kiseki_server.outbound.guard import Guard

_READ_S = 300.0
_MOST = 32 << 20
"""Bytes of an answer."""
_SAID = 2_000


class OpenAiModels:
    """`Models` over HTTP."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def ask(self, endpoint: Endpoint, body: Mapping[str, Any]) -> dict[str, Any]:
        async with self._asked(endpoint, {**body, "stream": False}) as answer:
            data = await _read(answer)
        try:
            found = json.loads(data)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise ModelError(f"`{endpoint.provider}` answered with what is no JSON object")
        return cast("dict[str, Any]", found)

    async def stream(
        self, endpoint: Endpoint, body: Mapping[str, Any]
    ) -> AsyncGenerator[dict[str, Any]]:
        asked = {"stream_options": {"include_usage": True}, **body, "stream": True}
        async with self._asked(endpoint, asked) as answer:
            left = _MOST
            async for line in answer.aiter_lines():
                left -= len(line)
                if left < 0:
                    raise ModelError(f"`{endpoint.provider}` answered with more than {_MOST} bytes")
                text = line.removeprefix("data:").strip()
                if not line.startswith("data:") or not text:
                    continue
                if text == "[DONE]":
                    return
                try:
                    piece = json.loads(text)
                except (ValueError, RecursionError):
                    raise ModelError(f"`{endpoint.provider}` sent a broken piece") from None
                if isinstance(piece, dict):
                    yield cast("dict[str, Any]", piece)

    @asynccontextmanager
    async def _asked(
        self, endpoint: Endpoint, body: Mapping[str, Any]
    ) -> AsyncGenerator[httpx.Response]:
        try:
            async with (
                client(self._guard, read_s=_READ_S) as http,
                http.stream(
                    "POST",
                    endpoint.url,
                    headers=dict(endpoint.headers),
                    json={**body, "model": endpoint.model},
                ) as answer,
            ):
                if answer.status_code != 200:
                    raise ModelError(_refusal(await _read(answer)), answer.status_code)
                yield answer
        except httpx.HTTPError as error:
            raise ModelError(
                f"`{endpoint.provider}` could not be asked: {str(error) or type(error).__name__}"
            ) from None


async def _read(answer: httpx.Response) -> bytes:
    data = bytearray()
    async for piece in answer.aiter_bytes():
        data += piece
        if len(data) > _MOST:
            raise ModelError(f"The answer has more than {_MOST} bytes")
    return bytes(data)


def _refusal(data: bytes) -> str:
    """What the other side said, in its own words."""
    text = data.decode("utf-8", "replace").strip()
    try:
        found: Any = json.loads(text)
        error = found["error"]
        said = error["message"] if isinstance(error, dict) else error
    except (ValueError, LookupError, TypeError, RecursionError):
        said = text
    return str(said)[:_SAID] or "It answered with nothing"
