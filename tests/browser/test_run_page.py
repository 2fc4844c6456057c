"""The page of one run: its signs, the run beside a baseline, pictures in full, tabs on a phone."""

from __future__ import annotations

import re
import struct
import zlib

import pytest
from playwright.sync_api import Page, Route, expect
from tests.browser.test_media import image_value, log, png, send
from tests.processes import ServerProcess, eventually

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def classes_png(rows: list[list[int]]) -> bytes:
    """A picture whose grey values are class numbers."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


def put(server: ServerProcess, run: str, **fields: object) -> str:
    path = f"/projects/admin/gallery/runs/{run}"
    assert server.request("PUT", path, fields)[0] < 300
    return path


def test_values_that_are_no_numbers_show_on_the_overview_and_lead_to_their_charts(
    page: Page, server_process: ServerProcess
) -> None:
    path = put(server_process, "ill")
    log(server_process, "ill", *({"_step": at, "loss": float("nan"), "acc": at} for at in range(3)))
    eventually(lambda: len(server_process.get(f"{path}/stats?key=loss")["items"]) == 1)
    page.goto(f"{server_process.url}/admin/gallery/runs/ill")
    signs = page.get_by_role("list", name="Signs")
    signs.get_by_role("link", name="3 values are no finite numbers: loss").click()
    expect(page.get_by_role("article", name="loss")).to_be_visible()
    expect(page.get_by_role("article", name="acc")).to_have_count(0)

    put(server_process, "well", state="finished")
    page.goto(f"{server_process.url}/admin/gallery/runs/well")
    expect(page.get_by_role("list", name="Signs")).to_have_text("Nothing looks wrong")


def test_a_run_beside_a_baseline_shows_where_they_differ(
    page: Page, server_process: ServerProcess
) -> None:
    put(server_process, "first", display_name="the first", config={"lr": 1, "same": 2})
    put(server_process, "second", display_name="the second", config={"lr": 3, "same": 2})
    page.goto(f"{server_process.url}/admin/gallery/runs/second")
    card = page.get_by_role("region", name="Beside a baseline")
    card.get_by_label("Name of another run").fill("the first")
    card.get_by_role("button", name="Compare").click()
    row = card.locator("tr[data-differs]")
    expect(row.filter(has_text="lr").locator("td")).to_have_text(["1", "3+2"])
    expect(card.get_by_role("rowheader", name="same")).to_have_count(0)
    page.reload()
    expect(row.filter(has_text="lr").locator("td").first).to_have_text("1")


def test_a_picture_that_could_not_be_loaded_is_tried_again(
    page: Page, server_process: ServerProcess
) -> None:
    path = put(server_process, "shaky")
    send(server_process, "PUT", f"/api/v1{path}/files/media/0.png", png(4, 2, 90))
    log(server_process, "shaky", {"_step": 0, "samples": image_value(0)})
    eventually(lambda: len(server_process.get(f"{path}/media/keys")["items"]) == 1)
    broken = [True]

    def serve(route: Route) -> None:
        if broken[0]:
            route.fulfill(status=404, json={"error": "not_found", "message": "It is gone"})
        else:
            route.continue_()

    page.route("**/files/media/0.png*", serve)
    page.goto(f"{server_process.url}/admin/gallery/runs/shaky/media")
    failure = page.get_by_role("region", name="samples").get_by_role("alert")
    expect(failure).to_contain_text("It is gone")
    broken[0] = False
    failure.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("img", name="sample of 0")).to_be_visible()


def test_masks_are_drawn_and_can_be_hidden_in_the_full_size_view(
    page: Page, server_process: ServerProcess
) -> None:
    path = put(server_process, "masked")
    send(server_process, "PUT", f"/api/v1{path}/files/media/0.png", png(4, 2, 90))
    mask = classes_png([[0, 1, 1, 2], [0, 1, 2, 2]])
    send(server_process, "PUT", f"/api/v1{path}/files/media/mask.png", mask)
    value = {**image_value(0), "masks": {"truth": {"_type": "mask", "path": "media/mask.png"}}}
    log(server_process, "masked", {"_step": 0, "samples": value})
    eventually(lambda: len(server_process.get(f"{path}/media/keys")["items"]) == 1)
    page.goto(f"{server_process.url}/admin/gallery/runs/masked/media")
    drawn = page.get_by_role("img", name="Mask truth")
    seen = """canvas => {
        const data = canvas.getContext("2d").getImageData(0, 0, 4, 2).data;
        return Array.from({length: 8}, (_, at) => data[4 * at + 3] > 0 ? 1 : 0).join("");
    }"""
    expect(drawn).to_have_js_property("width", 4)
    assert eventually(lambda: drawn.evaluate(seen) == "01110111")
    page.get_by_role("button", name="Enlarge sample of 0").click()
    large = page.get_by_role("dialog", name="sample of 0")
    large.get_by_role("checkbox", name="Mask truth").uncheck()
    whole = large.get_by_role("img", name="Mask truth")
    assert eventually(lambda: whole.evaluate(seen) == "00000000")
    page.keyboard.press("Escape")
    expect(large).to_have_count(0)


def test_the_tabs_scroll_on_a_phone_and_show_that_they_go_on(
    page: Page, server_process: ServerProcess
) -> None:
    put(server_process, "phone")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{server_process.url}/admin/gallery/runs/phone")
    row = page.get_by_role("navigation", name="Parts of the run")
    expect(row).to_have_attribute("data-after", "true")
    row.get_by_role("link", name="Files").click()
    expect(page).to_have_url(re.compile("/files$"))
    expect(row.get_by_role("link", name="Files")).to_be_in_viewport(ratio=0.95)
