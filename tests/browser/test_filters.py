"""Filters: the form of conditions and the typed text are two sides of one filter."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.axe import problems
from tests.processes import ServerProcess

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def shown(page: Page) -> Locator:
    return page.get_by_role("row").locator("[role=gridcell]:first-child")


def test_a_filter_is_built_typed_and_built_on(page: Page, server_process: ServerProcess) -> None:
    for number in range(6):
        body = {
            "display_name": f"run {number}",
            "config": {"lr": number, "model": {"the kind": "cnn" if number % 3 else "mlp"}},
            "tags": ["old"] if number < 2 else [],
        }
        answer = server_process.request("PUT", f"/projects/admin/filtered/runs/r{number}", body)
        assert answer[0] < 300, answer
    page.goto(f"{server_process.url}/admin/filtered/runs")
    expect(shown(page)).to_have_count(6)
    text = page.get_by_role("textbox", name="Filter").or_(
        page.get_by_role("combobox", name="Filter")
    )

    page.get_by_role("button", name="Build the filter").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Field").fill("config.lr")
    form.get_by_label("Comparison").select_option(">")
    expect(text).to_have_value("")  # a condition without its value is no filter
    form.get_by_label("Value").fill("2")
    expect(text).to_have_value("config.lr > 2")
    expect(shown(page)).to_have_text(["run 5", "run 4", "run 3"])

    form.get_by_role("button", name="Group", exact=True).click()
    inner = form.get_by_role("group", name="Group of conditions").nth(1)
    inner.get_by_label("Field").fill('config.model."the kind"')
    inner.get_by_label("Value").fill("mlp")
    inner.get_by_role("button", name="Condition", exact=True).click()
    # Of a list one asks what is in it.
    inner.get_by_label("Field").nth(1).fill("tags")
    inner.get_by_label("Value").nth(1).fill("old")
    whole = 'config.lr > 2 and (config.model."the kind" = "mlp" or tags contains "old")'
    expect(text).to_have_value(whole)
    expect(shown(page)).to_have_text(["run 3"])
    inner.get_by_text("Not", exact=True).click()
    expect(text).to_have_value(f"config.lr > 2 and not {whole.partition(' and ')[2]}")
    expect(shown(page)).to_have_text(["run 5", "run 4"])
    assert problems(page) == []
    page.keyboard.press("Escape")

    # What is typed stands in the form; an incomplete text is left alone.
    text.fill('not state in ["crashed", "failed"] or config.lr <= 1')
    expect(shown(page)).to_have_count(6)
    page.get_by_role("button", name="Build the filter").click()
    expect(form.get_by_label("Field")).to_have_count(2)
    expect(form.get_by_label("Comparison").first).to_have_value("not in")
    expect(form.get_by_label("Value").first).to_have_value("crashed, failed")
    form.get_by_role("button", name="Remove the condition").first.click()
    expect(text).to_have_value("config.lr <= 1")
    expect(shown(page)).to_have_text(["run 1", "run 0"])
    page.keyboard.press("Escape")
    text.fill("config.lr >")
    page.get_by_role("button", name="Build the filter").click()
    expect(form).to_contain_text("not complete")
    form.get_by_role("button", name="Start over").click()
    expect(text).to_have_value("")
    expect(shown(page)).to_have_count(6)
