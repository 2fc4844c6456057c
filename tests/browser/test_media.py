"""What a run logged beside numbers, on its page."""

from __future__ import annotations

import base64
import json
import struct
import urllib.request
import zlib

import pytest
from playwright.sync_api import Page, expect
from tests.processes import ServerProcess, eventually

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

BOXES = b"""{"class_labels": {"1": "cat"}, "box_data": [{"class_id": 1,
    "position": {"minX": 0.25, "maxX": 0.75, "minY": 0, "maxY": 0.5}}]}"""


def png(width: int, height: int, grey: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + bytes([grey]) * width) * height)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def image_value(step: int, **boxes: object) -> dict[str, object]:
    return {
        "_type": "image-file",
        "path": f"media/{step}.png",
        "width": 4,
        "height": 2,
        "caption": f"sample of {step}",
        "boxes": boxes,
    }


def send(server: ServerProcess, method: str, path: str, content: bytes) -> None:
    token = base64.b64encode(f"api:{server.key}".encode()).decode()
    request = urllib.request.Request(
        f"{server.url}{path}",
        method=method,
        data=content,
        headers={"Authorization": f"Basic {token}", "Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=60).close()


def log(server: ServerProcess, *rows: dict[str, object]) -> None:
    lines = {"wandb-history.jsonl": {"offset": 0, "content": [json.dumps(row) for row in rows]}}
    body = json.dumps({"files": lines}).encode()
    send(server, "POST", "/files/admin/gallery/pictures/file_stream", body)


def test_images_are_shown_with_their_boxes_at_the_step_that_is_chosen(
    page: Page, server_process: ServerProcess
) -> None:
    run = "/projects/admin/gallery/runs/pictures"
    assert server_process.request("PUT", run, {})[0] < 300
    files = f"/api/v1{run}/files"
    send(server_process, "PUT", f"{files}/boxes.json", BOXES)
    for step in (0, 3):
        send(server_process, "PUT", f"{files}/media/{step}.png", png(4, 2, 60 * step))
    send(server_process, "PUT", f"{files}/media/m.pdb", b"ATOM")
    scene_value = {"_type": "molecule-file", "path": "media/m.pdb"}
    log(
        server_process,
        {"_step": 0, "samples": image_value(0), "scene": scene_value},
        {"_step": 3, "samples": image_value(3, truth={"path": "boxes.json"})},
    )
    eventually(lambda: len(server_process.get(f"{run}/media/keys")["items"]) == 2)

    page.goto(f"{server_process.url}/admin/gallery/runs/pictures/media")
    samples = page.get_by_role("region", name="samples")
    newest = samples.get_by_role("img", name="sample of 3")
    expect(newest).to_be_visible()
    expect(newest).to_have_js_property("naturalWidth", 4)  # it was decoded
    box, image = samples.get_by_title("truth: cat").bounding_box(), newest.bounding_box()
    assert box is not None
    assert image is not None
    assert box["width"] == pytest.approx(image["width"] / 2, abs=1)
    assert box["x"] - image["x"] == pytest.approx(image["width"] / 4, abs=1)

    samples.get_by_role("slider").press("Home")
    expect(samples.get_by_role("img", name="sample of 0")).to_be_visible()
    expect(samples.get_by_title("truth: cat")).to_have_count(0)
    samples.get_by_role("slider").press("ArrowRight")  # steps without any lead to the next one
    expect(samples.get_by_role("img", name="sample of 3")).to_be_visible()

    scene = page.get_by_role("region", name="scene")
    with page.expect_download() as download:
        scene.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "m.pdb"
