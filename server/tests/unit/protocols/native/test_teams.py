"""Teams: members, invites and service accounts; and everybody's default entity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from litestar.testing import TestClient

from kiseki_server.app.server import Application

Client = TestClient[Application]
Call = Callable[..., Any]


@pytest.fixture
def call(client: Client) -> Call:
    """Call a route as somebody (``secret-<name>``), or as the administrator."""

    def call(method: str, path: str, body: Any = None, *, by: str | None = None) -> Any:
        headers = {"Authorization": f"Bearer secret-{by}"} if by else {}
        answer = client.request(method, f"/api/v1{path}", json=body, headers=headers)
        return answer.json() if answer.status_code < 300 and answer.content else answer.status_code

    for name in ("ada", "bob", "eve"):
        body = {"name": name, "email": f"{name}@example.org", "api_key": f"secret-{name}"}
        assert call("POST", "/admin/users", body)
    assert call("POST", "/teams", {"name": "vision", "admin": "ada"}) == {"name": "vision"}
    return call


def reached(call: Call, name: str) -> dict[str, str]:
    return {e["name"]: e["role"] for e in call("GET", "/session", by=name)["entities"]}


def test_new_users_join_the_only_organisation_and_see_no_team(call: Call) -> None:
    session = call("GET", "/session", by="eve")
    assert session["organizations"] == [
        {"name": "default", "entity": "default-org", "role": "guest"}
    ]
    assert reached(call, "eve") == {"eve": "admin"}
    assert call("GET", "/teams/vision", by="eve") == 404
    assert call("POST", "/teams", {"name": "mine"}, by="eve") == 403
    call("POST", "/admin/orgs", {"name": "acme", "owner": "ada"})
    call("POST", "/admin/users", {"name": "late", "api_key": "secret-late"})
    assert call("GET", "/session", by="late")["organizations"] == []


def test_a_teams_administrator_chooses_its_members(call: Call) -> None:
    assert reached(call, "ada") == {"ada": "admin", "vision": "admin"}
    assert call("PUT", "/teams/vision/members/bob", {"role": "viewer"}, by="ada") == 204
    assert call("PUT", "/teams/vision/members/eve", {"role": "member"}, by="bob") == 403
    assert reached(call, "bob") == {"bob": "admin", "vision": "viewer"}
    team = call("GET", "/teams/vision", by="bob")
    members = [(member["user"], member["role"]) for member in team["members"]]
    # The administrator of the organisation reaches all of its teams.
    assert members == [("ada", "admin"), ("admin", "admin"), ("bob", "viewer")]
    assert call("DELETE", "/teams/vision/members/ada", by="bob") == 403
    assert call("DELETE", "/teams/vision/members/bob", by="bob") == 204
    assert reached(call, "bob") == {"bob": "admin"}
    assert call("DELETE", "/teams/vision/members/bob", by="ada") == 404
    assert call("DELETE", "/teams/vision/members/admin", by="ada") == 409


def test_who_has_an_account_is_invited_at_once_and_others_with_theirs(call: Call) -> None:
    invite = {"email": "BOB@example.org", "role": "viewer"}
    assert call("POST", "/teams/vision/invites", invite, by="ada")["user"] == "bob"
    assert call("POST", "/teams/vision/invites", {"user": "bob"}, by="ada") == 409
    assert call("POST", "/teams/vision/invites", {"user": "nobody"}, by="ada") == 404
    assert call("POST", "/teams/vision/invites", {}, by="ada") == 400
    waiting = call("POST", "/teams/vision/invites", {"email": "new@example.org"}, by="ada")
    taken_back = call("POST", "/teams/vision/invites", {"email": "not@example.org"}, by="ada")
    path = f"/teams/vision/invites/{taken_back['invite']['id']}"
    assert (call("DELETE", path, by="ada"), call("DELETE", path, by="ada")) == (204, 404)
    shown = call("GET", "/teams/vision", by="ada")["invites"]
    assert shown == [waiting["invite"]]
    for name in ("new", "not"):
        body = {"name": name, "email": f"{name}@example.org", "api_key": f"secret-{name}"}
        call("POST", "/admin/users", body)
    assert reached(call, "new") == {"new": "admin", "vision": "member"}
    assert reached(call, "not") == {"not": "admin"}
    assert call("GET", "/teams/vision", by="ada")["invites"] == []


def test_a_service_account_works_in_its_team_alone(client: Client, call: Call) -> None:
    made = call("POST", "/teams/vision/service-accounts", {"description": "CI nightly"}, by="ada")
    assert made["name"] == "vision-ci-nightly"
    client.headers["Authorization"] = f"Bearer {made['api_key']}"
    session = client.get("/api/v1/session").json()
    assert session["default_entity"] == "vision"
    assert client.post("/api/v1/projects", json={"name": "p"}).json()["entity"] == "vision"
    assert client.get("/api/v1/projects/ada/p").status_code == 404
    call("PUT", "/teams/vision/members/vision-ci-nightly", {"role": "admin"}, by="ada")
    assert client.delete("/api/v1/projects/vision/p").status_code == 403
    path = "/teams/vision/service-accounts/vision-ci-nightly"
    assert (call("DELETE", path, by="ada"), call("DELETE", path, by="ada")) == (204, 404)
    assert client.get("/api/v1/session").status_code == 401


@pytest.mark.parametrize("path", ["teams/vision", "orgs/default"])
def test_a_teams_machines_go_with_it(client: Client, call: Call, path: str) -> None:
    made = call("POST", "/teams/vision/service-accounts", {"description": "CI"}, by="ada")
    headers = {"Authorization": f"Bearer {made['api_key']}"}
    assert client.get("/api/v1/session", headers=headers).status_code == 200
    assert call("DELETE", f"/admin/{path}") == 204
    assert client.get("/api/v1/session", headers=headers).status_code == 401
    users = call("GET", "/admin/users")["items"]
    assert made["name"] not in [user["name"] for user in users]
    assert call("POST", "/admin/users", {"name": made["name"]}) != 409


def test_the_default_entity_takes_what_names_no_owner(call: Call) -> None:
    changed = call("PATCH", "/session", {"default_entity": "vision"}, by="ada")
    assert changed["default_entity"] == "vision"
    assert call("POST", "/projects", {"name": "p"}, by="ada")["entity"] == "vision"
    assert call("PATCH", "/session", {"default_entity": "vision"}, by="eve") == 404
    assert call("PATCH", "/session", {"default_entity": "default-org"}, by="ada") == 400
    call("DELETE", "/teams/vision/members/ada", by="ada")
    assert call("GET", "/session", by="ada")["default_entity"] == "ada"


def test_an_organisation_owns_no_usual_projects(call: Call) -> None:
    assert call("POST", "/projects", {"name": "p", "entity": "default-org"}) == 400
    assert call("PUT", "/projects/default-org/p/runs/r", {}) == 400
    shared = {"name": "p", "entity": "ada", "visibility": "organization"}
    assert call("POST", "/projects", shared, by="ada") == 400
    shared["entity"] = "vision"
    assert call("POST", "/projects", shared, by="ada")["visibility"] == "organization"
    # Guests of the organisation read what is open to it.
    assert call("GET", "/projects/vision/p", by="eve")["can_write"] is False
    listed = call("GET", "/projects", by="eve")["items"]
    assert [(project["entity"], project["name"]) for project in listed] == [("vision", "p")]


def test_an_organisation_is_renamed_by_its_administrators(call: Call) -> None:
    assert call("PATCH", "/orgs/default", {"name": "acme"}, by="ada") == 403
    assert call("PATCH", "/orgs/default", {"name": "acme"}) == {"name": "acme"}
    assert call("GET", "/orgs", by="eve")["items"] == [
        {"name": "acme", "entity": "default-org", "role": "guest"}
    ]
