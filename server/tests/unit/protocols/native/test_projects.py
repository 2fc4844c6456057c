"""Projects over HTTP."""

from __future__ import annotations

import pytest
from litestar.testing import TestClient

from kiseki_server.app.server import Application

Client = TestClient[Application]
PROJECTS = "/api/v1/projects"


def test_a_project_can_be_added_described_renamed_and_deleted(client: Client) -> None:
    made = client.post(PROJECTS, json={"name": "digits: 数字".replace(":", "")})
    assert made.status_code == 201
    project = made.json()
    times = {key: project.pop(key) for key in ("created_at", "updated_at")}
    assert all(time.endswith("Z") for time in times.values())
    assert project == {
        "entity": "admin",
        "name": "digits 数字",
        "description": "",
        "visibility": "private",
        "runs": 0,
        "running": 0,
        "states": {},
        "last_run_at": None,
        "owner": "admin",
        "can_write": True,
    }
    path = f"{PROJECTS}/Admin/digits 数字"
    assert client.get(path).json() == project | times
    body = {"name": "digits", "description": "Small *pictures*", "visibility": "internal"}
    changed = client.patch(path, json=body).json()
    assert {key: changed[key] for key in body} == body
    assert client.get(path).status_code == 404
    path = f"{PROJECTS}/admin/digits"
    assert client.get(path).json() == changed
    assert client.delete(path).status_code == 204
    assert client.get(path).json() == {
        "error": "not_found",
        "message": "There is no project `admin/digits`, or you may not see it",
    }
    assert client.delete(path).status_code == 404


def test_a_name_is_taken_once(client: Client) -> None:
    assert client.post(PROJECTS, json={"name": "digits"}).status_code == 201
    taken = client.post(PROJECTS, json={"name": "digits"})
    assert (taken.status_code, taken.json()["error"]) == (409, "conflict")
    assert client.post(PROJECTS, json={"name": "Digits"}).status_code == 201
    renamed = client.patch(f"{PROJECTS}/admin/Digits", json={"name": "digits"})
    assert renamed.status_code == 409


@pytest.mark.parametrize("name", ["", " a", "a/b", "a?b", "..", "x" * 129, "a\x00b", "a\u200bb"])
def test_a_name_that_cannot_be_one_is_explained(client: Client, name: str) -> None:
    answer = client.post(PROJECTS, json={"name": name})
    assert answer.status_code == 400
    assert "cannot be the name of a project" in answer.json()["message"]
    assert "use 1 to 128 characters" in answer.json()["hint"]


def test_a_description_is_bounded(client: Client) -> None:
    answer = client.post(PROJECTS, json={"name": "a", "description": "x" * 10_001})
    assert (
        answer.json()["message"] == "A description has at most 10000 characters; this one has 10001"
    )


def test_projects_come_in_pages(client: Client) -> None:
    for number in range(5):
        client.post(PROJECTS, json={"name": f"p{number}"})
    names: list[str] = []
    cursor: str | None = None
    while True:
        params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = client.get(PROJECTS, params=params).json()
        names += [item["name"] for item in page["items"]]
        cursor = page["cursor"]
        if cursor is None:
            break
    assert names == ["p4", "p3", "p2", "p1", "p0"]
    assert page["total"] == 5
    assert client.get(PROJECTS, params={"search": "P3"}).json()["total"] == 1
    assert client.get(PROJECTS, params={"entity": "nobody"}).status_code == 404
    for text in ("x" * 129, "a\0b"):
        assert client.get(PROJECTS, params={"search": text}).status_code == 400
    bad = client.get(PROJECTS, params={"cursor": "bad"})
    assert (bad.status_code, bad.json()["error"]) == (400, "bad_request")
