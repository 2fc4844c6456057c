"""Roles of users and teams in single projects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from litestar.testing import TestClient

from kiseki_server.app.server import Application

Client = TestClient[Application]
Call = Callable[..., Any]
P = "/projects/vision/p"


@pytest.fixture
def call(client: Client) -> Call:
    """Call a route as somebody (``secret-<name>``), or as the administrator; `bob` administers
    the team of the project, `eve` is a guest."""

    def call(method: str, path: str, body: Any = None, *, by: str | None = None) -> Any:
        headers = {"Authorization": f"Bearer secret-{by}"} if by else {}
        answer = client.request(method, f"/api/v1{path}", json=body, headers=headers)
        return answer.json() if answer.status_code < 300 and answer.content else answer.status_code

    for name in ("bob", "eve"):
        call("POST", "/admin/users", {"name": name, "api_key": f"secret-{name}"})
    call("POST", "/teams", {"name": "vision", "admin": "bob"})
    call("POST", "/projects", {"entity": "vision", "name": "p"}, by="bob")
    return call


def test_a_member_of_a_project_sees_it_and_nothing_else_of_the_team(call: Call) -> None:
    call("POST", "/projects", {"entity": "vision", "name": "q"}, by="bob")
    path = f"{P}/members/users/eve"
    assert call("GET", P, by="eve") == 404
    assert call("PUT", path, {"role": "viewer"}, by="bob") == 204
    assert call("GET", P, by="eve")["can_write"] is False
    assert call("PUT", f"{P}/runs/r", {}, by="eve") == 403
    assert call("PUT", path, {"role": "member"}, by="bob") == 204
    assert call("GET", P, by="eve")["can_write"] is True
    assert [p["name"] for p in call("GET", "/projects", by="eve")["items"]] == ["p"]
    assert call("GET", "/projects/vision/q", by="eve") == 404
    assert call("PUT", path, {"role": "admin"}, by="eve") == 403
    assert call("GET", f"{P}/members", by="eve")["items"] == [
        {"kind": "user", "name": "eve", "role": "member"}
    ]
    assert call("DELETE", path, by="eve") == 204
    assert call("GET", P, by="eve") == 404


def test_a_team_brings_its_members(call: Call) -> None:
    call("POST", "/teams", {"name": "audio", "admin": "eve"})
    assert call("PUT", f"{P}/members/teams/audio", {"role": "viewer"}, by="bob") == 204
    assert call("GET", P, by="eve")["can_write"] is False
    assert call("DELETE", f"{P}/members/teams/audio", by="eve") == 403
    assert call("DELETE", "/teams/audio/members/eve", by="eve") == 204
    assert call("GET", P, by="eve") == 404


def test_members_are_of_the_organisation(call: Call) -> None:
    call("DELETE", "/admin/orgs/default/members/eve")
    assert call("PUT", f"{P}/members/users/eve", {"role": "viewer"}, by="bob") == 400
    call("POST", "/admin/orgs", {"name": "acme", "owner": "eve"})
    call("POST", "/teams", {"name": "audio", "org": "acme"}, by="eve")
    assert call("PUT", f"{P}/members/teams/audio", {"role": "viewer"}, by="bob") == 400
    # A user's own project may have anybody.
    call("POST", "/projects", {"name": "own"}, by="bob")
    assert call("PUT", "/projects/bob/own/members/users/eve", {"role": "viewer"}, by="bob") == 204


@pytest.mark.parametrize(
    ("path", "role", "status"),
    [
        ("users/nobody", "viewer", 404),
        ("teams/eve", "viewer", 404),
        ("users/vision", "viewer", 404),
        ("robots/eve", "viewer", 400),
        ("users/eve", "boss", 400),
        ("users/eve", "restricted_viewer", 400),
    ],
)
def test_what_cannot_be_is_refused(call: Call, path: str, role: str, status: int) -> None:
    assert call("PUT", f"{P}/members/{path}", {"role": role}, by="bob") == status
    assert call("DELETE", f"{P}/members/users/eve", by="bob") == 404
