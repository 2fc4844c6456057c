"""Parts of JSON that a client wrote, taken as what they should be, or as nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from kiseki_server.domain.media.types import Json


def mapping(value: Json) -> Mapping[str, Json]:
    """An object; anything else is an empty one."""
    return cast("Mapping[str, Json]", value) if isinstance(value, Mapping) else {}


def sequence(value: Json) -> Sequence[Json]:
    """A list; anything else is an empty one."""
    return cast("Sequence[Json]", value) if isinstance(value, list) else ()
