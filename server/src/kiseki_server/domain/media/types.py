"""What a run logs beside numbers: pictures, sounds, scenes, tables, and charts of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

Json = Any


class MediaKind(StrEnum):
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    HTML = "html"
    OBJECT3D = "object3d"
    MOLECULE = "molecule"
    FIGURE = "figure"
    """A figure of Plotly, as JSON."""
    BOKEH = "bokeh"
    HISTOGRAM = "histogram"
    TABLE = "table"
    OTHER = "other"
    """A typed value that this server does not know; `extra` has it whole."""


@dataclass(frozen=True, slots=True)
class MediaKey:
    """A key under which media were logged."""

    key: str
    kinds: tuple[MediaKind, ...]
    count: int
    """Steps at which there are some."""
    first_step: int
    last_step: int


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on an image; sides as fractions of the image's width and height."""

    x0: float
    y0: float
    x1: float
    y1: float
    label: str | None
    class_id: int | None
    caption: str | None
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class BoxSet:
    """Boxes that were logged together, such as ``predictions``."""

    name: str
    boxes: tuple[Box, ...]
    classes: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class MaskSet:
    """A picture as large as its image, whose grey values are class numbers."""

    name: str
    path: str
    """A file of the run."""
    classes: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class MediaItem:
    """One picture, sound, scene … at one step."""

    key: str
    step: int
    time: datetime
    index: int
    """Its place in the list that was logged; 0 when it was logged alone."""
    kind: MediaKind
    path: str | None
    """A file of the run; ``None``: the value has none, or its file lies in an artifact."""
    artifact: str | None = None
    """The file of an artifact, as the client names it."""
    size: int | None = None
    digest: str | None = None
    """SHA-256 in hexadecimal digits."""
    width: int | None = None
    height: int | None = None
    caption: str | None = None
    format: str | None = None
    boxes: tuple[BoxSet, ...] = ()
    masks: tuple[MaskSet, ...] = ()
    extra: Mapping[str, Json] | None = None
    """What else was logged with it."""


@dataclass(frozen=True, slots=True)
class MediaPage:
    """Items in order of step, key and index; ``next`` is the step at which the next page begins."""

    items: tuple[MediaItem, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart that the program asked for, drawn from one of its tables."""

    key: str
    table: str
    """The key of the table with its data."""
    definition: str
    """What the client calls the kind of chart."""
    fields: Mapping[str, str]
    """Columns of the table by what they mean in the chart."""
    strings: Mapping[str, str]
    spec: Mapping[str, Json] | None
    """Vega-Lite over a data set called ``table``; ``None``: the definition is not known here."""
