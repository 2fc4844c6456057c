"""Tables as Arrow streams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from litestar import Request, Response

ARROW = "application/vnd.apache.arrow.stream"


def arrow_bytes(table: pa.Table) -> bytes:
    """The table as one Arrow IPC stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def arrow_response(table: pa.Table, headers: Mapping[str, str] | None = None) -> Response[bytes]:
    return Response(arrow_bytes(table), media_type=ARROW, headers=dict(headers or {}))


def wants(request: Request[Any, Any, Any], media_type: str) -> bool:
    """Whether the request's ``Accept`` names this type."""
    return media_type in request.headers.get("accept", "")


def renamed(column: pa.ChunkedArray, names: Mapping[int, str]) -> pa.DictionaryArray:
    """Numbers of runs as a dictionary of the names that clients know."""
    encoded: Any = as_dictionary(column)
    known = pa.array([names[number] for number in encoded.dictionary.to_pylist()], pa.string())
    return pa.DictionaryArray.from_arrays(encoded.indices, known)


def as_dictionary(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """Values that repeat as a dictionary, in one chunk."""
    encoded: Any = column.dictionary_encode().combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):  # what an empty column gives
        encoded = pa.array([], pa.dictionary(pa.int32(), column.type))
    return encoded
