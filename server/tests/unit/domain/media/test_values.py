"""What the typed values of histories mean."""

from __future__ import annotations

from typing import Any

import pytest

from kiseki_server.domain.media.types import MediaKind
from kiseki_server.domain.media.values import Element, elements, kind_of


def element(index: int = 0, kind: MediaKind = MediaKind.IMAGE, **known: Any) -> Element:
    fields = ("path", "artifact", "size", "digest", "width", "height", "caption", "format")
    return Element(
        index=index, kind=kind, **{name: known.pop(name, None) for name in fields}, **known
    )


def test_an_image_has_its_files_of_boxes_and_masks() -> None:
    value = {
        "_type": "image-file",
        "path": "media/images/a_0_x.png",
        "size": 69,
        "sha256": "0c",
        "width": 6,
        "height": 8,
        "format": "png",
        "caption": "猫",
        "boxes": {"pred": {"_type": "boxes2D", "path": "b.json"}, "odd": 3},
        "masks": {"gt": {"_type": "mask", "path": "m.png"}},
        "grouping": 3,
    }
    assert list(elements(value)) == [
        element(
            path="media/images/a_0_x.png",
            size=69,
            digest="0c",
            width=6,
            height=8,
            format="png",
            caption="猫",
            boxes={"pred": "b.json"},
            masks={"gt": "m.png"},
            extra={"grouping": 3},
        )
    ]


def test_a_list_of_images_shares_size_and_format() -> None:
    value = {
        "_type": "images/separated",
        "filenames": ["a.png", "b.png"],
        "captions": ["one"],
        "width": 2,
        "height": 3,
        "format": "png",
        "count": 2,
        "all_boxes": [None, {"p": {"path": "b.json"}}],
    }
    shared = {"width": 2, "height": 3, "format": "png"}
    assert list(elements(value)) == [
        element(path="a.png", caption="one", **shared),
        element(1, path="b.png", boxes={"p": "b.json"}, **shared),
    ]


def test_a_list_of_sounds_keeps_what_each_of_them_says() -> None:
    value = {
        "_type": "audio",
        "audio": [{"_type": "audio-file", "path": "a.wav", "caption": "s"}, {"path": "b.wav"}],
        "sampleRates": [44100, None],
        "durations": [1.5, None],
        "captions": ["s", "t"],
    }
    assert list(elements(value)) == [
        element(
            kind=MediaKind.AUDIO,
            path="a.wav",
            caption="s",
            extra={"duration": 1.5, "sample_rate": 44100},
        ),
        element(1, MediaKind.AUDIO, path="b.wav", caption="t"),
    ]


def test_histograms_have_edges_and_counts_however_they_are_packed() -> None:
    plain = {"_type": "histogram", "bins": [0, 1, 2], "values": [3, 4]}
    packed = {
        "_type": "histogram",
        "packedBins": {"min": 0, "size": 1, "count": 2},
        "values": [3, 4],
    }
    expected = element(kind=MediaKind.HISTOGRAM, extra={"bins": [0, 1, 2], "values": [3, 4]})
    assert list(elements(plain)) == list(elements(packed)) == [expected]


def test_a_table_prefers_the_newest_version_of_its_artifact() -> None:
    value = {
        "_type": "table-file",
        "path": "t.json",
        "artifact_path": "wandb-client-artifact://a/t.table.json",
        "_latest_artifact_path": "wandb-client-artifact://b:latest/t.table.json",
        "nrows": 2,
    }
    (found,) = elements(value)
    assert (found.kind, found.path) == (MediaKind.TABLE, "t.json")
    assert found.artifact == "wandb-client-artifact://b:latest/t.table.json"
    assert found.extra["nrows"] == 2


@pytest.mark.parametrize(
    "value",
    [
        None,
        3,
        "image-file",
        [],
        {},
        {"_type": 3},
        {"_type": "images/separated"},
        {"_type": "images/separated", "filenames": "a"},
    ],
)
def test_what_has_no_type_or_no_elements_gives_none(value: Any) -> None:
    assert list(elements(value)) == []


def test_strange_fields_are_left_out() -> None:
    value = {"_type": "image-file", "path": 3, "size": "x", "width": True, "boxes": [1]}
    assert list(elements(value)) == [element()]


def test_an_unknown_type_is_kept_whole() -> None:
    value = {"_type": "graph-file", "path": "g.json", "nodes": 3}
    assert kind_of("graph-file") is MediaKind.OTHER
    assert list(elements(value)) == [
        element(kind=MediaKind.OTHER, path="g.json", extra={"nodes": 3})
    ]
