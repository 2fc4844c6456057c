"""Saved views, through the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from litestar.testing import TestClient

from kiseki_server.app.server import Application

Client = TestClient[Application]
Call = Callable[..., Any]
P = "/projects/vision/p"
DOCUMENT = {"version": 1, "columns": ["config.lr"]}


@pytest.fixture
def call(client: Client) -> Call:
    """Call a route as `bob`, who administers the project's team, or as `eve`, who reads it."""

    def call(method: str, path: str, body: Any = None, *, by: str = "") -> Any:
        headers = {"Authorization": f"Bearer secret-{by}"} if by else {}
        answer = client.request(method, f"/api/v1{path}", json=body, headers=headers)
        return answer.json() if answer.status_code < 300 and answer.content else answer.status_code

    for name in ("bob", "eve"):
        call("POST", "/admin/users", {"name": name, "api_key": f"secret-{name}"})
    call("POST", "/teams", {"name": "vision", "admin": "bob"})
    call("POST", "/projects", {"entity": "vision", "name": "p"}, by="bob")
    call("PUT", f"{P}/members/users/eve", {"role": "viewer"}, by="bob")
    return call


def make(call: Call, by: str, **given: Any) -> Any:
    body = {"kind": "runs", "name": "mine", "document": DOCUMENT, **given}
    return call("POST", f"{P}/views", body, by=by)


def test_a_view_of_ones_own_is_nobody_elses(call: Call) -> None:
    view = make(call, "eve")
    path = f"{P}/views/{view['id']}"
    assert (view["owner"], view["shared"], view["revision"]) == ("eve", False, 1)
    assert call("GET", path, by="eve")["document"] == DOCUMENT
    assert call("GET", f"{P}/views", by="bob")["items"] == []
    for method, body in (("GET", None), ("PATCH", {"revision": 1, "name": "x"}), ("DELETE", None)):
        assert call(method, path, body, by="bob") == 404
    assert call("PATCH", path, {"revision": 1, "name": " lr "}, by="eve")["name"] == "lr"
    assert call("DELETE", path, by="eve") == 204
    assert call("GET", path, by="eve") == 404


def test_sharing_and_changing_what_is_shared_needs_to_change_the_project(call: Call) -> None:
    assert make(call, "eve", shared=True) == 403
    own = make(call, "eve")
    path = f"{P}/views/{own['id']}"
    assert call("PATCH", path, {"revision": 1, "shared": True}, by="eve") == 403
    ours = make(call, "bob", name="ours", shared=True)
    path = f"{P}/views/{ours['id']}"
    assert [v["name"] for v in call("GET", f"{P}/views?kind=runs", by="eve")["items"]] == [
        "mine",
        "ours",
    ]
    assert call("PATCH", path, {"revision": 1, "name": "x"}, by="eve") == 403
    assert call("DELETE", path, by="eve") == 403


def test_a_change_of_an_older_revision_is_refused_and_loses_nothing(call: Call) -> None:
    view = make(call, "bob", shared=True)
    path = f"{P}/views/{view['id']}"
    newer = {"version": 1, "columns": []}
    assert call("PATCH", path, {"revision": 1, "document": newer}, by="bob")["revision"] == 2
    assert call("PATCH", path, {"revision": 1, "document": DOCUMENT}, by="bob") == 409
    assert call("GET", path, by="eve")["document"] == newer


def test_the_usual_view_is_a_shared_one(call: Call) -> None:
    view = make(call, "bob")
    path = f"{P}/views/{view['id']}"
    assert call("PATCH", path, {"revision": 1, "usual": True}, by="bob") == 400
    both = {"revision": 1, "usual": True, "shared": True}
    assert call("PATCH", path, both, by="bob")["usual"] is True
    other = make(call, "bob", name="other", shared=True)
    call("PATCH", f"{P}/views/{other['id']}", {"revision": 1, "usual": True}, by="bob")
    usual = {v["name"]: v["usual"] for v in call("GET", f"{P}/views", by="eve")["items"]}
    assert usual == {"mine": False, "other": True}
    path = f"{P}/views/{other['id']}"
    assert call("PATCH", path, {"revision": 2, "shared": False}, by="bob")["usual"] is False


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"document": {}}, 400),
        ({"document": {"version": 0}}, 400),
        ({"document": {"version": 1, "text": "x" * (513 << 10)}}, 413),
        ({"name": " "}, 400),
        ({"name": "x" * 129}, 400),
        ({"kind": "nothing"}, 400),
    ],
)
def test_what_cannot_be_a_view_is_refused(call: Call, given: dict[str, Any], status: int) -> None:
    assert make(call, "bob", **given) == status
    assert call("GET", f"{P}/views", by="bob")["items"] == []
