"""The table of runs: columns, groups, cells that are edited, many runs changed, and exports."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Locator, Page, expect
from tests.processes import Program, ServerProcess, eventually

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

COURSES = """
import kiseki
for number in range(2):
    with kiseki.init(project="courses", id=f"c{number}", name=f"course {number}") as run:
        for step in range(20):
            run.log({"loss": 1 / (step + 1 + number)})
"""


def seed(server: ServerProcess, project: str, count: int = 6) -> None:
    for number in range(count):
        body = {
            "display_name": f"run {number}",
            "config": {"lr": number, "model": {"kind": "cnn" if number % 3 else "mlp"}},
            "summary": {"loss": number / 10, "acc": "NaN" if number == 5 else 1 - number / 10},
            "tags": ["old"] if number < 2 else [],
            "metrics": [{"name": "loss", "goal": "minimize"}],
        }
        answer = server.request("PUT", f"/projects/admin/{project}/runs/r{number}", body)
        assert answer[0] < 300, answer


def names(page: Page) -> Locator:
    return page.get_by_role("row").locator("[role=gridcell]:first-child")


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has_text=name)


def menu(page: Page, column: str, item: str) -> None:
    page.get_by_role("button", name=f"Column {column}").click()
    page.get_by_role("menuitem", name=item).click()


def headings(page: Page) -> list[str]:
    return page.get_by_role("columnheader").all_inner_texts()


def test_columns_are_moved_pinned_resized_and_kept(
    page: Page, server_process: ServerProcess
) -> None:
    seed(server_process, "arranged")
    page.goto(f"{server_process.url}/admin/arranged/runs?columns=state,config.lr,summary.loss")
    page.get_by_role("columnheader", name="loss").drag_to(
        page.get_by_role("columnheader", name="State")
    )
    expect(page.get_by_role("columnheader").nth(1)).to_contain_text("loss")
    menu(page, "lr", "Pin to the left")
    expect(page.get_by_role("columnheader").nth(1)).to_contain_text("lr")
    edge = page.get_by_role("columnheader", name="loss").locator("span").last
    box = edge.bounding_box()
    assert box is not None
    before = page.get_by_role("columnheader", name="loss").bounding_box()
    page.mouse.move(box["x"] + 3, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 123, box["y"] + 5, steps=4)
    page.mouse.up()
    page.reload()
    expect(page.get_by_role("columnheader").nth(1)).to_contain_text("lr")
    expect(page.get_by_role("columnheader").nth(2)).to_contain_text("loss")
    after = page.get_by_role("columnheader", name="loss").bounding_box()
    assert before is not None
    assert after is not None
    assert after["width"] == pytest.approx(before["width"] + 120, abs=6)


def test_several_columns_sort_and_the_keyboard_opens_a_row(
    page: Page, server_process: ServerProcess
) -> None:
    seed(server_process, "sorted")
    page.goto(f"{server_process.url}/admin/sorted/runs?columns=config.model.kind,config.lr")
    page.get_by_role("columnheader", name="model.kind").get_by_role("button").first.click()
    lr = page.get_by_role("columnheader", name="lr").get_by_role("button").first
    lr.click(modifiers=["Shift"])
    lr.click(modifiers=["Shift"])
    expect(names(page)).to_have_text(["run 5", "run 4", "run 2", "run 1", "run 3", "run 0"])
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="run 4")).to_be_visible()


def test_cells_are_edited_in_their_place(page: Page, server_process: ServerProcess) -> None:
    seed(server_process, "edited")
    page.goto(f"{server_process.url}/admin/edited/runs?columns=tags,notes,group")

    def write(column: str, text: str) -> None:
        page.get_by_role("button", name=f"{column} of run 3").click()
        page.get_by_role("dialog").get_by_role("textbox").fill(text)
        page.get_by_role("dialog").get_by_role("button", name="Save").click()
        expect(page.get_by_role("dialog")).to_have_count(0)

    write("Tags", "best, 候補,best")
    write("Notes", "the one\nto keep")
    write("Group", "sweep-1")
    write("Name", "winner")
    expect(row(page, "winner")).to_contain_text("候補")
    run = server_process.get("/projects/admin/edited/runs/r3")
    assert (run["tags"], run["notes"], run["group"], run["display_name"]) == (
        ["best", "候補"],
        "the one\nto keep",
        "sweep-1",
        "winner",
    )
    expect(page.get_by_role("dialog")).to_have_count(0)  # editing has not opened the drawer


def test_formulas_heat_and_the_baseline(page: Page, server_process: ServerProcess) -> None:
    seed(server_process, "computed")
    page.goto(f"{server_process.url}/admin/computed/runs?columns=summary.loss&base=r1")
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("button", name="Add a formula").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Heading").fill("per step")
    dialog.get_by_label("Formula").fill("summary.loss * )")
    expect(dialog.get_by_text("cannot be read at: )")).to_be_visible()
    expect(dialog.get_by_role("button", name="Save")).to_be_disabled()
    dialog.get_by_label("Formula").fill("1000 * ${summary.loss} / (config.lr + 1)")
    dialog.get_by_role("button", name="Save").click()
    cells = row(page, "run 4").get_by_role("gridcell")
    expect(cells.nth(2)).to_contain_text("80")
    expect(cells.nth(1)).to_contain_text("+0.3")  # 0.4 beside 0.1 of the baseline, which is worse
    expect(cells.nth(1).locator("[data-better=false]")).to_have_count(1)
    expect(row(page, "run 0").locator("[data-better=true]")).to_have_text("−0.1")

    menu(page, "loss", "Colour by value")
    colors = [
        row(page, f"run {number}")
        .get_by_role("gridcell")
        .nth(1)
        .evaluate("cell => getComputedStyle(cell).backgroundImage")
        for number in (0, 2, 5)
    ]
    assert len(set(colors)) == 3
    assert "none" not in colors
    page.reload()
    expect(row(page, "run 4").get_by_role("gridcell").nth(2)).to_contain_text("80")


def test_the_course_of_a_metric_is_drawn_in_its_cell(
    page: Page, server_process: ServerProcess, tmp_path: Path
) -> None:
    environment = {**server_process.client_environment, "KISEKI_DIR": str(tmp_path)}
    program = Program(COURSES, environment=environment, directory=tmp_path)
    assert program.wait() == 0, program.output
    search = ("POST", "/projects/admin/courses/runs/search", {"filter": 'state = "finished"'})
    eventually(lambda: server_process.request(*search)[1]["total"] == 2)
    page.goto(f"{server_process.url}/admin/courses/runs?columns=state")
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("group", name="Course of a metric").get_by_text("loss").click()
    page.keyboard.press("Escape")
    line = row(page, "course 0").get_by_role("img", name="loss over time")
    expect(line).to_be_visible()
    path = line.locator("path").get_attribute("d")
    assert path is not None
    assert path.count("L") + path.count(" ") > 10


def test_runs_are_put_together_and_a_group_opens(page: Page, server_process: ServerProcess) -> None:
    seed(server_process, "grouped")
    page.goto(f"{server_process.url}/admin/grouped/runs?columns=summary.loss,summary.acc")
    page.get_by_role("button", name="Group", exact=True).click()
    page.get_by_role("checkbox", name="config.model.kind").check()
    page.keyboard.press("Escape")
    expect(names(page)).to_have_text(["model.kind: cnn4", "model.kind: mlp2"])
    cells = row(page, "mlp").get_by_role("gridcell")
    expect(cells.nth(1)).to_have_text("0.15 ± 0.21")  # of 0 and 0.3
    page.get_by_role("button", name="model.kind: mlp").click()
    expect(names(page)).to_have_text(["model.kind: cnn4", "model.kind: mlp2", "run 3", "run 0"])
    # What is no number has no part in the means: of 0.9, 0.8, 0.6 and NaN.
    expect(row(page, "cnn").get_by_role("gridcell").nth(2)).to_contain_text("0.7667")


def test_many_runs_are_tagged_grouped_and_deleted(
    page: Page, server_process: ServerProcess
) -> None:
    seed(server_process, "many-changed")
    page.goto(f"{server_process.url}/admin/many-changed/runs?columns=tags,group")
    page.get_by_role("checkbox", name="Select run 1").check()
    page.get_by_role("checkbox", name="Select run 4").click(modifiers=["Shift"])
    bar = page.get_by_role("region", name="Selected runs")
    expect(bar).to_contain_text("4 runs selected")
    bar.get_by_role("button", name="Tags").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Add").fill("keep")
    dialog.get_by_role("button", name="old").click()
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("4 runs changed")).to_be_visible()
    bar.get_by_role("button", name="Select all 6").click()
    expect(bar).to_contain_text("6 runs selected")
    bar.get_by_role("button", name="Group").click()
    dialog.get_by_label("Group").fill("all of them")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("6 runs changed")).to_be_visible()

    def state() -> list[tuple[str, list[str], str]]:
        found = server_process.request("POST", "/projects/admin/many-changed/runs/search", {})[1]
        return sorted((run["id"], run["tags"], run["group"]) for run in found["items"])

    assert state() == [
        ("r0", ["old"], "all of them"),
        *((f"r{number}", ["keep"], "all of them") for number in range(1, 5)),
        ("r5", [], "all of them"),
    ]
    page.keyboard.press("Escape")
    expect(bar).to_have_count(0)
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(bar).to_contain_text("1 run selected")
    bar.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(names(page)).to_have_count(5)
    assert [run[0] for run in state()] == ["r0", "r1", "r2", "r3", "r4"]
    bar.get_by_role("button", name="Restore").click()
    expect(names(page)).to_have_count(6)
    assert [run[0] for run in state()] == ["r0", "r1", "r2", "r3", "r4", "r5"]


def test_runs_that_are_over_move_and_the_others_stay(
    page: Page, server_process: ServerProcess
) -> None:
    seed(server_process, "moved-from", 3)
    seed(server_process, "moved-to", 1)
    for run in ("r1", "r2"):
        path = f"/projects/admin/moved-from/runs/{run}"
        assert server_process.request("PATCH", path, {"state": "finished"})[0] < 300
    page.goto(f"{server_process.url}/admin/moved-from/runs?columns=state")
    page.get_by_role("checkbox", name="Select the rows that are loaded").check()
    bar = page.get_by_role("region", name="Selected runs")
    bar.get_by_role("button", name="Move").click()
    page.get_by_label("Project", exact=True).fill("admin/moved-to")
    page.get_by_role("dialog").get_by_role("button", name="Move").click()
    expect(page.get_by_text("1 run was refused, 2 were changed. r0:")).to_be_visible()
    expect(names(page)).to_have_text(["run 0"])
    expect(bar).to_contain_text("1 run selected")  # the one that was refused
    moved = server_process.request("POST", "/projects/admin/moved-to/runs/search", {})[1]
    assert sorted(run["id"] for run in moved["items"]) == ["r0", "r1", "r2"]


def test_exports_hold_every_row_that_matches(page: Page, server_process: ServerProcess) -> None:
    seed(server_process, "exported")
    query = "columns=summary.loss,summary.acc,tags&filter=config.lr+>+0"
    page.goto(f"{server_process.url}/admin/exported/runs?{query}")
    expect(names(page)).to_have_count(5)

    def export(kind: str) -> bytes:
        page.get_by_role("button", name="Export").click()
        with page.expect_download() as download:
            page.get_by_role("menuitem", name=kind).click()
        return download.value.path().read_bytes()

    rows = list(csv.DictReader(io.StringIO(export("CSV").decode("utf-8-sig"))))
    assert [r["id"] for r in rows] == ["r5", "r4", "r3", "r2", "r1"]
    assert rows[1] == {
        "id": "r4",
        "display_name": "run 4",
        "summary.loss": "0.4",
        "summary.acc": "0.6",
        "tags": "[]",
    }
    lines = [json.loads(line) for line in export("JSON Lines").splitlines()]
    assert lines[-1] == {
        "id": "r1",
        "display_name": "run 1",
        "summary.loss": 0.1,
        "summary.acc": 0.9,
        "tags": ["old"],
    }
    table = pq.read_table(io.BytesIO(export("Parquet"))).to_pydict()
    assert table["id"] == ["r5", "r4", "r3", "r2", "r1"]
    assert table["summary.loss"] == [0.5, 0.4, 0.3, 0.2, 0.1]
    assert table["summary.acc"][0] != table["summary.acc"][0]  # NaN
