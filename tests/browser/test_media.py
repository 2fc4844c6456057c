"""What a run logged beside numbers, on its page."""

from __future__ import annotations

import base64
import json
import re
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


def log(server: ServerProcess, run: str, *rows: dict[str, object]) -> None:
    lines = {"wandb-history.jsonl": {"offset": 0, "content": [json.dumps(row) for row in rows]}}
    body = json.dumps({"files": lines}).encode()
    send(server, "POST", f"/files/admin/gallery/{run}/file_stream", body)


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
        "pictures",
        {"_step": 0, "samples": image_value(0), "scene": scene_value},
        {"_step": 3, "samples": image_value(3, truth={"path": "boxes.json"})},
        {"_step": 3, "broken": {**image_value(3), "path": "media/m.pdb"}},
    )
    eventually(lambda: len(server_process.get(f"{run}/media/keys")["items"]) == 3)

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

    expect(samples.get_by_text("cat", exact=True)).to_be_visible()  # named without hovering

    slider = samples.get_by_role("slider")
    expect(slider).to_have_value("3")
    slider.press("Home")
    expect(samples.get_by_role("img", name="sample of 0")).to_be_visible()
    expect(samples.get_by_title("truth: cat")).to_have_count(0)

    broken = page.get_by_role("region", name="broken")  # what cannot be decoded is offered too
    expect(broken.get_by_role("link", name="Download")).to_be_visible()
    expect(broken.get_by_role("img")).to_have_count(0)

    scene = page.get_by_role("region", name="scene")
    with page.expect_download() as download:
        scene.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "m.pdb"


def test_the_slider_rests_at_the_step_that_is_shown_and_passes_over_steps_without_media(
    page: Page, server_process: ServerProcess
) -> None:
    run = "/projects/admin/gallery/runs/sparse"
    assert server_process.request("PUT", run, {})[0] < 300
    for step in (0, 3, 4):
        send(server_process, "PUT", f"/api/v1{run}/files/media/{step}.png", png(4, 2, 50 * step))
    log(server_process, "sparse", *({"_step": at, "samples": image_value(at)} for at in (0, 3, 4)))
    eventually(lambda: len(server_process.get(f"{run}/media/keys")["items"]) == 1)

    page.goto(f"{server_process.url}/admin/gallery/runs/sparse/media")
    slider = page.get_by_role("slider")
    expect(slider).to_have_value("4")
    for key, step in (("ArrowLeft", 3), ("ArrowLeft", 0), ("ArrowRight", 3), ("ArrowRight", 4)):
        slider.press(key)
        expect(page.get_by_role("img", name=f"sample of {step}")).to_be_visible()
        expect(slider).to_have_value(str(step))


def test_only_keys_in_sight_are_loaded(page: Page, server_process: ServerProcess) -> None:
    run = "/projects/admin/gallery/runs/many"
    assert server_process.request("PUT", run, {})[0] < 300
    send(server_process, "PUT", f"/api/v1{run}/files/media/0.png", png(4, 2, 90))
    keys = [f"layer{number:02}" for number in range(40)]
    log(server_process, "many", {"_step": 0, **{key: image_value(0) for key in keys}})
    eventually(lambda: len(server_process.get(f"{run}/media/keys")["items"]) == len(keys))

    asked: set[str] = set()
    page.on("request", lambda request: asked.update(re.findall(r"media\?key=(\w+)", request.url)))
    page.goto(f"{server_process.url}/admin/gallery/runs/many/media")
    expect(page.get_by_role("region", name="layer00").get_by_role("img")).to_be_visible()
    assert "layer39" not in asked
    assert len(asked) < len(keys) / 2
    last = page.get_by_role("region", name="layer39")
    page.mouse.move(700, 500)
    page.mouse.wheel(0, 100_000)
    expect(last).to_be_in_viewport()
    expect(last.get_by_role("img")).to_be_visible()
