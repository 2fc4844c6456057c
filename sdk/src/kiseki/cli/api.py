"""Calls of commands to a server's native API, with nothing but the standard library."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import msgspec

from kiseki import settings
from kiseki.errors import Error
from kiseki.wire.batch import Problem

_TIMEOUT = 60.0


class CommandError(Error):
    """The command could not be carried out."""


class Api:
    """The native API of one server, as the owner of a key."""

    def __init__(self, base_url: str | None = None, api_key: str | None = None) -> None:
        self.base_url = (base_url or settings.base_url()).rstrip("/")
        self.api_key = settings.api_key(self.base_url, api_key)
        # A proxy of the environment could not reach a server of this machine.
        proxies = urllib.request.ProxyHandler({} if settings.is_loopback(self.base_url) else None)
        self._opener = urllib.request.build_opener(proxies)

    def call(self, method: str, path: str, body: Any = None, *, public: bool = False) -> Any:
        """The decoded answer to one request; ``path`` is below ``/api/v1``.

        Raises:
            CommandError: There is no key, no server, or the server refused.
        """
        headers = {"Accept": "application/json"}
        if not public:
            if self.api_key is None:
                raise CommandError(
                    f"There is no API key for {self.base_url}",
                    hint=f"run `kiseki login {self.base_url}`, or set KISEKI_API_KEY",
                )
            headers["Authorization"] = f"Bearer {self.api_key}"
        data = None
        if body is not None:
            data = msgspec.json.encode(body)
            headers["Content-Type"] = "application/json"
        try:
            request = urllib.request.Request(  # noqa: S310
                f"{self.base_url}/api/v1{path}", data=data, headers=headers, method=method
            )
            with self._opener.open(request, timeout=_TIMEOUT) as answer:
                content: bytes = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                raise _refused(error) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise CommandError(
                f"Cannot reach a server at {self.base_url}: {reason}",
                hint="start one with `kiseki serve`, or set KISEKI_BASE_URL to its address",
            ) from None
        try:
            return msgspec.json.decode(content) if content else None
        except msgspec.DecodeError:
            raise CommandError(
                f"{self.base_url} does not answer like a Kiseki server",
                hint="check KISEKI_BASE_URL",
            ) from None


def quoted(name: str) -> str:
    """A name as one part of a path."""
    return urllib.parse.quote(name, safe="")


def _refused(error: urllib.error.HTTPError) -> CommandError:
    try:
        problem = msgspec.json.decode(error.read(), type=Problem)
    except (msgspec.MsgspecError, OSError, http.client.HTTPException):
        return CommandError(f"The server answered {error.code} {error.reason}")
    return CommandError(problem.message, hint=problem.hint)
