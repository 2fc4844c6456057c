"""Files of runs over HTTP."""

from __future__ import annotations

import base64
import hashlib

import pytest
from litestar.testing import TestClient

from kiseki_server.app.server import Application
from kiseki_server.app.services import Services
from kiseki_server.kit.ids import RunId

Client = TestClient[Application]
FILES = "/api/v1/projects/admin/digits/runs/r1/files"


@pytest.fixture
def run(client: Client, services: Services) -> RunId:
    client.put("/api/v1/projects/admin/digits/runs/r1", json={})
    project = services.stores.projects.find("admin", "digits")
    assert project is not None
    found = services.stores.runs.find(project.id, "r1")
    assert found is not None
    return found.id


def put(services: Services, run: RunId, path: str, content: bytes) -> None:
    with services.files.upload(run, path) as upload:
        upload.write(content)
        upload.finish()


def test_files_are_listed_in_pages(client: Client, services: Services, run: RunId) -> None:
    assert client.get(FILES).json() == {"items": [], "cursor": None}
    for path in ("b.txt", "a/x.png", "c"):
        put(services, run, path, b"12345")
    first = client.get(FILES, params={"limit": 2}).json()
    assert [(f["path"], f["size"], f["media_type"]) for f in first["items"]] == [
        ("a/x.png", 5, "image/png"),
        ("b.txt", 5, "text/plain"),
    ]
    second = client.get(FILES, params={"limit": 2, "cursor": first["cursor"]}).json()
    assert ([f["path"] for f in second["items"]], second["cursor"]) == (["c"], None)
    assert client.get(FILES, params={"cursor": "x"}).status_code == 400


def test_a_file_is_for_saving_and_never_a_page(
    client: Client, services: Services, run: RunId
) -> None:
    content = b"<script>alert(1)</script>" * 100_000
    put(services, run, "media/表 1.html", content)
    answer = client.get(f"{FILES}/media/表 1.html")
    assert answer.content == content
    assert answer.headers["content-length"] == str(len(content))
    assert answer.headers["content-disposition"] == (
        "attachment; filename*=UTF-8''%E8%A1%A8%201.html"
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    same = client.get(f"{FILES}/media/表 1.html", headers={"If-None-Match": answer.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("missing", 404),
        ("%2e%2e/%2e%2e/secret.key", 400),
        ("a/..%2f..%2fsecret.key", 400),
        ("%2fetc/passwd", 404),
        ("a%5c..%5cb", 400),
        ("a%00b", 400),
        ("nul", 400),
    ],
)
@pytest.mark.usefixtures("run")
def test_no_path_leaves_the_run(client: Client, path: str, status: int) -> None:
    answer = client.get(f"{FILES}/{path}")
    assert answer.status_code == status, answer.text
    assert answer.json()["error"] in {"not_found", "bad_request"}


def md5_of(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content).digest()).decode()


def test_a_file_goes_up_and_replaces_what_was_there(client: Client, run: RunId) -> None:
    for content in (b"before", b"x" * 3_000_000, b""):
        headers = {"Content-MD5": md5_of(content)}
        answer = client.put(f"{FILES}/media/a b.png", content=content, headers=headers)
        assert answer.status_code == 200, answer.text
        assert (answer.json()["path"], answer.json()["size"]) == ("media/a b.png", len(content))
        assert client.get(f"{FILES}/media/a b.png").content == content


@pytest.mark.parametrize(
    ("digest", "said"),
    [(md5_of(b"other"), "not"), ("nonsense", "is no digest"), ("AAAA", "is no digest")],
)
def test_bytes_that_are_not_what_their_header_says_are_refused(
    client: Client, run: RunId, digest: str, said: str
) -> None:
    client.put(f"{FILES}/a", content=b"before")
    answer = client.put(f"{FILES}/a", content=b"after", headers={"Content-MD5": digest})
    assert answer.status_code == 400
    assert said in answer.json()["message"]
    assert client.get(f"{FILES}/a").content == b"before"


@pytest.mark.parametrize("path", ["..%2Fa", "a%2F..%2Fb", "a%5Cb", "a%00b", "nul", "b" * 1025])
def test_paths_with_tricks_are_refused(client: Client, run: RunId, path: str) -> None:
    answer = client.put(f"{FILES}/{path}", content=b"x")
    assert answer.status_code in (400, 404), answer.text
    assert client.get(FILES).json()["items"] == []


def test_only_the_body_limit_of_files_counts(
    client: Client, services: Services, run: RunId
) -> None:
    services.receiver.max_bytes = 100
    answer = client.put(f"{FILES}/a", content=b"x" * 101)
    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")
    assert client.put(f"{FILES.replace('r1', 'none')}/a", content=b"x").status_code == 404
