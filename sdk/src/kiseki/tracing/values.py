"""Inputs and outputs as JSON.

Plain values take one pass in C. Whatever else a program hands around becomes what says most about
it; nothing here fails, and nothing is kept alive.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import Any, cast

import msgspec

MOST_BYTES = 16 << 20
"""Of one body; the server takes batches of 32 MiB."""
_MOST_ELEMENTS = 4096
_MOST_TEXT = 4000
_DEEPEST = 60

CYCLE = "…"
_ADDRESS = re.compile(r" at 0x[0-9a-f]{6,}(?=>)")


def to_json(value: Any) -> bytes:
    """The value as JSON text, with NaN and infinities as Python writes them."""
    try:
        data = _encode(value)
        # The encoder writes null for NaN; only a body with null in it may hold any.
        if b"null" in data and not _finite(value):
            data = _slowly(value)
    except Exception:  # noqa: BLE001
        data = _slowly(value)
    if len(data) > MOST_BYTES:
        return _encode({"_kiseki": f"left out: {len(data)} bytes are too many"})
    return data


def plain(value: Any, depth: int = 0) -> Any:
    """The value in lists, maps, text and numbers, as `to_json` writes it."""
    kind = cast("type[Any]", type(value))
    if kind is str:
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if value is None or kind is bool or kind is int or kind is float:
        return value
    if depth > _DEEPEST:
        return CYCLE
    if isinstance(value, Mapping):
        known = cast("Mapping[Any, Any]", value)
        return {_key(key): plain(item, depth + 1) for key, item in known.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, depth + 1) for item in cast("list[Any]", value)]
    if isinstance(value, AbstractSet):
        return [plain(item, depth + 1) for item in cast("AbstractSet[Any]", value)]
    if isinstance(value, Enum):
        return plain(value.value, depth + 1)
    if isinstance(value, str):
        return plain(str.__str__(value), depth)
    if isinstance(value, (int, float)):
        return value + 0
    try:
        return plain(msgspec.to_builtins(value, enc_hook=_foreign), depth + 1)
    except Exception:  # noqa: BLE001
        return description(value)


def description(value: Any) -> str:
    """A text for what has no other form."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001
        text = object.__repr__(value)
    text = _ADDRESS.sub("", text.encode("utf-8", "replace").decode())
    return text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}…"


def _slowly(value: Any) -> bytes:
    try:
        return json.dumps(plain(value), ensure_ascii=False, separators=(",", ":")).encode()
    except Exception:  # noqa: BLE001
        return _encode(description(value))


def _key(key: Any) -> str:
    if isinstance(key, str):
        return plain(key)
    return description(key) if not isinstance(key, (int, float, bool)) else str(key)


def _finite(value: Any, depth: int = 0) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if depth > _DEEPEST or isinstance(value, (str, bytes, int)) or value is None:
        return True
    if isinstance(value, Mapping):
        items = cast("Mapping[Any, Any]", value).values()
        return all(_finite(item, depth + 1) for item in items)
    if isinstance(value, (list, tuple)):
        return all(_finite(item, depth + 1) for item in cast("list[Any]", value))
    return False  # whoever walks it finds out


def _foreign(value: Any) -> Any:
    """What the encoder does not know, as something that it does."""
    reference = getattr(cast("Any", type(value)), "__kiseki_ref__", None)
    if reference is not None and (known := reference(value)) is not None:
        return known
    if isinstance(value, (str, int, float, Mapping, AbstractSet)):
        return plain(value)
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, BaseException):
        return description(value)
    if callable(value) and hasattr(value, "__qualname__"):
        if (reference := getattr(value, "__kiseki_ref__", None)) is not None:
            return reference()
        return f"{value.__module__}.{value.__qualname__}"
    if (shape := getattr(value, "shape", None)) is not None:
        return _array(value, shape)
    for dump in ("model_dump", "to_dict"):
        if callable(method := getattr(value, dump, None)):
            return method()
    if callable(item := getattr(value, "item", None)):
        return item()
    return description(value)


def _array(value: Any, shape: Any) -> Any:
    sizes = [int(size) for size in shape]
    if math.prod(sizes) <= _MOST_ELEMENTS and callable(method := getattr(value, "tolist", None)):
        return method()
    return {"_type": type(value).__qualname__, "shape": sizes, "dtype": str(value.dtype)}


_encode = msgspec.json.Encoder(enc_hook=_foreign).encode
