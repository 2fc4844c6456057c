"""Evaluations on the screen: the list, one of them, and several side by side."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from tests.browser.axe import problems
from tests.evaluations import judged
from tests.processes import ServerProcess

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_an_evaluation_shows_where_it_is_weak(page: Page, server_process: ServerProcess) -> None:
    judged(server_process, "evals-one")
    page.goto(f"{server_process.url}/admin/evals-one/evaluations")
    table = page.get_by_role("table")
    rows = table.get_by_role("row").filter(has=page.get_by_role("checkbox"))
    expect(rows).to_have_count(4)
    expect(rows.filter(has_text="markdown")).to_contain_text("70 %")
    expect(rows.filter(has_text="half")).to_contain_text("17 of 40")
    expect(table.get_by_role("rowheader", name="queries")).to_contain_text("4 evaluations")
    assert problems(page) == []
    page.get_by_text("By model").click()
    expect(table.get_by_role("rowheader")).to_have_count(3)
    page.get_by_role("textbox", name="Search names").fill("nothing")
    expect(page.get_by_text("No evaluation matches")).to_be_visible()
    page.get_by_role("textbox", name="Search names").fill("markdown")
    page.get_by_role("link", name="markdown").click()

    card = page.get_by_role("region", name="judge.correct")
    expect(card).to_contain_text("70 %")
    expect(card).to_contain_text("40 rows")
    # What never changes has no histogram, and what a model writes freely is no label.
    tokens = page.get_by_role("region", name="tokens", exact=True)
    expect(tokens).to_contain_text("The same in all rows")
    expect(page.get_by_role("region", name="output.label")).to_be_visible()
    expect(page.get_by_role("region", name="output.text")).to_have_count(0)
    assert problems(page) == []
    page.get_by_role("link", name="Slices").click()
    slices = page.get_by_role("row").filter(has=page.get_by_role("button"))
    expect(slices.nth(0)).to_contain_text("label E")
    expect(slices.nth(0)).to_contain_text("Worse than the rest")
    english = page.get_by_role("row").filter(has=page.get_by_role("button", name="lang en"))
    expect(english).to_contain_text("Better than the rest")
    assert problems(page) == []
    page.get_by_role("button", name="lang ja").click()
    expect(page.get_by_text("20 rows")).to_be_visible()
    page.get_by_role("combobox", name="Filter").fill(
        'scores.judge.correct = false and inputs.lang = "ja"'
    )
    expect(page.get_by_text("11 rows")).to_be_visible()
    assert problems(page) == []
    page.get_by_role("button", name="Open row").first.click()
    drawer = page.get_by_role("dialog")
    expect(drawer).to_contain_text("**I**")
    expect(drawer.get_by_role("link", name="predict")).to_be_visible()
    assert problems(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Confusion").click()
    page.get_by_role("combobox", name="Expected").select_option("inputs.label")
    page.get_by_role("combobox", name="Predicted").select_option("output.label")
    expect(page.get_by_title("Expected E, predicted I: 10 rows, 100 %")).to_be_visible()
    assert problems(page) == []
    page.get_by_title("Expected E, predicted I: 10 rows, 100 %").click()
    expect(page.get_by_text("10 rows")).to_be_visible()


def test_a_worse_prompt_is_told_from_an_equal_one(
    page: Page, server_process: ServerProcess
) -> None:
    ids = judged(server_process, "evals-many")
    page.goto(f"{server_process.url}/admin/evals-many/evaluations")
    for name in ("plain", "markdown", "again"):
        page.get_by_role("checkbox", name=f"Select {name}").check()
    page.get_by_role("button", name="Compare").click()
    card = page.get_by_role("table")
    line = card.get_by_role("row").filter(has_text="judge.correct")
    expect(line.get_by_role("cell").nth(1)).to_contain_text("Worse")
    expect(line.get_by_role("cell").nth(1)).to_contain_text("McNemar")
    expect(line.get_by_role("cell").nth(2)).to_contain_text("Undecided")
    assert problems(page) == []
    page.get_by_role("button", name="Make markdown the baseline").click()
    expect(page).to_have_url(re.compile(f"e={ids['markdown']}"))
    expect(line.get_by_role("cell").nth(1)).to_contain_text("Better")
    page.get_by_role("button", name="Move markdown to the right").click()
    page.get_by_role("button", name="Remove again").click()
    expect(line.get_by_role("cell")).to_have_count(2)

    page.get_by_text("Rows", exact=True).first.click()
    rows = page.get_by_role("row").filter(has=page.get_by_role("button", name="Open row"))
    expect(page.get_by_text("40 rows", exact=True)).to_be_visible()
    expect(rows.nth(0).locator("mark").first).to_be_visible()
    page.get_by_role("combobox", name="Which rows").select_option("worse:scores.judge.correct")
    expect(page.get_by_text("9 rows", exact=True)).to_be_visible()
    assert problems(page) == []
    page.get_by_role("combobox", name="Which rows").select_option("")
    bars = page.get_by_role("img", name="How the values of B judge.grade lie")
    box = bars.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 2, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 10, steps=4)
    page.mouse.up()
    expect(page.get_by_role("button", name="Undo the choice")).to_be_visible()
    expect(page.get_by_text("40 rows", exact=True)).to_have_count(0)
    page.reload()
    expect(page.get_by_role("button", name="Undo the choice")).to_be_visible()
    page.get_by_role("button", name="Undo the choice").click()
    expect(page.get_by_text("40 rows", exact=True)).to_be_visible()

    page.get_by_role("button", name="Saved views").click()
    page.get_by_role("menuitem", name="Save as a new view").click()
    page.get_by_role("dialog").get_by_role("textbox").first.fill("Markdown or not")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Saved views")).to_contain_text("Markdown or not")
    views = server_process.get("/projects/admin/evals-many/views?kind=comparison")["items"]
    assert [view["name"] for view in views] == ["Markdown or not"]
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
