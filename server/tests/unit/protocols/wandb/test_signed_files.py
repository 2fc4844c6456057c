"""Run files: asked for over GraphQL, put and got by signed address without a credential."""

from __future__ import annotations

from typing import Any

import pytest
from litestar.testing import TestClient
from server.tests.unit.protocols.wandb.conftest import Dialect

from kiseki_server.app.server import Application

CREATE = """
mutation CreateRunFiles($entity: String!, $project: String!, $run: String!, $files: [String!]!) {
  createRunFiles(input: {entityName: $entity, projectName: $project, runName: $run, files: $files})
  { runID uploadHeaders files { name uploadUrl } }
}
"""


@pytest.fixture
def anybody(client: TestClient[Application]) -> Any:
    """Calls without a credential."""

    def call(method: str, url: str, **more: Any) -> Any:
        saved = client.headers.pop("Authorization")
        try:
            return client.request(method, url, **more)
        finally:
            client.headers["Authorization"] = saved

    return call


def create(dialect: Dialect, *names: str) -> list[Any]:
    given = {"entity": "admin", "project": "p", "run": "r1", "files": list(names)}
    made = dialect.data(CREATE, **given)["createRunFiles"]
    assert [file["name"] for file in made["files"]] == list(names)
    assert made["uploadHeaders"] == []
    return [file["uploadUrl"] for file in made["files"]]


def listed(dialect: Dialect, arguments: str = "first: 100") -> list[Any]:
    fields = "name sizeBytes mimetype updatedAt md5 directUrl url id"
    found = dialect.run(f"fileCount files({arguments}) {{ edges {{ node {{ {fields} }} }} }}")
    return [edge["node"] for edge in found["files"]["edges"]]


def test_a_file_goes_up_and_comes_down(dialect: Dialect, anybody: Any) -> None:
    dialect.upsert()
    name = "media/images/x y#1?é.png"
    (url,) = create(dialect, name)
    assert url.startswith("http://127.0.0.1:8080/blobs/")
    content = b"\x89PNG" + bytes(3_000_000)
    assert anybody("PUT", url, content=content).status_code == 200
    (file,) = listed(dialect)
    assert (file["name"], file["sizeBytes"], file["mimetype"]) == (name, len(content), "image/png")
    answer = anybody("GET", file["directUrl"])
    assert answer.content == content
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert dialect.native("/files")["items"][0]["path"] == name


def test_the_same_name_again_replaces_and_empty_files_count(dialect: Dialect, anybody: Any) -> None:
    dialect.upsert()
    (url,) = create(dialect, "config.yaml")
    for content in (b"first", b"", b"third"):
        assert anybody("PUT", url, content=content).status_code == 200
        (file,) = listed(dialect)
        assert anybody("GET", file["url"]).content == content


@pytest.mark.parametrize(
    ("asked", "status", "expected", "said"),
    [
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=5-100", 206, b"56789", "bytes 5-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=4-2", 416, b"", "bytes */10"),
        ("lines=1-2", 200, b"0123456789", None),
        ("bytes=0-1,3-4", 200, b"0123456789", None),
    ],
)
def test_a_part_of_a_file(
    dialect: Dialect, anybody: Any, asked: str, status: int, expected: bytes, said: str | None
) -> None:
    dialect.upsert()
    (url,) = create(dialect, "digits")
    anybody("PUT", url, content=b"0123456789")
    address = listed(dialect)[0]["directUrl"]
    answer = anybody("GET", address, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (status, expected)
    assert answer.headers.get("content-range") == said


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "a\\b", "a\x00b", "x/..", "nul", "a" * 1025, ""]
)
def test_names_with_tricks_get_no_address(dialect: Dialect, name: str) -> None:
    dialect.upsert()
    good, bad, last = create(dialect, "good", name, "last")
    assert (bool(good), bad, bool(last)) == (True, None, True)


def test_an_address_is_good_for_one_thing(dialect: Dialect, anybody: Any) -> None:
    dialect.upsert()
    upload, other = create(dialect, "a", "b")
    anybody("PUT", upload, content=b"x")
    download = listed(dialect)[0]["directUrl"]
    query = upload.partition("?")[2]
    assert anybody("GET", upload).status_code == 403
    assert anybody("PUT", download, content=b"x").status_code == 403
    assert anybody("PUT", f"{other.partition('?')[0]}?{query}", content=b"x").status_code == 403
    for path in ("/blobs/runs/999/a", "/blobs/runs/1/..%2Fa", "/blobs/runs/1/%2e%2e/a"):
        assert anybody("PUT", f"{path}?{query}", content=b"x").status_code in (400, 403, 404)
    assert anybody("PUT", upload.partition("?")[0], content=b"x").status_code == 400
    longer = upload.replace("expires=", "expires=9")
    assert anybody("PUT", longer, content=b"x").status_code == 403


def test_a_deleted_run_takes_no_files(dialect: Dialect, anybody: Any) -> None:
    dialect.upsert()
    (url,) = create(dialect, "a")
    anybody("PUT", url, content=b"x")
    download = listed(dialect)[0]["directUrl"]
    dialect.http.delete("/api/v1/projects/admin/p/runs/r1")
    assert anybody("PUT", url, content=b"x").status_code == 410
    assert anybody("GET", download).status_code == 410


def test_files_are_listed_by_name_pattern_and_page(dialect: Dialect, anybody: Any) -> None:
    dialect.upsert()
    names = ["a.png", "b.log", "c.png"]
    for url in create(dialect, *names):
        anybody("PUT", url, content=b"x")
    assert [file["name"] for file in listed(dialect)] == names
    assert [file["name"] for file in listed(dialect, 'pattern: "%.png"')] == ["a.png", "c.png"]
    asked = listed(dialect, 'names: ["./c.png", "missing"]')
    assert [(f["name"], f["sizeBytes"], f["updatedAt"] is None) for f in asked] == [
        ("c.png", 1, False),
        ("missing", 0, True),
    ]
    fields = "edges { node { name } cursor } pageInfo { endCursor hasNextPage } totalCount"
    page = dialect.run(f"files(first: 2) {{ {fields} }}")["files"]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (3, True)
    after = page["edges"][-1]["cursor"]
    rest = dialect.run(f'files(first: 2, after: "{after}") {{ {fields} }}')["files"]
    assert [edge["node"]["name"] for edge in rest["edges"]] == ["c.png"]


def test_files_are_removed_by_their_ids(dialect: Dialect, anybody: Any) -> None:
    dialect.upsert()
    for url in create(dialect, "a", "b"):
        anybody("PUT", url, content=b"x")
    ids = [file["id"] for file in listed(dialect) if file["name"] == "a"]
    mutation = "mutation D($files: [ID!]!) { deleteFiles(input: {files: $files}) { success } }"
    assert dialect.data(mutation, files=ids) == {"deleteFiles": {"success": True}}
    assert [file["name"] for file in listed(dialect)] == ["b"]
    assert dialect.post(mutation, files=["nonsense"]).status_code == 404


def test_pages_of_other_sites_may_use_an_address(dialect: Dialect, anybody: Any) -> None:
    dialect.upsert()
    (url,) = create(dialect, "a")
    answer = anybody("OPTIONS", url)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (204, "*")


def test_a_file_that_is_too_large_is_refused_and_leaves_nothing(
    dialect: Dialect, anybody: Any, services: Any
) -> None:
    dialect.upsert()
    (url,) = create(dialect, "a")
    services.receiver.max_bytes = 100
    answer = anybody("PUT", url, content=b"x" * 101)
    assert answer.status_code == 413
    assert "100 bytes" in answer.json()["message"]
    assert listed(dialect) == []


def test_marking_uploads_asks_only_for_the_run(dialect: Dialect) -> None:
    dialect.upsert()
    mutation = """
      mutation M($run: String!) {
        markRunFilesUploaded(input: {
          entityName: "admin", projectName: "p", runName: $run, files: ["a"]
        }) { success }
      }
    """
    assert dialect.data(mutation, run="r1") == {"markRunFilesUploaded": {"success": True}}
    assert dialect.post(mutation, run="none").status_code == 404
