"""The API keys of whoever asks."""

from __future__ import annotations

from datetime import datetime

import msgspec
from litestar import delete, get, post

from kiseki_server.domain.accounts.credentials import Credentials
from kiseki_server.domain.accounts.types import Actor, ApiKey
from kiseki_server.kit.transactions import UnitOfWork


class Key(msgspec.Struct, kw_only=True):
    """What can be told of a key after it was made."""

    id: int
    name: str
    hint: str
    created_at: datetime
    last_used_at: datetime | None


class NewKey(Key, kw_only=True):
    """A key that was just made; the only answer that holds it."""

    key: str


class Keys(msgspec.Struct, kw_only=True):
    items: list[Key]


class CreateKey(msgspec.Struct, kw_only=True):
    name: str


@get("/keys", sync_to_thread=True)
def list_keys(actor: Actor, credentials: Credentials, database: UnitOfWork) -> Keys:
    """The caller's keys, oldest first."""
    with database.transaction():
        return Keys(items=[_render(key) for key in credentials.keys(actor.user.id)])


@post("/keys", sync_to_thread=True)
def create_key(
    actor: Actor, data: CreateKey, credentials: Credentials, database: UnitOfWork
) -> NewKey:
    """A new key for the caller; it is shown this once."""
    with database.transaction(write=True):
        record, key = credentials.add_key(actor.user.id, data.name)
    return NewKey(**msgspec.structs.asdict(_render(record)), key=key)


@delete("/keys/{id:int}", sync_to_thread=True)
def remove_key(actor: Actor, id: int, credentials: Credentials, database: UnitOfWork) -> None:
    """Revoke one of the caller's keys; it is refused from the next request on."""
    with database.transaction(write=True):
        credentials.remove_key(actor.user.id, id)


def _render(key: ApiKey) -> Key:
    return Key(
        id=key.id,
        name=key.name,
        hint=key.hint,
        created_at=key.created_at,
        last_used_at=key.last_used_at,
    )


routes = [list_keys, create_key, remove_key]
