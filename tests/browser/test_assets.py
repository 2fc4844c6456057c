"""Assets on the screen: ops and their code, models, prompts, and datasets that are edited."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.assets import shop
from tests.browser.axe import problems
from tests.processes import ServerProcess

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def latest(server: ServerProcess, project: str, name: str) -> Any:
    path = f"/projects/admin/{project}/objects/object/{name}/versions/latest"
    return server.get(path)


def rows(server: ServerProcess, project: str, version: Any) -> list[dict[str, Any]]:
    found = server.get(f"/projects/admin/{project}/tables/{version['table']}/rows?limit=1000")
    return [row["value"] for row in found["items"]]


def test_an_op_is_found_read_and_compared(page: Page, server_process: ServerProcess) -> None:
    made = shop(server_process, "assets-op", versions=12)
    page.goto(f"{server_process.url}/{made.place}/assets")
    tabs = page.get_by_role("navigation", name="Kinds of assets")
    expect(tabs.get_by_role("link", name="Prompts 2")).to_be_visible()
    items = page.get_by_role("row").filter(has=page.get_by_role("link"))
    expect(items).to_have_count(5)
    assert problems(page) == []
    page.get_by_role("textbox", name="Search names").fill("RETR")
    expect(items).to_have_count(1)
    expect(items.nth(0)).to_contain_text("v11")
    expect(items.nth(0)).to_contain_text("12")
    tabs.get_by_role("link", name="Datasets 0").click()
    expect(page.get_by_text("No asset matches")).to_be_visible()
    tabs.get_by_role("link", name="Ops").click()
    items.nth(0).get_by_role("link").click()

    expect(page).to_have_url(re.compile(r"/assets/op/retrieve$"))
    expect(page.get_by_text("def retrieve(question: str, top: int = 15)")).to_be_visible()
    assert problems(page) == []
    page.get_by_role("button", name="Choose a version").click()
    choices = page.get_by_role("option")
    page.get_by_role("combobox", name="Search versions").fill("v7")
    expect(choices).to_have_count(1)
    assert problems(page) == []
    page.keyboard.press("Enter")
    expect(page.get_by_text("top: int = 11)")).to_be_visible()
    expect(page).to_have_url(re.compile("version=v7"))
    page.get_by_role("link", name="Calls", exact=True).click()
    calls = page.get_by_role("row").filter(has=page.get_by_role("link"))
    expect(calls).to_have_count(1)
    page.get_by_text("All versions").click()
    expect(calls).to_have_count(9)
    page.get_by_role("link", name="Compare", exact=True).click()
    code = page.get_by_role("region", name="obj.py")
    expect(code.locator("mark")).to_have_text(["10", "11"])
    page.get_by_role("button", name="After").click()
    page.get_by_role("combobox", name="Search versions").fill("v3")
    page.keyboard.press("Enter")
    expect(code.locator("mark")).to_have_text(["10", "7"])
    page.reload()
    expect(code.locator("mark")).to_have_text(["10", "7"])
    assert problems(page) == []
    page.get_by_role("link", name="Use", exact=True).click()
    expect(page.get_by_text('weave.ref("retrieve:v7").get()')).to_be_visible()

    page.get_by_role("button", name="Add a tag").click()
    page.get_by_role("textbox", name="Add a tag").fill("reviewed")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Remove reviewed")).to_be_visible()
    page.goto(f"{server_process.url}/{made.place}/weave/objects/searcher/versions/latest")
    expect(page).to_have_url(re.compile("/assets/object/searcher"))
    page.get_by_role("link", name="Code", exact=True).click()
    expect(page.get_by_text("top: int = 15)")).to_be_visible()
    page.get_by_role("link", name="retrieve").click()
    expect(page.get_by_role("heading", name="retrieve")).to_be_visible()


def test_a_dataset_is_edited_as_a_sheet_and_published(
    page: Page, server_process: ServerProcess
) -> None:
    made = shop(server_process, "assets-sheet")
    page.goto(f"{server_process.url}/{made.place}/assets/object/queries")
    sheet = page.get_by_role("grid", name="queries")
    cells = sheet.get_by_role("gridcell")
    expect(cells.nth(1)).to_have_text("ゲーミングチェア 0")
    expect(sheet.locator("img").first).to_have_js_property("complete", True)
    assert sheet.locator("img").first.evaluate("it => it.naturalWidth") == 16
    assert problems(page) == []

    sheet.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.keyboard.type("!")
    page.keyboard.press("Enter")
    expect(cells.nth(1)).to_have_text("ゲーミングチェア 0!")
    for key in ("ArrowRight", "ArrowRight", "4", "2", "Enter"):
        page.keyboard.press(key)
    expect(sheet.get_by_role("row").nth(2)).to_contain_text("42")
    page.get_by_role("button", name="Undo").click()
    expect(sheet.get_by_role("row").nth(2)).to_contain_text("1,050")
    page.get_by_role("button", name="Redo").click()
    sheet.get_by_role("row").nth(3).hover()
    page.get_by_role("button", name="Remove row 3").click()

    page.get_by_role("button", name="Add row").click()
    expect(sheet.get_by_text("25", exact=True)).to_be_visible()
    page.evaluate(
        """() => {
          const data = new DataTransfer();
          data.setData("text/plain", "鍋\\t土鍋\\tE\\t100\\nfan\\tDesk fan\\tS\\t200\\n");
          document.querySelector("[role=grid]").dispatchEvent(
            new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
        }"""
    )
    expect(sheet.get_by_text("Desk fan")).to_be_visible()
    page.reload()  # what nobody has published yet is still there
    expect(page.get_by_text("24 rows · 5 changed")).to_be_visible()
    page.get_by_role("button", name="Import").click()
    page.get_by_label("CSV, TSV, JSON or JSONL file").set_input_files(
        {
            "name": "more.jsonl",
            "mimeType": "application/jsonl",
            "buffer": b'{"query": "mug", "price": 5}\nnonsense\n',
        }
    )
    expect(page.get_by_text("1 line could not be read")).to_be_visible()
    assert problems(page) == []
    page.get_by_role("button", name="Take 1 row").click()
    page.get_by_role("button", name="Publish version").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("3 added")
    expect(dialog).to_contain_text("1 removed")
    expect(dialog).to_contain_text("2 changed")
    assert problems(page) == []
    dialog.get_by_role("button", name="Publish version").click()
    expect(page.get_by_text("Published as queries:v2")).to_be_visible()
    stored = rows(server_process, "assets-sheet", latest(server_process, "assets-sheet", "queries"))
    assert len(stored) == 26
    assert (stored[0]["title"], stored[1]["price"]) == ("ゲーミングチェア 0!", 42)
    assert stored[-3:] == [
        {"query": "鍋", "title": "土鍋", "label": "E", "price": 100},
        {"query": "fan", "title": "Desk fan", "label": "S", "price": 200},
        {"query": "mug", "price": 5},
    ]

    page.get_by_role("link", name="Compare", exact=True).click()
    expect(page.get_by_text("3 added")).to_be_visible()
    assert problems(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.get_by_text("3 added")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_prompt_is_filled_in_and_published(page: Page, server_process: ServerProcess) -> None:
    made = shop(server_process, "assets-prompt")
    page.goto(f"{server_process.url}/{made.place}/assets/object/rate-product")
    preview = page.get_by_role("region", name="Preview")
    expect(preview).to_contain_text("{query}")
    page.get_by_role("textbox", name="query").fill("赤いランプ")
    expect(preview).to_contain_text("Query: 赤いランプ")
    page.get_by_role("combobox", name="Values from a dataset").select_option("queries")
    page.get_by_role("button", name="Fill in").click()
    expect(preview).to_contain_text("ゲーミングチェア 0")
    assert problems(page) == []
    page.get_by_role("textbox", name="Text of message 2").fill("{query} / {brand}")
    expect(page.get_by_role("textbox", name="brand")).to_be_visible()
    page.get_by_role("button", name="Publish version").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("{query} / {brand}")
    assert problems(page) == []
    dialog.get_by_role("button", name="Publish version").click()
    expect(page.get_by_text("Published as rate-product:v2")).to_be_visible()
    value = latest(server_process, "assets-prompt", "rate-product")["value"]
    assert value["messages"][1] == {"role": "user", "content": "{query} / {brand}"}
    assert value["_class_name"] == "MessagesPrompt"


def test_calls_show_their_code_and_become_rows(page: Page, server_process: ServerProcess) -> None:
    made = shop(server_process, "assets-calls")
    page.goto(f"{server_process.url}/{made.place}/traces/assets-calls-shop4")
    panel = page.get_by_label("Call", exact=True).first
    panel.get_by_text("Code", exact=True).click()
    expect(panel.get_by_text("top: int = 5)")).to_be_visible()
    panel.get_by_role("button", name="Compare with another version").click()
    page.get_by_role("combobox", name="Search versions").fill("v2")
    page.keyboard.press("Enter")
    expect(panel.locator("mark")).to_have_text(["6", "5"])
    assert problems(page) == []

    page.get_by_role("link", name="Back to the traces").click()
    boxes = page.get_by_role("checkbox", name="Select retrieve")
    expect(boxes).to_have_count(9)
    boxes.nth(0).check()
    boxes.nth(2).check()
    page.get_by_role("button", name="Add to dataset").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Name").fill("from-traces")
    dialog.get_by_role("textbox", name="Column: output").fill("found")
    dialog.get_by_role("checkbox", name="Take inputs.top").uncheck()
    assert problems(page) == []
    dialog.get_by_role("button", name="Add to dataset").click()
    expect(page.get_by_text("2 rows added as from-traces:v0")).to_be_visible()
    stored = rows(
        server_process, "assets-calls", latest(server_process, "assets-calls", "from-traces")
    )
    assert [sorted(row) for row in stored] == [["found", "question", "source"]] * 2
    page.goto(f"{server_process.url}/{made.place}/assets/object/from-traces")
    page.get_by_role("grid").get_by_role("link").first.click()
    expect(page).to_have_url(re.compile("/traces/assets-calls-shop8"))
