"""Tables of rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec
from litestar import MediaType, Response, post
from litestar.response import Stream

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.projects.types import Project
from kiseki_server.domain.tables.service import TableService
from kiseki_server.domain.tables.types import Append, Insert, Pop, Row, SortTerm, Update
from kiseki_server.kit.errors import BadRequest
from kiseki_server.protocols.weave.bodies import LIMITED, answer, read
from kiseki_server.protocols.weave.door import Door
from kiseki_server.protocols.weave.objects import MAX_VALUES, bounded
from kiseki_server.protocols.weave.refs import References

_JOINED = {"body_limit": 64 << 20, "decoded_limit": 64 << 20}
"""Digests of 1.4 million rows."""
_AT_ONCE = 5_000
"""Rows that are read together."""


class TableIn(msgspec.Struct):
    project_id: str
    rows: list[Any]
    expected_digest: str | None = None


class Create(msgspec.Struct):
    table: TableIn


class Join(msgspec.Struct):
    project_id: str
    row_digests: list[str]
    expected_digest: str | None = None


class AppendIn(msgspec.Struct):
    row: Any


class PopIn(msgspec.Struct):
    index: int


class InsertIn(msgspec.Struct):
    index: int
    row: Any


class UpdateIn(msgspec.Struct):
    append: AppendIn | None = None
    pop: PopIn | None = None
    insert: InsertIn | None = None


class Change(msgspec.Struct):
    project_id: str
    base_digest: str
    updates: list[UpdateIn]


class Filter(msgspec.Struct):
    row_digests: list[str] | None = None


class Sort(msgspec.Struct):
    field: str
    direction: Literal["asc", "desc"] = "asc"


class Query(msgspec.Struct):
    project_id: str
    digest: str
    filter: Filter | None = None
    limit: int | None = None
    offset: int | None = None
    sort_by: list[Sort] | None = None


class Stats(msgspec.Struct):
    project_id: str
    digest: str


class StatsBatch(msgspec.Struct):
    project_id: str
    digests: list[str] | None = None
    include_storage_size: bool | None = None


@post("/table/create", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def create_table(body: bytes, door: Door, tables: TableService) -> Response[bytes]:
    """Store a table."""
    sent = read(body, Create).table
    at = door.place(sent.project_id, Action.WRITE)
    rows = References(door).inward(sent.rows)
    digest, order = tables.create(at, rows, expected_digest=sent.expected_digest)
    return answer({"digest": digest, "row_digests": order})


@post("/table/create_from_digests", opt=_JOINED, sync_to_thread=True, include_in_schema=False)
def join_table(body: bytes, door: Door, tables: TableService) -> Response[bytes]:
    """Store a table of rows that are here already."""
    sent = read(body, Join)
    at = door.place(sent.project_id, Action.WRITE)
    digest = tables.join(at, sent.row_digests, expected_digest=sent.expected_digest)
    return answer({"digest": digest})


@post("/table/update", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def update_table(body: bytes, door: Door, tables: TableService) -> Response[bytes]:
    """Store what updates make of a table."""
    sent = read(body, Change)
    at = door.place(sent.project_id, Action.WRITE)
    updates = [_update(update, door) for update in sent.updates]
    digest, rows = tables.update(at, sent.base_digest, updates)
    return answer({"digest": digest, "updated_row_digests": rows})


@post("/table/query", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def query_table(body: bytes, door: Door, tables: TableService) -> Stream:
    """Rows of a table."""
    asked = read(body, Query)
    at = door.place(asked.project_id)
    pages = _pages(asked, at, tables)
    # What goes wrong shows before the answer has begun.
    first = next(pages, ())
    rendered = _rendered(first, pages, References(door))
    return Stream(rendered, status_code=200, media_type=MediaType.JSON)


@post("/table/query_stats", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def count_rows(body: bytes, door: Door, tables: TableService) -> Response[bytes]:
    """How many rows a table has."""
    asked = read(body, Stats)
    at = door.place(asked.project_id)
    table = tables.known(at.id, [asked.digest]).get(asked.digest)
    return answer({"count": 0 if table is None else table.rows})


@post("/table/query_stats_batch", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def count_rows_of_many(body: bytes, door: Door, tables: TableService) -> Response[bytes]:
    """How many rows tables have, and how much they take."""
    asked = read(body, StatsBatch)
    at = door.place(asked.project_id)
    wanted = list(dict.fromkeys(asked.digests or ()))
    known = tables.known(at.id, wanted)
    shown: list[dict[str, Any]] = []
    for digest in wanted:
        if digest in known:
            size = {"storage_size_bytes": known[digest].size} if asked.include_storage_size else {}
            shown.append({"digest": digest, "count": known[digest].rows, **size})
    return answer({"tables": shown})


def _update(sent: UpdateIn, door: Door) -> Update:
    given = [part for part in (sent.append, sent.pop, sent.insert) if part is not None]
    if len(given) != 1:
        raise BadRequest("An update is one of `append`, `pop` and `insert`")
    (part,) = given
    if isinstance(part, PopIn):
        return Pop(part.index)
    row = References(door).inward(part.row)
    return Insert(part.index, row) if isinstance(part, InsertIn) else Append(row)


def _path(field: str) -> tuple[str, ...]:
    parts = tuple(field.split("."))
    if not all(parts) or len(parts) > 100:
        raise BadRequest(f"`{field[:200]}` is no path to sort by", hint="write `column.key`")
    return parts


def _pages(asked: Query, at: Project, tables: TableService) -> Iterator[Sequence[Row]]:
    limit, offset = bounded(asked.limit, "limit"), bounded(asked.offset, "offset") or 0
    order = [SortTerm(_path(term.field), term.direction == "desc") for term in asked.sort_by or ()]
    only = asked.filter.row_digests if asked.filter else None
    if only is not None and len(only) > MAX_VALUES:
        raise BadRequest(f"`row_digests` has more than {MAX_VALUES} entries")
    if order or only is not None:
        yield tables.page(at.id, asked.digest, only=only, order=order, limit=limit, offset=offset)
        return
    while limit is None or limit > 0:
        size = _AT_ONCE if limit is None else min(_AT_ONCE, limit)
        page = tables.page(at.id, asked.digest, limit=size, offset=offset)
        yield page
        if len(page) < size:
            return
        offset += size
        limit = None if limit is None else limit - size


def _rendered(
    first: Sequence[Row], pages: Iterator[Sequence[Row]], references: References
) -> Iterator[bytes]:
    comma = b'{"rows":['
    page: Sequence[Row] | None = first
    while page is not None:
        piece = bytearray()
        for row in page:
            value = references.outward(row.text)
            piece += comma + b'{"digest":"%s","original_index":%d,"val":%s}' % (
                row.digest.encode(),
                row.position,
                value.encode(),
            )
            comma = b","
        if piece:
            yield bytes(piece)
        page = next(pages, None)
    yield (comma if comma != b"," else b"") + b"]}"


routes = [
    create_table,
    join_table,
    update_table,
    query_table,
    count_rows,
    count_rows_of_many,
]
