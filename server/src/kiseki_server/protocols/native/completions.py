"""Models behind the server: which there are, and asking them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Annotated, Any

import msgspec
from anyio import to_thread
from litestar import delete, get, post, put
from litestar.response import Stream
from msgspec import Meta

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.accounts.types import Actor
from kiseki_server.domain.completions.answer import Assembly
from kiseki_server.domain.completions.service import Asked, CompletionService
from kiseki_server.domain.completions.types import Endpoint, ModelError, Provider
from kiseki_server.kit.transactions import UnitOfWork
from kiseki_server.protocols.native.places import Places

OP = "playground"
LINES = "application/jsonl"


class ProviderInfo(msgspec.Struct, kw_only=True):
    name: str
    base_url: str
    models: list[str]
    """What it may be asked for; empty: anything, named `provider/model`."""
    headers: dict[str, str]
    has_key: bool
    updated_by: str
    updated_at: datetime


class Providers(msgspec.Struct, kw_only=True):
    items: list[ProviderInfo]


class SetProvider(msgspec.Struct, kw_only=True):
    base_url: Annotated[str, Meta(description="Such as https://api.openai.com/v1")]
    models: list[str] = []
    headers: dict[str, str] = {}
    api_key: Annotated[
        str | None,
        Meta(description="Kept encrypted and never shown. Absent: as before; empty: none."),
    ] = None


class ModelInfo(msgspec.Struct, kw_only=True):
    provider: str
    models: list[str]
    """Empty: anything."""


class ModelList(msgspec.Struct, kw_only=True):
    items: list[ModelInfo]


class AskModel(msgspec.Struct, kw_only=True):
    model: str
    messages: list[dict[str, Any]]
    parameters: dict[str, Any] = {}
    """Further fields of a chat completion, such as `temperature` or `tools`."""
    replayed: str | None = None
    """The call that is asked again."""
    thread_id: str | None = None


@get("/admin/providers", sync_to_thread=True)
def list_providers(actor: Actor, completions: CompletionService, database: UnitOfWork) -> Providers:
    """All providers, without their keys."""
    with database.transaction():
        return Providers(items=[_info(each) for each in completions.administered(actor)])


@put("/admin/providers/{name:str}", sync_to_thread=True)
def set_provider(
    actor: Actor, name: str, data: SetProvider, completions: CompletionService, database: UnitOfWork
) -> ProviderInfo:
    """Add a provider of models, or change it."""
    with database.transaction(write=True):
        return _info(
            completions.put(
                actor,
                name,
                base_url=data.base_url,
                models=data.models,
                headers=data.headers,
                key=data.api_key,
            )
        )


@delete("/admin/providers/{name:str}", sync_to_thread=True)
def delete_provider(
    actor: Actor, name: str, completions: CompletionService, database: UnitOfWork
) -> None:
    """Remove a provider with its key."""
    with database.transaction(write=True):
        completions.delete(actor, name)


@get("/models", sync_to_thread=True)
def list_models(actor: Actor, completions: CompletionService, database: UnitOfWork) -> ModelList:
    """Which models can be asked through this server."""
    with database.transaction():
        known = completions.providers()
    return ModelList(
        items=[ModelInfo(provider=each.name, models=list(each.models)) for each in known]
    )


@post("/projects/{entity:str}/{project:str}/completions", status_code=200)
async def ask_model(
    places: Places,
    completions: CompletionService,
    entity: str,
    project: str,
    data: AskModel,
) -> Stream:
    """Ask a model, and keep the answer as a call of the project.

    JSON lines: first `{"call": {"id", "trace_id"}}`, then the pieces of the answer as the provider
    sends them, and `{"error": "…"}` in the place of what went wrong.
    """

    def prepare() -> tuple[Asked, Endpoint]:
        with places.database.transaction():
            at = places.project(entity, project, Action.WRITE)
            endpoint = completions.endpoint(data.model)
        inputs = {"model": data.model, "messages": data.messages, **data.parameters}
        about = {"replayed": data.replayed} if data.replayed else {}
        asked = completions.begin(
            at, places.actor.user.name, OP, inputs, thread_id=data.thread_id, attributes=about
        )
        return asked, endpoint

    asked, endpoint = await to_thread.run_sync(prepare)
    pieces = _pieces(completions, asked, endpoint, {**data.parameters, "messages": data.messages})
    return Stream(pieces, status_code=200, media_type=LINES)


async def _pieces(
    completions: CompletionService, asked: Asked, endpoint: Endpoint, body: dict[str, Any]
) -> AsyncGenerator[bytes]:
    assembly = Assembly()
    error: str | None = "The reader went away before the answer had ended"
    try:
        yield _line({"call": {"id": asked.id, "trace_id": asked.trace_id}})
        async for piece in completions.stream(endpoint, body, assembly):
            yield _line(piece)
        error = None
    except ModelError as failure:
        error = str(failure)
        yield _line({"error": error})
    finally:
        stored = completions.record(asked, assembly.whole, error)
        if error is None:
            await asyncio.wrap_future(stored)


def _line(value: Any) -> bytes:
    return msgspec.json.encode(value) + b"\n"


def _info(provider: Provider) -> ProviderInfo:
    return ProviderInfo(
        name=provider.name,
        base_url=provider.base_url,
        models=list(provider.models),
        headers=dict(provider.headers),
        has_key=provider.key is not None,
        updated_by=provider.updated_by,
        updated_at=provider.updated_at,
    )


routes: list[Any] = [
    list_providers,
    set_provider,
    delete_provider,
    list_models,
    ask_model,
]
