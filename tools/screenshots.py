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
from tests.assets import shop, talk  # noqa: E402
from tests.evaluations import judged  # noqa: E402
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

SWEEP = """
import math, random
import kiseki

chance = random.Random(3)
for number in range(24):
    lr, width, kind = 10 ** -(1 + number % 4), 32 * 2 ** (number % 3), ("adam", "sgd")[number % 2]
    config = {"lr": lr, "width": width, "optimizer": kind, "seed": number // 8, "dropout": 0.1}
    with kiseki.init(project="sweep", id=f"trial{number:02}", name=f"trial {number}",
                     group=kind, config=config) as run:
        run.define_metric("val/loss", summary="min", goal="minimize")
        floor = 0.2 + abs(math.log10(lr) + 2.5) / 4 + (kind == "sgd") / 9 + 6 / width
        for step in range(60):
            loss = floor + 2 * math.exp(-step / 12) + chance.random() / 12
            row = {"train/loss": loss, "val/loss": loss + 0.1 + chance.random() / 20,
                   "val/acc": 1 - loss / 3, "lr": lr * (1 - step / 60)}
            if number == 0 and step % 3 == 0:
                spread = 1 + step / 30
                counts = [round(400 * math.exp(-((b / 2 - 4) / spread) ** 2)) for b in range(16)]
                bins = [b / 2 - 4 for b in range(17)]
                row["weights"] = kiseki.Histogram(np_histogram=(counts, bins))
            run.log(row)
"""

NOTES = """## Sweep over the learning rate

**Adam** at `1e-2` or `1e-3` is the best of these; see the table for *all* runs.

| optimizer | best |
| --- | --- |
| adam | 0.47 |
| sgd | 0.58 |
"""


def panel(kind: str, section: str, **look: Any) -> dict[str, Any]:
    name = look.pop("id", kind)
    return {"id": f"panel:{name}", "kind": kind, "section": section, **look}


PANELS: dict[str, Any] = {
    "version": 1,
    "params": {"first": "24", "base": "trial00"},
    "layout": {
        "sections": [{"name": "results", "title": "Results", "added": True}],
        "added": [
            panel("scalar", "results"),
            panel(
                "scatter",
                "results",
                title="Loss over the learning rate",
                options={
                    "x": "config.lr",
                    "y": "summary.val/loss.min",
                    "logX": True,
                    "regression": True,
                    "frontier": "max,min",
                    "color": "config.width",
                },
            ),
            panel("importance", "results", options={"metric": "summary.val/loss.min"}),
            panel("parallel", "results", columns=2),
            panel(
                "bar",
                "results",
                options={
                    "metric": "summary.val/loss.min",
                    "by": "config.optimizer",
                    "shape": "violin",
                },
            ),
            panel(
                "bar",
                "results",
                id="bars",
                options={"metric": "summary.val/loss.min", "by": "config.lr"},
            ),
            panel("histogram", "results", keys=["weights"], options={"run": "trial00"}),
            panel("markdown", "results", options={"text": NOTES}),
            panel("comparer", "results", columns=2),
            panel("custom", "results"),
        ],
    },
}
GROUPED: dict[str, Any] = {
    "version": 1,
    "params": {"first": "24", "group": "!,config.seed"},
    "layout": {"settings": {"band": "interval", "legendPlace": "bottom"}},
}
TABLE: dict[str, Any] = {
    "version": 1,
    "params": {
        "columns": "state,config.lr,config.optimizer,summary.val%2Floss.min,formula.f,"
        "spark.train%2Floss,tags,group",
        "base": "trial00",
    },
    "layout": {
        "pinned": ["state"],
        "heat": ["summary.val/loss.min"],
        "formulas": [
            {
                "id": "f",
                "name": "per width",
                "text": "1000 * ${summary.val/loss.min} / config.width",
            }
        ],
    },
}


def save_view(server: ServerProcess, kind: str, name: str, document: dict[str, Any]) -> int:
    body = {"kind": kind, "name": name, "shared": True, "document": document}
    status, view = server.request("POST", "/projects/admin/sweep/views", body)
    if status >= 300:
        raise RuntimeError(f"the view was refused: {view}")
    return view["id"]


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
    for text in (TROUBLE, SWEEP):
        program = Program(text, environment=environment, directory=directory)
        if program.wait():
            raise RuntimeError(program.output)
    screenshots_artifacts.seed(server)
    server.request("POST", "/projects", {"entity": "admin", "name": "untraced"})
    pipeline(server, "chat")
    shop(server, "shop", versions=12)
    talk(server, "guide")
    judged(server, "judged")


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
    panels = save_view(server, "workspace", "Results", PANELS)
    yield "panels", f"/admin/sweep?view={panels}"
    yield "grouped", f"/admin/sweep?view={save_view(server, 'workspace', 'Seeds', GROUPED)}"
    for kind in ("scatter", "parallel", "bar"):
        yield f"panel-{kind}", f"/admin/sweep?view={panels}&first=24&full=panel%3A{kind}"
    table = save_view(server, "runs", "Heat", TABLE)
    yield "runs-heat", f"/admin/sweep/runs?view={table}"
    yield "runs-grouped", "/admin/sweep/runs?group=config.optimizer"
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
    yield "evaluations", "/admin/judged/evaluations"
    for tab in ("metrics", "rows", "slices", "confusion"):
        yield f"evaluation-{tab}", f"/admin/judged/evaluations/judged-markdown?tab={tab}"
    compared = "e=judged-plain,judged-markdown,judged-again"
    for tab in ("summary", "rows"):
        yield f"comparison-{tab}", f"/admin/judged/comparison?{compared}&tab={tab}"
    yield "threads", "/admin/guide/threads"
    yield "threads-tools", "/admin/guide/threads?show=tools&span=all"
    yield "thread", "/admin/guide/threads/fuji"
    yield "trace-feedback", "/admin/guide/traces"
    yield "assets", "/admin/shop/assets"
    yield "assets-empty", "/admin/untraced/assets"
    for label, path in (
        ("op", "op/retrieve"),
        ("op-compare", "op/retrieve?tab=compare&a=v1&b=v9"),
        ("op-calls", "op/retrieve?tab=calls&of=all"),
        ("model", "object/searcher"),
        ("prompt", "object/rate-product"),
        ("prompt-compare", "object/rate-product?tab=compare"),
        ("dataset", "object/queries"),
        ("dataset-compare", "object/queries?tab=compare"),
    ):
        yield f"asset-{label}", f"/admin/shop/assets/{path}"
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


def settle(page: Page, still_ms: float = 700) -> None:
    """Until nothing is loading: requests are over and no skeleton is left.

    Args:
        still_ms: So long nothing may begin to load again; without it what fades in may do so yet.
    """
    page.wait_for_load_state("load")
    for _ in range(2):
        page.wait_for_timeout(300)
        loading = "[aria-busy=true], [role=status][aria-label]"
        page.wait_for_function(f"() => !document.querySelector('{loading}')", timeout=30_000)
        page.wait_for_function(
            "() => ![...document.querySelectorAll('[class*=skeleton]')].some("
            "(it) => it.getBoundingClientRect().top < innerHeight)",
            timeout=60_000,
        )
        if not still_ms:
            return
        page.wait_for_timeout(still_ms)


def take(page: Page, url: str, target: Path) -> None:
    page.goto(url)
    settle(page)
    target.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readme", action="store_true")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--only", help="names of pages, with commas between them")
    parser.add_argument("--quick", action="store_true", help="wide, light and English alone")
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
            names = arguments.only.split(",") if arguments.only else None
            chosen = [p for p in pages(server) if names is None or p[0] in names]
            quick = arguments.quick
            for size in (WIDE,) if quick else (WIDE, NARROW):
                for theme in ("light",) if quick else ("light", "dark"):
                    for language in ("en",) if quick else ("en", "ja"):
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
