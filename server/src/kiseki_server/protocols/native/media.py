"""What runs have logged beside numbers: media, tables, charts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote

import msgspec
from litestar import get
from litestar.params import Parameter, QueryParameter
from msgspec import Meta

from kiseki_server.domain.media.service import MediaService
from kiseki_server.domain.media.sheets import ColumnKind
from kiseki_server.domain.media.types import BoxSet, MaskSet, MediaItem, MediaKind
from kiseki_server.kit.pagination import checked_limit
from kiseki_server.protocols.native.places import Places

_RUN = "/projects/{entity:str}/{project:str}/runs/{run:str}"
_Kind = Literal[
    "image",
    "audio",
    "video",
    "html",
    "object3d",
    "molecule",
    "figure",
    "bokeh",
    "histogram",
    "table",
    "other",
]
_Url = Annotated[
    str | None, Meta(description="Path of the file's bytes on this server; null without a file.")
]


class LoggedMediaKey(msgspec.Struct, kw_only=True):
    key: str
    kinds: list[_Kind]
    count: Annotated[int, Meta(description="Steps at which there are some.")]
    first_step: int
    last_step: int


class LoggedMediaKeys(msgspec.Struct, kw_only=True):
    items: list[LoggedMediaKey]


class BoundingBox(msgspec.Struct, kw_only=True):
    """Sides are fractions of the image's width and height."""

    x0: float
    y0: float
    x1: float
    y1: float
    label: str | None
    class_id: int | None
    caption: str | None
    scores: dict[str, float]


class BoundingBoxes(msgspec.Struct, kw_only=True):
    set: Annotated[str, Meta(description="What they were logged as, such as `predictions`.")]
    boxes: list[BoundingBox]
    classes: Annotated[dict[str, str], Meta(description="Names by class number.")]


class Mask(msgspec.Struct, kw_only=True):
    """A picture whose grey values are class numbers."""

    set: str
    path: str
    url: str
    classes: Annotated[dict[str, str], Meta(description="Names by class number.")]


class LoggedMedia(msgspec.Struct, kw_only=True):
    """One picture, sound, scene … at one step."""

    run: str
    key: str
    step: int
    time: datetime
    index: Annotated[int, Meta(description="Place in the list that was logged; from 0.")]
    kind: _Kind
    path: Annotated[str | None, Meta(description="A file of the run.")]
    artifact: Annotated[
        str | None, Meta(description="The entry of an artifact where it stands, as it was logged.")
    ] = None
    url: _Url
    size: Annotated[int | None, Meta(description="In bytes.")]
    digest: Annotated[str | None, Meta(description="SHA-256 in hexadecimal digits.")]
    width: int | None
    height: int | None
    caption: str | None
    format: str | None
    boxes: list[BoundingBoxes]
    masks: list[Mask]
    extra: Annotated[dict[str, Any], Meta(description="What else was logged with it.")]


class LoggedMediaPage(msgspec.Struct, kw_only=True):
    items: list[LoggedMedia]
    next: Annotated[int | None, Meta(description="Pass it as `low` for the next page.")]


class TableColumn(msgspec.Struct, kw_only=True):
    name: str
    kind: ColumnKind


class TableRows(msgspec.Struct, kw_only=True):
    key: str
    step: int
    path: str | None
    url: _Url
    columns: list[TableColumn]
    rows: Annotated[list[list[Any]], Meta(description="Values in order of the columns.")]
    first: Annotated[int, Meta(description="Number of the first row; rows count from 0.")]
    total: int


class ChartDefinition(msgspec.Struct, kw_only=True):
    key: str
    table: Annotated[str, Meta(description="Key of the table with the data.")]
    definition: Annotated[str, Meta(description="The kind, as the program named it.")]
    fields: Annotated[dict[str, str], Meta(description="Columns by their meaning in the chart.")]
    strings: dict[str, str]
    spec: Annotated[
        dict[str, Any] | None,
        Meta(description="Vega-Lite over a data set `table`; null: an unknown definition."),
    ]


class ChartDefinitions(msgspec.Struct, kw_only=True):
    items: list[ChartDefinition]


@get(_RUN + "/media/keys", sync_to_thread=True)
def list_media_keys(
    places: Places, media: MediaService, entity: str, project: str, run: str
) -> LoggedMediaKeys:
    """Keys under which the run has logged media, in byte order."""
    return LoggedMediaKeys(
        items=[
            LoggedMediaKey(
                key=key.key,
                kinds=[kind.value for kind in key.kinds],
                count=key.count,
                first_step=key.first_step,
                last_step=key.last_step,
            )
            for key in media.keys(places.run(entity, project, run))
        ]
    )


@get(_RUN + "/media", sync_to_thread=True)
def list_media(
    places: Places,
    media: MediaService,
    entity: str,
    project: str,
    run: str,
    keys: Annotated[
        list[str] | None, QueryParameter(name="key", description="All without any")
    ] = None,
    kinds: Annotated[
        list[_Kind] | None, QueryParameter(name="kind", description="All without any")
    ] = None,
    low: Annotated[int | None, Parameter(description="First step, inclusive")] = None,
    high: Annotated[int | None, Parameter(description="Last step, inclusive")] = None,
    limit: Annotated[int, Parameter(description="Steps, of which none is cut")] = 100,
) -> LoggedMediaPage:
    """Media of the run in order of step, key and place in their list."""
    page = media.items(
        places.run(entity, project, run),
        keys=keys or (),
        kinds=[MediaKind(kind) for kind in kinds or ()],
        low=low,
        high=high,
        limit=limit,
    )
    base = _files(entity, project, run)
    return LoggedMediaPage(items=[_item(run, base, item) for item in page.items], next=page.next)


@get(_RUN + "/tables/{key:path}", sync_to_thread=True)
def read_table(
    places: Places,
    media: MediaService,
    entity: str,
    project: str,
    run: str,
    key: Annotated[str, Parameter(description="The table's key, slashes included")],
    step: Annotated[int | None, Parameter(description="The last one without it")] = None,
    after: Annotated[int, Parameter(description="Rows to pass over")] = 0,
    limit: int = 100,
) -> TableRows:
    """Rows of a table that the run has logged."""
    name = key.removeprefix("/")
    found = media.table(
        places.run(entity, project, run),
        name,
        step=step,
        first=max(0, after),
        limit=checked_limit(limit, most=10_000),
    )
    base = _files(entity, project, run)
    return TableRows(
        key=name,
        step=found.item.step,
        path=found.item.path,
        url=_url(base, found.item.path),
        columns=[
            TableColumn(name=column, kind=kind)
            for column, kind in zip(found.rows.columns, found.rows.kinds, strict=True)
        ],
        rows=[list(row) for row in found.rows.rows],
        first=found.rows.first,
        total=found.rows.total,
    )


@get(_RUN + "/charts", sync_to_thread=True)
def list_charts(
    places: Places, media: MediaService, entity: str, project: str, run: str
) -> ChartDefinitions:
    """Charts that the program asked for, each drawn from one of its tables."""
    return ChartDefinitions(
        items=[
            ChartDefinition(
                key=chart.key,
                table=chart.table,
                definition=chart.definition,
                fields=dict(chart.fields),
                strings=dict(chart.strings),
                spec=None if chart.spec is None else dict(chart.spec),
            )
            for chart in media.charts(places.run(entity, project, run))
        ]
    )


def _files(entity: str, project: str, run: str) -> str:
    """What stands before the path of a file of the run."""
    return f"/api/v1/projects/{quote(entity)}/{quote(project)}/runs/{quote(run)}/files/"


def _item(run: str, base: str, item: MediaItem) -> LoggedMedia:
    return LoggedMedia(
        run=run,
        key=item.key,
        step=item.step,
        time=item.time,
        index=item.index,
        kind=item.kind.value,
        path=item.path,
        artifact=item.artifact,
        url=_url(base, item.path),
        size=item.size,
        digest=item.digest,
        width=item.width,
        height=item.height,
        caption=item.caption,
        format=item.format,
        boxes=[_boxes(boxes) for boxes in item.boxes],
        masks=[_mask(base, mask) for mask in item.masks],
        extra=dict(item.extra or {}),
    )


def _boxes(found: BoxSet) -> BoundingBoxes:
    boxes = [
        BoundingBox(
            x0=box.x0,
            y0=box.y0,
            x1=box.x1,
            y1=box.y1,
            label=box.label,
            class_id=box.class_id,
            caption=box.caption,
            scores=dict(box.scores),
        )
        for box in found.boxes
    ]
    return BoundingBoxes(set=found.name, boxes=boxes, classes=_classes(found))


def _mask(base: str, mask: MaskSet) -> Mask:
    return Mask(set=mask.name, path=mask.path, url=base + quote(mask.path), classes=_classes(mask))


def _classes(named: BoxSet | MaskSet) -> dict[str, str]:
    return {str(number): name for number, name in named.classes.items()}


def _url(base: str, path: str | None) -> str | None:
    return None if path is None else base + quote(path)


routes = [list_media_keys, list_media, read_table, list_charts]
