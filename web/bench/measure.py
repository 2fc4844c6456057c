"""Measures the frame times of line charts in headless Chromium: `python web/bench/measure.py`.

Needs Playwright's Python package and a Chromium (`KISEKI_CHROMIUM`, by default /usr/bin/chromium).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

from playwright.sync_api import sync_playwright

WEB = Path(__file__).resolve().parent.parent
CHROMIUM = os.environ.get("KISEKI_CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def main() -> None:
    """Serves the page, runs it at one and two device pixels per CSS pixel, prints the results."""
    command = ["node_modules/.bin/vite", "--port", "0", "--clearScreen", "false"]
    with subprocess.Popen(command, cwd=WEB, stdout=subprocess.PIPE, text=True) as vite:
        try:
            assert vite.stdout is not None
            address = next(
                found.group()
                for line in vite.stdout
                if (found := re.search(r"http://127\.0\.0\.1:\d+", re.sub(r"\x1b\[\d+m", "", line)))
            )
            print(f"load of the machine before: {os.getloadavg()[0]:.1f}")
            for ratio in (1, 2):
                measure(f"{address}/bench/lines.html", ratio)
        finally:
            vite.terminate()


def measure(address: str, ratio: int) -> None:
    """Prints one line a case: ms from frame to frame and ms of our own work in it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1000, "height": 1000}, device_scale_factor=ratio)
        page.goto(address)
        page.wait_for_function("window.results", timeout=180_000)
        for name, result in page.evaluate("results").items():
            print(f"{ratio}× {name:20} {json.dumps(result)}")
        browser.close()


if __name__ == "__main__":
    main()
