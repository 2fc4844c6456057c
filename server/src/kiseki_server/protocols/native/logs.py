"""The output of runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec
from litestar import get
from litestar.params import Parameter
from msgspec import Meta

from kiseki_server.domain.console.service import END, ConsoleService
from kiseki_server.domain.console.types import Cursor, Line
from kiseki_server.kit.pagination import decode_cursor, encode_cursor
from kiseki_server.protocols.native.places import Places

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class LogLine(msgspec.Struct, kw_only=True):
    cursor: Annotated[str, Meta(description="The line's place, for `after` and `before`.")]
    time: datetime
    level: str
    label: Annotated[str | None, Meta(description="The writer's name, where several write.")]
    number: int
    text: str


class LogLines(msgspec.Struct, kw_only=True):
    items: list[LogLine]
    total: Annotated[int, Meta(description="How many lines match in all.")]


@get("/projects/{entity:str}/{project:str}/runs/{run:str}/logs", sync_to_thread=True)
def read_logs(
    places: Places,
    console: ConsoleService,
    entity: str,
    project: str,
    run: str,
    after: Annotated[str | None, Parameter(description="Lines behind this cursor")] = None,
    before: Annotated[
        str | None, Parameter(description="The last lines before this cursor, or before `end`")
    ] = None,
    limit: int = 1000,
    search: Annotated[str, Parameter(description="Regular expression, RE2 syntax")] = "",
    level: Annotated[str, Parameter(description="Only this level, e.g. `error`")] = "",
    label: Annotated[str, Parameter(description="Only the writer of this label")] = "",
) -> LogLines:
    """Lines of output in reading order: the first ones, unless a place is given."""
    page = console.page(
        places.run(entity, project, run),
        after=_place(after),
        before=_place(before),
        limit=limit,
        regex=search,
        level=level,
        label=label,
    )
    return LogLines(items=[_render(line) for line in page.lines], total=page.total)


def _place(cursor: str | None) -> Cursor | None:
    if not cursor:
        return None
    return END if cursor == "end" else Cursor(*decode_cursor(cursor, int, str, int))


def _render(line: Line) -> LogLine:
    return LogLine(
        cursor=encode_cursor(line.time, line.writer, line.number),
        time=_EPOCH + timedelta(microseconds=line.time),
        level=line.level,
        label=line.label,
        number=line.number,
        text=line.text,
    )


routes = [read_logs]
