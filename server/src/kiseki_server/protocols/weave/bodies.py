"""JSON in requests and answers: numbers stay what they were, integers of any size included."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, TypeVar

import msgspec
from litestar import MediaType, Response
from litestar.response import Stream

from kiseki_server.kit.errors import BadRequest, Malformed, TooLarge

LIMIT = 32 << 20
"""Bytes of a request, packed and unpacked; the client splits before 31 MiB."""

LIMITED = {"body_limit": LIMIT, "decoded_limit": LIMIT}
"""``opt`` of the routes."""

JSON_LINES = "application/jsonl"

_PIECE = 64 << 10
_Body = TypeVar("_Body")
_ESCAPE = re.compile(rb"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u[dD][89a-fA-F]..|\\.", re.DOTALL)


@cache
def _decoder(type: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(type)


def read(body: bytes, type: type[_Body]) -> _Body:
    """The request's body; fields that we do not know are ignored.

    Raises:
        BadRequest: It is no JSON, which knows neither NaN nor infinity.
        Malformed: It is not of this shape; the message names the field.
        TooLarge: It is nested too deeply.
    """
    decoder = _decoder(type)
    try:
        try:
            return decoder.decode(body)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            mended = with_whole_characters(body)
            if mended == body:
                raise
            return decoder.decode(mended)
    except msgspec.ValidationError as error:
        raise Malformed(f"The body does not have the expected shape: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequest(f"The body is no JSON: {error}") from None
    except RecursionError:
        raise TooLarge("The body is nested too deeply") from None


def with_whole_characters(body: bytes) -> bytes:
    r"""The same JSON, with U+FFFD for escapes of half a character (``\ud83d`` alone).

    Python writes such text, and no database stores it.
    """
    return _ESCAPE.sub(_whole, body) if b"\\u" in body else body


def _whole(match: re.Match[bytes]) -> bytes:
    escape = match[0]
    return rb"\ufffd" if len(escape) == 6 else escape


def answer(value: Any) -> Response[bytes]:
    """One document; `msgspec.Raw` in it is JSON already."""
    return Response(msgspec.json.encode(value), status_code=200, media_type=MediaType.JSON)


def nothing() -> Response[bytes]:
    """The answer to what was done and has no result."""
    return Response(b"{}", status_code=200, media_type=MediaType.JSON)


def lines(items: Iterable[Any]) -> Stream:
    """One document a line, sent while they come; bytes are JSON already."""
    return Stream(_pieces(items), status_code=200, media_type=JSON_LINES)


def _pieces(items: Iterable[Any]) -> Iterator[bytes]:
    # The first line goes out alone, so that a reader sees at once that there are some.
    piece, enough = bytearray(), 0
    for item in items:
        piece += item if isinstance(item, bytes) else msgspec.json.encode(item)
        piece += b"\n"
        if len(piece) > enough:
            yield bytes(piece)
            piece.clear()
            enough = _PIECE
    if piece:
        yield bytes(piece)
