"""Asking models through the server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any, cast

import msgspec
from anyio import to_thread
from litestar import Response, post
from litestar.response import Stream

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.completions.answer import Assembly
from kiseki_server.domain.completions.service import Asked, CompletionService, filled
from kiseki_server.domain.completions.types import Endpoint, ModelError
from kiseki_server.domain.objects.refs import ObjectRef
from kiseki_server.domain.objects.service import ObjectService
from kiseki_server.domain.projects.types import Project
from kiseki_server.domain.tables.service import TableService
from kiseki_server.kit.errors import BadRequest, KisekiError, Malformed
from kiseki_server.kit.json import from_text
from kiseki_server.protocols.weave.bodies import JSON_LINES, LIMITED, answer, read
from kiseki_server.protocols.weave.door import Door
from kiseki_server.protocols.weave.reading import follower
from kiseki_server.protocols.weave.refs import References

_NOT_TOLD = frozenset({"api_key", "api_base", "base_url"})
_OURS = frozenset({"prompt", "template_vars", "vars", "stream"})
"""What of the inputs is not for the model."""


class CompletionBody(msgspec.Struct):
    project_id: str
    inputs: msgspec.Raw
    track_llm_call: bool | None = None
    trace_id: str | None = None
    parent_id: str | None = None
    conversation_id: str | None = None
    source: str | None = None


class _Request:
    """One request, with what it needs read before anything is asked."""

    def __init__(
        self,
        body: CompletionBody,
        op: str,
        door: Door,
        completions: CompletionService,
        objects: ObjectService,
        tables: TableService,
    ) -> None:
        inputs: Any = from_text(bytes(body.inputs).decode())
        if not isinstance(inputs, dict):
            raise Malformed("`inputs` must be a map")
        # Keys and addresses are the administrator's, and nothing to keep.
        given = cast("dict[str, Any]", inputs)
        self.inputs = {name: value for name, value in given.items() if name not in _NOT_TOLD}
        model = self.inputs.get("model")
        if not isinstance(model, str) or not model:
            raise Malformed("`inputs.model` must name a model")
        self.tracked = body.track_llm_call is not False
        # Whoever may not write in the project may not spend its administrator's money either.
        self.project: Project = door.place(body.project_id, Action.WRITE)
        self.endpoint: Endpoint | None = None
        self.error = ""
        try:
            with door.database.transaction():
                self.endpoint = completions.endpoint(model)
        except KisekiError as error:
            self.error = f"{error} ({error.hint})" if error.hint else str(error)
        self.body = self._body(door, objects, tables)
        self.asked: Asked = completions.begin(
            self.project,
            door.actor.user.name,
            op,
            self.inputs,
            trace_id=body.trace_id,
            parent_id=body.parent_id,
            thread_id=body.conversation_id,
            attributes={"source": body.source} if body.source else {},
        )

    def _body(self, door: Door, objects: ObjectService, tables: TableService) -> dict[str, Any]:
        body = {name: value for name, value in self.inputs.items() if name not in _OURS}
        messages = body.get("messages") or []
        if not isinstance(messages, list):
            raise Malformed("`inputs.messages` must be a list")
        if prompt := self.inputs.get("prompt"):
            messages = [*self._prompt(str(prompt), door, objects, tables), *messages]
        variables = self.inputs.get("template_vars") or self.inputs.get("vars") or {}
        if not isinstance(variables, Mapping):
            raise Malformed("`inputs.template_vars` must be a map")
        known = cast("Mapping[str, Any]", variables)
        return {**body, "messages": filled(cast("list[Any]", messages), known)}

    @staticmethod
    def _prompt(
        text: str, door: Door, objects: ObjectService, tables: TableService
    ) -> list[dict[str, Any]]:
        ref = References(door).ref(text)
        if not isinstance(ref, ObjectRef):
            raise BadRequest(f"`{text[:200]}` is no reference to a prompt")
        values, missing = follower(door, objects, tables).values([ref])
        value: Any = None if missing else values[0]
        if isinstance(value, Mapping):
            found = cast("Mapping[str, Any]", value)
            if isinstance(found.get("messages"), list):
                return found["messages"]
            if isinstance(found.get("content"), str):
                return [{"role": "system", "content": found["content"]}]
        raise BadRequest(f"`{text[:200]}` is no prompt")

    @property
    def ids(self) -> dict[str, Any]:
        """What tells the caller where the call stands."""
        if not self.tracked:
            return {}
        asked = self.asked
        found = {"weave_call_id": asked.id, "span_id": asked.id, "trace_id": asked.trace_id}
        return found if asked.thread_id is None else {**found, "conversation_id": asked.thread_id}


@post("/completions/create", opt=LIMITED, include_in_schema=False)
async def create(
    body: bytes,
    door: Door,
    completions: CompletionService,
    objects: ObjectService,
    tables: TableService,
) -> Response[bytes]:
    """One answer of a model; what went wrong at the model's side stands in it, too."""
    asked = await to_thread.run_sync(
        lambda: _Request(
            read(body, CompletionBody), "weave.completions_create", door, completions, objects,
            tables,
        )
    )  # fmt: skip
    response: dict[str, Any]
    error: str | None = None
    try:
        if asked.endpoint is None:
            raise ModelError(asked.error)
        response = await completions.ask(asked.endpoint, asked.body)
    except ModelError as failure:
        error = str(failure)
        response = {"error": error}
    if asked.tracked:
        await asyncio.wrap_future(completions.record(asked.asked, response, error))
    return answer({"response": response, **asked.ids})


@post("/completions/create_stream", opt=LIMITED, include_in_schema=False)
async def create_stream(
    body: bytes,
    door: Door,
    completions: CompletionService,
    objects: ObjectService,
    tables: TableService,
) -> Stream:
    """The pieces of an answer, one a line, as they come."""
    asked = await to_thread.run_sync(
        lambda: _Request(
            read(body, CompletionBody), "weave.completions_create_stream", door, completions,
            objects, tables,
        )
    )  # fmt: skip
    return Stream(_pieces(asked, completions), status_code=200, media_type=JSON_LINES)


async def _pieces(asked: _Request, completions: CompletionService) -> AsyncGenerator[bytes]:
    assembly = Assembly()
    error: str | None = "The reader went away before the answer had ended"
    try:
        if asked.tracked:
            yield _line({"_meta": asked.ids})
        if asked.endpoint is None:
            raise ModelError(asked.error)
        async for piece in completions.stream(asked.endpoint, asked.body, assembly):
            yield _line(piece)
        error = None
    except ModelError as failure:
        error = str(failure)
        yield _line({"error": error})
    finally:
        if asked.tracked:
            stored = completions.record(asked.asked, assembly.whole, error)
            if error is None:
                await asyncio.wrap_future(stored)


def _line(value: Any) -> bytes:
    return msgspec.json.encode(value) + b"\n"


routes: list[Any] = [create, create_stream]
