"""What must not leave the process: secrets by key, whatever a user's function takes out, or all
content. It happens before the journal, so that the disk never has it either."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any, cast

import msgspec

from kiseki.tracing.guard import complain
from kiseki.tracing.values import to_json

REDACTED = "REDACTED"

Redaction = Callable[[Any], Any]

_SECRETS = (
    "api_key",
    "apikey",
    "auth_headers",
    "authorization",
    "proxy_authorization",
    "password",
    "passwd",
    "passphrase",
    "secret",
    "secret_key",
    "client_secret",
    "private_key",
    "access_key",
    "access_token",
    "refresh_token",
    "id_token",
    "auth_token",
    "bearer_token",
    "session_token",
    "x_api_key",
    "credentials",
    "set_cookie",
)
_ENDINGS = ("_api_key", "_secret", "_secret_key", "_password", "_access_token", "_private_key")
_MARKS = (b"key", b"auth", b"pass", b"secret", b"token", b"credential", b"cookie")
"""One of them stands in each of those keys."""
_KEY = b'":'
"""Ends every key."""
_camel = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Privacy:
    """What of inputs, outputs and errors may be kept."""

    def __init__(
        self,
        keys: Iterable[str] = (),
        functions: Iterable[Redaction] = (),
        *,
        content: bool = True,
    ) -> None:
        own = [_normal(key) for key in keys]
        self._keys = frozenset((*_SECRETS, *own))
        self._marks = (
            *_MARKS,
            *(re.split(r"[^\x21-\x7e]|[_\"\\]", key)[0].encode() for key in own),
        )
        self._functions = tuple(functions)
        self.content = content
        self._by_key: dict[str, bool] = {}

    def more(self, keys: Iterable[str], functions: Iterable[Redaction]) -> Privacy:
        """The same with further keys and functions."""
        return Privacy((*self._keys, *keys), (*self._functions, *functions), content=self.content)

    def inputs(self, data: bytes) -> bytes:
        """A JSON map as it may be kept."""
        return self._clean(data) if self.content else b"{}"

    def output(self, data: bytes) -> bytes:
        """JSON as it may be kept."""
        return self._clean(data) if self.content else b"null"

    def published(self, data: bytes) -> bytes:
        """JSON of what the user publishes by name: without secrets, whatever else is kept."""
        return self._clean(data)

    def text(self, text: str) -> str:
        """The same for a text that is no JSON."""
        for function in self._functions:
            try:
                text = str(function(text))
            except Exception as error:  # noqa: BLE001
                complain("A function of kiseki.redact failed; the text is left out", error)
                return REDACTED
        return text

    def is_secret(self, key: str) -> bool:
        """Whether the value under such a key is taken out."""
        known = self._by_key.get(key)
        if known is None:
            name = _normal(key)
            known = name in self._keys or name.endswith(_ENDINGS)
            if len(self._by_key) < 10_000:
                self._by_key[key] = known
        return known

    def _clean(self, data: bytes) -> bytes:
        if not self._functions:
            if _KEY not in data:
                return data
            low = data.lower()
            for mark in self._marks:
                if mark in low:
                    break
            else:
                return data
        try:
            value = _decode(data)
            cleaned = self._without_secrets(value)
        except Exception as error:  # noqa: BLE001
            complain("A value could not be redacted; it is left out", error)
            return _left_out(data)
        for function in self._functions:
            try:
                cleaned = function(cleaned)
            except Exception as error:  # noqa: BLE001
                complain("A function of kiseki.redact failed; the value is left out", error)
                return _left_out(data)
        if cleaned is value:
            return data
        result = to_json(cleaned)
        if data.startswith(b"{") and not result.startswith(b"{"):
            return to_json({"redacted": cleaned})
        return result

    def _without_secrets(self, value: Any) -> Any:
        if isinstance(value, dict):
            changed: dict[str, Any] = {}
            known = cast("dict[str, Any]", value)
            for key, item in known.items():
                new = REDACTED if self.is_secret(key) else self._without_secrets(item)
                if new is not item:
                    changed[key] = new
            return {**known, **changed} if changed else known
        if isinstance(value, list):
            items = cast("list[Any]", value)
            renewed = [self._without_secrets(item) for item in items]
            same = all(new is item for new, item in zip(renewed, items, strict=True))
            return items if same else renewed
        return value


def _normal(key: str) -> str:
    return _camel.sub("_", key).lower().replace("-", "_").replace(" ", "_")


def _left_out(data: bytes) -> bytes:
    return b'{"_kiseki":"REDACTED"}' if data.startswith(b"{") else b'"REDACTED"'


def _decode(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except msgspec.DecodeError:
        return json.loads(data)  # NaN and infinities
