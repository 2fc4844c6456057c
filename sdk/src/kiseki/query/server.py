"""A server that is asked for something, from any thread of the user's program."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlencode

from kiseki.errors import (
    FileError,
    NotAllowedError,
    NotFoundError,
    ServerError,
    UnreachableError,
)
from kiseki.run.init import key_for
from kiseki.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Generator

    from kiseki._transport.client import Client, SendError

_TRIES = 4
_FIRST_PAUSE_S = 0.25
_TIMEOUT_S = 120.0

QueryValue = str | int | bool | None | Sequence[str]


class Server:
    """One server, as the owner of a key. Connections are kept and shared."""

    def __init__(self, base_url: str | None = None, api_key: str | None = None) -> None:
        self.base_url = (base_url or load_settings().base_url).rstrip("/")
        self.api_key = key_for(self.base_url, api_key)
        self._idle: list[Client] = []
        self._lock = threading.Lock()
        weakref.finalize(self, _close, self._idle)
        self._session: dict[str, Any] | None = None

    def call(self, method: str, path: str, body: Any = None, **query: QueryValue) -> Any:
        """The decoded answer to one request; ``path`` is below ``/api/v1``.

        What fails for want of an answer is tried again a few times.

        Raises:
            ServerError: The server cannot be asked, or refused.
        """
        address = path + _encoded(query)
        return self._tried(lambda client: client.call(method, address, body))

    def get(self, path: str, **query: QueryValue) -> Any:
        """`call` of a GET."""
        return self.call("GET", path, **query)

    def pages(self, path: str, limit: int = 500, **query: QueryValue) -> Iterator[Any]:
        """The items of all pages."""
        cursor: str | None = None
        while True:
            page = self.get(path, limit=limit, cursor=cursor, **query)
            yield from page["items"]
            cursor = page.get("cursor")
            if cursor is None:
                return

    @property
    def session(self) -> dict[str, Any]:
        """Whose key it is."""
        if (known := self._session) is None:
            known = self._session = cast("dict[str, Any]", self.get("/session"))
        return known

    @property
    def default_entity(self) -> str:
        return str(self.session["default_entity"])

    def download(
        self, path: str, target: Path, received: Callable[[int], None] | None = None
    ) -> None:
        """Fetch a file; ``path`` is below the server's address. ``target`` is whole or not there.

        What broke off goes on where it was.

        Raises:
            ServerError: The server cannot be asked, or refused.
            FileError: The file cannot be written.
        """
        part = target.with_name(f".{target.name[:100]}.{os.getpid()}.{threading.get_ident()}.part")
        state: dict[str, Any] = {"etag": None, "size": None}

        def fetch(client: Client) -> None:
            at = part.stat().st_size if part.exists() and state["etag"] else 0
            with (
                client.open(path, at, state["etag"]) as answer,
                part.open("r+b" if at else "wb") as f,
            ):
                f.seek(answer.start)
                f.truncate()
                state["etag"], state["size"] = answer.etag, answer.size
                for piece in answer.pieces:
                    f.write(piece)
                    if received is not None:
                        received(len(piece))

        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._tried(fetch)
            part.replace(target)
        except OSError as error:
            raise FileError(f"Cannot write {target}: {error.strerror or error}") from None
        finally:
            part.unlink(missing_ok=True)

    def _tried(self, do: Callable[[Client], Any]) -> Any:
        transport: Any = import_module("kiseki._transport.client")
        pause = _FIRST_PAUSE_S
        for left in reversed(range(_TRIES)):
            with self._client() as client:
                try:
                    return do(client)
                except transport.SendError as error:
                    if error.cause != "retry" or not left:
                        raise told(error, self.base_url, self.api_key) from None
                    pause = max(pause, min(error.retry_after or 0.0, 10.0))
            time.sleep(pause)
            pause *= 2
        raise AssertionError("unreachable")

    @contextmanager
    def _client(self) -> Generator[Client]:
        with self._lock:
            client = self._idle.pop() if self._idle else None
        if client is None:
            transport: Any = import_module("kiseki._transport.client")
            try:
                client = transport.Client(self.base_url, self.api_key, answer_timeout_s=_TIMEOUT_S)
            except ValueError as error:
                raise ServerError(str(error)) from None
        try:
            yield client
        finally:
            with self._lock:
                self._idle.append(client)

    def new_client(self) -> Client:
        """A connection for somebody who keeps it."""
        transport: Any = import_module("kiseki._transport.client")
        return transport.Client(self.base_url, self.api_key, answer_timeout_s=600.0)


def _close(clients: list[Client]) -> None:
    for client in clients:
        client.close()


def told(error: SendError, base_url: str, api_key: str | None) -> ServerError:
    """What the user is told of a failure."""
    problem = error.problem
    if error.status is None:
        kind: type[ServerError] = UnreachableError
        message = f"Cannot reach a server at {problem.message}"
        hint = "start one with `kiseki serve`, or set KISEKI_BASE_URL to its address"
    else:
        kinds = {401: NotAllowedError, 403: NotAllowedError, 404: NotFoundError, 410: NotFoundError}
        kind = kinds.get(error.status, ServerError)
        message, hint = problem.message, problem.hint
        if error.status == 401 and api_key is None:
            hint = f"run `kiseki login`, or set KISEKI_API_KEY: there is no key for {base_url}"
    made = kind(message, hint=hint)
    made.status = error.status
    return made


def part(name: str) -> str:
    """A name as one part of a path."""
    return quote(name, safe="")


def _encoded(query: Mapping[str, QueryValue]) -> str:
    pairs: list[tuple[str, str]] = []
    for name, value in query.items():
        if value is None:
            continue
        if isinstance(value, bool):
            value = "true" if value else "false"
        values = [value] if isinstance(value, (str, int)) else value
        pairs += [(name, str(each)) for each in values]
    return f"?{urlencode(pairs)}" if pairs else ""
