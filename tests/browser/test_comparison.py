"""Panels that compare runs: scatter, parallel coordinates, importance, bars, table, custom."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.processes import ServerProcess

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def seed(server: ServerProcess, project: str, *panels: dict[str, Any], count: int = 24) -> str:
    """Runs whose loss falls with the rate, and a view with panels; the view's address."""
    for number in range(count):
        body = {
            "display_name": f"trial {number:02}",
            "config": {"rate": number, "kind": ("a", "b")[number % 2], "same": 1},
            "summary": {"loss": 100 - 3 * number + (5 if number % 2 else 0)},
            "metrics": [{"name": "loss", "goal": "minimize"}],
        }
        answer = server.request("PUT", f"/projects/admin/{project}/runs/t{number:02}", body)
        assert answer[0] < 300, answer
    added = [
        {"section": "compare", "id": f"panel:{at}", **panel} for at, panel in enumerate(panels)
    ]
    document = {
        "version": 1,
        "params": {"first": str(count)},
        "layout": {
            "sections": [{"name": "compare", "title": "Compare", "added": True}],
            "added": added,
        },
    }
    body = {"kind": "workspace", "name": "compare", "document": document}
    view = server.request("POST", f"/projects/admin/{project}/views", body)[1]
    return f"{server.url}/admin/{project}?view={view['id']}"


def panel(page: Page, name: str) -> Locator:
    return page.get_by_role("article", name=name, exact=True)


def colors(canvas: Locator) -> int:
    """How many different colours there are in a picture: an empty one has few."""
    return canvas.evaluate(
        """canvas => {
            const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            return new Set(new Uint32Array(data.data.buffer)).size;
        }"""
    )


def test_a_scatter_shows_every_run_the_best_and_the_line_through_them(
    page: Page, server_process: ServerProcess
) -> None:
    options = {"x": "config.rate", "y": "summary.loss", "regression": True, "frontier": "min,min"}
    url = seed(server_process, "scattered", {"kind": "scatter", "title": "s", "options": options})
    page.goto(url)
    picture = panel(page, "s").get_by_role("img")
    expect(picture).to_have_attribute("aria-label", re.compile(r"loss over rate, 24 runs"))
    expect(picture.locator("canvas")).to_be_visible()
    assert colors(picture.locator("canvas").first) > 50
    panel(page, "s").hover()
    panel(page, "s").get_by_role("button", name="Panel menu").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Download SVG").click()
    drawn = download.value.path().read_text()
    assert drawn.startswith("<svg")
    assert drawn.count("<path") > 24


def test_brushing_an_axis_keeps_only_those_runs(page: Page, server_process: ServerProcess) -> None:
    options = {"axes": ["config.rate", "summary.loss"], "color": "summary.loss"}
    url = seed(
        server_process,
        "brushed",
        {"kind": "parallel", "title": "p", "options": options, "height": 400, "columns": 0},
    )
    page.goto(url)
    canvas = panel(page, "p").locator("canvas").first
    expect(canvas).to_be_visible()
    box = canvas.bounding_box()
    assert box is not None
    x, top, bottom = box["x"] + 36, box["y"] + 42, box["y"] + box["height"] - 18
    page.mouse.move(x, top + 4)
    page.mouse.down()
    page.mouse.move(x, (top + bottom) / 2, steps=6)
    page.mouse.up()
    status = panel(page, "p").get_by_role("status")
    expect(status).to_contain_text(re.compile(r"^1[0-3] of 24 runs"))
    kept = (status.inner_text()).split(" ")[0]
    status.get_by_role("button", name="Show only these").click()
    expect(page.get_by_text(f"{kept} shown")).to_be_visible()


def test_importance_names_what_matters_and_how_sure_that_is(
    page: Page, server_process: ServerProcess
) -> None:
    pytest.importorskip("sklearn")
    options = {"metric": "summary.loss"}
    url = seed(
        server_process, "important", {"kind": "importance", "title": "i", "options": options}
    )
    page.goto(url)
    rows = panel(page, "i").locator("tbody tr")
    expect(rows).to_have_count(2, timeout=90_000)  # the first one loads the library
    expect(rows.first).to_contain_text("rate")
    expect(rows.first).to_contain_text("−")  # the loss falls as the rate rises
    expect(
        panel(page, "i").get_by_text(re.compile("Medium confidence|High confidence"))
    ).to_be_visible()
    expect(panel(page, "i").get_by_text("From 24 runs")).to_be_visible()

    page.get_by_label("Filter", exact=True).fill("config.rate < 8")
    expect(panel(page, "i").get_by_text("Low confidence")).to_be_visible()


def test_bars_boxes_and_violins_of_groups(page: Page, server_process: ServerProcess) -> None:
    shapes = [
        {
            "kind": "bar",
            "title": shape,
            "options": {"metric": "summary.loss", "by": "config.kind", "shape": shape},
        }
        for shape in ("bar", "box", "violin")
    ]
    page.goto(seed(server_process, "barred", *shapes))
    for shape in ("bar", "box", "violin"):
        picture = panel(page, shape).get_by_role("img")
        expect(picture).to_have_attribute("aria-label", "loss of 2 bars")
        expect(picture.locator("canvas").first).to_be_visible()
        assert colors(picture.locator("canvas").first) > 20


def test_the_comparison_shows_where_runs_differ(page: Page, server_process: ServerProcess) -> None:
    url = seed(
        server_process, "compared", {"kind": "comparer", "title": "c", "columns": 0}, count=3
    )
    page.goto(f"{url}&base=t01&first=3")
    table = panel(page, "c")
    rows = table.locator("tbody tr[data-differs]")
    expect(rows.locator("th")).to_have_text(["kind", "rate", "loss"])
    expect(table.locator("thead th").nth(1)).to_contain_text("trial 01")  # the baseline is first
    loss = rows.filter(has=page.get_by_text("loss", exact=True))
    expect(loss.locator("td").nth(2)).to_contain_text("−2")  # 100 of trial 00 beside 102
    table.get_by_text("Differences only").click()
    expect(table.get_by_role("rowheader", name="same")).to_be_visible()
    table.get_by_label("Search").fill("rat")
    expect(table.locator("tbody tr th[scope=row]")).to_have_text(["rate"])


def test_numbers_text_and_custom_charts(page: Page, server_process: ServerProcess) -> None:
    spec = """{"data": {"name": "runs"}, "mark": "bar", "encoding": {
        "x": {"field": "config_rate", "type": "quantitative"},
        "y": {"field": "summary_loss", "type": "quantitative"}}}"""
    outside = '{"data": {"url": "http://127.0.0.1:9/x.json"}, "mark": "point"}'
    url = seed(
        server_process,
        "customised",
        {"kind": "scalar", "title": "n", "options": {"metric": "summary.loss"}},
        {"kind": "custom", "title": "v", "options": {"spec": spec}},
        {"kind": "custom", "title": "bad", "options": {"spec": "{"}},
        {"kind": "custom", "title": "outside", "options": {"spec": outside}},
    )
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{url}&base=t01&first=24")
    number = panel(page, "n")
    expect(number).to_contain_text("34")  # 100 − 3 × 22 of trial 22
    expect(number).to_contain_text("−68 to the baseline")
    expect(number.locator("[data-better=true]")).to_be_visible()
    expect(number.get_by_role("button", name="trial 22")).to_be_visible()
    canvas = panel(page, "v").locator("canvas")
    expect(canvas).to_be_visible()
    assert colors(canvas.first) > 5
    expect(panel(page, "bad").get_by_text("The chart cannot be drawn")).to_be_visible()
    expect(panel(page, "outside")).to_be_visible()
    assert not [address for address in asked if ":9/" in address]


def test_a_panel_is_chosen_from_the_dialog_and_set_in_the_drawer(
    page: Page, server_process: ServerProcess
) -> None:
    url = seed(server_process, "dialogued", count=4)
    page.goto(url)
    page.get_by_role("button", name="Add a panel").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Run comparison").click()
    editor = page.get_by_role("dialog", name="Run comparison")
    expect(editor.get_by_role("rowheader", name="rate")).to_be_visible()  # the live preview
    editor.get_by_label("Title").fill("who differs")
    page.keyboard.press("Escape")
    expect(panel(page, "who differs").get_by_role("rowheader", name="rate")).to_be_visible()
