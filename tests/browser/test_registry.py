"""Registries in the browser: made, filled, shared, and versions promoted in them."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.artifacts import Shelf
from tests.browser.axe import problems
from tests.clients.wandb.conftest import Client
from tests.clients.wandb.environments import NEWEST
from tests.processes import ServerProcess

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def make(server: ServerProcess, shelf: Shelf, name: str, **more: object) -> tuple[str, str]:
    """A registry; its address on the server and the path of its pages."""
    org = server.get("/orgs")["items"][0]["name"]
    shelf.call("POST", f"/orgs/{org}/registries", {"name": name, **more})
    return f"/orgs/{org}/registries/{name}", f"{server.url}/orgs/{org}/registry/{name}"


def test_a_registry_is_made_and_a_version_linked_to_it(
    page: Page, server_process: ServerProcess
) -> None:
    shelf = Shelf(server_process, "reg-link")
    shelf.log("net", {"a": b"0"}, type="model")
    page.goto(f"{server_process.url}/registry")
    page.get_by_role("button", name="New registry").click()
    dialog = page.get_by_role("dialog", name="New registry")
    dialog.get_by_label("Name").fill("reg-link-models")
    dialog.get_by_label("Accepted types").fill("model")
    assert problems(page) == []
    dialog.get_by_role("button", name="Create registry").click()
    expect(page.get_by_text("Nothing has been linked here yet")).to_be_visible()
    assert problems(page) == []

    page.goto(f"{server_process.url}/admin/reg-link/artifacts/model/net/v0")
    page.get_by_role("button", name="Link", exact=True).click()
    dialog = page.get_by_role("dialog", name="Link net:v0")
    dialog.get_by_label("Where to").select_option(label="reg-link-models")
    dialog.get_by_label("Aliases").fill("staging, candidate")
    dialog.get_by_role("button", name="Link").click()
    expect(page.get_by_role("navigation", name="Where you are")).to_contain_text("reg-link-models")
    expect(page.get_by_role("button", name="Remove the alias staging")).to_be_visible()
    expect(page.get_by_role("link", name="admin/reg-link/net:v0")).to_be_visible()

    page.goto(f"{server_process.url}/registry")
    page.get_by_role("textbox", name="Search registries").fill("reg-link")
    page.get_by_role("link", name="reg-link-models").click()
    row = page.get_by_role("row").filter(has_text="candidate")
    expect(row.get_by_role("link", name="net")).to_be_visible()


def test_versions_are_promoted_by_choice_and_by_mouse(
    page: Page, server_process: ServerProcess
) -> None:
    shelf = Shelf(server_process, "reg-board")
    api, pages = make(server_process, shelf, "reg-board")
    shelf.call("PUT", f"{api}/protected-aliases", {"aliases": ["production"]})
    registry = shelf.call("GET", api)
    at = {"entity": registry["entity"], "project": registry["project"]}
    for number in range(3):
        made = shelf.log("net", {"a": b"%d" % number}, type="model", metadata={"acc": number / 4})
        shelf.link(made["id"], "net", **at)
    page.goto(f"{pages}/net?tab=board")
    production = page.get_by_role("region", name="production")
    expect(production).to_contain_text("No version has this alias")
    expect(production.get_by_text("Only administrators move this alias")).to_be_attached()
    production.get_by_role("combobox").select_option("1")
    expect(production.get_by_role("link", name="v1")).to_be_visible()
    page.get_by_role("textbox", name="Add an alias").fill("staging")
    page.keyboard.press("Enter")
    staging = page.get_by_role("region", name="staging")
    versions = page.get_by_role("region", name="Versions")
    versions.get_by_role("article").filter(has_text="v2").drag_to(staging)
    expect(staging.get_by_role("link", name="v2")).to_be_visible()
    expect(staging).to_contain_text("+0.25")  # against what is in production
    assert problems(page) == []
    found = server_process.get(
        f"/projects/{at['entity']}/{at['project']}/artifacts/collections/net/versions/staging"
    )
    assert found["index"] == 2
    staging.get_by_role("link", name="Compare with production").click()
    expect(page.get_by_role("region", name="Metadata")).to_contain_text("+0.25")


def test_members_protected_aliases_and_history(page: Page, server_process: ServerProcess) -> None:
    shelf = Shelf(server_process, "reg-members")
    api, pages = make(server_process, shelf, "reg-members", visibility="private")
    shelf.call("POST", "/admin/users", {"name": "reg-ada"})
    page.goto(f"{pages}?tab=members")
    page.get_by_label("Name", exact=True).fill("reg-nobody")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("reg-nobody")  # there is no such user
    page.get_by_label("Name", exact=True).fill("reg-ada")
    page.get_by_role("button", name="Add", exact=True).click()
    role = page.get_by_role("combobox", name="Role of reg-ada")
    expect(role).to_have_value("member")
    role.select_option(label="Viewer")
    expect(role).to_have_value("viewer")
    assert problems(page) == []
    assert server_process.get(f"{api}/members")["items"] == [
        {"kind": "user", "name": "reg-ada", "role": "viewer"}
    ]
    page.get_by_role("button", name="Remove reg-ada").click()
    expect(role).to_have_count(0)

    page.get_by_role("link", name="Settings", exact=True).last.click()
    guarded = page.get_by_role("region", name="Protected aliases")
    guarded.get_by_role("button", name="Add an alias").click()
    page.keyboard.type("production")
    page.keyboard.press("Enter")
    expect(guarded.get_by_role("button", name="Remove the alias production")).to_be_visible()
    assert server_process.get(api)["protected_aliases"] == ["production"]
    assert problems(page) == []
    page.get_by_role("link", name="History").click()
    history = page.get_by_role("region", name="History")
    for words in ("Registry made", "Role given", "Member removed", "Registry changed"):
        expect(history).to_contain_text(words)
    assert problems(page) == []


def test_the_address_that_the_client_prints_of_a_link_opens_it(
    page: Page, server_process: ServerProcess, tmp_path: Path
) -> None:
    shelf = Shelf(server_process, "reg-client")
    make(server_process, shelf, "reg-client")
    program = Client(NEWEST, server_process, tmp_path / "client").run(
        """
        import wandb
        with wandb.init(project="reg-client", settings=QUICK) as run:
            artifact = wandb.Artifact("net", "model")
            with artifact.new_file("weights.txt") as file:
                file.write("weights")
            logged = run.log_artifact(artifact).wait()
            linked = run.link_artifact(logged, "wandb-registry-reg-client/shipped")
            print(linked.url)
        """
    )
    printed = [line for line in program.lines if "selectionPath=" in line]
    page.goto(printed[-1].strip())
    expect(page.get_by_role("heading", name="shipped")).to_be_visible()
    expect(page.get_by_role("link", name="admin/reg-client/net:v0")).to_be_visible()
    page.get_by_role("link", name="Files", exact=True).click()
    page.get_by_role("treeitem", name="weights.txt").click()
    expect(page.get_by_text("weights", exact=True)).to_be_visible()
