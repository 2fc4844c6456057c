"""Pages in headless Chromium: charts of many runs and keys, and long lists of traces.

Every page is opened by a visitor with an empty cache. MLflow shows its own charts of the same runs
with a tenth of the steps (more rows take its database too long to fill). A figure for a frame is
the main thread's work for it: what is below 16 ms leaves room for 60 frames a second.
"""

from __future__ import annotations

import argparse
import gzip
import re
import time
import urllib.request
from collections.abc import Callable

import msgspec
import numpy as np
from playwright.sync_api import Browser

from benchmarks import calls, peers, servers
from benchmarks.browser import Visit, chromium, visit
from benchmarks.mlflow_rows import Filler
from benchmarks.queries import Connection
from benchmarks.report import Measurement, Table
from kiseki.wire import batch as wire
from kiseki.wire.records import Environment

CHART = "document.querySelector('article canvas')"
# Panels in sight, and those of them that are drawn.
ALL_DRAWN = """(() => {
  const seen = [...document.querySelectorAll('article')].filter((it) => {
    const box = it.getBoundingClientRect();
    return box.top < innerHeight - 20 && box.bottom > 160;
  });
  return seen.length > 0 && seen.every((it) => it.querySelector('canvas'));
})()"""
PLOT = "document.querySelector('.js-plotly-plot .main-svg')"
TREE = "document.querySelectorAll('[role=treeitem]').length > 5"
ROW = "document.querySelector('[role=row] [role=cell], [role=row] [role=gridcell], tbody tr')"


def fill(server: servers.Server, project: str, runs: int, keys: int, steps: int) -> None:
    """Runs that have so many keys with so many steps each."""
    send = Connection(server.url, {"Authorization": f"Bearer {server.key}"})
    rng = np.random.default_rng(7)
    names = [f"group{key // 10}/metric{key % 10}" for key in range(keys)]
    rows = max(1, 200_000 // keys)
    for run in range(runs):
        for begin in range(0, steps, rows):
            count = min(rows, steps - begin)
            step = np.arange(begin, begin + count, dtype="<i8")
            trend = np.exp(-np.repeat(step, keys) / steps) * (1 + run % 7)
            batch = wire.Batch(
                version=wire.VERSION,
                entity=None,
                project=project,
                run=f"run{run:04d}",
                writer=f"w{run}",
                first=begin + 1 if begin else 0,
                next=begin + count + 1,
                start=None if begin else wire.RunStart(time=time.time(), environment=Environment()),
                history=wire.Points(
                    steps=step.tobytes(),
                    times=(step * 1000 + 1_700_000_000_000_000).astype("<i8").tobytes(),
                    positions=(step + 1).astype("<u8").tobytes(),
                    keys=names,
                    key=np.tile(np.arange(keys, dtype="<u4"), count).tobytes(),
                    row=np.repeat(np.arange(count, dtype="<u4"), keys).tobytes(),
                    value=(trend + rng.standard_normal(count * keys) * 0.05).tobytes(),
                ),
                end=wire.RunEnd(state="finished", time=time.time(), exit_code=0)
                if begin + count == steps
                else None,
            )
            body = msgspec.msgpack.encode(batch)
            send("POST", "/api/v1/ingest", raw=body, type=wire.CONTENT_TYPE)


def fill_mlflow(server: servers.Server, runs: int, keys: int, steps: int) -> None:
    """The same runs in MLflow."""
    rng = np.random.default_rng(7)
    with Filler(server) as filler:
        for run in range(runs):
            identity = f"{run:032x}"
            filler.run(identity, 0)
            for key in range(keys):
                values = rng.standard_normal(steps).tolist()
                filler.history(identity, f"group{key // 10}/metric{key % 10}", values)
            filler.latest(identity, {f"group{k // 10}/metric{k % 10}": 0.5 for k in range(keys)})


def opened(visitor: Visit, url: str, first: str, whole: str) -> tuple[float, float, float]:
    """Milliseconds until the first of something is there and until all is, and MiB received."""
    at = visitor.open(url, first)
    done = visitor.wait(whole)
    return at, done, visitor.bytes / (1 << 20)


def charts(browser: Browser, server: servers.Server) -> list[Measurement]:
    """Opening 100 runs, and moving over one chart of all of them."""
    with visit(browser, server) as visitor:
        at, done, size = opened(visitor, f"{server.url}/admin/charts?first=100", CHART, ALL_DRAWN)
    with visit(browser, server) as visitor:
        page = visitor.page
        visitor.open(f"{server.url}/admin/charts?first=100", ALL_DRAWN)
        page.locator("article").first.hover()
        page.locator("article").first.get_by_role("button", name="Full screen").click()
        chart = page.get_by_role("dialog").locator("canvas").first
        chart.wait_for()
        visitor.wait("document.querySelector('[role=dialog] canvas')")
        page.wait_for_timeout(1_000)
        box = chart.bounding_box()
        assert box is not None
        with visitor.cost() as hover:
            for step in range(120):
                page.mouse.move(
                    box["x"] + box["width"] * (0.2 + step / 200),
                    box["y"] + box["height"] * (0.3 + 0.3 * (step % 20) / 20),
                )
        with visitor.cost() as zoom:
            for step in range(8):
                left = box["x"] + box["width"] * (0.25 + step / 100)
                page.mouse.move(left, box["y"] + box["height"] / 2)
                page.mouse.down()
                for part in range(12):
                    page.mouse.move(left + part * 20, box["y"] + box["height"] / 2)
                page.mouse.up()
    found = [at, done, size, hover.each_ms, max(hover.frames), zoom.each_ms]
    return [Measurement(value) for value in found]


def panels(browser: Browser, server: servers.Server) -> list[Measurement]:
    """1,000 runs with 200 panels, of which those in sight are drawn."""
    with visit(browser, server) as visitor:
        at, done, size = opened(visitor, f"{server.url}/admin/wide?first=1000", CHART, ALL_DRAWN)
        return [Measurement(value) for value in (at, done, size, visitor.heap_mib())]


def thousand(browser: Browser, server: servers.Server) -> list[Measurement]:
    """Scrolling through 1,000 panels."""
    with visit(browser, server) as visitor:
        page = visitor.page
        visitor.open(f"{server.url}/admin/keys", ALL_DRAWN)
        before = visitor.heap_mib()
        seen = 0
        for _ in range(400):
            page.mouse.move(900, 500)
            page.mouse.wheel(0, 800)
            visitor.wait(ALL_DRAWN, limit_s=300)
            seen = page.locator("article").count()
            if page.evaluate(AT_END):
                break
        return [Measurement(float(seen)), Measurement(before), Measurement(visitor.heap_mib())]


AT_END = """(() => {
  const inner = [...document.querySelectorAll('*')].filter((it) => it.scrollHeight > it.clientHeight
    + 50 && getComputedStyle(it).overflowY !== 'visible' && it.querySelector('article'));
  return inner.every((it) => it.scrollTop + it.clientHeight >= it.scrollHeight - 4);
})()"""


def bundle(server: servers.Server) -> float:
    """Kilobytes, compressed, of what the first page has to load."""
    with urllib.request.urlopen(server.url) as answer:
        html = answer.read().decode()
    total = len(gzip.compress(html.encode()))
    for path in set(re.findall(r'(?:src|href)="(/[^"]+\.(?:js|css))"', html)):
        with urllib.request.urlopen(server.url + path) as answer:
            total += len(gzip.compress(answer.read()))
    return total / 1_000


def traces(browser: Browser, server: servers.Server, count: int) -> list[Measurement]:
    """The list of all calls, a filter on it, and one large trace."""
    client = calls.Kiseki(server)
    client.http.post("/traces/calls/query_stats", json={"project_id": calls.PROJECT})
    for body in calls.batches(count):
        client.send(body)
    client.send(_trace(10_000))
    home = f"{server.url}/{calls.PROJECT}/traces"
    with visit(browser, server) as visitor:
        rows = visitor.open(f"{home}?calls=all&span=all", ROW)
    with visit(browser, server) as visitor:
        filtered = visitor.open(
            f"{home}?calls=all&span=all&filter=inputs.model%20%3D%20%22gpt-3%22", ROW
        )
    with visit(browser, server) as visitor:
        page = visitor.page
        tree = visitor.open(
            f"{home}/large", "document.querySelectorAll('[role=treeitem]').length > 5"
        )
        item = page.get_by_role("treeitem").nth(3)
        item.hover()
        with visitor.cost() as scroll:
            for _ in range(60):
                page.mouse.wheel(0, 600)
    return [Measurement(value) for value in (rows, filtered, tree, scroll.each_ms)]


def _trace(size: int) -> bytes:
    """A trace in which every call has ten below it."""
    names = ["large", *(f"large-{number}" for number in range(1, size))]
    batch: list[dict[str, object]] = []
    for number, name in enumerate(names):
        second, milli = divmod(number, 1_000)
        batch.append(
            {
                "project_id": calls.PROJECT,
                "id": name,
                "trace_id": "large",
                "parent_id": names[(number - 1) // 10] if number else None,
                "op_name": f"step{number % 9}",
                "started_at": f"2026-11-20T00:00:{second:02d}.{milli:03d}Z",
                "ended_at": f"2026-11-20T00:01:{second:02d}.{milli:03d}Z",
                "attributes": {},
                "inputs": {"number": number},
                "output": number,
                "summary": {},
            }
        )
    return msgspec.json.encode({"batch": batch})


def theirs(browser: Browser, runs: int, keys: int, steps: int) -> list[Measurement | str]:
    with servers.mlflow() as server:
        fill_mlflow(server, runs, keys, steps)
        url = f"{server.url}/#/experiments/0/runs?compareRunsMode=CHART&searchFilter="
        with visit(browser, server) as visitor:
            at = visitor.open(url, PLOT, limit_s=180)
            visitor.page.wait_for_load_state("networkidle", timeout=180_000)
            done = float(visitor.page.evaluate("performance.now()"))
            size = visitor.bytes / (1 << 20)
        return [Measurement(at), Measurement(done), Measurement(size), *["not measured"] * 3]


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks ui")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--wide", type=int, default=1_000, help="runs of the wide project")
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--only-kiseki", action="store_true")
    parser.add_argument("--part", choices=PARTS, help="only this table")
    options = parser.parse_args()
    with chromium() as browser:
        for name, part in PARTS.items():
            if options.part in (None, name):
                part(browser, options)


def _charts(browser: Browser, options: argparse.Namespace) -> None:
    table = Table(
        f"{options.runs} runs × {options.steps:,} steps × 20 keys (MLflow: a tenth of the steps)",
        ("first chart (ms)", "all in sight (ms)", "received (MiB)", "hover, work a frame (ms)",
         "longest frame (ms)", "zoom, work a frame (ms)"),
    )  # fmt: skip
    with servers.kiseki() as server:
        fill(server, "charts", options.runs, 20, options.steps)
        table.add("kiseki", *charts(browser, server))
        table.title += f"; first route {bundle(server):.0f} kB compressed"
    if not options.only_kiseki and peers.ensure():
        table.add("mlflow", *theirs(browser, options.runs, 20, options.steps // 10))
    table.print()


def _panels(browser: Browser, options: argparse.Namespace) -> None:
    with servers.kiseki() as server:
        fill(server, "wide", options.wide, 200, 20)
        table = Table(
            f"{options.wide:,} runs × 200 panels",
            ("first chart (ms)", "all in sight (ms)", "received (MiB)", "heap (MiB)"),
        )
        table.add("kiseki", *panels(browser, server))
        table.print()
        fill(server, "keys", 20, 1_000, 200)
        table = Table(
            "Scrolling through all panels of 1,000 keys",
            ("panels opened", "heap before (MiB)", "heap after (MiB)"),
        )
        table.add("kiseki", *thousand(browser, server))
        table.print()


def _traces(browser: Browser, options: argparse.Namespace) -> None:
    table = Table(
        f"{options.calls:,} calls, and one trace of 10,000",
        ("list, first rows (ms)", "list, one field filtered (ms)", "large trace open (ms)",
         "scroll, work a frame (ms)"),
    )  # fmt: skip
    with servers.kiseki() as server:
        table.add("kiseki", *traces(browser, server, options.calls))
    table.print()


PARTS: dict[str, Callable[[Browser, argparse.Namespace], None]] = {
    "charts": _charts,
    "panels": _panels,
    "traces": _traces,
}


if __name__ == "__main__":
    main()
