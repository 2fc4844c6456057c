"""Users, organisations and teams."""

from __future__ import annotations

import pytest
from litestar.testing import TestClient

from kiseki_server.app.server import Application

Client = TestClient[Application]
ADMIN = "/api/v1/admin"


def add(client: Client, name: str, **given: object) -> str:
    answer = client.post(f"{ADMIN}/users", json={"name": name, **given})
    assert answer.status_code == 201, answer.text
    return answer.json().get("api_key") or given["api_key"]


def entities(client: Client, key: str) -> list[tuple[str, str, str]]:
    answer = client.get("/api/v1/session", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200
    return [(e["name"], e["kind"], e["role"]) for e in answer.json()["entities"]]


def test_a_new_user_gets_a_key_and_a_space(client: Client) -> None:
    key = add(client, "ada", email="ada@example.org")
    assert key.startswith("kiseki-")
    assert entities(client, key) == [("ada", "user", "admin")]
    users = client.get(f"{ADMIN}/users").json()["items"]
    assert [(u["name"], u["email"], u["admin"]) for u in users] == [
        ("ada", "ada@example.org", False),
        ("admin", None, True),
    ]


@pytest.mark.parametrize("key", ["any form ✗", "short", "x" * 257, "with space", "tab\tkey"])
def test_a_given_key_must_fit_into_a_header(client: Client, key: str) -> None:
    answer = client.post(f"{ADMIN}/users", json={"name": "ada", "api_key": key})
    assert answer.status_code == 400
    assert "API key" in answer.json()["message"]


def test_a_key_of_any_form_may_be_given(client: Client) -> None:
    answer = client.post(f"{ADMIN}/users", json={"name": "ada", "api_key": "local-!?=_(0)"})
    assert answer.json() == {"name": "ada"}
    assert entities(client, "local-!?=_(0)") == [("ada", "user", "admin")]
    taken = client.post(f"{ADMIN}/users", json={"name": "bob", "api_key": "local-!?=_(0)"})
    assert (taken.status_code, taken.json()["error"]) == (409, "conflict")


def test_a_set_key_replaces_all_others_and_ends_sessions(client: Client) -> None:
    first = add(client, "ada")
    signed_in = client.post("/api/v1/session", json={"api_key": first})
    session = {
        "Authorization": "",
        "Cookie": f"kiseki_session={signed_in.cookies['kiseki_session']}",
    }
    client.cookies.clear()
    assert client.put(f"{ADMIN}/users/ADA/key", json={"api_key": "second-key"}).status_code == 204
    assert entities(client, "second-key")
    headers = {"Authorization": f"Bearer {first}"}
    assert client.get("/api/v1/session", headers=headers).status_code == 401
    del client.headers["Authorization"]
    del session["Authorization"]
    assert client.get("/api/v1/session", headers=session).status_code == 401


def test_a_removed_user_is_out_at_once(client: Client) -> None:
    key = add(client, "ada")
    as_ada = {"Authorization": f"Bearer {key}"}
    assert client.post("/api/v1/projects", json={"name": "p"}, headers=as_ada).status_code == 201
    assert client.delete(f"{ADMIN}/users/ada").status_code == 204
    assert client.get("/api/v1/session", headers=as_ada).status_code == 401
    assert client.get("/api/v1/projects/ada/p").status_code == 404
    assert client.delete(f"{ADMIN}/users/ada").status_code == 404
    again = add(client, "ada")
    as_new = {"Authorization": f"Bearer {again}"}
    assert client.get("/api/v1/projects", headers=as_new).json()["items"] == []


def test_the_last_administrator_cannot_remove_themselves(client: Client) -> None:
    answer = client.delete(f"{ADMIN}/users/admin")
    assert (answer.status_code, answer.json()["error"]) == (409, "conflict")


@pytest.mark.parametrize("name", ["", "a b", "a/b", "ü", "x" * 65, "..", "a\n"])
def test_a_name_that_cannot_be_one_is_explained(client: Client, name: str) -> None:
    answer = client.post(f"{ADMIN}/users", json={"name": name})
    assert answer.status_code == 400
    assert "letters a-z" in answer.json()["hint"]


@pytest.mark.parametrize("name", ["api", "Settings", "GRAPHQL"])
def test_words_of_addresses_are_reserved(client: Client, name: str) -> None:
    answer = client.post(f"{ADMIN}/users", json={"name": name})
    assert (answer.status_code, answer.json()["error"]) == (409, "conflict")
    assert "reserved" in answer.json()["message"]


def test_an_address_that_is_none_is_refused(client: Client) -> None:
    answer = client.post(f"{ADMIN}/users", json={"name": "ada", "email": "nowhere"})
    assert answer.json()["message"] == "`nowhere` is no e-mail address"


def test_an_organisation_shares_its_teams(client: Client) -> None:
    ada, bob = add(client, "ada"), add(client, "bob")
    assert client.post(f"{ADMIN}/orgs", json={"name": "acme", "owner": "ada"}).status_code == 201
    as_ada = {"Authorization": f"Bearer {ada}"}
    team = {"name": "vision", "org": "acme", "owner": "ada"}
    assert client.post(f"{ADMIN}/teams", json=team, headers=as_ada).status_code == 201
    members = f"{ADMIN}/orgs/acme/members"
    assert client.put(f"{members}/bob", json={"role": "viewer"}, headers=as_ada).status_code == 204
    assert entities(client, bob) == [("bob", "user", "admin"), ("vision", "team", "viewer")]
    listed = client.get(f"{ADMIN}/orgs", headers=as_ada).json()["items"]
    assert [(o["name"], o["members"], o["teams"]) for o in listed] == [
        (
            "acme",
            [{"user": "ada", "role": "admin"}, {"user": "bob", "role": "viewer"}],
            ["vision"],
        )
    ]
    as_bob = {"Authorization": f"Bearer {bob}"}
    assert client.get(f"{ADMIN}/orgs", headers=as_bob).json()["items"] == []
    wrong = client.put(f"{members}/bob", json={"role": "boss"}, headers=as_ada)
    assert wrong.status_code == 400
    assert "boss" in wrong.json()["message"]
    assert client.delete(f"{members}/bob", headers=as_ada).status_code == 204
    assert client.delete(f"{members}/bob", headers=as_ada).status_code == 404
    assert entities(client, bob) == [("bob", "user", "admin")]
    assert client.delete(f"{ADMIN}/orgs/acme").status_code == 204
    assert entities(client, ada) == [("ada", "user", "admin")]


def test_an_organisation_keeps_an_administrator(client: Client) -> None:
    add(client, "ada")
    client.post(f"{ADMIN}/orgs", json={"name": "acme", "owner": "ada"})
    path = f"{ADMIN}/orgs/acme/members/ada"
    for answer in (client.put(path, json={"role": "member"}), client.delete(path)):
        assert answer.status_code == 409
        assert "only administrator" in answer.json()["message"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/orgs", {"name": "acme", "owner": "nobody"}),
        ("POST", "/teams", {"name": "vision", "org": "nothing"}),
        ("PUT", "/orgs/nothing/members/admin", {"role": "member"}),
        ("PUT", "/users/nobody/key", {"api_key": "12345678"}),
        ("DELETE", "/users/nobody", None),
        ("DELETE", "/orgs/nothing", None),
        ("DELETE", "/teams/nothing", None),
    ],
)
def test_what_is_not_there_is_named(client: Client, method: str, path: str, body: object) -> None:
    answer = client.request(method, ADMIN + path, json=body)
    assert answer.status_code == 404
    name = "nobody" if "nobody" in path or "nobody" in str(body) else "nothing"
    assert f"`{name}`" in answer.json()["message"]


def test_a_users_space_is_no_team(client: Client) -> None:
    answer = client.delete(f"{ADMIN}/teams/admin")
    assert answer.json()["message"] == "`admin` is a user, not a team"
