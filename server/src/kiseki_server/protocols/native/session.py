"""Signing in and out, and who is signed in."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, cast

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.datastructures import Cookie

import kiseki_server
from kiseki_server.domain.accounts.credentials import SIGNIN_LIFETIME, Credentials
from kiseki_server.domain.accounts.service import AccountService
from kiseki_server.domain.accounts.types import Actor
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import BadRequest
from kiseki_server.kit.transactions import UnitOfWork
from kiseki_server.protocols.addresses import base_url
from kiseki_server.protocols.native.security import (
    CSRF_COOKIE,
    PUBLIC,
    SESSION_COOKIE,
    check_origin,
)


class SessionUser(msgspec.Struct, kw_only=True):
    name: str
    email: str | None
    admin: bool


class SessionEntity(msgspec.Struct, kw_only=True):
    """An entity that the user reaches, and as what."""

    name: str
    kind: Literal["user", "team"]
    role: Literal["admin", "member", "viewer"]


class SessionOrganization(msgspec.Struct, kw_only=True):
    """An organisation that the user belongs to, and as what."""

    name: str
    entity: str
    """The entity that owns its registries."""
    role: Literal["admin", "member", "viewer", "guest"]


class ServerInfo(msgspec.Struct, kw_only=True):
    version: str
    base_url: str


class Session(msgspec.Struct, kw_only=True):
    """Who is signed in, and what the UI needs to know of them."""

    user: SessionUser
    entities: list[SessionEntity]
    organizations: list[SessionOrganization]
    default_entity: str
    csrf_token: str | None
    """For the header X-CSRF-Token; only with a browser session."""
    server: ServerInfo


class ChangeSession(msgspec.Struct, kw_only=True):
    default_entity: str
    """Where the caller's projects go when their owner is not named."""


class SignIn(msgspec.Struct, kw_only=True):
    """Either an API key or the token of a one-time sign-in address."""

    api_key: str | None = None
    token: str | None = None


class SignInLink(msgspec.Struct, kw_only=True):
    url: str
    expires_at: datetime


@get("/session", sync_to_thread=False)
def read_session(
    request: Request[Any, Any, Any], actor: Actor, credentials: Credentials
) -> Session:
    """Who is signed in."""
    return read(request, actor, credentials)


def read(request: Request[Any, Any, Any], actor: Actor, credentials: Credentials) -> Session:
    """The session of whoever asks."""
    by_key = "authorization" in request.headers
    session = None if by_key else request.cookies.get(SESSION_COOKIE)
    return _render(request, actor, credentials.csrf_token(session) if session else None)


@patch("/session", sync_to_thread=True)
def change_session(
    request: Request[Any, Any, Any],
    actor: Actor,
    data: ChangeSession,
    accounts: AccountService,
    credentials: Credentials,
    database: UnitOfWork,
) -> Session:
    """Choose the caller's default entity: their own, or a team of theirs."""
    with database.transaction(write=True):
        actor = accounts.actor(accounts.set_default_entity(actor, data.default_entity))
    return read(request, actor, credentials)


@post("/session", opt=PUBLIC, status_code=200, sync_to_thread=True)
def sign_in(
    request: Request[Any, Any, Any],
    data: SignIn,
    accounts: AccountService,
    credentials: Credentials,
    database: UnitOfWork,
) -> Response[Session]:
    """Begin a browser session."""
    check_origin(request)
    with database.transaction(write=True):
        if data.token:
            user = credentials.take_signin_token(data.token)
        elif data.api_key:
            user, _ = credentials.user_of_key(data.api_key.strip())
        else:
            raise BadRequest("Send `api_key` or `token`")
        actor = accounts.actor(user)
        session = credentials.open_session(user.id)
    csrf = credentials.csrf_token(session)
    lifetime = int(credentials.session_lifetime.total_seconds())
    secure = base_url(request).startswith("https:")
    cookies = [
        Cookie(
            name,
            value=value,
            max_age=lifetime,
            path="/",
            httponly=hidden,
            samesite="lax",
            secure=secure,
        )
        for name, value, hidden in ((SESSION_COOKIE, session, True), (CSRF_COOKIE, csrf, False))
    ]
    return Response(_render(request, actor, csrf), cookies=cookies)


@delete("/session", opt=PUBLIC, status_code=204, sync_to_thread=True)
def sign_out(
    request: Request[Any, Any, Any], credentials: Credentials, database: UnitOfWork
) -> Response[None]:
    """End this browser's session, on the server too."""
    check_origin(request)
    session = request.cookies.get(SESSION_COOKIE)
    if session:
        with database.transaction(write=True):
            credentials.close_session(session)
    response = Response(None, status_code=204)
    response.delete_cookie(SESSION_COOKIE)
    response.delete_cookie(CSRF_COOKIE)
    return response


@post("/session/link", sync_to_thread=True)
def make_link(
    request: Request[Any, Any, Any],
    actor: Actor,
    credentials: Credentials,
    database: UnitOfWork,
    clock: Clock,
) -> SignInLink:
    """An address that signs the caller in, once, in the browser that opens it first."""
    with database.transaction(write=True):
        token = credentials.signin_token(actor.user.id)
    return signin_link(request, token, clock)


def signin_link(request: Request[Any, Any, Any], token: str, clock: Clock) -> SignInLink:
    """The address in which a token signs in."""
    return SignInLink(
        url=f"{base_url(request)}/signin?token={token}", expires_at=clock.now() + SIGNIN_LIFETIME
    )


def _render(request: Request[Any, Any, Any], actor: Actor, csrf: str | None) -> Session:
    user = actor.user
    return Session(
        user=SessionUser(name=user.name, email=user.email, admin=user.admin),
        entities=[
            SessionEntity(
                name=membership.entity.name,
                kind="team" if membership.entity.user is None else "user",
                role=cast("Any", membership.role.value),
            )
            for membership in actor.memberships
        ],
        organizations=[
            SessionOrganization(
                name=each.organization.name,
                entity=each.organization.entity.name,
                role=each.role.value,
            )
            for each in actor.organizations
        ],
        default_entity=actor.default_entity.name,
        csrf_token=csrf,
        server=ServerInfo(version=kiseki_server.__version__, base_url=base_url(request)),
    )


routes = [read_session, change_session, sign_in, sign_out, make_link]
