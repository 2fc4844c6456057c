"""Conversations on the screen, and what people say about calls."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from tests.assets import talk
from tests.browser.axe import problems
from tests.processes import ServerProcess

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_a_conversation_is_read_turn_after_turn(page: Page, server_process: ServerProcess) -> None:
    made = talk(server_process, "threads-read")
    page.goto(f"{server_process.url}/{made.place}/threads")
    rows = page.get_by_role("row").filter(has=page.get_by_role("link"))
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("short")
    for text in ("fuji", "276", "1.40 s", "$"):
        expect(rows.nth(1)).to_contain_text(text)
    assert problems(page) == []
    page.get_by_role("textbox", name="Filter").fill('thread = "fuji"')
    expect(rows).to_have_count(1)
    page.get_by_role("textbox", name="Filter").fill("nonsense = 1")
    expect(page.get_by_text("This filter cannot be understood")).to_be_visible()
    page.get_by_role("textbox", name="Filter").fill("")
    page.get_by_text("Tool reliability").click()
    page.get_by_text("All", exact=True).click()
    tools = page.get_by_role("region", name="Tool reliability").get_by_role("row")
    expect(tools.nth(1)).to_contain_text("chat")
    expect(tools.nth(2)).to_contain_text("33.3 %")
    assert problems(page) == []
    page.get_by_role("button", name="Errors").click()
    expect(tools.nth(1)).to_contain_text("search")
    page.get_by_role("link", name="search").click()
    expect(page).to_have_url(re.compile("/traces"))
    page.go_back()
    page.get_by_text("Conversations").click()
    page.get_by_role("link", name="fuji").click()

    turns = page.get_by_role("region", name="fuji").get_by_role("article")
    expect(turns).to_have_count(3)
    expect(turns.nth(0)).to_contain_text("You are a mountain guide.")
    expect(turns.nth(1)).to_contain_text("How many feet is that?")
    # What was said before is there once, though programs send it with each turn.
    expect(page.get_by_text("富士山の高さは？")).to_have_count(1)
    assert problems(page) == []
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("li[data-current]")).to_contain_text("How many feet")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    turns.nth(1).get_by_role("link", name="Open the trace").click()
    expect(page).to_have_url(re.compile("call=threads-read-turn1"))


def test_people_say_what_they_think_of_a_call(page: Page, server_process: ServerProcess) -> None:
    made = talk(server_process, "threads-said")
    page.goto(f"{server_process.url}/{made.place}/traces")
    row = page.get_by_role("row").filter(has_text="👍")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("relevance: exact")
    page.goto(f"{server_process.url}/{made.place}/traces/threads-said-turn0")
    panel = page.get_by_label("Call", exact=True).first
    panel.get_by_text("Feedback", exact=True).click()
    expect(panel.get_by_text("数値は正しい")).to_be_visible()
    thumb = panel.get_by_role("button", name="👍, given by 1")
    expect(thumb).to_have_attribute("aria-pressed", "true")
    assert problems(page) == []
    thumb.click()
    expect(panel.get_by_role("button", name="👍, given by 0")).to_be_visible()
    panel.get_by_role("button", name="🎉, given by 0").click()
    expect(panel.get_by_role("button", name="🎉, given by 1")).to_be_visible()
    note = panel.get_by_role("textbox", name="Note")
    note.fill("The unit is missing")
    note.press("Control+Enter")
    expect(panel.get_by_text("The unit is missing")).to_be_visible()
    panel.get_by_role("combobox", name="Relevance").select_option("substitute")
    expect(panel.get_by_role("listitem").filter(has_text="substitute")).to_be_visible()
    panel.get_by_role("button", name="Take back").first.click()
    expect(panel.get_by_text("数値は正しい")).to_have_count(0)
    path = "/projects/admin/threads-said/calls/threads-said-turn0/feedback"
    stored = server_process.get(path)["items"]
    assert [one["emoji"] or one["note"] or one["value"] for one in stored] == [
        "exact",
        "🎉",
        "The unit is missing",
        "substitute",
    ]
    page.get_by_role("link", name="Back to the traces").click()
    expect(page.get_by_text("relevance: substitute")).to_be_visible()
