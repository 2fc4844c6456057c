"""The web UI, built and not built."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar.testing import TestClient

from kiseki_server.app.server import Application, build_application
from kiseki_server.app.services import Services
from kiseki_server.app.ui import WebUi

Browser = TestClient[Application]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "web"


@pytest.fixture
def built(folder: Path) -> Path:
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(
        "<!doctype html><script>go()</script><script src='/assets/app-1.js'></script>"
    )
    (folder / "assets" / "app-1.js").write_text("let x = 1;\n" * 100)
    (folder / "favicon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (folder / ".secret").write_text("hidden")
    (folder.parent / "outside.txt").write_text("outside")
    (folder / "link.txt").symlink_to(folder.parent / "outside.txt")
    return folder


@pytest.fixture
def browser(services: Services, folder: Path) -> Iterator[Browser]:
    app = build_application(services, ui=WebUi(folder))
    with TestClient(app, base_url="http://127.0.0.1:8080") as client:
        yield client


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(
    "path", ["/", "/ada/digits", "/ada/digits/runs/x%20y/charts", "/signin?token=x", "/settings"]
)
def test_every_page_is_the_one_page(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 200
    assert answer.text.startswith("<!doctype html>")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    # The script that stands in the page may run, and no other that somebody puts there.
    assert re.search(r"script-src 'self' 'sha256-[A-Za-z0-9+/]{43}=';", policy)


@pytest.mark.usefixtures("built")
def test_hashed_assets_are_kept_for_ever(browser: Browser) -> None:
    answer = browser.get("/assets/app-1.js")
    assert answer.text == "let x = 1;\n" * 100
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["x-content-type-options"] == "nosniff"
    # Scripts of workers may ask the server, too.
    assert "connect-src 'self'" in answer.headers["content-security-policy"]
    plain = browser.get("/assets/app-1.js", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == answer.content
    same = browser.get("/assets/app-1.js", headers={"If-None-Match": answer.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert browser.get("/favicon.svg").headers["cache-control"] == "no-cache"


@pytest.mark.usefixtures("built")
def test_an_asset_of_another_build_is_missing(browser: Browser) -> None:
    answer = browser.get("/assets/app-0.js")
    assert answer.status_code == 404
    assert answer.json()["hint"] == "reload the page"


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(
    "path", ["/.secret", "/link.txt", "/..%2foutside.txt", "/%2e%2e/outside.txt", "/assets/%00"]
)
def test_nothing_outside_of_the_ui_is_served(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert "outside" not in answer.text
    assert "hidden" not in answer.text


@pytest.mark.usefixtures("built")
def test_a_new_build_shows_without_a_restart(browser: Browser, built: Path) -> None:
    browser.get("/")
    page = built / "index.html"
    page.write_text("<!doctype html>new")
    assert browser.get("/").text == "<!doctype html>new"


def test_without_a_build_the_page_says_how_to_build(browser: Browser) -> None:
    answer = browser.get("/")
    assert answer.status_code == 200
    assert "make build" in answer.text
    assert "Node.js</a> 20" in answer.text
    assert 'lang="ja"' in answer.text
    assert not re.search(r"<(script|link|img)", answer.text)
    assert browser.get("/health").status_code == 200


@pytest.mark.usefixtures("built")
def test_head_answers_like_get_without_the_body(browser: Browser) -> None:
    answer, whole = browser.head("/"), browser.get("/")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["etag"] == whole.headers["etag"]
    assert answer.headers["content-length"] == whole.headers["content-length"]
    assert browser.head("/api/v1/session").status_code == 401
