"""Headless Chromium that a benchmark drives, and what it costs to show a page."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from benchmarks import servers

CHROMIUM = os.environ.get("KISEKI_CHROMIUM") or shutil.which("chromium") or ""
SIZE = {"width": 1440, "height": 900}
# Resolves once the expression holds, with the time since the navigation began.
WHEN = """async ([holds, limit]) => {
  const check = new Function(`return ${holds}`);
  for (;;) {
    if (check()) return performance.now();
    if (performance.now() > limit) throw new Error(`not within ${limit} ms: ${holds}`);
    await new Promise((next) => requestAnimationFrame(next));
  }
}"""
FRAMES = """() => {
  window.__frames = [];
  let last = performance.now();
  const note = (now) => {
    window.__frames.push(now - last);
    last = now;
    window.__noting = requestAnimationFrame(note);
  };
  window.__noting = requestAnimationFrame(note);
}"""


@dataclass
class Cost:
    """What happened between two moments of a page."""

    busy_ms: float
    """Time of the main thread."""
    frames: list[float]
    """Milliseconds from each frame to the next."""

    @property
    def each_ms(self) -> float:
        """Work of the main thread for one frame; below 16 ms there are 60 of them in a second."""
        return self.busy_ms / max(1, len(self.frames))


@dataclass
class Visit:
    """One page with its meters."""

    page: Page
    cdp: CDPSession
    bytes: int = 0
    by_request: dict[str, int] = field(default_factory=dict[str, int])

    def open(self, url: str, ready: str, limit_s: float = 60) -> float:
        """Milliseconds from the navigation until an expression of the page holds."""
        self.bytes = 0
        self.page.goto(url, wait_until="commit")
        return float(self.page.evaluate(WHEN, [ready, limit_s * 1_000]))

    def wait(self, ready: str, limit_s: float = 60) -> float:
        """The same for what comes later."""
        return float(self.page.evaluate(WHEN, [ready, limit_s * 1_000]))

    def heap_mib(self) -> float:
        """What scripts hold once everything that can go is gone, in MiB."""
        self.cdp.send("HeapProfiler.collectGarbage")
        return self._metrics()["JSHeapUsedSize"] / (1 << 20)

    @contextlib.contextmanager
    def cost(self) -> Iterator[Cost]:
        """Measures what is done inside."""
        self.page.evaluate(FRAMES)
        before = self._metrics()["TaskDuration"]
        cost = Cost(0, [])
        yield cost
        cost.busy_ms = (self._metrics()["TaskDuration"] - before) * 1_000
        cost.frames = self.page.evaluate("() => (cancelAnimationFrame(__noting), __frames)")

    def _metrics(self) -> dict[str, float]:
        found: Any = self.cdp.send("Performance.getMetrics")
        return {each["name"]: each["value"] for each in found["metrics"]}


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """A browser of its own.

    Raises:
        RuntimeError: Chromium is not installed.
    """
    if not CHROMIUM:
        raise RuntimeError("Chromium is not installed; name it in KISEKI_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def visit(browser: Browser, server: servers.Server) -> Iterator[Visit]:
    """A visitor with nothing in the cache; signed in where the server has keys."""
    context = browser.new_context(viewport=SIZE, locale="en-US")
    if server.key:
        answer = context.request.post(
            f"{server.url}/api/v1/session",
            data={"api_key": server.key},
            headers={"Origin": server.url},
        )
        if not answer.ok:
            raise RuntimeError(f"cannot sign in: {answer.status} {answer.text()}")
    page = context.new_page()
    cdp = context.new_cdp_session(page)
    found = Visit(page, cdp)

    def received(event: dict[str, Any]) -> None:
        found.bytes += int(event["encodedDataLength"])

    cdp.on("Network.loadingFinished", received)
    cdp.send("Network.enable")
    cdp.send("Performance.enable")
    try:
        yield found
    finally:
        context.close()
