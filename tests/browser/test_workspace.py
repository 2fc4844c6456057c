"""The workspace: panels that are added, arranged, set and kept; groups, pins and the baseline."""

from __future__ import annotations

import csv
import math
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.processes import Program, ServerProcess, eventually

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

RUNS = """
import kiseki
for number in range(6):
    config = {{"lr": (0.1, 0.01)[number // 3], "seed": number % 3}}
    with kiseki.init(project={project!r}, id=f"r{{number}}", name=f"run {{number}}",
                     config=config) as run:
        for step in range(5):
            run.log({{"loss": 10 * (number // 3) + number % 3 + step, "train/acc": step,
                      "train/err": 1 - step}})
"""


def seed(server: ServerProcess, directory: Path, project: str) -> str:
    """Six runs: two learning rates with three seeds each; the workspace's address."""
    environment = {**server.client_environment, "KISEKI_DIR": str(directory)}
    program = Program(RUNS.format(project=project), environment=environment, directory=directory)
    assert program.wait() == 0, program.output
    search = ("POST", f"/projects/admin/{project}/runs/search", {"filter": 'state = "finished"'})
    eventually(lambda: server.request(*search)[1]["total"] == 6)
    return f"{server.url}/admin/{project}"


def panel(page: Page, name: str) -> Locator:
    return page.get_by_role("article", name=name, exact=True)


def tool(page: Page, name: str, button: str) -> None:
    panel(page, name).hover()
    panel(page, name).get_by_role("button", name=button).click()


def section_names(page: Page) -> list[str]:
    return [
        re.sub(r"\s*\d+ panels?.*", "", text.replace("\n", " ")).strip()
        for text in page.locator("h2 > button[aria-expanded]").all_inner_texts()
    ]


def panel_names(page: Page, section: str) -> Locator:
    return page.get_by_role("region", name=section, exact=True).get_by_role("heading", level=3)


def menu(page: Page, name: str, item: str) -> None:
    tool(page, name, "Panel menu")
    page.get_by_role("menuitem", name=item).click()


def table_of(page: Page, name: str) -> list[list[str]]:
    """The numbers of a line panel, as its table shows them."""
    menu(page, name, "Show as table")
    rows = panel(page, name).locator("tbody tr")
    expect(rows.first).to_be_visible()
    return [row.locator("th, td").all_inner_texts() for row in rows.all()]


def test_panels_are_moved_duplicated_removed_and_brought_back(
    page: Page, server_process: ServerProcess, tmp_path: Path
) -> None:
    url = seed(server_process, tmp_path, "arranged-panels")
    page.goto(url)
    expect(panel_names(page, "train")).to_have_text(["train/acc", "train/err"])
    menu(page, "train/err", "Move forward")
    expect(panel_names(page, "train")).to_have_text(["train/err", "train/acc"])
    menu(page, "train/acc", "Duplicate")
    expect(panel_names(page, "train")).to_have_text(["train/err", "train/acc", "train/acc"])
    menu(page, "loss", "Remove the panel")
    expect(panel(page, "loss")).to_have_count(0)
    page.get_by_role("article", name="train/err").locator("header").drag_to(
        page.get_by_role("article", name="train/acc").last
    )
    expect(panel_names(page, "train")).to_have_text(["train/acc", "train/err", "train/acc"])
    page.reload()
    expect(panel_names(page, "train")).to_have_text(["train/acc", "train/err", "train/acc"])
    expect(panel(page, "loss")).to_have_count(0)
    for _ in range(4):
        page.keyboard.press("Control+z")
    expect(panel_names(page, "train")).to_have_text(["train/acc", "train/err"])
    expect(panel(page, "loss")).to_have_count(1)


def test_sections_are_added_renamed_moved_and_filled(
    page: Page, server_process: ServerProcess, tmp_path: Path
) -> None:
    url = seed(server_process, tmp_path, "sections")
    page.goto(url)
    page.get_by_role("button", name="Add a section").click()
    expect(page.get_by_text("Nothing here yet")).to_be_visible()
    page.get_by_role("button", name="Section New section").click()
    page.get_by_role("menuitem", name="Rename the section").click()
    page.get_by_role("textbox", name="Rename the section").fill("まとめ")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Section まとめ").click()
    page.get_by_role("menuitem", name="Move up").click()
    assert eventually(lambda: section_names(page) == ["Charts", "まとめ", "train"])
    menu(page, "train/acc", "まとめ")
    expect(panel_names(page, "まとめ")).to_have_text(["train/acc"])
    page.get_by_role("button", name="Add a panel to まとめ").click()
    page.get_by_role("dialog").get_by_role("button", name="Text").click()
    page.get_by_role("textbox", name="Text").fill("# Findings\n\n<b>x</b> [a](javascript:alert(1))")
    page.get_by_role("button", name="Done").click()
    text = panel(page, "Text")
    expect(text.get_by_role("heading", name="Findings")).to_be_visible()
    expect(text.get_by_text("<b>x</b>")).to_be_visible()  # shown, not obeyed
    assert text.get_by_role("link").count() == 0 or not (
        text.get_by_role("link").first.get_attribute("href") or ""
    ).startswith("javascript")
    page.reload()
    assert eventually(lambda: section_names(page) == ["Charts", "まとめ", "train"])


def test_settings_go_from_the_page_over_the_section_to_the_panel(
    page: Page, server_process: ServerProcess, tmp_path: Path
) -> None:
    url = seed(server_process, tmp_path, "cascade")
    page.goto(f"{url}?first=1")
    tool(page, "train/acc", "Edit train/acc")
    editor = page.get_by_role("dialog", name="train/acc")
    editor.get_by_label("Expression instead of the keys").fill("10 * ${train/acc} + loss")
    editor.get_by_label("Text of the legend").fill("${run:displayName} at ${config:lr}")
    editor.get_by_role("button", name="Done").click()
    rows = table_of(page, "train/acc")
    assert "run 5 at 0.01" in " ".join(rows[0])
    assert {"12", "56"} <= set(rows[0])  # 10 × 0 + 12 and 10 × 4 + 16: the extremes
    expect(page.get_by_role("button", name="Own settings in 1 place")).to_be_visible()

    page.get_by_role("button", name="Options").click()
    page.get_by_role("button", name="Settings of all panels").click()
    page.get_by_role("dialog").get_by_label("Text of the legend").fill("${run:id}")
    page.keyboard.press("Escape")
    assert "r5" in " ".join(table_of(page, "loss")[0])
    assert "run 5 at 0.01" in " ".join(
        panel(page, "train/acc").locator("tbody tr").first.locator("th, td").all_inner_texts()
    )
    page.get_by_role("button", name="Own settings in 1 place").click()
    expect(panel(page, "train/acc").locator("tbody tr").first).to_contain_text("r5")


def test_seeds_are_put_together_with_mean_and_interval(
    page: Page, server_process: ServerProcess, tmp_path: Path
) -> None:
    url = seed(server_process, tmp_path, "seeds")
    page.goto(url)
    expect(panel(page, "loss").get_by_role("img")).to_be_visible()
    page.get_by_role("button", name="Group by").click()
    page.get_by_text("All config except").click()
    expect(page.get_by_role("checkbox", name="config.seed")).to_be_checked()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Options").click()
    page.get_by_role("button", name="Settings of all panels").click()
    page.get_by_role("dialog").get_by_label("Band of a group").select_option("interval")
    page.keyboard.press("Escape")
    with page.expect_download() as download:
        menu(page, "loss", "Download CSV")
    lines = download.value.path().read_text("utf-8-sig").splitlines()
    rows = list(csv.DictReader(lines))
    first = next(row for row in rows if row["series"] == "lr: 0.1 (3)" and row["x"] == "0")
    # At step 0 the seeds of lr 0.1 are 0, 1 and 2: t(2) = 4.303 and s = 1.
    half = 4.303 / math.sqrt(3)
    assert float(first["y"]) == pytest.approx(1)
    assert float(first["min"]) == pytest.approx(1 - half, abs=1e-3)
    assert float(first["max"]) == pytest.approx(1 + half, abs=1e-3)
    assert {row["series"] for row in rows} == {"lr: 0.1 (3)", "lr: 0.01 (3)"}


def test_new_panels_are_chosen_by_a_pattern_and_resized(
    page: Page, server_process: ServerProcess, tmp_path: Path
) -> None:
    url = seed(server_process, tmp_path, "added")
    page.goto(url)
    expect(panel(page, "loss")).to_be_visible()
    page.get_by_role("button", name="Add a panel", exact=True).click()
    dialog = page.get_by_role("dialog", name="Add a panel")
    dialog.get_by_role("button", name="Lines").click()
    dialog.get_by_label("Search keys").fill("^train/(acc|err)$")
    dialog.get_by_role("button", name="Tick 2").click()
    dialog.get_by_role("button", name="Add a panel").click()
    made = panel(page, "train/acc, train/err")
    expect(made.get_by_role("img")).to_be_visible()
    before = made.bounding_box()
    assert before is not None
    made.hover()
    corner = made.locator("span").last.bounding_box()
    assert corner is not None
    page.mouse.move(corner["x"] + 5, corner["y"] + 5)
    page.mouse.down()
    page.mouse.move(corner["x"] + 5 + before["width"], corner["y"] + 105, steps=5)
    page.mouse.up()
    page.reload()
    after = made.bounding_box()
    assert after is not None
    assert after["height"] == pytest.approx(before["height"] + 100, abs=8)
    assert after["width"] > 1.5 * before["width"]


def test_the_layout_is_saved_with_the_view_and_pins_stay_drawn(
    page: Page, server_process: ServerProcess, tmp_path: Path
) -> None:
    url = seed(server_process, tmp_path, "kept-view")
    page.goto(url)
    page.get_by_role("listitem").filter(has_text="run 0").hover()
    page.get_by_role("button", name="More for run 0").click()
    page.get_by_role("menuitem", name="Pin").click()
    page.get_by_role("button", name="More for run 1").click()
    page.get_by_role("menuitem", name="Compare the others").click()
    page.get_by_role("button", name="Which runs are drawn").click()
    page.get_by_role("menuitem", name="Hide all").click()
    expect(page.get_by_text("2 shown")).to_be_visible()  # what is pinned, and the baseline
    menu(page, "train/err", "Remove the panel")
    page.get_by_role("button", name="Saved views").click()
    page.get_by_role("menuitem", name="Save as a new view").click()
    page.get_by_label("Name of the view").fill("mine")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Saved views")).to_contain_text("mine")
    link = page.url
    page.evaluate("localStorage.clear()")
    page.goto("about:blank")
    page.goto(link)
    expect(page.get_by_text("2 shown")).to_be_visible()
    expect(panel(page, "train/acc")).to_be_visible()
    expect(panel(page, "train/err")).to_have_count(0)
    views: list[dict[str, Any]] = server_process.get("/projects/admin/kept-view/views")["items"]
    assert [(view["kind"], view["name"]) for view in views] == [("workspace", "mine")]
