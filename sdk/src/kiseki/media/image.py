"""Images, with boxes and masks on them."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias, cast

from kiseki.errors import ValueRangeError, ValueTypeError
from kiseki.media import png
from kiseki.media.sizes import size_of
from kiseki.media.value import (
    FileMedia,
    Json,
    Keeper,
    as_array,
    captions,
    existing,
    module_of,
    needed,
)
from kiseki.run.values import plain

ImageSource: TypeAlias = "str | PathLike[str] | Image | Any"

_FORMATS = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "bmp": "BMP", "webp": "WEBP"}
_LARGEST = 65_500
_SIDES = ("minX", "maxX", "minY", "maxY")
_BETWEEN = "_wandb_delimeter_"


class Image(FileMedia):
    """A picture.

    Args:
        data_or_path: A file; an array of (height, width) or (height, width, 1, 3 or 4); a torch
            tensor of (1, 3 or 4, height, width) or (height, width); a PIL image; a matplotlib
            figure or axes; or another `Image`. Whole numbers are brightness from 0 to 255; so are
            floats, unless all lie between 0 and 1, which then mean 0 to 255.
        mode: How PIL is to read it: "L", "RGB", "RGBA" … ; needs Pillow.
        caption: A line below it.
        grouping: Kept with it.
        classes: Names of classes, as ``[{"id": 1, "name": "cat"}]``.
        boxes: Sets of boxes by name, each with ``box_data`` and ``class_labels``.
        masks: Sets of masks by name, each with ``mask_data`` or ``path``, and ``class_labels``.
        file_type: "png" or, with Pillow, "jpg", "bmp" or "webp"; for a file it is the file's own.

    Raises:
        ValueTypeError: This is no image, or a box or a mask is none.
        FileError: There is no such file.
        MissingPackageError: A package is needed that is not installed.
    """

    TYPE = "image-file"
    FOLDER = "media/images"

    def __init__(
        self,
        data_or_path: ImageSource,
        mode: str | None = None,
        caption: str | None = None,
        grouping: int | None = None,
        classes: Sequence[Mapping[str, Any]] | None = None,
        boxes: Mapping[str, Mapping[str, Any]] | None = None,
        masks: Mapping[str, Mapping[str, Any]] | None = None,
        file_type: str | None = None,
    ) -> None:
        self.format = (file_type or "png").lower()
        if self.format not in _FORMATS:
            kinds = ", ".join(_FORMATS)
            raise ValueRangeError(f"file_type is one of {kinds}, not {file_type!r}")
        if isinstance(data_or_path, Image):
            content, self.format = data_or_path.source, data_or_path.format
            caption = data_or_path.caption if caption is None else caption
        elif isinstance(data_or_path, (str, PathLike)):
            content = existing(cast("str | PathLike[str]", data_or_path), "Image")
            self.format = content.suffix[1:].lower() or "png"
        else:
            content = _encoded(data_or_path, mode, self.format)
        super().__init__(content, f".{self.format}", caption)
        self._size = size_of(content)
        self._grouping = grouping
        labels = {int(one["id"]): str(one["name"]) for one in classes or ()}
        self._boxes = {name: _boxes(name, one, labels) for name, one in _sets("boxes", boxes)}
        self._masks = {name: _Mask(name, one, labels) for name, one in _sets("masks", masks)}

    @property
    def width(self) -> int | None:
        return self._size[0] if self._size else None

    @property
    def height(self) -> int | None:
        return self._size[1] if self._size else None

    def logged(self, keeper: Keeper) -> Json:
        value = super().logged(keeper)
        if boxes := self.logged_boxes(keeper):
            value["boxes"] = boxes
        if masks := self.logged_masks(keeper):
            value["masks"] = masks
        return value

    @classmethod
    def logged_together(cls, items: Sequence[Any], keeper: Keeper) -> Json:
        files = [keeper.file(item.source, cls.FOLDER, item.suffix) for item in items]
        first = items[0]
        value: Json = {
            "_type": "images/separated",
            "width": first.width,
            "height": first.height,
            "format": first.format,
            "count": len(items),
            "filenames": [file["path"] for file in files],
            **captions(items),
        }
        boxes = [item.logged_boxes(keeper) or None for item in items]
        masks = [item.logged_masks(keeper) or None for item in items]
        if any(boxes):
            value["all_boxes"] = boxes
        if any(masks):
            value["all_masks"] = masks
        return value

    def _facts(self) -> Json:
        facts: Json = {"format": self.format}
        if self._size is not None:
            facts["width"], facts["height"] = self._size
        if self._grouping:
            facts["grouping"] = self._grouping
        return facts

    def logged_boxes(self, keeper: Keeper) -> Json:
        """The values of its sets of boxes by name, their files kept."""
        found: Json = {}
        for name, boxes in self._boxes.items():
            _note_labels(keeper, "bounding_box/class_labels", name, boxes["class_labels"])
            content = json.dumps(boxes, ensure_ascii=False).encode()
            file = keeper.file(content, "media/metadata/boxes2D", ".boxes2D.json")
            found[name] = {"_type": "bounding-boxes", **file}
        return found

    def logged_masks(self, keeper: Keeper) -> Json:
        """The values of its masks by name, their files kept."""
        found: Json = {}
        for name, mask in self._masks.items():
            _note_labels(keeper, "mask/class_labels", name, mask.labels)
            file = keeper.file(mask.content, "media/images/mask", ".mask.png")
            found[name] = {"_type": "mask", **file}
        return found


class _Mask:
    """The number of a class for each pixel."""

    def __init__(self, name: str, mask: Mapping[str, Any], labels: Mapping[int, str]) -> None:
        if "path" in mask:
            self.content: bytes | Path = existing(mask["path"], f"the mask {name!r}")
        elif "mask_data" in mask:
            array = as_array(mask["mask_data"], f"the mask {name!r}")
            array = array.reshape([side for side in array.shape if side != 1] or [1, 1])
            if array.ndim != 2:
                raise ValueTypeError(
                    f"the mask {name!r} has the shape {mask['mask_data'].shape}, not two dimensions"
                )
            if array.size and not 0 <= array.min() <= array.max() <= 255:
                raise ValueRangeError(f"classes of the mask {name!r} are numbers from 0 to 255")
            self.content = png.encode(array.astype("uint8"))
        else:
            raise ValueTypeError(f"the mask {name!r} has neither 'mask_data' nor 'path'")
        self.labels = _labels(f"the mask {name!r}", mask.get("class_labels"), labels)


def _boxes(name: str, given: Mapping[str, Any], labels: Mapping[int, str]) -> Json:
    boxes = given.get("box_data")
    if not isinstance(boxes, (list, tuple)):
        raise ValueTypeError(f"boxes[{name!r}] has no list 'box_data'")
    checked: list[Json] = []
    for number, box in enumerate(cast("list[Any]", boxes)):
        what = f"boxes[{name!r}]['box_data'][{number}]"
        if not isinstance(box, Mapping):
            raise ValueTypeError(f"{what} is a dict, not {type(box).__name__}")
        checked.append(_box(what, cast("Mapping[str, Any]", box)))
    labels = _labels(f"boxes[{name!r}]", given.get("class_labels"), labels)
    return {"box_data": checked, "class_labels": {str(id): text for id, text in labels.items()}}


def _box(what: str, box: Mapping[str, Any]) -> Json:
    checked = cast("Json", plain(box, what))
    position = checked.get("position")
    if not isinstance(position, dict):
        raise ValueTypeError(f"{what} has no 'position'")
    place = cast("Json", position)
    by_sides = all(_is_number(place.get(side)) for side in _SIDES)
    middle = place.get("middle")
    by_middle = (
        isinstance(middle, list)
        and len(cast("list[Any]", middle)) == 2
        and all(_is_number(place.get(side)) for side in ("width", "height"))
    )
    if not by_sides and not by_middle:
        raise ValueTypeError(
            f"{what}['position'] has neither {', '.join(_SIDES)} nor middle, width and height"
        )
    if checked.get("domain") not in (None, "pixel"):
        raise ValueRangeError(f"{what}['domain'] is 'pixel' or not given")
    if "class_id" in checked and not isinstance(checked["class_id"], int):
        raise ValueTypeError(f"{what}['class_id'] is a whole number")
    scores: Any = checked.get("scores") or {}
    if not isinstance(scores, dict) or not all(
        _is_number(score) for score in cast("Json", scores).values()
    ):
        raise ValueTypeError(f"{what}['scores'] is a dict of numbers")
    return checked


def _labels(what: str, given: Any, classes: Mapping[int, str]) -> dict[int, str]:
    if given is not None and not isinstance(given, Mapping):
        raise ValueTypeError(f"class_labels of {what} are a dict of names by number")
    try:
        own = {int(id): str(text) for id, text in cast("Json", given or {}).items()}
    except (TypeError, ValueError):
        raise ValueTypeError(f"class_labels of {what} are names by whole numbers") from None
    return {**classes, **own}


def _note_labels(keeper: Keeper, section: str, name: str, labels: Mapping[Any, str]) -> None:
    key = f"{keeper.key}{_BETWEEN}{name}"
    value = {str(id): text for id, text in labels.items()}
    keeper.note(section, key, {"type": section, "key": key, "value": value})


def _sets(what: str, given: Any) -> list[tuple[str, Mapping[str, Any]]]:
    if given is None:
        return []
    if not isinstance(given, Mapping):
        raise ValueTypeError(f"{what} is a dict of sets by name, not {type(given).__name__}")
    sets = cast("Mapping[str, Any]", given)
    for name, one in sets.items():
        if not isinstance(one, Mapping):
            raise ValueTypeError(f"{what}[{name!r}] is a dict, not {type(one).__name__}")
    return list(sets.items())


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _encoded(data: Any, mode: str | None, format: str) -> bytes:
    """The bytes of an image file."""
    package = module_of(data)
    if package == "matplotlib" or callable(getattr(data, "savefig", None)):
        return _drawn(data, format)
    if package == "PIL":
        return _saved(data if mode is None else data.convert(mode), format)
    pixels = as_pixels(data, channels_first=package == "torch")
    if mode is None and format == "png":
        return png.encode(pixels)
    pil = needed("PIL.Image", f"Image(file_type={format!r}, mode={mode!r})", "pillow")
    image = pil.fromarray(pixels)
    if mode is None and _FORMATS[format] == "JPEG" and image.mode == "RGBA":
        mode = "RGB"  # JPEG knows no transparency
    return _saved(image if mode is None else image.convert(mode), format)


def as_pixels(data: Any, *, channels_first: bool = False) -> Any:
    """An array of uint8, (height, width) or (height, width, 3 or 4)."""
    array = as_array(data, "Image")
    shape = tuple(array.shape)
    if channels_first and array.ndim == 3:
        array = array.transpose(1, 2, 0)
    if array.ndim > 3:
        array = array.reshape([side for side in array.shape if side != 1])
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        wanted = "(1, 3 or 4, height, width)" if channels_first else "(height, width, 1, 3 or 4)"
        raise ValueTypeError(f"Image: an array of shape {shape} is none; {wanted} would be one")
    if not array.size or max(array.shape[:2]) > _LARGEST:
        raise ValueRangeError(
            f"Image: each side has 1 to {_LARGEST:,} pixels; the shape is {shape}"
        )
    if array.dtype.kind not in "buif":
        raise ValueTypeError(f"Image: an array of {array.dtype} is none")
    if array.dtype.kind == "b":
        return array.astype("uint8") * 255
    if array.dtype.kind == "f":
        finite = array.astype("float32").clip(-1e30, 1e30)
        finite[finite != finite] = 0
        scale = 255.0 if finite.min() >= 0 and finite.max() <= 1 else 1.0
        return (finite * scale).clip(0, 255).round().astype("uint8")
    if array.dtype != "uint8":
        array = array.clip(0, 255).astype("uint8")
    return array


def _drawn(figure: Any, format: str) -> bytes:
    if not callable(getattr(figure, "savefig", None)):  # axes, or what is drawn on them
        figure = getattr(figure, "figure", None)
        if figure is None:
            raise ValueTypeError("Image: this part of matplotlib belongs to no figure")
    stream = io.BytesIO()
    figure.savefig(stream, format=format)
    return stream.getvalue()


def _saved(image: Any, format: str) -> bytes:
    stream = io.BytesIO()
    if _FORMATS[format] == "JPEG" and image.mode not in ("L", "RGB", "CMYK"):
        image = image.convert("RGB")
    image.save(stream, format=_FORMATS[format])
    return stream.getvalue()
