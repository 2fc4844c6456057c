"""Hashes of keys, sessions and one-time tokens, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from kiseki_server.domain.accounts.types import ApiKey, User
from kiseki_server.kit.errors import Conflict
from kiseki_server.kit.ids import UserId
from kiseki_server.storage.sql.conflicts import insert_new
from kiseki_server.storage.sql.engine import Database
from kiseki_server.storage.sql.schema import api_keys, server_facts, sessions, signin_tokens, users
from kiseki_server.storage.sql.users import USER_COLUMNS, read_user

KEY_COLUMNS = (
    api_keys.c.id,
    api_keys.c.user_id,
    api_keys.c.name,
    api_keys.c.hint,
    api_keys.c.created_at,
    api_keys.c.last_used_at,
)

# Every request asks one of these; to build it takes longer than to run it.
_BY_KEY = (
    sa.select(*USER_COLUMNS, *KEY_COLUMNS)
    .join(api_keys, api_keys.c.user_id == users.c.id)
    .where(api_keys.c.hash == sa.bindparam("hash"), users.c.removed_at.is_(None))
)
_BY_SESSION = (
    sa.select(*USER_COLUMNS)
    .join(sessions, sessions.c.user_id == users.c.id)
    .where(
        sessions.c.hash == sa.bindparam("hash"),
        sessions.c.expires_at > sa.bindparam("at"),
        users.c.removed_at.is_(None),
    )
)


class SqlCredentialStore:
    """`CredentialStore` on SQLite and PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_key(self, user: UserId, *, name: str, hash: str, hint: str, at: datetime) -> ApiKey:
        values = {"user_id": user, "name": name, "hash": hash, "hint": hint, "created_at": at}
        key = insert_new(self._database.current(), api_keys, values, api_keys.c.id)
        if key is None:
            raise Conflict("This API key exists already")
        return ApiKey(key, user, name, hint, at, None)

    def keys(self, user: UserId) -> Sequence[ApiKey]:
        query = sa.select(*KEY_COLUMNS).where(api_keys.c.user_id == user).order_by(api_keys.c.id)
        return [ApiKey(*row) for row in self._database.current().execute(query)]

    def key_hashed(self, hash: str) -> tuple[ApiKey, User] | None:
        row = self._database.current().execute(_BY_KEY, {"hash": hash}).first()
        return None if row is None else (ApiKey(*row[len(USER_COLUMNS) :]), read_user(row))

    def key(self, key: int) -> ApiKey | None:
        query = sa.select(*KEY_COLUMNS).where(api_keys.c.id == key)
        row = self._database.current().execute(query).first()
        return None if row is None else ApiKey(*row)

    def touch_key(self, key: int, at: datetime) -> None:
        self._database.current().execute(
            sa.update(api_keys).where(api_keys.c.id == key).values(last_used_at=at)
        )

    def remove_key(self, user: UserId, key: int) -> bool:
        removed = self._database.current().execute(
            sa.delete(api_keys).where(api_keys.c.id == key, api_keys.c.user_id == user)
        )
        return removed.rowcount > 0

    def add_session(self, user: UserId, hash: str, *, at: datetime, expires: datetime) -> None:
        self._keep(sessions, user, hash, at, created_at=at, expires_at=expires)

    def session_user(self, hash: str, at: datetime) -> User | None:
        row = self._database.current().execute(_BY_SESSION, {"hash": hash, "at": at}).first()
        return None if row is None else read_user(row)

    def remove_session(self, hash: str) -> None:
        self._database.current().execute(sa.delete(sessions).where(sessions.c.hash == hash))

    def add_signin_token(self, user: UserId, hash: str, *, at: datetime, expires: datetime) -> None:
        self._keep(signin_tokens, user, hash, at, expires_at=expires)

    def take_signin_token(self, hash: str, at: datetime) -> User | None:
        connection = self._database.current()
        taken = connection.execute(
            sa.delete(signin_tokens)
            .where(signin_tokens.c.hash == hash, signin_tokens.c.expires_at > at)
            .returning(signin_tokens.c.user_id)
        ).scalar_one_or_none()
        query = sa.select(*USER_COLUMNS).where(users.c.id == taken, users.c.removed_at.is_(None))
        row = None if taken is None else connection.execute(query).first()
        return None if row is None else read_user(row)

    def fingerprint(self, value: str) -> str:
        connection = self._database.current()
        row = {"name": "secret_fingerprint", "value": value}
        insert_new(connection, server_facts, row, server_facts.c.name)
        kept = sa.select(server_facts.c.value).where(server_facts.c.name == row["name"])
        return connection.execute(kept).scalar_one()

    def forget(self, user: UserId, *, keys: bool = True) -> None:
        for table in (sessions, signin_tokens, *([api_keys] if keys else [])):
            self._database.current().execute(sa.delete(table).where(table.c.user_id == user))

    def _keep(self, table: sa.Table, user: UserId, hash: str, at: datetime, **times: Any) -> None:
        connection = self._database.current()
        connection.execute(sa.delete(table).where(table.c.expires_at <= at))
        connection.execute(sa.insert(table).values(user_id=user, hash=hash, **times))
