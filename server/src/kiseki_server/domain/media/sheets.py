"""Tables that programs log, as columns: `{"columns": […], "data": [[…], …]}`.

A table's file is read once and becomes an Arrow table, which then answers for any page of its
rows without being read again.
"""

from __future__ import annotations

import json as plain_json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, cast, runtime_checkable

import msgspec
import pyarrow as pa

from kiseki_server.domain.media.types import Json
from kiseki_server.kit import json
from kiseki_server.kit.errors import BadRequest

MAX_BYTES = 512 << 20
"""Larger files of tables are for downloading."""
_ROWS = 20_000
"""Rows that are decoded at once."""
Array = Any
Field = Any
"""Arrow's, of a type that only the data tells."""
ColumnKind = Literal["number", "text", "boolean", "json", "empty"]

_JSON = {b"kiseki": b"json"}
"""Metadata of a column whose texts are JSON."""


class _File(msgspec.Struct):
    columns: list[Json]
    data: list[msgspec.Raw]


_decode = msgspec.json.Decoder(_File).decode


@runtime_checkable
class SheetCache(Protocol):
    """Keeps tables that were made from files, by the digest of the file; may forget any."""

    def get(self, digest: str) -> pa.Table | None:
        """The table made from the file, if it is still here."""
        ...

    def put(self, digest: str, sheet: pa.Table) -> pa.Table:
        """Keep a table; the same table, perhaps from where it is kept now."""
        ...


@dataclass(frozen=True, slots=True)
class SheetRows:
    """Rows of a table, each a list of values in order of the columns."""

    columns: tuple[str, ...]
    kinds: tuple[ColumnKind, ...]
    """What each column holds."""
    rows: tuple[tuple[Json, ...], ...]
    first: int
    """The number of the first row; rows count from 0."""
    total: int


def read_sheet(content: bytes) -> pa.Table:
    """The table in a file.

    Columns of numbers, of texts and of booleans keep their type; any other becomes JSON. Names of
    columns that appear twice are told apart by a number.

    Raises:
        BadRequest: The file is no table; the message says why.
    """
    try:
        try:
            file = _decode(content)
            names, rows = file.columns, _chunks(file.data)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:  # numbers that JSON does not know
            whole = plain_json.loads(content)
            names, rows = list(whole["columns"]), [list(whole["data"])]
        return _table(_names(names), rows)
    except (msgspec.DecodeError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadRequest(f"The file is no table: {error}") from None


def rows_of(sheet: pa.Table, first: int, limit: int) -> SheetRows:
    """Rows ``first`` … of a table, at most ``limit``."""
    part = sheet.slice(first, limit)
    schema: Any = part.schema
    fields: list[Field] = [schema.field(place) for place in range(part.num_columns)]
    columns = [_values(part.column(place), field) for place, field in enumerate(fields)]
    return SheetRows(
        columns=tuple(sheet.column_names),
        kinds=tuple(column_kind(field) for field in fields),
        rows=tuple(zip(*columns, strict=True)) if columns else (),
        first=first,
        total=sheet.num_rows,
    )


def rows_of_parts(sheets: Sequence[pa.Table], first: int, limit: int) -> SheetRows:
    """The same of a table in several pieces, whose columns are those of the last.

    Raises:
        BadRequest: Its pieces have different columns.
    """
    if len(sheets) == 1:
        return rows_of(sheets[0], first, limit)
    names = tuple(sheets[-1].column_names)
    rows: list[tuple[Json, ...]] = []
    kinds: list[tuple[ColumnKind, ...]] = []
    begin = 0
    for sheet in sheets:
        if tuple(sheet.column_names) != names:
            raise BadRequest("The pieces of the table have different columns")
        low, high = max(first - begin, 0), min(first + limit - begin, sheet.num_rows)
        part = rows_of(sheet, low, max(0, high - low))
        rows += part.rows
        kinds.append(part.kinds)
        begin += sheet.num_rows
    return SheetRows(
        columns=names,
        kinds=tuple(_common_kind(column) for column in zip(*kinds, strict=True)),
        rows=tuple(rows),
        first=first,
        total=begin,
    )


def _common_kind(kinds: Iterable[ColumnKind]) -> ColumnKind:
    found: set[ColumnKind] = set(kinds) - {"empty"}
    if len(found) > 1:
        return "json"
    return next(iter(found)) if found else "empty"


def _values(column: Array, field: Field) -> list[Json]:
    values = cast("list[Json]", column.to_pylist())
    if not _is_json(field):
        return values
    return [None if text is None else json.from_text(text) for text in values]


def _chunks(rows: Sequence[msgspec.Raw]) -> Iterable[list[Json]]:
    decode = msgspec.json.Decoder(list[Json]).decode
    for start in range(0, len(rows), _ROWS):
        yield [decode(row) for row in rows[start : start + _ROWS]]


def _names(columns: Iterable[Json]) -> list[str]:
    found: dict[str, None] = {}
    for column in columns:
        name, number = str(column), 1
        while name in found:
            number += 1
            name = f"{column} ({number})"
        found[name] = None
    return list(found)


def _table(names: Sequence[str], chunks: Iterable[list[Json]]) -> pa.Table:
    columns: list[list[Array]] = [[] for _ in names]
    number = 0
    for rows in chunks:
        for row in rows:
            if len(row) != len(names):
                raise ValueError(f"row {number} has {len(row)} values for {len(names)} columns")
            number += 1
        for place, column in enumerate(columns):
            column.append(_array([row[place] for row in rows]))
    fields: list[Field] = []
    joined: list[Array] = []
    for name, column in zip(names, columns, strict=True):
        field, array = _joined(name, column)
        fields.append(field)
        joined.append(array)
    return pa.table(joined, schema=pa.schema(fields))


def _array(values: list[Json]) -> Array:
    """Values of one column: of their common type, or as JSON, which a binary array stands for."""
    kinds: set[object] = {type(value) for value in values if value is not None}
    for accepted, arrow in (
        ({bool}, pa.bool_()),
        ({int}, pa.int64()),
        ({int, float}, pa.float64()),
        ({str}, pa.string()),
    ):
        if kinds <= accepted:
            try:
                return pa.array(values, arrow if kinds else pa.null())
            except (pa.ArrowInvalid, OverflowError, UnicodeEncodeError):
                break
    return pa.array(
        [None if value is None else json.to_text(value).encode() for value in values], pa.binary()
    )


def _joined(name: str, arrays: list[Array]) -> tuple[Field, Array]:
    """A column of one type from parts, each of which may be of another."""
    types: list[Any] = [array.type for array in arrays]
    kinds: set[Any] = {found for found in types if found != pa.null()}
    kind: Any = pa.null()
    if kinds == {pa.int64(), pa.float64()}:
        kind = pa.float64()
    elif kinds:
        kind = next(iter(kinds)) if len(kinds) == 1 else pa.binary()
    if kind != pa.binary():
        parts = [array.cast(kind, safe=False) for array in arrays]
        return pa.field(name, kind), cast("Array", pa.chunked_array(parts, kind))
    texts = [_texts(array) for array in arrays]
    field = pa.field(name, pa.string(), metadata=_JSON)
    return field, cast("Array", pa.chunked_array(texts, pa.string()))


def _texts(array: Array) -> Array:
    """An array as JSON texts."""
    if array.type == pa.binary():
        return array.cast(pa.string())
    return pa.array(
        [None if value is None else json.to_text(value) for value in array.to_pylist()],
        pa.string(),
    )


def _is_json(field: Field) -> bool:
    return bool(field.metadata) and field.metadata.get(b"kiseki") == b"json"


def column_kind(field: Field) -> ColumnKind:
    """What a column holds."""
    if _is_json(field):
        return "json"
    if field.type == pa.null():
        return "empty"
    if field.type == pa.bool_():
        return "boolean"
    return "text" if field.type == pa.string() else "number"
