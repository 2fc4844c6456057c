"""Reads files of bounding boxes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import cast

from kiseki_server.domain.media.types import Box, BoxSet, Json
from kiseki_server.domain.media.untyped import mapping


def box_set(name: str, content: Json, width: int | None, height: int | None) -> BoxSet:
    """The boxes of a file, their sides as fractions.

    Boxes in pixels need the size of the image; without it, and without a position that can be
    read, a box is left out.
    """
    found = mapping(content)
    classes = class_names(found.get("class_labels"))
    return BoxSet(
        name=name,
        boxes=tuple(_boxes(found.get("box_data"), classes, width, height)),
        classes=classes,
    )


def class_names(labels: Json) -> dict[int, str]:
    """Names of classes by number; JSON has made their numbers texts."""
    found: dict[int, str] = {}
    for number, name in mapping(labels).items():
        if str(number).lstrip("-").isdigit():
            found[int(number)] = str(name)
    return found


def _boxes(
    items: Json, classes: Mapping[int, str], width: int | None, height: int | None
) -> Iterator[Box]:
    for item in cast("list[Json]", items) if isinstance(items, list) else []:
        box = mapping(item)
        sides = _sides(mapping(box.get("position")))
        if sides is None:
            continue
        if box.get("domain") == "pixel":
            if not width or not height:
                continue
            sides = tuple(
                side / size for side, size in zip(sides, (width, height) * 2, strict=True)
            )
        class_id = box.get("class_id")
        number = class_id if isinstance(class_id, int) else None
        caption = box.get("box_caption")
        yield Box(
            *sides,
            label=None if number is None else classes.get(number),
            class_id=number,
            caption=caption if isinstance(caption, str) else None,
            scores={
                name: float(score)
                for name, score in mapping(box.get("scores")).items()
                if isinstance(score, (int, float)) and math.isfinite(score)
            },
        )


def _sides(position: Mapping[str, Json]) -> tuple[float, float, float, float] | None:
    """Left, top, right and bottom, as a box says them by its sides or by its middle."""
    corners = [position.get(name) for name in ("minX", "minY", "maxX", "maxY")]
    sides = [_number(side) for side in corners]
    middle = position.get("middle")
    if isinstance(middle, list):
        centre = [_number(side) for side in cast("list[Json]", middle)]
        size = [_number(position.get(name)) for name in ("width", "height")]
        sides = [*centre, *size]
    known = [side for side in sides if side is not None]
    if len(known) != 4 or len(sides) != 4:
        return None
    a, b, c, d = known
    return (a - c / 2, b - d / 2, a + c / 2, b + d / 2) if middle else (a, b, c, d)


def _number(value: Json) -> float | None:
    usable = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if usable and math.isfinite(value) else None
