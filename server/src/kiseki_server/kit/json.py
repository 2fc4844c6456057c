"""JSON as our API writes it, and JSON as we store it.

JSON has no NaN and no infinity, training runs do. Answers carry them as the strings ``"NaN"``,
``"Infinity"`` and ``"-Infinity"``; stored text carries them as the bare tokens that Python reads
back, so that a stored value returns as the number that it was.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from kiseki_server.kit.errors import BadRequest

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder().decode
_write = msgspec.json.Encoder().encode
_read = msgspec.json.Decoder().decode

# A float64 in msgpack whose exponent is all ones. It may also match inside of text, which costs
# only a walk over the value.
_NONFINITE = re.compile(rb"\xcb[\x7f\xff][\xf0-\xff]")


def encode(value: object) -> bytes:
    """JSON for answers; floats that JSON does not know become strings."""
    try:
        packed = _pack(value)
    except (OverflowError, TypeError, ValueError):  # integers beyond 64 bits, foreign keys
        return _write(_named(msgspec.to_builtins(value)))
    if _NONFINITE.search(packed) is None:
        return _write(value)
    return _write(_named(msgspec.to_builtins(value)))


def decode(data: bytes | str) -> Any:
    """Read JSON that a caller sent.

    Raises:
        BadRequest: It is no JSON; the message says where it stops being so.
    """
    try:
        return _read(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"Malformed JSON: {error}") from None


def to_text(value: object) -> str:
    """JSON for storing; `from_text` gives the equal value back, non-finite numbers included."""
    try:
        if _NONFINITE.search(_pack(value)) is None:
            return _write(value).decode()
    except (OverflowError, TypeError, ValueError):  # integers beyond 64 bits, half characters
        pass
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def stored(data: bytes) -> tuple[Any, str]:
    """The value of JSON that is UTF-8, and the text to store for it.

    Raises:
        UnicodeDecodeError, ValueError: It is none.
    """
    try:
        value = _read(data)  # accepts neither what is not finite nor half characters
        return value, _write(value).decode()
    except (msgspec.MsgspecError, UnicodeError, OverflowError):
        value = json.loads(data.decode())
        return value, to_text(value)


def from_text(text: str) -> Any:
    """Read what `to_text` wrote."""
    try:
        return _read(text)
    except (msgspec.DecodeError, UnicodeError):  # non-finite numbers
        return json.loads(text)


def unpack(data: bytes) -> Any:
    """Read msgpack that a caller sent.

    Raises:
        BadRequest: It is no msgpack; the message says where it stops being so.
    """
    try:
        return _unpack(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"Malformed msgpack: {error}") from None


def _named(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return {key: _named(item) for key, item in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [_named(item) for item in cast("list[Any]", value)]
    return value
