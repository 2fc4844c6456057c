"""Saved views: kept under a name, shared, undone and redone, also after a reload."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from tests.processes import ServerProcess

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def seed(server: ServerProcess, project: str) -> None:
    for number in range(4):
        body = {"display_name": f"run {number}", "config": {"lr": number / 10}}
        assert server.request("PUT", f"/projects/admin/{project}/runs/r{number}", body)[0] < 300


def views_of(page: Page) -> Locator:
    return page.get_by_role("button", name="Saved views")


def choose(page: Page, item: str) -> None:
    views_of(page).click()
    page.get_by_role("menuitem", name=item).click()


def save_as(page: Page, name: str, *, shared: bool = False) -> None:
    choose(page, "Save as a new view")
    page.get_by_label("Name of the view").fill(name)
    if shared:
        page.get_by_text("Everybody in the project sees it").click()
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(views_of(page)).to_contain_text(name)


def names(page: Page) -> Locator:
    """The names of the runs in the table, from the top."""
    return page.get_by_role("row").locator("[role=gridcell]:first-child")


def sort_by(page: Page, heading: str) -> None:
    page.get_by_role("columnheader", name=heading).get_by_role("button").first.click()


def test_a_view_brings_filter_order_and_columns_back_by_its_link(
    page: Page, server_process: ServerProcess
) -> None:
    seed(server_process, "viewed")
    url = f"{server_process.url}/admin/viewed/runs"
    page.goto(f"{url}?filter=config.lr+<+0.3&columns=state,config.lr")
    sort_by(page, "lr")
    expect(names(page)).to_have_text(["run 0", "run 1", "run 2"])
    page.get_by_role("button", name="Column lr").click()
    page.get_by_role("menuitem", name="Pin to the left").click()
    save_as(page, "small steps")
    view = parse_qs(urlsplit(page.url).query)["view"][0]

    page.goto(f"{server_process.url}/admin/viewed")
    page.evaluate("localStorage.clear()")
    page.goto(f"{url}?view={view}")
    expect(names(page)).to_have_text(["run 0", "run 1", "run 2"])
    expect(page.get_by_role("columnheader").nth(1)).to_contain_text("lr")  # pinned, so first
    expect(page.get_by_role("columnheader")).to_have_count(3)

    choose(page, "Usual view")
    expect(names(page)).to_have_count(4)


def test_changes_are_undone_and_redone_also_after_a_reload(
    page: Page, server_process: ServerProcess
) -> None:
    seed(server_process, "undone")
    page.goto(f"{server_process.url}/admin/undone/runs?columns=state,config.lr")
    sort_by(page, "lr")
    expect(names(page)).to_have_text(["run 0", "run 1", "run 2", "run 3"])
    page.get_by_role("button", name="Column State").click()
    page.get_by_role("menuitem", name="Hide").click()
    expect(page.get_by_role("columnheader")).to_have_count(2)
    page.get_by_role("button", name="Column lr").click()
    page.get_by_role("menuitem", name="Colour by value").click()

    page.reload()
    expect(page.get_by_role("columnheader")).to_have_count(2)
    page.keyboard.press("Control+z")  # the colours
    page.keyboard.press("Control+z")
    expect(page.get_by_role("columnheader")).to_have_count(3)
    page.get_by_role("button", name="Undo").click()
    expect(names(page)).to_have_text(["run 3", "run 2", "run 1", "run 0"])
    page.keyboard.press("Control+Shift+z")
    expect(names(page)).to_have_text(["run 0", "run 1", "run 2", "run 3"])
    page.get_by_role("button", name="Redo").click()
    expect(page.get_by_role("columnheader")).to_have_count(2)


def test_a_shared_view_changes_only_when_it_is_saved_and_nobody_is_overwritten(
    page: Page, browser: Browser, server_process: ServerProcess
) -> None:
    seed(server_process, "ours")
    url = f"{server_process.url}/admin/ours/runs"
    page.goto(f"{url}?columns=state,config.lr")
    save_as(page, "for all", shared=True)
    link = page.url.split("?")[0] + "?view=" + parse_qs(urlsplit(page.url).query)["view"][0]

    elsewhere = browser.new_context()
    elsewhere.request.post(
        f"{server_process.url}/api/v1/session",
        data={"api_key": server_process.key},
        headers={"Origin": server_process.url},
    )
    other = elsewhere.new_page()
    other.goto(link)
    expect(other.get_by_role("columnheader")).to_have_count(3)
    sort_by(page, "lr")  # not saved yet
    expect(names(page).first).to_have_text("run 0")
    other.reload()
    expect(names(other).first).to_have_text("run 3")
    other.get_by_role("button", name="Column lr").click()
    other.get_by_role("menuitem", name="Hide").click()
    other.get_by_role("button", name="Save", exact=True).click()
    expect(other.get_by_text("“for all” saved")).to_be_visible()

    page.get_by_role("button", name="Save", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("was changed by admin since you opened it")).to_be_visible()
    dialog.get_by_label("Name of the view").fill("for me")
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(views_of(page)).to_contain_text("for me")
    saved = server_process.get("/projects/admin/ours/views")["items"]
    columns = {
        view["name"]: server_process.get(f"/projects/admin/ours/views/{view['id']}")["document"][
            "params"
        ].get("columns")
        for view in saved
    }
    assert columns == {"for all": "state", "for me": "state,config.lr"}
    elsewhere.close()


def test_the_usual_view_is_what_a_newcomer_sees_first(
    page: Page, server_process: ServerProcess
) -> None:
    seed(server_process, "greeted")
    url = f"{server_process.url}/admin/greeted/runs"
    page.goto(f"{url}?columns=config.lr&filter=config.lr+>+0.1")
    save_as(page, "welcome", shared=True)
    choose(page, "Show it to everybody first")
    views_of(page).click()
    expect(page.get_by_role("menuitem", name="Do not show it first")).to_be_visible()
    page.keyboard.press("Escape")
    page.evaluate("localStorage.clear()")
    page.goto("about:blank")
    page.goto(url)
    expect(views_of(page)).to_contain_text("welcome")
    expect(names(page)).to_have_text(["run 3", "run 2"])
