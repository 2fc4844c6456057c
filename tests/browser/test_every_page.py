"""Every page, as the pictures show them: accessible in both themes, and no wider than a phone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from tests.browser.axe import problems
from tests.processes import ServerProcess, eventually

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools import screenshots

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("every-page"),
    pytest.mark.timeout(600),  # there are many pages
]


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    directory = tmp_path_factory.mktemp("every-page")
    server = ServerProcess(directory).start()
    try:
        screenshots.seed(server, directory, epochs=2)
        eventually(lambda: server.get("/projects")["total"] >= 2)
        yield server
    finally:
        server.stop()


def test_every_page_is_accessible_and_fits_on_a_phone(
    browser: Browser, seeded: ServerProcess
) -> None:
    page = screenshots.signed_in(browser, seeded, screenshots.WIDE, "light", "en")
    found: list[str] = []
    for name, path in screenshots.pages(seeded):
        page.set_viewport_size({"width": 1440, "height": 900})
        page.emulate_media(color_scheme="light")
        page.goto(seeded.url + path)
        screenshots.settle(page, still_ms=0)
        wrong = problems(page)
        page.emulate_media(color_scheme="dark")
        wrong += [f"dark: {each}" for each in problems(page, colours_alone=True)]
        page.set_viewport_size({"width": 390, "height": 844})
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > 390:
            wrong.append(f"{width} pixels wide on a phone")
        found += [f"{name}: {each}" for each in wrong]
    page.context.close()
    assert not found, "\n".join(found)
