"""Reads the typed values of histories: ``{"_type": "image-file", …}`` and its kin.

The shapes are those of the ``wandb`` client; our own SDK writes the same, so that both dialects
read both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kiseki_server.domain.media.types import Json, MediaKind
from kiseki_server.domain.media.untyped import mapping, sequence

_ONE: Mapping[str, MediaKind] = {
    "image-file": MediaKind.IMAGE,
    "audio-file": MediaKind.AUDIO,
    "video-file": MediaKind.VIDEO,
    "html-file": MediaKind.HTML,
    "object3D-file": MediaKind.OBJECT3D,
    "molecule-file": MediaKind.MOLECULE,
    "plotly-file": MediaKind.FIGURE,
    "bokeh-file": MediaKind.BOKEH,
    "histogram": MediaKind.HISTOGRAM,
    "table-file": MediaKind.TABLE,
    "table": MediaKind.TABLE,
    "incremental-table-file": MediaKind.TABLE,
    "joined-table": MediaKind.TABLE,
    "partitioned-table": MediaKind.TABLE,
    "eval-table": MediaKind.TABLE,
}
_MANY: Mapping[str, tuple[MediaKind, str]] = {
    "images/separated": (MediaKind.IMAGE, "filenames"),
    "audio": (MediaKind.AUDIO, "audio"),
    "videos": (MediaKind.VIDEO, "videos"),
    "html": (MediaKind.HTML, "html"),
    "object3D": (MediaKind.OBJECT3D, "objects"),
    "molecule": (MediaKind.MOLECULE, "filenames"),
    "bokeh": (MediaKind.BOKEH, "bokeh"),
    "plotly": (MediaKind.FIGURE, "plotly"),
}
"""List forms: where their elements are."""
_SHARED = ("width", "height", "format")
_NAMED = frozenset(
    [
        *("_type", "path", "artifact_path", "size", "sha256", "width", "height", "caption"),
        *("format", "boxes", "masks"),
    ]
)
MOST = 10_000
"""Elements of one list that are looked at."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a typed value; files of boxes and masks are still to be read."""

    index: int
    kind: MediaKind
    path: str | None
    artifact: str | None
    size: int | None
    digest: str | None
    width: int | None
    height: int | None
    caption: str | None
    format: str | None
    boxes: Mapping[str, str] = field(default_factory=dict[str, str])
    """Paths of files with boxes, by the name of their set."""
    masks: Mapping[str, str] = field(default_factory=dict[str, str])
    extra: Mapping[str, Json] = field(default_factory=dict[str, Json])


def kind_of(type_name: str) -> MediaKind:
    """The kind of a typed value by its ``_type``."""
    if type_name in _MANY:
        return _MANY[type_name][0]
    return _ONE.get(type_name, MediaKind.OTHER)


def elements(value: Json) -> Iterator[Element]:
    """The elements of a value; none when it has no type."""
    found = mapping(value)
    type_name = found.get("_type")
    if not isinstance(type_name, str):
        return
    if type_name not in _MANY:
        yield _element(0, kind_of(type_name), found)
        return
    kind, name = _MANY[type_name]
    captions = sequence(found.get("captions"))
    boxes, masks = sequence(found.get("all_boxes")), sequence(found.get("all_masks"))
    for index, item in enumerate(sequence(found.get(name))[:MOST]):
        own: dict[str, Json] = {"path": item} if isinstance(item, str) else dict(mapping(item))
        for shared in _SHARED:
            own.setdefault(shared, found.get(shared))
        if not own.get("caption"):
            own["caption"] = _at(captions, index)
        own.setdefault("boxes", _at(boxes, index))
        own.setdefault("masks", _at(masks, index))
        for extra, source in (("duration", "durations"), ("sample_rate", "sampleRates")):
            known = _at(sequence(found.get(source)), index)
            if known is not None:
                own.setdefault(extra, known)
        yield _element(index, kind, own)


def _element(index: int, kind: MediaKind, value: Mapping[str, Json]) -> Element:
    extra = {name: item for name, item in value.items() if name not in _NAMED}
    if kind is MediaKind.HISTOGRAM:
        extra = _histogram(value)
    return Element(
        index=index,
        kind=kind,
        path=_text(value.get("path")),
        artifact=_text(value.get("_latest_artifact_path")) or _text(value.get("artifact_path")),
        size=_whole(value.get("size")),
        digest=_text(value.get("sha256")),
        width=_whole(value.get("width")),
        height=_whole(value.get("height")),
        caption=_text(value.get("caption")),
        format=_text(value.get("format")),
        boxes=_paths(value.get("boxes")),
        masks=_paths(value.get("masks")),
        extra=extra,
    )


def _histogram(value: Mapping[str, Json]) -> dict[str, Json]:
    """Edges and counts, however they were packed."""
    counts = sequence(value.get("values"))
    packed = mapping(value.get("packedBins"))
    low, width, count = (_number(packed.get(name)) for name in ("min", "size", "count"))
    if low is not None and width is not None and count is not None and 0 < count <= MOST:
        return {"bins": [low + width * i for i in range(int(count) + 1)], "values": list(counts)}
    return {"bins": list(sequence(value.get("bins"))), "values": list(counts)}


def _paths(sets: Json) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, file in mapping(sets).items():
        path = _text(mapping(file).get("path"))
        if path:
            found[name] = path
    return found


def _at(items: Sequence[Json], index: int) -> Json:
    return items[index] if index < len(items) else None


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: Json) -> float | None:
    usable = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if usable else None


def _whole(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
