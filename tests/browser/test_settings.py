"""Settings of projects, teams and of oneself in the browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from tests.artifacts import Shelf
from tests.browser.axe import problems
from tests.processes import ServerProcess

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_a_project_is_renamed_shown_to_others_and_deleted(
    page: Page, server_process: ServerProcess
) -> None:
    shelf = Shelf(server_process, "set-old")
    shelf.run("r1")
    shelf.call("POST", "/admin/users", {"name": "set-eve"})
    page.goto(f"{server_process.url}/admin/set-old/settings")
    page.get_by_role("textbox", name="Name").first.fill("set-new")
    page.get_by_role("textbox", name="Description").fill("what it is about")
    page.get_by_role("button", name="Save").click()
    expect(page).to_have_url(f"{server_process.url}/admin/set-new/settings")
    visibility = page.get_by_role("region", name="Visibility")
    visibility.get_by_text("Everybody here").click()
    expect(visibility).to_contain_text("Everybody who can sign in to this server may read")
    members = page.get_by_role("region", name="Members of the project")
    members.get_by_label("Name").fill("set-eve")
    members.get_by_role("button", name="Add").click()
    expect(members.get_by_role("combobox", name="Role of set-eve")).to_have_value("member")
    assert problems(page) == []
    found = server_process.get("/projects/admin/set-new")
    assert (found["description"], found["visibility"]) == ("what it is about", "internal")

    page.get_by_role("button", name="Delete the project").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Delete")).to_be_disabled()
    dialog.get_by_label("Type set-new to confirm").fill("set-new")
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Projects")).to_be_visible()
    assert server_process.request("GET", "/projects/admin/set-new")[0] == 404


def test_a_team_is_made_and_gets_members_and_accounts_for_machines(
    page: Page, server_process: ServerProcess
) -> None:
    Shelf(server_process, "set-team").call("POST", "/admin/users", {"name": "set-ann"})
    page.goto(f"{server_process.url}/settings")
    page.get_by_role("button", name="New team").click()
    page.get_by_role("dialog", name="New team").get_by_label("Name").fill("set-team")
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="Team set-team")).to_be_visible()
    who = page.get_by_label("Name of a user, or an e-mail address")
    who.fill("set-ann")
    page.get_by_role("button", name="Add", exact=True).click()
    role = page.get_by_role("combobox", name="Role of set-ann")
    role.select_option(label="Administrator")
    expect(role).to_have_value("admin")
    who.fill("later@example.com")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("region", name="Invitations")).to_contain_text("later@example.com")
    page.get_by_role("button", name="New service account").click()
    dialog = page.get_by_role("dialog", name="New service account")
    dialog.get_by_label("What is it for?").fill("cluster")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_text("This key is shown only now")).to_be_visible()
    key = dialog.locator("code").inner_text()
    assert server_process.request("GET", "/session", key=key)[0] == 200
    assert problems(page) == []
    page.keyboard.press("Escape")
    team = server_process.get("/teams/set-team")
    assert {(m["user"], m["role"]) for m in team["members"]} >= {("set-ann", "admin")}
    assert len(team["service_accounts"]) == 1

    page.goto(f"{server_process.url}/settings")
    page.get_by_role("combobox", name="Default space").select_option("set-team")
    expect(page.get_by_role("combobox", name="Default space")).to_have_value("set-team")
    assert server_process.get("/session")["default_entity"] == "set-team"
    page.get_by_role("combobox", name="Default space").select_option("admin")
    expect(page.get_by_role("combobox", name="Default space")).to_have_value("admin")
    assert problems(page) == []
