"""Images: what they are made of, and what becomes of it."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kiseki import Image
from kiseki.errors import FileError, MissingPackageError, ValueRangeError, ValueTypeError
from kiseki.media.sizes import size_of

from .conftest import Remembering


def decoded(png: bytes) -> np.ndarray[Any, Any]:
    """The pixels of a PNG, by the book."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        name, content = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        (checksum,) = struct.unpack_from(">I", png, at + 8 + length)
        assert checksum == zlib.crc32(name + content)
        chunks[name] = content
        at += 12 + length
    width, height, depth, colour, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (depth, rest) == (8, [0, 0, 0])
    channels = {0: 1, 4: 2, 2: 3, 6: 4}[colour]
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8)
    lines = lines.reshape(height, width * channels + 1)
    assert set(lines[:, 0]) == {2}
    pixels = np.cumsum(lines[:, 1:], axis=0, dtype=np.uint8)
    return pixels.reshape((height, width, channels) if channels > 1 else (height, width))


def pixels_of(image: Image) -> np.ndarray[Any, Any]:
    return decoded(image.content)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1), (5, 7, 3), (5, 7, 4), (1, 1)])
def test_bytes_are_kept_as_they_are(shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    image = Image(pixels)
    assert (pixels_of(image) == pixels.reshape(pixels_of(image).shape)).all()
    assert (image.width, image.height) == (shape[1], shape[0])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0.0, 0.5, 1.0]]), [0, 128, 255]),
        (np.array([[0.0, 128.4, 300.0]]), [0, 128, 255]),
        (np.array([[-1.0, 0.0, 1.0]]), [0, 0, 1]),
        (np.array([[np.nan, np.inf, 7.0]]), [0, 255, 7]),
        (np.array([[-5, 17, 999]]), [0, 17, 255]),
        (np.array([[True, False, True]]), [255, 0, 255]),
        (np.array([[0.5, 1.0, 0.0]], np.float16), [128, 255, 0]),
    ],
)
def test_numbers_become_brightness(values: Any, expected: list[int]) -> None:
    assert pixels_of(Image(values))[0].tolist() == expected


def test_later_changes_of_an_array_do_not_change_the_image() -> None:
    pixels = np.zeros((2, 2), np.uint8)
    image = Image(pixels)
    pixels[:] = 255
    assert pixels_of(image).max() == 0


class Tensor:
    """Looks like one of torch."""

    __module__ = "torch"

    def __init__(self, array: Any) -> None:
        self.array = array
        self.dtype = "torch.float32"

    def detach(self) -> Tensor:
        return self

    cpu = detach

    def numpy(self) -> Any:
        return self.array


def test_tensors_have_their_channels_first() -> None:
    array = np.random.default_rng(1).integers(0, 256, (3, 4, 6)).astype(np.uint8)
    assert (pixels_of(Image(Tensor(array))) == array.transpose(1, 2, 0)).all()
    assert pixels_of(Image(Tensor(array[:1]))).shape == (4, 6)
    with pytest.raises(ValueTypeError, match=r"\(1, 3 or 4, height, width\) would be one"):
        Image(Tensor(np.zeros((5, 4, 6))))


class Figure:
    """Looks like one of matplotlib."""

    def savefig(self, stream: Any, format: str) -> None:
        stream.write(f"drawn as {format}".encode())


class Axes:
    __module__ = "matplotlib.axes"
    figure = Figure()


@pytest.mark.parametrize("drawn", [Figure(), Axes()])
def test_figures_are_drawn(drawn: Any) -> None:
    assert Image(drawn).content == b"drawn as png"


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((2, 2, 2)),
        np.zeros((2, 2, 3, 3)),
        np.zeros(4),
        np.array([["a"]]),
        np.array([[1j]]),
        {"a": 1},
        None,
    ],
)
def test_what_is_no_image_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueTypeError, match="Image"):
        Image(wrong)


def test_an_empty_or_endless_image_is_refused() -> None:
    for shape in ((0, 4), (4, 0, 3), (65_501, 1)):
        with pytest.raises(ValueRangeError, match="each side has 1 to"):
            Image(np.zeros(shape))
    with pytest.raises(ValueRangeError, match="file_type is one of"):
        Image(np.zeros((1, 1)), file_type="tiff")


def test_what_needs_pillow_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    with pytest.raises(MissingPackageError, match="needs the package PIL") as error:
        Image(np.zeros((2, 2)), file_type="jpg")
    assert error.value.hint == "pip install pillow"


def test_a_file_is_kept_as_it_is(tmp_path: Path, keeper: Remembering) -> None:
    source = Image(np.zeros((3, 9), np.uint8))
    (tmp_path / "picture.PNG").write_bytes(source.content)
    image = Image(tmp_path / "picture.PNG", caption="c")
    value = image.logged(keeper)
    assert (value["format"], value["width"], value["height"]) == ("png", 9, 3)
    assert keeper.files[value["path"]] == source.content
    copy = Image(image)
    assert (copy.content, copy.caption) == (source.content, "c")
    with pytest.raises(FileError, match="there is no file"):
        Image("missing.png")


BOX = {"position": {"minX": 0.1, "maxX": 0.2, "minY": 0.3, "maxY": 0.4}, "class_id": 1}


def test_boxes_and_masks_lie_in_files_beside_the_image(keeper: Remembering) -> None:
    image = Image(
        np.zeros((2, 3)),
        classes=[{"id": 1, "name": "cat"}],
        boxes={"pred": {"box_data": [BOX | {"scores": {"p": np.float32(0.5)}}]}},
        masks={"truth": {"mask_data": np.ones((2, 3), int), "class_labels": {0: "sky"}}},
        caption="猫",
    )
    value = image.logged(keeper)
    boxes = json.loads(keeper.files[value["boxes"]["pred"]["path"]])
    assert boxes == {
        "box_data": [BOX | {"scores": {"p": 0.5}}],
        "class_labels": {"1": "cat"},
    }
    mask = decoded(keeper.files[value["masks"]["truth"]["path"]])
    assert mask.tolist() == [[1] * 3] * 2
    assert keeper.notes["mask/class_labels", "key_wandb_delimeter_truth"] == {
        "type": "mask/class_labels",
        "key": "key_wandb_delimeter_truth",
        "value": {"1": "cat", "0": "sky"},
    }
    assert value["caption"] == "猫"


def test_a_list_shares_what_is_common(keeper: Remembering) -> None:
    images = [Image(np.full((2, 3), i, np.uint8), caption=f"c{i}") for i in range(2)]
    images.append(Image(np.zeros((2, 3)), boxes={"b": {"box_data": [BOX]}}))
    value = Image.logged_together(images, keeper)
    first, second, third = value.pop("filenames")
    assert first == third != second
    assert keeper.files[second] == images[1].content
    boxes = value.pop("all_boxes")
    assert boxes[:2] == [None, None]
    assert boxes[2]["b"]["path"] in keeper.files
    assert value == {
        "_type": "images/separated",
        "width": 3,
        "height": 2,
        "format": "png",
        "count": 3,
        "captions": ["c0", "c1", ""],
    }


@pytest.mark.parametrize(
    ("box", "complaint"),
    [
        ({}, "has no 'position'"),
        ({"position": {"minX": 1}}, "has neither minX"),
        ({"position": {"middle": [1], "width": 1, "height": 1}}, "has neither minX"),
        (BOX | {"domain": "world"}, "is 'pixel' or not given"),
        (BOX | {"class_id": "cat"}, "is a whole number"),
        (BOX | {"scores": {"p": "high"}}, "is a dict of numbers"),
        ("box", "is a dict"),
    ],
)
def test_wrong_boxes_are_refused_by_number(box: Any, complaint: str) -> None:
    with pytest.raises(
        (ValueTypeError, ValueRangeError), match=rf"\['box_data'\]\[1\].*{complaint}"
    ):
        Image(np.zeros((1, 1)), boxes={"b": {"box_data": [BOX, box]}})


def test_wrong_sets_are_refused() -> None:
    pixels = np.zeros((1, 1))
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"boxes": []}, "boxes is a dict of sets"),
        ({"boxes": {"a": {}}}, "no list 'box_data'"),
        ({"masks": {"a": {}}}, "neither 'mask_data' nor 'path'"),
        ({"masks": {"a": {"mask_data": np.zeros((2, 2, 2))}}}, "not two dimensions"),
        ({"masks": {"a": {"mask_data": np.full((1, 1), 256)}}}, "numbers from 0 to 255"),
        ({"masks": {"a": {"mask_data": pixels, "class_labels": {"x": "y"}}}}, "whole numbers"),
    ]
    for arguments, complaint in wrong:
        with pytest.raises((ValueTypeError, ValueRangeError), match=complaint):
            Image(pixels, **arguments)


def webp(kind: bytes, body: bytes) -> bytes:
    return b"RIFF\0\0\0\0WEBP" + kind + b"\0\0\0\0" + body


@pytest.mark.parametrize(
    "head",
    [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 300, 200),
        b"GIF89a" + struct.pack("<HH", 300, 200),
        b"BM" + bytes(16) + struct.pack("<ii", 300, -200),
        b"\xff\xd8\xff\xe0\0\x04ab\xff\xff\xc2\0\x0b\x08" + struct.pack(">HH", 200, 300) + b"1234",
        webp(b"VP8X", bytes(4) + (299).to_bytes(3, "little") + (199).to_bytes(3, "little")),
        webp(b"VP8L", b"\x2f" + struct.pack("<I", 299 | 199 << 14)),
        webp(b"VP8 ", bytes(6) + struct.pack("<HH", 300, 200)),
    ],
    ids=["png", "gif", "bmp", "jpeg", "webp-x", "webp-l", "webp"],
)
def test_the_size_of_a_file_is_read_from_its_head(head: bytes, tmp_path: Path) -> None:
    assert size_of(head) == (300, 200)
    (tmp_path / "file").write_bytes(head)
    assert size_of(tmp_path / "file") == (300, 200)
    for end in range(len(head)):
        size_of(head[:end])  # whatever is cut off, nothing breaks
    assert size_of(b"text") is None
