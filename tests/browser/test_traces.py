"""Traces on the screen: the list, its filter and times, a trace's tree, one call."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from tests.processes import ServerProcess
from tests.traces import call, pipeline, send

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_the_list_shows_whole_traces_and_narrows(page: Page, server_process: ServerProcess) -> None:
    pipeline(server_process, "traces-list")
    page.goto(f"{server_process.url}/admin/traces-list/weave")  # as the client prints it
    expect(page).to_have_url(re.compile(r"/admin/traces-list/traces$"))
    rows = page.get_by_role("row").filter(has=page.get_by_role("link"))
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("broken")
    expect(rows.nth(0)).to_contain_text("no luck")
    expect(rows.nth(1)).to_contain_text("2.00 s")
    expect(page.get_by_text("2 calls", exact=True)).to_be_visible()
    page.get_by_text("All calls").click()
    expect(rows).to_have_count(5)

    filter = page.get_by_role("combobox", name="Filter")
    filter.fill('op = "model" and latency > 1')
    expect(rows).to_have_count(1)
    expect(rows.nth(0)).to_contain_text("30")
    filter.fill("latency >")
    expect(page.get_by_role("alert")).to_be_visible()
    filter.fill("secret = 1")
    expect(page.get_by_role("alert")).to_contain_text("no field")
    filter.fill('inputs.question contains "RETRIEVE"')
    expect(rows).to_have_count(1)
    page.reload()
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="Clear").click()
    expect(rows).to_have_count(5)

    page.get_by_role("button", name="Latency").click()
    expect(rows.nth(0)).to_contain_text("answer")
    page.get_by_role("button", name="Latency").click()
    expect(rows.nth(0)).to_contain_text("retrieve")

    strip = page.get_by_label("Calls over time").locator("svg")
    box = strip.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"], box["y"] + 20, steps=4)
    page.mouse.up()
    expect(rows).to_have_count(1)
    expect(rows.nth(0)).to_contain_text("broken")
    page.get_by_role("button", name="Show the whole time").click()
    expect(rows).to_have_count(5)


def test_a_trace_names_its_bottleneck_and_shows_its_calls(
    page: Page, server_process: ServerProcess
) -> None:
    pipeline(server_process, "traces-tree")
    page.goto(f"{server_process.url}/admin/traces-tree/r/call/traces-tree-generate")
    expect(page).to_have_url(re.compile(r"/traces/traces-tree-trace\?call=traces-tree-generate"))
    tree = page.get_by_role("tree")
    names = tree.get_by_role("treeitem")
    expect(names).to_have_count(4)
    expect(page.get_by_text(re.compile("Where the time went: model took 1.50 s"))).to_be_visible()
    expect(tree.locator("[aria-selected=true]")).to_contain_text("generate")
    panel = page.get_by_label("Call", exact=True).first
    expect(panel).to_contain_text("what is generate?")

    page.keyboard.press("ArrowDown")
    expect(tree.locator("[aria-selected=true]")).to_contain_text("model")
    expect(page.get_by_text("富士山の高さは？")).to_be_visible()
    expect(page.get_by_text("3776 m です。")).to_be_visible()
    expect(page.get_by_text("21 in · 9 out")).to_be_visible()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    expect(names).to_have_count(3)
    page.keyboard.press("ArrowRight")
    expect(names).to_have_count(4)
    page.get_by_text("Attributes").click()
    expect(page.get_by_text("team")).to_be_visible()


def test_calls_arrive_while_the_page_is_open(page: Page, server_process: ServerProcess) -> None:
    assert server_process.request("POST", "/projects", {"entity": "admin", "name": "traces-live"})
    page.goto(f"{server_process.url}/admin/traces-live/traces")
    expect(page.get_by_text("No traces yet")).to_be_visible()
    send(server_process, "traces-live", call("traces-live", "hello", None, 0, 1))
    expect(page.get_by_role("link", name="hello")).to_be_visible()


def test_a_call_that_has_not_come_yet_is_waited_for(
    page: Page, server_process: ServerProcess
) -> None:
    assert server_process.request("POST", "/projects", {"entity": "admin", "name": "traces-early"})
    page.goto(f"{server_process.url}/admin/traces-early/r/call/traces-early-late")
    expect(page.get_by_text("This call is not here yet")).to_be_visible()
    send(server_process, "traces-early", call("traces-early", "late", None, 0, 1))
    expect(page.get_by_role("heading", name="late").first).to_be_visible()
