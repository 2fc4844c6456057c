"""Who asks: checked before every handler, unless the route says that it is public."""

from __future__ import annotations

import base64
import binascii
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, cast
from urllib.parse import urlsplit

from anyio import to_thread
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from kiseki_server.domain.accounts.credentials import Credentials
from kiseki_server.domain.accounts.service import AccountService
from kiseki_server.domain.accounts.types import Actor
from kiseki_server.kit.errors import Forbidden, NotSignedIn, Unavailable
from kiseki_server.kit.transactions import UnitOfWork

SESSION_COOKIE = "kiseki_session"
CSRF_COOKIE = "kiseki_csrf"
CSRF_HEADER = "x-csrf-token"
PUBLIC = {"public": True}
"""``opt`` of a route that needs no credential."""

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_ACTOR = "kiseki_actor"

Connection = ASGIConnection[Any, Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Gate:
    """Lets requests in by API key (``Bearer KEY``, or Basic as ``api:KEY``) or by session."""

    accounts: AccountService
    credentials: Credentials
    database: UnitOfWork

    async def __call__(self, connection: Connection, handler: BaseRouteHandler) -> None:
        """The guard of the whole application.

        Raises:
            NotSignedIn: No credential, or one that is not valid.
            Forbidden: A browser's request that another site may have caused.
        """
        if not handler.opt.get("public"):
            await self.admit(connection)

    async def admit(self, connection: Connection) -> Actor:
        """Who asks; raises like the guard."""
        header = connection.headers.get("authorization")
        if header is not None:
            work = partial(self._by_key, key_of(header))
        else:
            session = connection.cookies.get(SESSION_COOKIE)
            if not session:
                raise NotSignedIn
            if cast("dict[str, Any]", connection.scope)["method"] not in _SAFE:
                self._check_same_site(connection, session)
            work = partial(self._by_session, session)
        actor = await to_thread.run_sync(work)
        cast("dict[str, Any]", connection.scope)[_ACTOR] = actor
        return actor

    def _by_key(self, key: str) -> Actor:
        with self.database.transaction():
            user, record = self.credentials.user_of_key(key)
            actor = self.accounts.actor(user)
        if self.credentials.is_due(record):
            # The note is a courtesy to the key's owner; a busy database may skip it.
            with suppress(Unavailable), self.database.transaction(write=True):
                self.credentials.note_use(record)
        return actor

    def _by_session(self, session: str) -> Actor:
        with self.database.transaction():
            return self.accounts.actor(self.credentials.user_of_session(session))

    def _check_same_site(self, connection: Connection, session: str) -> None:
        check_origin(connection)
        token = connection.headers.get(CSRF_HEADER, "")
        if not self.credentials.csrf_matches(session, token):
            raise Forbidden(
                "The request lacks the token of this browser's session",
                hint="reload the page, or send an API key instead of the cookie",
            )


def provide_actor(request: Request[Any, Any, Any]) -> Actor:
    """The dependency ``actor``: who the guard has let in."""
    actor: Actor | None = cast("dict[str, Any]", request.scope).get(_ACTOR)
    if actor is None:
        raise NotSignedIn
    return actor


def key_of(header: str) -> str:
    """The API key in an ``Authorization`` header.

    Raises:
        NotSignedIn: It holds none.
    """
    scheme, _, rest = header.partition(" ")
    rest = rest.strip()
    if scheme.lower() == "bearer" and rest:
        return rest
    if scheme.lower() == "basic":
        with suppress(binascii.Error, UnicodeDecodeError, ValueError):
            _, colon, key = base64.b64decode(rest, validate=True).decode().partition(":")
            if colon and key:
                return key
    raise NotSignedIn(
        "The header Authorization holds no API key",
        hint="send `Authorization: Bearer KEY`, or Basic with the user `api` and the key",
    )


def check_origin(connection: Connection) -> None:
    """Refuse a browser's request that comes from another site's page.

    Raises:
        Forbidden: The ``Origin`` is not this server.
    """
    origin = connection.headers.get("origin")
    if origin is None:
        return
    configured: str | None = connection.app.state.get("base_url")
    own = {connection.headers.get("host"), urlsplit(configured or "").netloc}
    if not own.issuperset({urlsplit(origin).netloc}) or origin == "null":
        raise Forbidden(f"Requests from pages of {origin[:200]} are not accepted")
