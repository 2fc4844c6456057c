"""Open, sign in and out, see points arrive, zoom, switch the axis: the main job on the screen."""

from __future__ import annotations

import re
import urllib.request
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect
from tests.processes import Program, ServerProcess, eventually

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

LIVE = """
import sys, kiseki
with kiseki.init(project="live", id={id!r}, config={{"lr": 0.1, "model": {{"depth": 3}}}}) as run:
    run.define_metric("best", summary="max")
    step = 0
    for line in sys.stdin:
        for _ in range(int(line)):
            run.log({{"loss": 1 / (step + 1), "epoch": step / 100, "best": step % 7}}, step=step)
            step += 1
        print("logged", step, flush=True)
"""


class Trainer:
    """A program that logs as many rows as it is told, when it is told."""

    def __init__(self, server: ServerProcess, directory: Path, id: str) -> None:
        self.program = Program(
            LIVE.format(id=id),
            environment={**server.client_environment, "KISEKI_DIR": str(directory)},
            directory=directory,
            stdin=True,
        )
        self.logged = 0
        path = f"/projects/admin/live/runs/{id}"
        eventually(lambda: server.request("GET", path)[0] == 200)

    def log(self, rows: int) -> None:
        self.logged += rows
        self.program.send(str(rows))
        eventually(lambda: f"logged {self.logged}" in self.program.lines)

    def finish(self) -> None:
        self.program.close_input()
        assert self.program.wait() == 0, self.program.output


def chart(page: Page, title: str, last: str) -> Locator:
    """The chart of a key once its x axis reaches up to a value."""
    return page.get_by_role(
        "img", name=re.compile(rf"^{title}: line chart .*X from \S+ – {last}\.")
    )


def sign_in(page: Page, key: str) -> None:
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Sign in").click()


def test_nothing_is_shown_without_a_credential(
    visitor: Page, server_process: ServerProcess
) -> None:
    visitor.goto(f"{server_process.url}/admin/secret/runs/abc")
    expect(visitor.get_by_role("heading", name="Sign in")).to_be_visible()
    assert urlsplit(visitor.url).path == "/signin"
    answer = visitor.request.get(f"{server_process.url}/api/v1/projects")
    assert answer.status == 401
    sign_in(visitor, "kiseki-" + "0" * 40)
    expect(visitor.get_by_text("This key is not known here")).to_be_visible()


def test_sign_in_returns_to_the_page_and_sign_out_ends_the_session(
    visitor: Page, context: BrowserContext, server_process: ServerProcess
) -> None:
    visitor.goto(f"{server_process.url}/settings")
    sign_in(visitor, server_process.key)
    expect(visitor.get_by_role("heading", name="Settings")).to_be_visible()
    cookie = next(c for c in context.cookies() if c["name"] == "kiseki_session")
    assert cookie["httpOnly"]
    assert cookie["sameSite"] in ("Lax", "Strict")

    visitor.get_by_role("button", name="Account").click()
    visitor.get_by_role("menuitem", name="Sign out").click()
    expect(visitor.get_by_role("heading", name="Sign in")).to_be_visible()
    context.add_cookies([cookie])  # the session is over on the server, not only in the browser
    assert visitor.request.get(f"{server_process.url}/api/v1/session").status == 401


def test_the_printed_address_signs_in_once(visitor: Page, server_process: ServerProcess) -> None:
    found = re.search(r"(http://\S+/signin\?token=\S+)", server_process.output())
    assert found is not None
    visitor.goto(found.group(1))
    expect(visitor.get_by_role("heading", name="Projects", exact=True)).to_be_visible()
    assert "token" not in parse_qs(urlsplit(visitor.url).query)
    visitor.context.clear_cookies()
    visitor.goto(found.group(1))
    expect(visitor.get_by_text("has expired or was used before")).to_be_visible()


def test_points_arrive_while_the_page_is_open(
    page: Page, server_process: ServerProcess, tmp_path: Path
) -> None:
    trainer = Trainer(server_process, tmp_path, "watched")
    trainer.log(100)
    page.goto(f"{server_process.url}/admin/live")
    expect(chart(page, "loss", "99")).to_be_visible()
    page.evaluate("window.sameDocument = true")
    trainer.log(150)
    expect(chart(page, "loss", "249")).to_be_visible()
    assert page.evaluate("window.sameDocument"), "the page was loaded again"

    page.goto(f"{server_process.url}/-/live/runs/watched")  # as the program printed it
    expect(page.get_by_text("Running").first).to_be_visible()
    trainer.finish()
    expect(page.get_by_text("Finished").first).to_be_visible()
    # The summary is the server's: max of step % 7, the last loss of step 249.
    row = page.get_by_role("row").filter(has_text="best")
    expect(row).to_contain_text("6")
    expect(page.get_by_role("row").filter(has_text="loss")).to_contain_text("0.004")
    expect(page.get_by_text("depth")).to_be_visible()


def test_zoom_asks_the_server_for_the_exact_range(
    page: Page, server_process: ServerProcess, tmp_path: Path
) -> None:
    """One spike of a single step among 20,000 is on the chart, and zooming reaches its raw rows."""
    program = Program(
        """
import kiseki
with kiseki.init(project="zoom", id="spike") as run:
    for step in range(20_000):
        run.log({"signal": 500.0 if step == 12_345 else 1.0}, step=step)
""",
        environment={**server_process.client_environment, "KISEKI_DIR": str(tmp_path)},
        directory=tmp_path,
    )
    assert program.wait() == 0, program.output
    page.goto(f"{server_process.url}/admin/zoom")
    whole = page.get_by_role(
        "img", name=re.compile(r"^signal: .*X from 0 – 19,?999\. Values from \S+ – 5\d\d")
    )
    expect(whole).to_be_visible()

    box = whole.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    with page.expect_request(lambda r: "/series" in r.url and "low" in (r.post_data or "")):
        page.mouse.move(box["x"] + box["width"] * 0.6, y)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.7, y, steps=5)
        page.mouse.up()
    expect(page.get_by_role("button", name="Reset zoom")).to_be_visible()
    zoomed = page.get_by_role("img", name=re.compile(r"^signal: .*Values from \S+ – 5\d\d"))
    expect(zoomed).to_be_visible()
    name = zoomed.get_attribute("aria-label") or ""
    found = re.search(r"X from ([\d,.]+) – ([\d,.]+)\.", name)
    assert found is not None, name
    low, high = (float(x.replace(",", "")) for x in found.groups())
    assert 10_000 < low < 12_345 < high < 16_000, name

    address = page.url
    page.get_by_role("button", name="Reset zoom").click()
    expect(whole).to_be_visible()
    page.goto(address)  # the whole view is in the address
    expect(page.get_by_role("button", name="Reset zoom")).to_be_visible()
    again = page.get_by_role("img", name=re.compile(re.escape(found.group(0))))
    expect(again).to_be_visible()


def test_the_x_axis_can_be_any_logged_key(
    page: Page, server_process: ServerProcess, tmp_path: Path
) -> None:
    trainer = Trainer(server_process, tmp_path, "axes")
    trainer.log(201)
    trainer.finish()
    page.goto(f"{server_process.url}/admin/live/runs/axes/charts")
    expect(chart(page, "loss", "200")).to_be_visible()
    page.get_by_label("X axis").select_option(label="epoch")
    expect(chart(page, "loss", "2")).to_be_visible()  # epoch is step / 100
    assert "epoch" in page.url
    page.get_by_label("X axis").select_option(label="Relative time")
    expect(
        page.get_by_role("img", name=re.compile(r"^loss: line chart .*X from \S+ – [\d.]+ ?m?s\."))
    ).to_be_visible()


def test_a_typed_filter_finds_runs_and_explains_its_errors(
    page: Page, server_process: ServerProcess, tmp_path: Path
) -> None:
    program = Program(
        """
import kiseki
for number in range(4):
    config = {"lr": 10.0 ** -number}
    with kiseki.init(project="filters", name=f"run {number}", config=config) as run:
        run.log({"acc": number / 10})
""",
        environment={**server_process.client_environment, "KISEKI_DIR": str(tmp_path)},
        directory=tmp_path,
    )
    assert program.wait() == 0, program.output
    page.goto(f"{server_process.url}/admin/filters/runs")
    expect(page.get_by_text("4 runs")).to_be_visible()
    field = page.get_by_role("combobox", name="Filter")
    field.fill("config.lr < 0.05 and summary.acc >= 0.3")
    field.press("Enter")
    expect(page.get_by_text("1 run", exact=True)).to_be_visible()
    expect(page.get_by_text("run 3")).to_be_visible()
    expect(page.get_by_text("run 0")).not_to_be_visible()
    field.fill("config.lr <")
    field.press("Enter")
    expect(page.get_by_text(re.compile(r"[Ee]xpected"))).to_be_visible()


def test_output_is_searched_on_the_server(
    page: Page, server_process: ServerProcess, tmp_path: Path
) -> None:
    program = Program(
        """
import kiseki
with kiseki.init(project="output", id="talks") as run:
    for number in range(3000):
        print(f"line {number} of the program")
    print("\\x1b[31mred words\\x1b[0m")
""",
        environment={**server_process.client_environment, "KISEKI_DIR": str(tmp_path)},
        directory=tmp_path,
    )
    assert program.wait() == 0, program.output
    page.goto(f"{server_process.url}/admin/output/runs/talks/logs")
    expect(page.get_by_text("red words")).to_be_visible()  # the newest lines are in view
    page.get_by_role("textbox", name="Search the log").fill("line 1[27]34 ")
    expect(page.get_by_text("line 1234 of the program")).to_be_visible()
    expect(page.get_by_text("line 1734 of the program")).to_be_visible()
    expect(page.get_by_text("line 2000 of the program")).not_to_be_visible()


def test_japanese_and_the_dark_theme(page: Page, server_process: ServerProcess) -> None:
    page.goto(f"{server_process.url}/settings")
    page.get_by_text("日本語").click()
    expect(page.get_by_role("heading", name="設定")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "ja"
    page.get_by_text("ダーク", exact=True).click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.get_by_role("heading", name="設定")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_the_page_loads_nothing_from_elsewhere(page: Page, server_process: ServerProcess) -> None:
    hosts: set[str] = set()
    page.on("request", lambda r: hosts.add(urlsplit(r.url).netloc))
    page.goto(f"{server_process.url}/")
    expect(page.get_by_role("heading", name="Projects", exact=True)).to_be_visible()
    assert hosts == {urlsplit(server_process.url).netloc}
    with urllib.request.urlopen(server_process.url) as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe-eval" not in policy
