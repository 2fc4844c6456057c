"""Artifacts in the browser: found, read, compared, named and deleted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.artifacts import Shelf
from tests.browser.axe import problems
from tests.clients.wandb.conftest import Client
from tests.clients.wandb.environments import NEWEST
from tests.processes import ServerProcess

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

LOG = """
import wandb
for number in range(2):
    with wandb.init(project="art-client", id=f"r{number}", name=f"maker {number}",
                    settings=QUICK) as run:
        artifact = wandb.Artifact("flowers", "dataset", description="many petals",
                                  metadata={"n": 10 * number, "deep": {"kind": "tulip"}})
        artifact.add(wandb.Table(columns=["name", "petals"], data=[["tulip", 6 + number]]), "t")
        with artifact.new_file("notes/あ.txt") as file:
            file.write(f"text of version {number}")
        print(run.log_artifact(artifact, aliases=["first"] if not number else None).wait().url)
"""


def test_what_the_client_logged_is_shown_at_the_address_that_it_prints(
    page: Page, server_process: ServerProcess, tmp_path: Path
) -> None:
    program = Client(NEWEST, server_process, tmp_path / "client").run(LOG)
    printed = [line for line in program.lines if "/artifacts/dataset/flowers/" in line]
    page.goto(printed[-1].strip())
    expect(page.get_by_role("link", name="maker 1")).to_be_visible()
    expect(page.get_by_role("region", name="Description")).to_contain_text("many petals")
    expect(page.get_by_role("region", name="Metadata")).to_contain_text("tulip")
    assert problems(page) == []

    page.get_by_role("link", name="Files", exact=True).click()
    page.get_by_role("treeitem", name="t.table.json").click()
    expect(page.get_by_role("cell", name="tulip")).to_be_visible()
    expect(page.get_by_role("columnheader", name="petals")).to_be_visible()
    page.get_by_role("treeitem", name="あ.txt").click()
    expect(page.get_by_text("text of version 1")).to_be_visible()
    assert problems(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert Path(download.value.path()).read_text() == "text of version 1"

    page.get_by_role("link", name="Use", exact=True).click()
    expect(page.get_by_text('kiseki.Api().artifact("admin/art-client/flowers:v1")')).to_be_visible()
    page.get_by_text("Python (wandb)").click()
    expect(page.get_by_text('run.use_artifact("admin/art-client/flowers:v1")')).to_be_visible()
    page.go_back()
    page.get_by_role("combobox", name="Version", exact=True).select_option(label="v0 · first")
    expect(
        page.get_by_text("text of version 0")
    ).to_be_visible()  # the same file of another version


def test_artifacts_are_found_by_type_name_and_tag(
    page: Page, server_process: ServerProcess
) -> None:
    shelf = Shelf(server_process, "art-found")
    for name, type in (("roses", "dataset"), ("tulips", "dataset"), ("net", "model")):
        shelf.log(name, {"a": name.encode()}, type=type)
    tagged = f"{shelf.path}/artifacts/collections/tulips"
    shelf.call("PATCH", tagged, {"add_tags": ["spring"]})
    page.goto(f"{server_process.url}/admin/art-found/artifacts")
    grid = page.get_by_role("grid", name="Artifacts")
    names = grid.get_by_role("row").get_by_role("link")
    expect(names).to_have_text(["tulips", "net", "roses"])  # what changed last comes first
    assert problems(page) == []

    page.get_by_role("button", name="Name").click()
    expect(names).to_have_text(["net", "roses", "tulips"])
    page.get_by_role("link", name="dataset").click()
    expect(names).to_have_text(["roses", "tulips"])
    page.get_by_role("button", name="spring").click()
    expect(names).to_have_text(["tulips"])
    page.reload()  # the address has it all
    expect(names).to_have_text(["tulips"])
    page.get_by_role("button", name="spring").click()
    page.get_by_role("textbox", name="Search artifacts").fill("ROS")
    expect(names).to_have_text(["roses"])
    page.get_by_role("textbox", name="Search artifacts").fill("nothing such")
    expect(page.get_by_text("No artifact matches")).to_be_visible()


def test_versions_appear_while_the_page_is_open_with_their_metadata_as_columns(
    page: Page, server_process: ServerProcess
) -> None:
    shelf = Shelf(server_process, "art-live")
    shelf.log("net", {"a": b"0"}, type="model", metadata={"loss": 0.5, "inner": {"depth": 3}})
    page.goto(f"{server_process.url}/admin/art-live/artifacts/model/net")
    rows = page.get_by_role("grid", name="Versions").get_by_role("row")
    expect(rows.nth(1)).to_contain_text("0.5")
    page.evaluate("window.sameDocument = true")
    run = shelf.run("maker", display_name="the maker")
    shelf.log("net", {"a": b"1"}, type="model", run=run, metadata={"loss": 0.25}, aliases=["best"])
    expect(rows.nth(1)).to_contain_text("best")
    expect(rows.nth(1)).to_contain_text("0.25")
    expect(rows.nth(1).get_by_role("link", name="the maker")).to_be_visible()
    assert page.evaluate("window.sameDocument"), "the page was loaded again"
    assert problems(page) == []

    page.get_by_role("button", name="Columns").click()
    page.get_by_role("checkbox", name="inner.depth").uncheck()
    page.keyboard.press("Escape")
    expect(page.get_by_role("columnheader", name="inner.depth")).to_have_count(0)
    field = page.get_by_role("textbox", name="Filter versions")
    field.fill("metadata.loss < 0.3")
    expect(page.get_by_text("1 version", exact=True)).to_be_visible()
    field.fill("metadata.loss <")
    expect(page.get_by_role("alert")).to_be_visible()
    page.goto(f"{server_process.url}/admin/art-live/artifacts/model/net?tab=plots")
    expect(page.get_by_role("img", name="loss")).to_be_visible()


def test_two_versions_are_compared_file_by_file(page: Page, server_process: ServerProcess) -> None:
    shelf = Shelf(server_process, "art-compare")
    shelf.log("pets", {"same": b"1", "old": b"2", "other": b"3"}, metadata={"n": 10, "k": "v"})
    shelf.log("pets", {"same": b"1", "new": b"22", "other": b"4"}, metadata={"n": 25, "k": "v"})
    shelf.log("pets", {"same": b"1"})
    page.goto(f"{server_process.url}/admin/art-compare/artifacts/dataset/pets")
    for version in ("v0", "v1"):
        page.get_by_role("checkbox", name=f"Choose {version} for a comparison").check()
    page.get_by_role("button", name="Compare").click()
    files = page.get_by_role("region", name="Files")
    expect(files).to_contain_text("1 added")
    for path, kind in (("new", "Added"), ("old", "Removed"), ("other", "Changed")):
        expect(files.get_by_role("row", name=f"{kind} {path}")).to_be_visible()
    expect(files.get_by_role("row", name="same")).to_have_count(0)
    files.get_by_text("All", exact=True).click()
    expect(files.get_by_role("row", name="Unchanged same")).to_be_visible()
    metadata = page.get_by_role("region", name="Metadata")
    expect(metadata.get_by_role("row", name="Changed n")).to_contain_text("+15")
    expect(metadata).to_contain_text("1 unchanged")
    expect(metadata.get_by_role("row")).to_have_count(2)  # the heading, and what has changed
    assert problems(page) == []
    page.get_by_role("button", name="Swap the sides").click()
    expect(files.get_by_role("row", name="Added old")).to_be_visible()


def test_aliases_tags_and_description_are_edited_in_place(
    page: Page, server_process: ServerProcess
) -> None:
    shelf = Shelf(server_process, "art-edit")
    shelf.log("net", {"a": b"0"}, aliases=["old"])
    path = f"{shelf.path}/artifacts/collections/net/versions/v0"
    page.goto(f"{server_process.url}/admin/art-edit/artifacts/dataset/net/v0")
    page.get_by_role("button", name="Add an alias").click()
    page.get_by_role("textbox", name="Add an alias").fill("best")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Remove the alias best")).to_be_visible()
    page.get_by_role("button", name="Remove the alias old").click()
    expect(page.get_by_role("button", name="Remove the alias old")).to_have_count(0)
    page.get_by_role("button", name="Add a tag").click()
    page.get_by_role("textbox", name="Add a tag").fill("gold")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Remove gold")).to_be_visible()
    page.get_by_role("button", name="Edit the description").click()
    page.get_by_role("textbox", name="Description").fill("trained twice")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("trained twice")).to_be_visible()
    page.get_by_role("button", name="Change how long it is kept").click()
    page.get_by_role("combobox", name="Kept").select_option(label="for 30d")
    expect(page.get_by_text("expires")).to_be_visible()
    found = server_process.get(path)
    assert (found["aliases"], found["tags"]) == (["best", "latest"], ["gold"])
    assert (found["description"], found["ttl"]) == ("trained twice", 30 * 86_400)

    page.get_by_role("button", name="Add an alias").click()
    page.get_by_role("textbox", name="Add an alias").fill("v7")  # a number is no alias
    page.keyboard.press("Enter")
    expect(page.get_by_text("That did not work")).to_be_visible()


def test_a_deletion_says_what_it_frees_and_minds_aliases(
    page: Page, server_process: ServerProcess
) -> None:
    shelf = Shelf(server_process, "art-delete")
    shared, own = b"shared" * 1000, b"own" * 20_000
    kept = shelf.log("net", {"shared": shared})
    shelf.log("net", {"shared": shared, "own": own}, aliases=["best"])
    shelf.use(shelf.run("user"), kept["id"])
    place = f"{shelf.path}/artifacts/collections/net/versions/v1"
    dry = shelf.call("DELETE", f"{place}?dry_run=true&with_aliases=true")
    assert len(own) < dry["bytes"] < len(own) + len(shared)
    page.goto(f"{server_process.url}/admin/art-delete/artifacts/dataset/net/v1")
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Delete the version").click()
    dialog = page.get_by_role("dialog", name="Delete net:v1?")
    expect(dialog).to_contain_text(f"{dry['bytes'] / 1000:.1f} kB")
    expect(dialog.get_by_role("button", name="Delete")).to_be_disabled()
    assert problems(page) == []
    dialog.get_by_role("checkbox").check()
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("freed")).to_be_visible()
    expect(page.get_by_role("grid", name="Versions").get_by_role("link", name="v0")).to_be_visible()
    assert server_process.request("GET", place)[0] == 404
    page.goto(f"{server_process.url}/admin/art-delete/artifacts/dataset/net?tab=history")
    expect(page.get_by_role("region", name="History")).to_contain_text("Deleted")

    page.goto(f"{server_process.url}/admin/art-delete/artifacts/dataset/net/v0")
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Delete the version").click()
    expect(page.get_by_text("1 run or link depends on this version")).to_be_visible()


def test_ten_thousand_files_are_scrolled_and_searched(
    page: Page, server_process: ServerProcess
) -> None:
    shelf = Shelf(server_process, "art-many")
    files = {f"part-{n % 7}/{n:05}.txt": b"same" for n in range(10_000)}
    shelf.log("many", {**files, "z.json": json.dumps({"deep": [1, 2]}).encode()})
    page.goto(f"{server_process.url}/admin/art-many/artifacts/dataset/many/v0/files")
    tree = page.get_by_role("tree", name="Files")
    expect(page.get_by_text("10,001 files").first).to_be_visible()
    expect(tree.get_by_role("treeitem", name="part-6")).to_contain_text("1,428")  # all were read
    tree.get_by_role("treeitem", name="part-0").click()
    assert tree.get_by_role("treeitem").count() < 200
    tree.focus()
    page.keyboard.press("End")
    expect(tree.get_by_role("treeitem", name="z.json")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text('"deep": [')).to_be_visible()
    page.get_by_role("textbox", name="Search files").fill("04321")
    expect(page.get_by_text("1 file", exact=True)).to_be_visible()
    tree.get_by_role("treeitem", name="04321.txt").click()
    expect(page.get_by_text("same", exact=True)).to_be_visible()


def test_the_palette_and_keys_lead_to_artifacts(page: Page, server_process: ServerProcess) -> None:
    shelf = Shelf(server_process, "art-keys")
    shelf.log("zinnia", {"a": b"0"})
    shelf.log("aster", {"a": b"1"})
    page.goto(f"{server_process.url}/admin/art-keys/runs")
    expect(page.get_by_role("heading", name="Send your first run")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("a")
    expect(page.get_by_role("grid", name="Artifacts")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="aster")).to_be_visible()
    expect(page.get_by_role("link", name="v0")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Enter")  # the drawer first
    expect(page.get_by_role("dialog", name="aster:v0")).to_contain_text("Full name")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.type("zinn")
    page.get_by_role("option", name="zinnia").click()
    expect(page.get_by_role("heading", name="zinnia")).to_be_visible()
