"""JSON as the wandb client writes it: NaN and the infinities may stand bare."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from kiseki_server.kit.errors import BadRequest

DEPTH = 500
"""Levels of nesting that are always read."""

_strict = msgspec.json.Decoder().decode


def read(text: str, where: str) -> Any:
    """The value of one JSON text; ``where`` names it in the message of a refusal.

    Raises:
        BadRequest: It is no JSON.
    """
    try:
        return _strict(text)
    except (msgspec.DecodeError, UnicodeEncodeError):
        pass  # most likely a NaN, which the slower reader takes
    except RecursionError:
        raise BadRequest(f"{where} is nested too deeply; {DEPTH} levels are accepted") from None
    try:
        return _clean(json.loads(text))
    except RecursionError:
        raise BadRequest(f"{where} is nested too deeply; {DEPTH} levels are accepted") from None
    except ValueError as error:
        raise BadRequest(f"{where} is no JSON: {error}") from None


def read_object(text: str, where: str) -> dict[str, Any]:
    """Like `read`, for what has to be an object.

    Raises:
        BadRequest: It is no JSON object.
    """
    value = read(text, where)
    if not isinstance(value, dict):
        raise BadRequest(f"{where} is no JSON object")
    return value


def write(value: object) -> str:
    """JSON text with bare NaN and infinities, the form that the client writes itself."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _clean(value: Any) -> Any:
    """Replace halves of surrogate pairs, which are no text and no store can keep."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    return value
