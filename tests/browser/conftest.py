"""Headless Chromium against a real server."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from tests.processes import ServerProcess

ROOT = Path(__file__).resolve().parent.parent.parent
CHROMIUM = os.environ.get("KISEKI_CHROMIUM") or shutil.which("chromium") or ""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("Chromium is not installed")
    if not (ROOT / "server/src/kiseki_server/_web/index.html").exists():
        pytest.skip("the UI is not built: make ui")
    expect.set_options(timeout=15_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A visitor who has not signed in. Errors in the console fail the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
    errors: list[str] = []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    yield context
    context.close()
    assert errors == []


@pytest.fixture
def visitor(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def page(context: BrowserContext, server_process: ServerProcess) -> Page:
    """A page of the administrator, signed in."""
    answer = context.request.post(
        f"{server_process.url}/api/v1/session",
        data={"api_key": server_process.key},
        headers={"Origin": server_process.url},
    )
    assert answer.ok, answer.text()
    return context.new_page()
