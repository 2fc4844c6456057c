"""Boxes on images."""

from __future__ import annotations

from kiseki_server.domain.media.boxes import box_set
from kiseki_server.domain.media.types import Box, BoxSet


def test_every_way_to_say_a_box_becomes_fractions() -> None:
    content = {
        "class_labels": {"0": "dog", "1": "cat", "x": "?"},
        "box_data": [
            {
                "position": {"minX": 0.1, "maxX": 0.5, "minY": 0.2, "maxY": 0.6},
                "class_id": 1,
                "box_caption": "a cat",
                "scores": {"accuracy": 0.9, "odd": "x"},
            },
            {
                "position": {"middle": [20, 10], "width": 20, "height": 10},
                "domain": "pixel",
                "class_id": 7,
            },
        ],
    }
    assert box_set("pred", content, 40, 20) == BoxSet(
        "pred",
        (
            Box(0.1, 0.2, 0.5, 0.6, "cat", 1, "a cat", {"accuracy": 0.9}),
            Box(0.25, 0.25, 0.75, 0.75, None, 7, None, {}),
        ),
        {0: "dog", 1: "cat"},
    )


def test_boxes_that_cannot_be_placed_are_left_out() -> None:
    pixel = {"position": {"middle": [1, 1], "width": 1, "height": 1}, "domain": "pixel"}
    content = {
        "box_data": [
            pixel,
            {"position": {"minX": 0, "minY": 0, "maxX": "1", "maxY": 1}},
            {"position": {"middle": [1], "width": 1, "height": 1}},
            {"position": {"middle": [1, float("nan")], "width": 1, "height": 1}},
            {},
            3,
        ]
    }
    assert box_set("pred", content, None, None) == BoxSet("pred", (), {})
    assert box_set("pred", [], 1, 1) == BoxSet("pred", (), {})
