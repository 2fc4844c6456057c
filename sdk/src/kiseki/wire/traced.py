"""Records of traced calls and of what they name: in the journal as in a batch.

A batch carries these records as they stand in the journal. All are idempotent: a call is known by
its id, content by its digest. Bodies are JSON text in UTF-8; references in them name no project
(``kiseki:///op/NAME:DIGEST``), since the SDK does not know the server's number for it.
"""

from __future__ import annotations

import msgspec

REF = "kiseki:///"
"""How references begin."""


class CallStart(msgspec.Struct, array_like=True, tag="call"):
    """A call begins."""

    id: str
    trace: str
    parent: str | None
    op: str
    """A reference, or a plain name."""
    started: int
    """Microseconds since 1970."""
    inputs: bytes
    attributes: bytes
    display_name: str | None = None
    thread: str | None = None
    turn: str | None = None
    step: int | None = None
    """The run's step."""


class CallEnd(msgspec.Struct, array_like=True, tag="return"):
    """How a call ended."""

    id: str
    ended: int
    output: bytes
    summary: bytes
    exception: str | None = None
    step: int | None = None


class Object(msgspec.Struct, array_like=True, tag="object"):
    """A version of an object or an op."""

    name: str
    digest: str
    value: bytes


class Content(msgspec.Struct, array_like=True, tag="content"):
    """A file that an object names by digest."""

    digest: str
    data: bytes


class Rows(msgspec.Struct, array_like=True, tag="rows"):
    """Rows for tables."""

    rows: bytes
    """A list of maps."""


class Table(msgspec.Struct, array_like=True, tag="table"):
    """A table of rows that `Rows` have brought."""

    digest: str
    rows: list[str]
    """Their digests."""


class Feedback(msgspec.Struct, array_like=True, tag="feedback"):
    """Something said about a call."""

    id: str
    call: str
    kind: str
    payload: bytes
    time: float
    scorer: str | None = None
    """Reference of what scored."""
    scorer_call: str | None = None
    """Id of the call that scored."""


class Rename(msgspec.Struct, array_like=True, tag="rename"):
    """Another name to show for a call."""

    call: str
    name: str


class Drop(msgspec.Struct, array_like=True, tag="drop"):
    """A call with all below it is to be forgotten: the attempt was broken off and is made again."""

    call: str


Traced = CallStart | CallEnd | Object | Content | Rows | Table | Feedback | Rename | Drop
