"""Renders every page from real data into web/screenshots/, in both languages, themes and widths.

    make screenshots                       # all of them
    python tools/screenshots.py --readme   # only the picture of the README

The data is the demo's: `examples/digits.py`, and a few runs that went wrong.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402
from tests.processes import Program, ServerProcess, eventually  # noqa: E402
from tests.traces import pipeline  # noqa: E402
from tools import screenshots_artifacts  # noqa: E402

TARGET = ROOT / "web" / "screenshots"
CHROMIUM = os.environ.get("KISEKI_CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WIDE, NARROW = (1440, 900), (390, 844)

TROUBLE = """
import math, random, time
import kiseki

with kiseki.init(project="trouble", id="diverged", name="learning rate too high",
                 config={"lr": 3.0, "optimizer": {"name": "sgd", "momentum": 0.9}}) as run:
    value = 1.0
    for step in range(400):
        value *= 1.02 + random.random() / 50
        loss = value if step < 300 else math.inf if step < 320 else math.nan
        run.log({"loss": loss, "grad/norm": value ** 0.5, "lr": 3.0 * 0.99 ** step})
    print("warning: the loss is not finite any more")

run = kiseki.init(project="trouble", id="raised", name="データの読み込みに失敗", config={"lr": 0.1},
                  tags=["日本語", "debug"], notes="An exception in the loader.")
for step in range(50):
    run.log({"loss": 1 / (step + 1), "grad/norm": random.random()})
print("\\x1b[31mTraceback: shard 17 is not readable\\x1b[0m")
run.finish(exit_code=1)
"""


def seed(server: ServerProcess, directory: Path, epochs: int) -> None:
    environment = {
        **server.client_environment,
        "KISEKI_DIR": str(directory),
        "KISEKI_SILENT": "1",
        "OMP_NUM_THREADS": "1",
        "PATH": os.environ["PATH"],
    }
    subprocess.run(
        [sys.executable, "digits.py", "--epochs", str(epochs)],
        cwd=ROOT / "examples",
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    program = Program(TROUBLE, environment=environment, directory=directory)
    if program.wait():
        raise RuntimeError(program.output)
    screenshots_artifacts.seed(server)
    server.request("POST", "/projects", {"entity": "admin", "name": "untraced"})
    pipeline(server, "chat")


def signed_in(
    browser: Browser, server: ServerProcess, size: tuple[int, int], theme: str, language: str
) -> Page:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if theme == "dark" else "light",
        locale="ja-JP" if language == "ja" else "en-US",
        timezone_id="Asia/Tokyo" if language == "ja" else "Europe/Berlin",
        device_scale_factor=2 if size is NARROW else 1,
    )
    answer = context.request.post(
        f"{server.url}/api/v1/session",
        data={"api_key": server.key},
        headers={"Origin": server.url},
    )
    if not answer.ok:
        raise RuntimeError(f"cannot sign in: {answer.status} {answer.text()}")
    return context.new_page()


def pages(server: ServerProcess) -> Iterator[tuple[str, str]]:
    """Names and paths of everything that there is to see."""
    runs: list[dict[str, Any]] = server.request(
        "POST", "/projects/admin/digits/runs/search", {"limit": 1}
    )[1]["items"]
    run = f"/admin/digits/runs/{runs[0]['id']}"
    yield "projects", "/"
    yield "workspace", "/admin/digits"
    yield "trouble", "/admin/trouble"
    yield "runs", "/admin/digits/runs"
    for tab in ("overview", "charts", "media", "system", "logs", "files"):
        yield f"run-{tab}", f"{run}/{tab}"
    artifacts = f"/admin/{screenshots_artifacts.PROJECT}/artifacts"
    version = f"{artifacts}/dataset/pets/v3"
    yield "artifacts", artifacts
    yield "artifact", f"{artifacts}/dataset/pets"
    yield "artifact-drawer", f"{artifacts}/dataset/pets?open=v2"
    yield "artifact-plots", f"{artifacts}/model/pet-classifier?tab=plots"
    yield "artifact-compare", f"{artifacts}/dataset/pets?tab=compare&a=v1&b=v3"
    yield "artifact-history", f"{artifacts}/model/pet-classifier?tab=history"
    yield "version", version
    yield "version-files", f"{version}/files?file=labels.table.json"
    yield "version-use", f"{version}/usage"
    yield "version-lineage", f"{version}/lineage?depth=5"
    yield "traces", "/admin/chat/traces?calls=all"
    yield "traces-empty", "/admin/untraced/traces"
    yield "trace", "/admin/chat/traces/chat-trace?call=chat-model"
    yield "trace-error", "/admin/chat/traces/chat-other"
    yield "lineage", f"/admin/{screenshots_artifacts.PROJECT}/lineage?version=pets-raw:v0&depth=5"
    yield "run-artifacts", f"/admin/{screenshots_artifacts.PROJECT}/runs/train-6/artifacts"
    registry = f"/orgs/{server.get('/orgs')['items'][0]['name']}/registry/models"
    yield "registries", "/registry"
    yield "registry", registry
    for tab in ("members", "history", "settings"):
        yield f"registry-{tab}", f"{registry}?tab={tab}"
    yield "registry-board", f"{registry}/pet-classifier?tab=board"
    yield "project-settings", f"/admin/{screenshots_artifacts.PROJECT}/settings"
    yield "settings", "/settings"
    yield "authorize", "/authorize"
    yield "not-found", "/no/such/page/at/all"


def settle(page: Page) -> None:
    """Until nothing is loading: requests are over and no skeleton is left."""
    page.wait_for_load_state("load")
    page.wait_for_timeout(300)
    loading = "[aria-busy=true], [role=status][aria-label]"
    page.wait_for_function(f"() => !document.querySelector('{loading}')", timeout=30_000)
    page.wait_for_timeout(700)


def take(page: Page, url: str, target: Path) -> None:
    page.goto(url)
    settle(page)
    target.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readme", action="store_true")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--only", help="a page's name")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        directory = Path(name)
        server = ServerProcess(directory).start()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            print("Training the demo …", flush=True)
            seed(server, directory, arguments.epochs)
            eventually(lambda: server.get("/projects")["total"] >= 2)
            if arguments.readme:
                page = signed_in(browser, server, WIDE, "light", "en")
                take(
                    page,
                    f"{server.url}/admin/digits?panels=^(train|val|opt)",
                    ROOT / "docs/images/workspace.png",
                )
                return
            chosen = [p for p in pages(server) if arguments.only in (None, p[0])]
            for size in (WIDE, NARROW):
                for theme in ("light", "dark"):
                    for language in ("en", "ja"):
                        page = signed_in(browser, server, size, theme, language)
                        for label, path in chosen:
                            file = f"{label}-{size[0]}-{theme}-{language}.png"
                            print(f"  {file}", flush=True)
                            take(page, server.url + path, TARGET / file)
                        page.context.close()
        finally:
            browser.close()
            server.stop()


if __name__ == "__main__":
    main()
