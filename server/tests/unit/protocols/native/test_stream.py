"""Live events over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from litestar.testing import TestClient
from server.tests.recording import NOON

from kiseki_server.app.server import Application, build_application
from kiseki_server.app.services import Services
from kiseki_server.domain.runs.events import HistoryAppended, ProjectChanged, RunChanged
from kiseki_server.protocols.native import stream

Client = TestClient[Application]
SECONDS = 20


class Listener:
    """One open stream, spoken to as a server speaks to an application."""

    def __init__(self) -> None:
        self.sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.left = asyncio.Event()
        self.text = ""
        self.headers: dict[bytes, bytes] = {}

    async def receive(self) -> dict[str, Any]:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        await self.sent.put(message)

    async def status(self) -> int:
        message = await asyncio.wait_for(self.sent.get(), SECONDS)
        self.headers = dict(message["headers"])
        return message["status"]

    async def next(self) -> tuple[str, Any]:
        """The next event, or ("", comment)."""
        while "\n\n" not in self.text:
            message = await asyncio.wait_for(self.sent.get(), SECONDS)
            if not message.get("more_body"):
                return "end", None
            self.text += message["body"].decode()
        frame, self.text = self.text.split("\n\n", 1)
        if frame.startswith(":"):
            return "", frame
        name, data = frame.split("\n")
        return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


@asynccontextmanager
async def listening(services: Services, key: str, query: str = "") -> AsyncIterator[Listener]:
    listener = Listener()
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/api/v1/stream",
        "raw_path": b"/api/v1/stream",
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(b"host", b"localhost"), (b"authorization", f"Bearer {key}".encode())],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8080),
        "state": {},
    }
    app: Any = build_application(services)
    task = asyncio.create_task(app(scope, listener.receive, listener.send))
    try:
        yield listener
    finally:
        listener.left.set()
        await asyncio.wait_for(task, SECONDS)


def run(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), SECONDS))


@pytest.fixture
def digits(client: Client, services: Services) -> Any:
    """The project `admin/digits`, as the domain knows it."""
    client.post("/api/v1/projects", json={"name": "digits"})
    return services.stores.projects.find("admin", "digits")


def test_a_stream_tells_what_changes(services: Services, admin_key: str, digits: Any) -> None:
    async def work() -> None:
        async with listening(services, admin_key, "project=admin/digits&run=one") as stream:
            assert await stream.status() == 200
            assert stream.headers[b"content-type"].startswith(b"text/event-stream")
            assert await stream.next() == ("hello", {})
            services.live.publish(
                [
                    RunChanged(digits.id, "one", "finished", NOON),
                    RunChanged(digits.id, "two", "finished", NOON),
                    HistoryAppended(digits.id, "one", "history", 7, keys_added=True),
                ]
            )
            place = {"entity": "admin", "project": "digits", "run": "one"}
            changed = {**place, "state": "finished", "updated_at": "2026-01-02T12:00:00Z"}
            assert await stream.next() == ("run.changed", changed)
            appended = {**place, "stream": "history", "last_step": 7, "keys_added": True}
            assert await stream.next() == ("history.appended", appended)

    run(work)


def test_a_quiet_stream_sends_comments(
    services: Services, admin_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "QUIET_SECONDS", 0.01)

    async def work() -> None:
        async with listening(services, admin_key) as heard:
            assert await heard.status() == 200
            assert await heard.next() == ("hello", {})
            assert await heard.next() == ("", ":")

    run(work)


def test_a_stream_ends_when_its_key_is_revoked(
    client: Client, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "QUIET_SECONDS", 0.01)
    monkeypatch.setattr(stream, "RECHECK_SECONDS", 0.0)
    made = client.post("/api/v1/keys", json={"name": "browser"}).json()

    async def work() -> None:
        async with listening(services, made["key"]) as heard:
            assert await heard.status() == 200
            assert await heard.next() == ("hello", {})
            assert await heard.next() == ("", ":")
            with services.database.transaction(write=True):
                user = services.stores.users.named("admin")
                assert user is not None
                services.credentials.remove_key(user.id, made["id"])
            while (await heard.next())[0] == "":
                pass
            assert heard.sent.empty()

    run(work)


def test_strangers_hear_nothing_of_private_projects(
    client: Client, services: Services, digits: Any
) -> None:
    eve = client.post("/api/v1/admin/users", json={"name": "eve"}).json()["api_key"]
    headers = {"Authorization": f"Bearer {eve}"}
    client.post("/api/v1/projects", json={"name": "own"}, headers=headers)
    own = services.stores.projects.find("eve", "own")
    assert own is not None

    async def work() -> None:
        async with listening(services, eve) as heard:
            assert await heard.status() == 200
            assert await heard.next() == ("hello", {})
            services.live.publish([ProjectChanged(digits.id), ProjectChanged(own.id)])
            assert await heard.next() == ("project.changed", {"entity": "eve", "project": "own"})
        async with listening(services, eve, "project=admin/digits") as heard:
            assert await heard.status() == 404
        async with listening(services, "x" * 40) as heard:
            assert await heard.status() == 401

    run(work)


@pytest.mark.parametrize("query", ["run=one", "project=digits", "project=/", "project=a/b"])
def test_bad_subscriptions_are_refused(services: Services, admin_key: str, query: str) -> None:
    async def work() -> None:
        async with listening(services, admin_key, query) as heard:
            assert await heard.status() in (400, 404)

    run(work)


def test_streams_end_when_the_server_stops(services: Services, admin_key: str) -> None:
    async def work() -> None:
        async with listening(services, admin_key) as heard:
            assert await heard.status() == 200
            assert await heard.next() == ("hello", {})
            services.stop_streams()
            assert await heard.next() == ("end", None)

    run(work)
